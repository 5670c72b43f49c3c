use crate::{mock::*, Error, Event};
use assay_primitives::{Conduct, Sortition};
use frame_support::{assert_noop, assert_ok};

#[test]
fn seat_takes_room() {
    run(|| {
        provide(1, 4);
        assert_ok!(seat(1, 7));
        assert_eq!(events().last(), Some(&Event::Seated { owner: 1, job: 7, seats: 1 }));
        assert_eq!((Providers::seats(1).to_vec(), weight(CPU)), (vec![7], 4));
        assert_eq!(Providers::pool(CPU).map(|pool| (pool.busy, pool.capacity)), Some((1, 2)));
    });
}

#[test]
fn full_provider_weighs_nothing_at_once() {
    run(|| {
        provide(1, 4);
        provide(2, 3);
        assert_ok!(seat(1, 7));
        assert_ok!(seat(1, 8));
        assert_eq!((holders(CPU), drawable(CPU)), (vec![2; 3], 1));
        // It is still there, and counts where it is asked how much there is.
        assert_eq!((in_play(CPU), total_in_play()), (7, 7));
        assert!(events().contains(&Event::WeightChanged { owner: 1, machine: CPU, slot: 0, weight: 0 }));
        assert_noop!(seat(1, 9), Error::<Test>::NoRoom);
    });
}

#[test]
fn second_seat_of_a_job_is_refused() {
    run(|| {
        provide(1, 4);
        assert_ok!(seat(1, 7));
        assert_noop!(seat(1, 7), Error::<Test>::HasSeat);
    });
}

#[test]
fn seat_for_one_that_is_not_drawn_is_refused() {
    run(|| {
        assert_noop!(seat(1, 7), Error::<Test>::NotRegistered);
        bond(1, 4);
        assert_ok!(register(1, CPU, 3));
        assert_noop!(seat(1, 7), Error::<Test>::NotInPlay);
        advance(DELAY);
        serve(1, 7, Conduct::NoShow);
        assert_noop!(seat(1, 8), Error::<Test>::NotInPlay);
    });
}

#[test]
fn as_many_seats_as_there_can_be_are_kept() {
    run(|| {
        provide_on(1, 4, CPU, 64);
        for job in 0..64 {
            assert_eq!(weight(CPU), 4);
            assert_ok!(seat(1, job));
        }
        assert_eq!((provider(1).seats(), weight(CPU)), (64, 0));
        assert_noop!(seat(1, u64::MAX), Error::<Test>::NoRoom);
        for job in 0..64 {
            unseat(1, job, Conduct::Right);
        }
        advance(2 * DELAY);
        // 64 right claims: 164 of 200 parts of 8.
        assert_eq!((provider(1).score, weight(CPU)), (64, 6));
    });
}

#[test]
fn machine_that_is_closed_or_unknown_is_not_there_for_jobs() {
    run(|| {
        assert!(<Providers as Sortition<u64>>::exists(CPU));
        assert!(!<Providers as Sortition<u64>>::exists(NONE));
        provide(1, 4);
        assert_ok!(Providers::close_machine(RuntimeOrigin::root(), CPU));
        assert!(!<Providers as Sortition<u64>>::exists(CPU));
        // Jobs that it has already are still drawn for.
        assert_eq!(holders(CPU), [1; 4]);
        assert_ok!(seat(1, 7));
        assert_eq!((weight(NONE), price(NONE), holder(NONE, 0)), (0, 0, None));
    });
}
