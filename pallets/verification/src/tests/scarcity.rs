//! Attempts to profit by keeping others from being drawn, by paying next to nothing, or by letting time pass, each of
//! which fails.

use crate::{mock::*, Error, Event};
use assay_primitives::{mock::market, FaultKind, Order, Outcome, Pay, Policy};
use assay_rules::settlement::{hold, settle};
use frame_support::{assert_noop, assert_ok};

/// Owners with these numbers, of the eight that there are, have one hand.
const COALITION: std::ops::Range<u64> = FIRST..FIRST + 3;

/// What a job costs its requester beside the fee, in planck: paid to seats or burnt.
fn spent(job: u64, order: &Order<u64>) -> u128 {
    let hold = hold(order.units, order.price_cap, &order.policy, None).expect("no overflow");
    let settled = settle(&hold, order.units, None, &verdict(job));
    let paid: u128 = settled.payouts.iter().map(|(_, amount)| amount).sum();
    paid + settled.burnt + settled.treasury - hold.fee
}

#[test]
fn answer_read_is_paid_for_whatever_deadline_passes_then() {
    run_with(20, || {
        let right = Run::new(1);
        let job = sealed_job(Order { deadline: 44, ..plain() }, &[&right, &right]);
        let honest = owner(job, 0);
        assert_ok!(reveal(job, 0, &right));
        // The other seat is the requester's; it says nothing, and so do all fresh seats. The job's deadline goes by.
        advance(44);
        assert!(Verification::case(job).is_some());
        advance(4 * (COMMIT + DRAW));
        assert_ended(job, Outcome::Undecided, &[(honest, Pay::Half)]);
        assert_eq!(locked(honest), 0);
        assert_eq!(spent(job, &plain()), P);
    });
}

#[test]
fn answer_read_is_paid_for_if_fresh_seats_are_starved() {
    run(|| {
        let (right, wrong) = (Run::new(1), Run::new(2));
        let job = sealed_job(plain(), &[&right, &wrong]);
        let honest = owner(job, 0);
        // Somebody has filled the capacity of all others.
        (FIRST..FIRST + 8).for_each(fill);
        assert_ok!(reveal(job, 0, &right));
        assert_ok!(reveal(job, 1, &wrong));
        starve(job);
        assert_eq!(verdict(job).outcome, Outcome::Undecided);
        assert!(verdict(job).paid.contains(&(honest, Pay::Half)));
        assert_eq!(spent(job, &plain()), 2 * P);
    });
}

#[test]
fn liar_that_starves_the_fresh_round_gains_half_at_most_and_has_to_do_it_to_the_end() {
    run(|| {
        let (right, wrong) = (Run::new(1), Run::new(2));
        let job = sealed_job(plain(), &[&right, &wrong]);
        let liar = owner(job, 1);
        (FIRST..FIRST + 8).for_each(fill);
        assert_ok!(reveal(job, 0, &right));
        assert_ok!(reveal(job, 1, &wrong));
        // However long it has done so: as soon as others have room again the round is filled, and finds it out.
        advance(100 * DRAW);
        (FIRST..FIRST + 8).for_each(provide);
        advance(DRAW);
        commit_all(job, &right);
        advance(DRAW);
        reveal_all(job, &right);
        assert!(faults().contains(&(liar, FaultKind::WrongResult, LOCKED)));
        assert!(verdict(job).paid.iter().all(|(owner, _)| *owner != liar));
    });
}

#[test]
fn coalition_that_fills_honest_capacity_with_dust_draws_no_seats() {
    run(|| {
        let job = try_post(plain()).unwrap();
        let honest = COALITION.end..FIRST + 8;
        honest.clone().for_each(fill);
        advance(20 * DRAW);
        assert!(case(job).seats.is_empty());
        // It can't post another job for itself either.
        assert_noop!(try_post(plain()), Error::<Test>::TooFewProviders);
        honest.for_each(provide);
        let jobs: Vec<_> = (0..5).map(|_| post(plain())).chain([job]).collect();
        let honest_seats = |job: &u64| case(*job).seats.iter().any(|seat| !COALITION.contains(&seat.owner));
        assert!(jobs.iter().filter(|job| honest_seats(job)).count() >= 4);
    });
}

#[test]
fn capacity_and_reputation_cannot_be_had_for_dust() {
    run(|| {
        // Nor can utilisation, by which prices go.
        let terms = Policy { min_payment: P, ..policy() };
        let dust = Order { units: 1, price_cap: 1, policy: terms, ..plain() };
        assert_noop!(try_post(dust.clone()), Error::<Test>::PaymentTooSmall);
        assert!(market::conducts().is_empty());
        // A cap that allows for it is what it costs, whatever the price of a unit is.
        let small = post(Order { price_cap: 1_000_000, ..dust });
        assert_eq!(case(small).price, P);
    });
}

#[test]
fn early_deadline_does_not_dodge_the_bond() {
    run(|| {
        // The requester serves its input to nobody, and lets the job expire before four have declined in a slot.
        let job = post(Order { deadline: 44, ..plain() });
        advance(20);
        let decliners = [owner(job, 0), owner(job, 1)];
        for index in 0..2 {
            assert_ok!(decline(job, index));
        }
        advance(DRAW);
        let others = [owner(job, 2), owner(job, 3)];
        advance(44 - Now::get());
        assert!(Verification::case(job).is_some(), "those who sit there have their time");
        for index in 2..4 {
            assert_ok!(decline(job, index));
        }
        advance(1);
        let paid: Vec<_> = decliners.into_iter().chain(others).map(|owner| (owner, Pay::FromBond)).collect();
        assert_ended(job, Outcome::Expired, &paid);
        // A sixteenth of the bond of 500 each.
        assert_eq!(spent(job, &plain()), 4 * 31);
    });
}

#[test]
fn deadline_that_passes_before_the_last_declines_turn_saves_nothing_of_the_bond() {
    run(|| {
        let job = post(Order { deadline: 44, ..plain() });
        for index in [0, 2, 3, 1] {
            assert_ok!(decline(job, index));
            advance(DRAW);
        }
        advance(43 - Now::get());
        let decliners = [0, 2, 3, 4].map(|index| (owner(job, index), Pay::FromBond));
        // Nobody sits there any more, and the deadline is the next block.
        assert_ok!(decline(job, 4));
        assert_ok!(decline(job, 5));
        advance(1);
        assert_ended(job, Outcome::Unavailable, &decliners);
        assert_eq!(spent(job, &plain()), 500);
    });
}

#[test]
fn seat_that_commits_after_the_deadline_picks_no_draw_by_its_seed() {
    run(|| {
        let job = post(Order { deadline: 44, ..plain() });
        advance(COMMIT + DRAW);
        assert_ok!(decline(job, 2));
        // The draw for the other slot is due in 38 and would run in 41, but this one is held up to after the deadline.
        (0..10).for_each(|_| next_block());
        assert_eq!(Now::get(), 48);
        let due = case(job).attempts - 1;
        // Its seed is known. A commit now, or none, makes no difference to it: it gives no seat.
        assert_ok!(commit(job, 3, &Run::new(1).claim()));
        advance(1);
        assert!(events().contains(&Event::Postponed { job, attempt: due }));
        assert_eq!(case(job).seats.len(), 4);
        advance(DRAW);
        assert_eq!(case(job).seats.len(), 5);
    });
}

#[test]
fn full_machine_holds_no_draw_for_ever_however_far_the_deadline_is() {
    run(|| {
        let job = try_post(Order { deadline: u32::MAX, ..plain() }).unwrap();
        (FIRST..FIRST + 8).for_each(fill);
        advance(DRAW);
        starve(job);
        assert_ended(job, Outcome::Expired, &[]);
        advance(1);
        assert_eq!(Verification::backlog().draws, 0);
    });
}

#[test]
fn liar_that_reveals_last_uses_up_no_time_of_the_round_that_finds_it_out() {
    run(|| {
        let (right, wrong) = (Run::new(1), Run::new(2));
        // Longer than all seats of the job could take one after the other.
        let patient = Policy { reveal_blocks: 5_000, ..plain().policy };
        let job = sealed_job(Order { policy: patient, ..plain() }, &[&right, &wrong]);
        assert_ok!(reveal(job, 0, &right));
        advance(5_000);
        assert_ok!(reveal(job, 1, &wrong));
        advance(DRAW);
        assert_eq!(case(job).seats.len(), 5);
    });
}
