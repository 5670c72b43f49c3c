use crate::{mock::*, Case, Cases, Draw, DrawQueue, Draws, Error, Event, Phase, Place, Queue, Round};
use assay_primitives::{Order, PendingDraws, Policy, Verification as _};
use assay_rules::draw::Purpose;
use frame_support::{assert_noop, assert_ok};

#[test]
fn job_taken_in_waits_for_its_first_draw() {
    run(|| {
        assert_ok!(Verification::open(5, plain()));
        let draw = Draw { job: 5, attempt: 0, purpose: Purpose::Seats, due: 1 };
        assert_eq!(Draws::<Test>::get(0), Some(draw));
        assert_eq!(DrawQueue::<Test>::get(), Queue { first: 0, next: 1 });
        assert_eq!(<Verification as PendingDraws>::oldest(), Some(1));
        let due = Event::DrawDue { job: 5, attempt: 0, purpose: Purpose::Seats, after: 1 };
        assert_eq!(last_event(), due);

        let Case { phase, slots, seats, price, attempts, reminder, .. } = case(5);
        assert_eq!(phase, Phase::Committing(Round::First));
        assert!(slots.iter().all(|slot| slot.place == Place::Vacant { attempt: 0 }));
        assert_eq!((slots.len(), seats.len(), price, attempts), (2, 0, 0, 1));
        assert_eq!(reminder, Some(201));
    });
}

#[test]
fn job_that_is_there_already_is_refused() {
    run(|| {
        assert_ok!(Verification::open(5, plain()));
        assert_noop!(Verification::open(5, plain()), Error::<Test>::JobIsOpen);
    });
}

#[test]
fn machine_with_less_than_a_twentieth_of_all_weight_is_refused() {
    run(|| {
        let other = assay_primitives::Machine { hardware: 1, memory: 0 };
        set_provider(9_000, other, 152_000, 0, 1);
        assert_ok!(try_post(plain()));
        set_provider(9_000, other, 152_001, 0, 1);
        assert_noop!(try_post(plain()), Error::<Test>::TooFewProviders);
    });
}

#[test]
fn weight_without_room_counts_in_what_others_are_measured_by() {
    run(|| {
        // All of it was filled by somebody: the machine is no less rare for that.
        let other = assay_primitives::Machine { hardware: 1, memory: 0 };
        set_provider(9_000, other, 152_001, 0, 0);
        assert_noop!(try_post(plain()), Error::<Test>::TooFewProviders);
    });
}

#[test]
fn machine_on_which_fewer_than_five_have_room_is_refused() {
    run(|| {
        (FIRST..FIRST + 4).for_each(fill);
        assert_noop!(try_post(plain()), Error::<Test>::TooFewProviders);
        provide(FIRST);
        assert_ok!(try_post(plain()));
    });
}

#[test]
fn job_that_pays_a_seat_less_than_the_policy_asks_is_refused() {
    run(|| {
        let least = |min_payment| Order { policy: Policy { min_payment, ..policy() }, ..plain() };
        assert_ok!(try_post(least(P)));
        let capped = Order { price_cap: PRICE, ..least(P + 1) };
        assert_noop!(try_post(capped.clone()), Error::<Test>::PaymentTooSmall);
        assert_ok!(try_post(Order { price_cap: PRICE + 1, ..capped }));
    });
}

#[test]
fn seat_is_paid_the_least_payment_where_the_price_makes_up_less() {
    run(|| {
        let terms = Policy { min_payment: 3 * P - 1, ..policy() };
        let job = post(Order { price_cap: 10 * PRICE, policy: terms, ..plain() });
        // Of a price for each unit, so rounded up.
        assert_eq!(case(job).price, 3 * PRICE);
        assert!(case(job).seats.iter().all(|seat| seat.collateral == 30 * P));
    });
}

#[test]
fn machine_of_which_more_than_half_has_no_room_is_refused() {
    run_with(30, || {
        // Fourteen of thirty have room, which would be owners enough.
        (FIRST..FIRST + 16).for_each(fill);
        assert_noop!(try_post(plain()), Error::<Test>::MachineBusy);
        provide(FIRST);
        assert_ok!(try_post(plain()));
    });
}

#[test]
fn job_that_would_wait_behind_too_many_draws_is_refused() {
    run(|| {
        MaxBacklog::set(2);
        assert_ok!(try_post(plain()));
        assert_ok!(try_post(plain()));
        assert_noop!(try_post(plain()), Error::<Test>::TooManyDraws);
        advance(DRAW);
        assert_ok!(try_post(plain()));
    });
}

#[test]
fn machine_that_nobody_can_be_drawn_for_is_refused() {
    run_with(0, || {
        assert_noop!(try_post(plain()), Error::<Test>::TooFewProviders);
    });
}

#[test]
fn deadline_that_leaves_no_time_to_draw_and_commit_is_refused() {
    run(|| {
        // This block, 30 to commit, 2 for the draw, 10 to spare.
        let earliest = 1 + 1 + 30 + 2 + crate::DEADLINE_MARGIN;
        let by = |deadline| Order { deadline, ..plain() };
        assert_noop!(try_post(by(earliest - 1)), Error::<Test>::DeadlineTooNear);
        assert_noop!(try_post(by(0)), Error::<Test>::DeadlineTooNear);
        assert_ok!(try_post(by(earliest)));
        assert_ok!(try_post(by(u32::MAX)));
    });
}

#[test]
fn collateral_above_all_amounts_is_refused() {
    run(|| {
        let at = |price_cap| Order { price_cap, ..plain() };
        let most = u128::MAX / 10 / u128::from(UNITS);
        assert_noop!(try_post(at(most + 1)), Error::<Test>::CollateralOverflow);
        assert_noop!(try_post(at(u128::MAX)), Error::<Test>::CollateralOverflow);
        assert_ok!(try_post(at(most)));
        let endless = Order { units: u64::MAX, deadline: u32::MAX, ..plain() };
        assert_noop!(
            try_post(Order { price_cap: u128::MAX / 2, ..endless.clone() }),
            Error::<Test>::CollateralOverflow
        );
        assert_noop!(try_post(Order { deadline: u32::MAX - 1, ..endless }), Error::<Test>::DeadlineTooNear);
    });
}

#[test]
fn refused_job_leaves_nothing_behind() {
    run(|| {
        assert!(try_post(Order { deadline: 0, ..plain() }).is_err());
        assert_eq!(Cases::<Test>::iter().count() + Draws::<Test>::iter().count(), 0);
        assert_eq!(<Verification as PendingDraws>::oldest(), None);
    });
}
