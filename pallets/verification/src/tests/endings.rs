//! Each way of a job to an end without the truth, and what happens while the clock stands still.

use super::verdicts::{assert_free, owners, payouts, runs};
use crate::{mock::*, Phase, Round, Stage};
use assay_primitives::{Conduct::*, FaultKind, Order, Outcome::*, Pay::*, Verification as _};
use frame_support::assert_ok;

#[test]
fn no_majority_pays_the_first_seats_half_and_slashes_nobody() {
    run(|| {
        let [one, two, three] = runs();
        let job = disputed_job(plain(), &[&one, &two], &[&one, &two, &three]);
        let all = owners(job);
        for (index, run) in [(2, &one), (3, &two), (4, &three)] {
            assert_ok!(reveal(job, index, run));
        }
        assert_ended(job, Undecided, &[(all[0], Half), (all[1], Half)]);
        assert_eq!(payouts(job, &plain()), [(all[0], P / 2), (all[1], P / 2)]);
        assert_eq!((verdict(job).claim, faults().len()), (None, 0));
        assert_eq!(conducts_in(job), all.iter().map(|owner| (*owner, Neutral)).collect::<Vec<_>>());
        assert_free(&all);
    });
}

#[test]
fn no_majority_pays_the_audits_seat_too() {
    run(|| {
        let [one, two, three] = runs();
        let job = disputed_job(audited(), &[&one, &two, &three], &[&one, &two]);
        let all = owners(job);
        assert_ok!(reveal(job, 3, &one));
        assert_ok!(reveal(job, 4, &two));
        assert_ended(job, Undecided, &[(all[0], Half), (all[1], Half), (all[2], Half)]);
        assert_eq!(payouts(job, &audited()), [(all[0], P / 2), (all[1], P / 2), (all[2], P / 2)]);
        assert_free(&all);
    });
}

#[test]
fn declines_at_the_limit_end_a_job_whose_input_nobody_gets() {
    run(|| {
        let job = post(plain());
        for index in [1, 2, 3] {
            assert_ok!(decline(job, index));
            advance(DRAW);
        }
        // A decline in the other slot is not what ended it.
        assert_ok!(decline(job, 0));
        advance(DRAW);
        let all = owners(job);
        assert_ok!(decline(job, 4));
        advance(1);
        let paid = [1, 2, 3, 4].map(|index| (all[index], FromBond));
        assert_ended(job, Unavailable, &paid);
        // A sixteenth of the bond of 500 each.
        assert_eq!(payouts(job, &plain()), [1, 2, 3, 4].map(|index| (all[index], 31)));
        assert_eq!(conducts_in(job), all.iter().map(|owner| (*owner, Neutral)).collect::<Vec<_>>());
        assert!(faults().is_empty());
        assert_free(&all);
    });
}

#[test]
fn declines_at_the_limit_after_a_commit_cost_the_bond_as_well() {
    run(|| {
        let [right, ..] = runs();
        let job = post(plain());
        assert_ok!(commit(job, 0, &right.claim()));
        for index in [1, 2, 3] {
            assert_ok!(decline(job, index));
            advance(DRAW);
        }
        let all = owners(job);
        assert_ok!(decline(job, 4));
        advance(1);
        // Who serves its input to one and not to the others pays for it.
        let decliners = [1, 2, 3, 4].map(|index| (all[index], FromBond));
        assert_ended(job, Unavailable, &decliners);
        assert_eq!(conducts_in(job), all.iter().map(|owner| (*owner, Neutral)).collect::<Vec<_>>());
        assert_free(&all);
    });
}

#[test]
fn cancelled_after_assignment() {
    run(|| {
        let job = post(plain());
        let all = owners(job);
        assert_ok!(Verification::cancel(job));
        assert_ended(job, Cancelled, &[(all[0], Half), (all[1], Half)]);
        assert_eq!(payouts(job, &plain()), [(all[0], P / 2), (all[1], P / 2)]);
        assert_free(&all);
    });
}

#[test]
fn refills_used_up_after_a_commit() {
    run_with(20, || {
        let [right, ..] = runs();
        let job = post(plain());
        assert_ok!(commit(job, 1, &right.claim()));
        for _ in 0..3 {
            advance(COMMIT + DRAW);
        }
        let all = owners(job);
        assert_eq!(all.len(), 5);
        advance(COMMIT);
        assert_ended(job, Undecided, &[]);
        let late = [0, 2, 3, 4].map(|index| (all[index], FaultKind::NoShow, LOCKED / 10));
        assert_eq!(faults(), late);
        assert_free(&all);
    });
}

#[test]
fn refills_used_up_before_any_commit() {
    run_with(20, || {
        let job = post(plain());
        advance(16);
        // From here on the first slot is a little behind the second one.
        let decliner = owner(job, 0);
        assert_ok!(decline(job, 0));
        // The second one misses for the fourth time at 137.
        advance(137 - 20);
        assert_eq!(faults().len(), 7);
        let verdict = verdict(job);
        assert_eq!((verdict.outcome, verdict.paid), (Expired, vec![(decliner, FromBond)]));
        assert!(conducts_in(job).contains(&(decliner, Neutral)));
        assert_eq!(locked(decliner), 0);
    });
}

/// All that have no seat of a job.
fn others(job: u64) -> impl Iterator<Item = u64> {
    let seated = owners(job);
    (FIRST..FIRST + 8).filter(move |owner| !seated.contains(owner))
}

#[test]
fn audits_seat_that_nobody_can_take_leaves_the_job_undecided() {
    run(|| {
        let [right, ..] = runs();
        let job = post(audited());
        commit_all(job, &right);
        let all = owners(job);
        others(job).for_each(retire);
        starve(job);
        assert_ended(job, Undecided, &[]);
        assert!(verdict(job).audited && faults().is_empty());
        assert_eq!(conducts_in(job), all.iter().map(|owner| (*owner, Neutral)).collect::<Vec<_>>());
        assert_free(&all);
    });
}

#[test]
fn fresh_seats_that_nobody_can_take_leave_the_job_undecided() {
    run(|| {
        let [right, wrong, _] = runs();
        let job = sealed_job(plain(), &[&right, &wrong]);
        assert_ok!(reveal(job, 0, &right));
        assert_ok!(reveal(job, 1, &wrong));
        others(job).skip(2).for_each(retire);
        advance(DRAW);
        let all = owners(job);
        assert_eq!(all.len(), 4);
        // The two that there are have even committed.
        commit_all(job, &right);
        starve(job);
        assert_ended(job, Undecided, &[(all[0], Half), (all[1], Half)]);
        assert_eq!(conducts_in(job), all.iter().map(|owner| (*owner, Neutral)).collect::<Vec<_>>());
        assert!(faults().is_empty());
        assert_free(&all);
    });
}

#[test]
fn fresh_seats_that_all_miss_leave_the_job_undecided() {
    run_with(20, || {
        let [right, wrong, _] = runs();
        let job = sealed_job(plain(), &[&right, &wrong]);
        assert_ok!(reveal(job, 0, &right));
        assert_ok!(reveal(job, 1, &wrong));
        let all = owners(job);
        advance(4 * (DRAW + COMMIT));
        assert_ended(job, Undecided, &[(all[0], Half), (all[1], Half)]);
        assert_eq!(faults().len(), 12);
        let missed = (FaultKind::NoShow, LOCKED / 10);
        assert!(faults().iter().all(|(_, kind, amount)| (*kind, *amount) == missed));
    });
}

#[test]
fn fresh_seats_that_decline_leave_the_job_undecided() {
    run_with(20, || {
        let [right, wrong, _] = runs();
        let job = sealed_job(plain(), &[&right, &wrong]);
        assert_ok!(reveal(job, 0, &right));
        assert_ok!(reveal(job, 1, &wrong));
        advance(DRAW);
        let all = owners(job);
        for _ in 0..3 {
            let in_slot = case(job).seats_where(|seat| seat.slot == 2 && seat.stage == Stage::Assigned);
            assert_ok!(decline(job, in_slot[0]));
            advance(DRAW);
        }
        let in_slot = case(job).seats_where(|seat| seat.slot == 2 && seat.stage == Stage::Assigned);
        assert_ok!(decline(job, in_slot[0]));
        advance(1);
        assert_ended(job, Undecided, &[(all[0], Half), (all[1], Half)]);
        assert!(faults().is_empty());
    });
}

#[test]
fn expired_before_any_commit() {
    run(|| {
        let order = Order { deadline: 44, ..plain() };
        let job = post(order.clone());
        advance(COMMIT + DRAW);
        let all = owners(job);
        assert_eq!((Now::get(), all.len()), (38, 4));
        // The deadline takes no time from those who were drawn before it; nobody is drawn in their place.
        advance(COMMIT - 1);
        assert!(Verification::case(job).is_some());
        advance(1);
        assert_ended(job, Expired, &[]);
        assert!(payouts(job, &order).is_empty());
        assert_eq!(conducts_in(job), [0, 1, 2, 3].map(|index| (all[index], NoShow)));
        assert_free(&all);
    });
}

/// Every phase but that of draws waits for as long as the clock stands still.
#[test]
fn halted_clock_lets_no_deadline_pass_in_any_phase() {
    run(|| {
        let [right, wrong, _] = runs();
        let halt = |job| {
            let before = case(job);
            Halted::set(true);
            advance(500);
            Halted::set(false);
            assert_eq!(case(job), before);
        };
        let job = post(audited());
        halt(job);
        assert_ok!(commit(job, 0, &right.claim()));
        halt(job);
        assert_ok!(commit(job, 1, &wrong.claim()));
        advance(DRAW);
        assert_eq!(phase(job), Phase::Committing(Round::Audit));
        halt(job);
        commit_all(job, &right);
        halt(job);
        for (index, run) in [(0, &right), (1, &wrong), (2, &right)] {
            assert_ok!(reveal(job, index, run));
        }
        advance(DRAW);
        halt(job);
        commit_all(job, &right);
        advance(DRAW);
        assert!(matches!(phase(job), Phase::Opening { .. }));
        halt(job);
        reveal_all(job, &right);
        assert_eq!(verdict(job).outcome, Decided);
    });
}

#[test]
fn halted_clock_lets_draws_run_and_calls_through() {
    run(|| {
        let [right, ..] = runs();
        Halted::set(true);
        let job = post(plain());
        assert_eq!(seat(job, 0).commit_by, 1 + COMMIT);
        advance(100);
        commit_all(job, &right);
        advance(DRAW);
        reveal_all(job, &right);
        assert_eq!(verdict(job).outcome, Agreed);
    });
}
