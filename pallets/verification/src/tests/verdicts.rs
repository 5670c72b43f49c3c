//! Each way of a job to the truth: who is paid, who pays, how each leaves.

use crate::{mock::*, Event, Round, Stage};
use assay_primitives::{
    Claim,
    Conduct::*,
    FaultKind::{self, WithheldReveal, WrongResult},
    Machine, Order,
    Outcome::*,
    Pay::*,
    Policy,
};
use assay_rules::settlement::{hold, settle};
use frame_support::assert_ok;

const MISDECLARED: Claim = Claim::Misdeclared { units: 5 };

/// The runs of most tests: two that differ, and a third one.
pub fn runs() -> [Run; 3] {
    [1, 2, 3].map(Run::new)
}

pub fn owners(job: u64) -> Vec<u64> {
    case(job).seats.iter().map(|seat| seat.owner).collect()
}

/// What providers are paid for a job, in planck.
pub fn payouts(job: u64, order: &Order<u64>) -> Vec<(u64, u128)> {
    let hold = hold(order.units, order.price_cap, &order.policy, None).expect("no overflow");
    settle(&hold, order.units, None, &verdict(job)).payouts
}

/// Nobody's collateral is locked but of those that have a fault.
pub fn assert_free(owners: &[u64]) {
    for owner in owners {
        let accused = faults().iter().any(|(accused, ..)| accused == owner);
        assert_eq!(locked(*owner), if accused { LOCKED } else { 0 }, "collateral of {owner}");
    }
}

#[test]
fn agreed() {
    run(|| {
        let [right, ..] = runs();
        let job = sealed_job(plain(), &[&right, &right]);
        let all = owners(job);
        reveal_all(job, &right);
        assert_ended(job, Agreed, &[(all[0], Whole), (all[1], Whole)]);
        assert_eq!(payouts(job, &plain()), [(all[0], P), (all[1], P)]);
        assert_eq!(conducts_in(job), [(all[0], Right), (all[1], Right)]);
        let verdict = verdict(job);
        assert_eq!((verdict.claim, verdict.price), (Some(right.claim()), PRICE));
        assert!(!verdict.audited && !verdict.thin && faults().is_empty());
        assert_free(&all);
    });
}

#[test]
fn agreed_with_an_audit() {
    run(|| {
        let [right, ..] = runs();
        let job = sealed_job(audited(), &[&right, &right, &right]);
        let all = owners(job);
        reveal_all(job, &right);
        assert_ended(job, Agreed, &[(all[0], Whole), (all[1], Whole), (all[2], Whole)]);
        assert_eq!(conducts_in(job), [(all[0], Right), (all[1], Right), (all[2], Right)]);
        assert!(verdict(job).audited && faults().is_empty());
        assert_free(&all);
    });
}

#[test]
fn missed_seat_is_refilled() {
    run(|| {
        let [right, ..] = runs();
        let job = post(plain());
        assert_ok!(commit(job, 0, &right.claim()));
        advance(COMMIT + DRAW);
        commit_all(job, &right);
        advance(DRAW);
        let all = owners(job);
        reveal_all(job, &right);
        assert_ended(job, Agreed, &[(all[0], Whole), (all[2], Whole)]);
        assert_eq!(conducts_in(job), [(all[1], NoShow), (all[0], Right), (all[2], Right)]);
        assert_eq!(faults(), [(all[1], FaultKind::NoShow, LOCKED / 10)]);
        assert_free(&all);
    });
}

#[test]
fn mismatch_is_decided_for_the_one_or_the_other() {
    run_with(20, || {
        let [right, wrong, _] = runs();
        for honest in [0, 1] {
            let first = if honest == 0 { [&right, &wrong] } else { [&wrong, &right] };
            let job = disputed_job(plain(), &first, &[&right, &right, &right]);
            let all = owners(job);
            reveal_all(job, &right);
            let paid: Vec<_> = [honest, 2, 3, 4].map(|index| (all[index], Whole)).into();
            assert_ended(job, Decided, &paid);
            assert_eq!(verdict(job).claim, Some(right.claim()));
            let liar = all[1 - honest];
            assert_eq!(faults()[honest], (liar, WrongResult, LOCKED));
            // Each job has one fault, so that its slash has the job's number.
            let told = Event::Wrong { job, seat: u8::from(honest == 0), owner: liar, slash: Some(job) };
            assert!(events().contains(&told), "{told:?}");
            assert!(conducts_in(job).contains(&(liar, Cheated)));
            assert_free(&all);
        }
    });
}

#[test]
fn mismatch_in_which_both_were_wrong_pays_the_fresh_seats_alone() {
    run(|| {
        let [right, wrong, other] = runs();
        let job = disputed_job(plain(), &[&wrong, &other], &[&right, &right, &right]);
        let all = owners(job);
        reveal_all(job, &right);
        assert_ended(job, Decided, &[(all[2], Whole), (all[3], Whole), (all[4], Whole)]);
        assert_eq!(faults(), [(all[0], WrongResult, LOCKED), (all[1], WrongResult, LOCKED)]);
        assert_free(&all);
    });
}

#[test]
fn fresh_seat_in_the_minority_is_wrong_too() {
    run(|| {
        let [right, wrong, _] = runs();
        let job = disputed_job(plain(), &[&right, &wrong], &[&right, &wrong, &right]);
        let all = owners(job);
        for (index, run) in [(2, &right), (3, &wrong), (4, &right)] {
            assert_ok!(reveal(job, index, run));
        }
        assert_ended(job, Decided, &[(all[0], Whole), (all[2], Whole), (all[4], Whole)]);
        assert_eq!(faults(), [(all[1], WrongResult, LOCKED), (all[3], WrongResult, LOCKED)]);
        let expected = [Right, Cheated, Right, Cheated, Right];
        assert_eq!(conducts_in(job), all.iter().copied().zip(expected).collect::<Vec<_>>());
        assert_free(&all);
    });
}

#[test]
fn audit_that_differs_is_one_of_three_that_decide() {
    run_with(20, || {
        let [right, wrong, _] = runs();
        // Two in one hand, found out by the audit and two fresh seats.
        let job = disputed_job(audited(), &[&wrong, &wrong, &right], &[&right, &right]);
        let all = owners(job);
        assert_eq!(all.len(), 5);
        reveal_all(job, &right);
        assert_ended(job, Decided, &[(all[2], Whole), (all[3], Whole), (all[4], Whole)]);
        assert_eq!(faults(), [(all[0], WrongResult, LOCKED), (all[1], WrongResult, LOCKED)]);
        assert_free(&all);

        // An audit's seat that lies, outvoted.
        let job = disputed_job(audited(), &[&right, &right, &wrong], &[&right, &right]);
        let all = owners(job);
        reveal_all(job, &right);
        assert_ended(job, Decided, &[(all[0], Whole), (all[1], Whole), (all[3], Whole), (all[4], Whole)]);
        assert_eq!(faults()[2..], [(all[2], WrongResult, LOCKED)]);
        assert_free(&all);
    });
}

#[test]
fn majority_may_be_the_audits_seat_and_a_fresh_one() {
    run(|| {
        let [right, wrong, other] = runs();
        let job = disputed_job(audited(), &[&right, &right, &wrong], &[&wrong, &other]);
        let all = owners(job);
        assert_ok!(reveal(job, 3, &wrong));
        assert_ok!(reveal(job, 4, &other));
        assert_ended(job, Decided, &[(all[2], Whole), (all[3], Whole)]);
        assert_eq!(verdict(job).claim, Some(wrong.claim()));
    });
}

#[test]
fn reveal_withheld_in_the_first_round() {
    run(|| {
        let [right, ..] = runs();
        let job = sealed_job(plain(), &[&right, &right]);
        assert_ok!(reveal(job, 0, &right));
        advance(REVEAL + DRAW);
        commit_all(job, &right);
        advance(DRAW);
        let all = owners(job);
        reveal_all(job, &right);
        assert_ended(job, Decided, &[(all[0], Whole), (all[2], Whole), (all[3], Whole), (all[4], Whole)]);
        assert_eq!(faults(), [(all[1], WithheldReveal, LOCKED)]);
        assert_eq!(conducts_in(job)[0], (all[1], Cheated));
        assert_free(&all);
    });
}

#[test]
fn reveal_withheld_by_all_of_the_first_round() {
    run(|| {
        let [right, ..] = runs();
        let job = sealed_job(audited(), &[&right, &right, &right]);
        advance(REVEAL + DRAW);
        assert_eq!(sitting(job, Round::Fresh).len(), 3);
        commit_all(job, &right);
        advance(DRAW);
        let all = owners(job);
        reveal_all(job, &right);
        assert_ended(job, Decided, &[(all[3], Whole), (all[4], Whole), (all[5], Whole)]);
        assert_eq!(faults(), [0, 1, 2].map(|index| (all[index], WithheldReveal, LOCKED)));
        assert_free(&all);
    });
}

#[test]
fn reveal_withheld_by_the_audits_seat_is_replaced() {
    run(|| {
        let [right, wrong, _] = runs();
        let job = sealed_job(audited(), &[&right, &wrong, &right]);
        assert_ok!(reveal(job, 0, &right));
        assert_ok!(reveal(job, 1, &wrong));
        advance(REVEAL + DRAW);
        assert_eq!(sitting(job, Round::Fresh).len(), 3);
        commit_all(job, &right);
        advance(DRAW);
        let all = owners(job);
        reveal_all(job, &right);
        assert_ended(job, Decided, &[(all[0], Whole), (all[3], Whole), (all[4], Whole), (all[5], Whole)]);
        assert_eq!(faults(), [(all[2], WithheldReveal, LOCKED), (all[1], WrongResult, LOCKED)]);
        assert_free(&all);
    });
}

#[test]
fn reveal_withheld_in_the_fresh_round() {
    run_with(20, || {
        let [right, wrong, _] = runs();
        let job = disputed_job(plain(), &[&right, &wrong], &[&right, &right, &right]);
        let all = owners(job);
        assert_ok!(reveal(job, 2, &right));
        assert_ok!(reveal(job, 3, &right));
        advance(OPENING);
        assert_ended(job, Decided, &[(all[0], Whole), (all[2], Whole), (all[3], Whole)]);
        assert_eq!(faults(), [(all[4], WithheldReveal, LOCKED), (all[1], WrongResult, LOCKED)]);
        assert_free(&all);

        // Of three, one alone is no majority.
        let job = disputed_job(plain(), &[&right, &wrong], &[&right, &right, &right]);
        let all = owners(job);
        assert_ok!(reveal(job, 2, &right));
        advance(OPENING);
        assert_ended(job, Undecided, &[(all[0], Half), (all[1], Half)]);
        assert_eq!(faults()[2..], [(all[3], WithheldReveal, LOCKED), (all[4], WithheldReveal, LOCKED)]);
        assert_free(&all);
    });
}

#[test]
fn misdeclared_units_that_all_find_are_paid_from_the_bond() {
    run(|| {
        let job = post(plain());
        for index in 0..2 {
            assert_ok!(commit(job, index, &MISDECLARED));
        }
        advance(DRAW);
        let all = owners(job);
        for index in 0..2 {
            assert_ok!(reveal_with(job, index, MISDECLARED, None, None));
        }
        assert_ended(job, Agreed, &[(all[0], FromBond), (all[1], FromBond)]);
        assert_eq!(verdict(job).claim, Some(MISDECLARED));
        // 5% of 100 units × a cap of 50 × 2 seats, in two.
        assert_eq!(payouts(job, &plain()), [(all[0], 250), (all[1], 250)]);
        assert_eq!(conducts_in(job), [(all[0], Right), (all[1], Right)]);
        assert_free(&all);
    });
}

#[test]
fn misdeclared_units_that_win_cost_who_ran_the_job() {
    run(|| {
        let [run, ..] = runs();
        let job = post(plain());
        assert_ok!(commit(job, 0, &MISDECLARED));
        assert_ok!(commit(job, 1, &run.claim()));
        advance(DRAW);
        assert_ok!(reveal_with(job, 0, MISDECLARED, None, None));
        assert_ok!(reveal(job, 1, &run));
        advance(DRAW);
        for index in 2..5 {
            assert_ok!(commit(job, index, &MISDECLARED));
        }
        advance(DRAW);
        let all = owners(job);
        for index in 2..5 {
            assert_ok!(reveal_with(job, index, MISDECLARED, None, None));
        }
        let paid = [0, 2, 3, 4].map(|index| (all[index], FromBond));
        assert_ended(job, Decided, &paid);
        assert_eq!(payouts(job, &plain()), [0, 2, 3, 4].map(|index| (all[index], 125)));
        assert_eq!(faults(), [(all[1], WrongResult, LOCKED)]);
        assert_free(&all);
    });
}

#[test]
fn misdeclared_units_that_lose_are_a_wrong_result() {
    run(|| {
        let [right, ..] = runs();
        let job = post(plain());
        assert_ok!(commit(job, 0, &right.claim()));
        assert_ok!(commit(job, 1, &MISDECLARED));
        advance(DRAW);
        assert_ok!(reveal(job, 0, &right));
        assert_ok!(reveal_with(job, 1, MISDECLARED, None, None));
        advance(DRAW);
        commit_all(job, &right);
        advance(DRAW);
        let all = owners(job);
        reveal_all(job, &right);
        assert_ended(job, Decided, &[(all[0], Whole), (all[2], Whole), (all[3], Whole), (all[4], Whole)]);
        assert_eq!(faults(), [(all[1], WrongResult, LOCKED)]);
        assert_free(&all);
    });
}

#[test]
fn declines_below_the_limit_count_against_those_that_declined() {
    run(|| {
        let [right, ..] = runs();
        let job = post(plain());
        for index in [1, 2, 3] {
            assert_ok!(decline(job, index));
            advance(DRAW);
        }
        commit_all(job, &right);
        advance(DRAW);
        let all = owners(job);
        reveal_all(job, &right);
        assert_ended(job, Agreed, &[(all[0], Whole), (all[4], Whole)]);
        let expected =
            [(all[1], Declined), (all[2], Declined), (all[3], Declined), (all[0], Right), (all[4], Right)];
        assert_eq!(conducts_in(job), expected);
        assert!(faults().is_empty());
        assert_free(&all);
    });
}

#[test]
fn thin_class_is_audited_and_earns_no_reputation() {
    run(|| {
        set_provider(9_000, Machine { hardware: 1, memory: 0 }, 30_000, 0, 1);
        let [right, wrong, _] = runs();
        let job = sealed_job(plain(), &[&right, &right, &right]);
        let all = owners(job);
        reveal_all(job, &right);
        assert_ended(job, Agreed, &[(all[0], Whole), (all[1], Whole), (all[2], Whole)]);
        assert!(verdict(job).thin && verdict(job).audited);
        assert_eq!(conducts_in(job), all.iter().map(|owner| (*owner, Neutral)).collect::<Vec<_>>());

        // Lying in it costs what it costs anywhere.
        let job = disputed_job(plain(), &[&right, &wrong, &right], &[&right, &right]);
        let all = owners(job);
        reveal_all(job, &right);
        assert_eq!(faults(), [(all[1], WrongResult, LOCKED)]);
        assert!(
            conducts_in(job).contains(&(all[1], Cheated)) && conducts_in(job).contains(&(all[0], Neutral))
        );
    });
}

#[test]
fn two_jobs_under_two_policies_go_side_by_side() {
    run_with(20, || {
        let [right, ..] = runs();
        let slow = Order { policy: Policy { commit_blocks: 100, ..plain().policy }, ..plain() };
        let (one, other) = (post(slow), post(plain()));
        advance(COMMIT);
        assert_eq!((case(one).seats.len(), seat(one, 0).stage), (2, Stage::Assigned));
        assert_eq!(seat(other, 0).stage, Stage::Missed);
        advance(DRAW);
        for job in [one, other] {
            commit_all(job, &right);
            advance(DRAW);
            reveal_all(job, &right);
            assert_eq!(verdict(job).outcome, Agreed);
        }
    });
}
