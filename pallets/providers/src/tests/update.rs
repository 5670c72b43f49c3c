use crate::{mock::*, Change, Error, Event, Pools, MAX_LEAVES};
use assay_primitives::Conduct;
use frame_support::{assert_noop, assert_ok};
use sp_runtime::DispatchError;

#[test]
fn terms_change_after_the_delay() {
    run(|| {
        provide(1, 3);
        assert_ok!(Providers::update(signed(1), CPU, 20, 5));
        advance(DELAY - 1);
        assert_eq!(provider(1).terms, terms(CPU, 2));
        advance(1);
        let provider = provider(1);
        assert_eq!((provider.terms.reserve, provider.terms.capacity, provider.slot), (20, 5, Some(0)));
        assert_eq!(Providers::pool(CPU).map(|pool| pool.capacity), Some(5));
    });
}

#[test]
fn provider_moves_to_another_machine_with_its_seats() {
    run(|| {
        provide(1, 3);
        provide(2, 4);
        assert_ok!(seat(1, 77));
        assert_ok!(update(1, GPU, 4));
        // It is on its way: a member of both.
        let members = |machine| Providers::pool(machine).unwrap().members;
        assert_eq!((members(CPU), members(GPU)), (2, 1));
        advance(DELAY);

        assert_eq!((members(CPU), members(GPU)), (1, 1));
        assert_eq!((holders(CPU), holders(GPU), total_in_play()), (vec![2; 4], vec![1; 3], 7));
        let pool = Providers::pool(GPU).unwrap();
        assert_eq!((pool.capacity, pool.busy), (4, 1));
        assert_eq!(Providers::pool(CPU).unwrap().busy, 0);
        // The last leaf has taken the place of the one that went.
        assert!(events().contains(&Event::LeafRemoved { owner: 1, machine: CPU, slot: 0 }));
        assert!(events().contains(&Event::LeafMoved { owner: 2, machine: CPU, from: 1, to: 0 }));
        unseat(1, 77, Conduct::Right);
        assert_eq!(Providers::pool(GPU).unwrap().busy, 0);
    });
}

#[test]
fn capacity_below_the_seats_that_it_has_makes_a_provider_full() {
    run(|| {
        provide_on(1, 3, CPU, 4);
        for job in 0..3 {
            assert_ok!(seat(1, job));
        }
        assert_ok!(update(1, CPU, 1));
        advance(DELAY);
        assert_eq!((weight(CPU), provider(1).seats()), (0, 3));
        for job in 0..3 {
            assert_eq!((weight(CPU), in_play(CPU)), (0, 3));
            unseat(1, job, Conduct::Neutral);
            advance(DELAY);
        }
        assert_eq!(weight(CPU), 3);
    });
}

#[test]
fn provider_that_has_left_with_seats_comes_back() {
    run(|| {
        provide(1, 3);
        assert_ok!(seat(1, 77));
        assert_ok!(Providers::retire(signed(1)));
        advance(DELAY);
        assert_eq!(provider(1).slot, None);

        assert_ok!(update(1, CPU, 2));
        assert_eq!(waiting(1), Some(Change::Terms(terms(CPU, 2))));
        unseat(1, 77, Conduct::Right);
        advance(DELAY);
        assert_eq!((weight(CPU), provider(1).score), (3, 1));
    });
}

#[test]
fn change_that_changes_nothing_is_refused() {
    run(|| {
        provide(1, 3);
        assert_noop!(update(1, CPU, 2), Error::<Test>::NothingToChange);
    });
}

#[test]
fn second_change_is_refused_until_the_first_is_applied() {
    run(|| {
        provide(1, 3);
        assert_ok!(update(1, CPU, 3));
        assert_noop!(update(1, CPU, 4), Error::<Test>::ChangePending);
        assert_noop!(Providers::retire(signed(1)), Error::<Test>::ChangePending);
        advance(DELAY);
        assert_ok!(update(1, CPU, 4));
    });
}

#[test]
fn provider_that_waits_for_room_can_still_ask_for_a_change() {
    run(|| {
        provide_on(1, 4, CPU, 1);
        serve(1, 7, Conduct::Right);
        assert_eq!(weighing(1), Some(System::block_number()));
        assert_ok!(update(1, GPU, 2));
        assert_eq!(Providers::queue_length(), 2);
        advance(DELAY);
        assert_eq!((weight(GPU), provider(1).standing, provider(1).taken()), (4, 1, 0));
    });
}

#[test]
fn impossible_terms_are_refused() {
    run(|| {
        assert_noop!(update(1, CPU, 1), Error::<Test>::NotRegistered);
        provide(1, 3);
        assert_noop!(update(1, NONE, 1), Error::<Test>::NoSuchMachine);
        assert_noop!(update(1, CPU, 0), Error::<Test>::BadCapacity);
        assert_noop!(update(1, CPU, 65), Error::<Test>::BadCapacity);
        assert_noop!(Providers::update(signed(1), CPU, 1_000_001, 1), Error::<Test>::ReserveTooHigh);
        assert_noop!(Providers::update(RuntimeOrigin::root(), CPU, 1, 1), DispatchError::BadOrigin);

        Pools::<Test>::mutate_extant(GPU, |pool| pool.members = MAX_LEAVES);
        assert_noop!(update(1, GPU, 1), Error::<Test>::ClassFull);
        Pools::<Test>::mutate_extant(GPU, |pool| pool.members = 0);
    });
}

#[test]
fn full_machine_lets_its_own_providers_change_their_terms() {
    run(|| {
        provide(1, 3);
        Pools::<Test>::mutate_extant(CPU, |pool| pool.members = MAX_LEAVES);
        assert_ok!(update(1, CPU, 3));
        Pools::<Test>::mutate_extant(CPU, |pool| pool.members = 1);
    });
}

#[test]
fn closed_machine_lets_its_own_providers_change_their_terms() {
    run(|| {
        provide(1, 3);
        provide_on(2, 3, GPU, 1);
        assert_ok!(Providers::close_machine(RuntimeOrigin::root(), CPU));
        assert_noop!(update(2, CPU, 1), Error::<Test>::MachineClosed);
        assert_ok!(update(1, CPU, 3));
        advance(DELAY);
        assert_eq!(provider(1).terms.capacity, 3);
    });
}

#[test]
fn update_without_a_bond_is_refused() {
    run(|| {
        provide(1, 3);
        assert_ok!(seat(1, 77));
        bond(1, 0);
        advance(DELAY);
        assert_eq!(provider(1).slot, None);
        assert_noop!(update(1, CPU, 2), Error::<Test>::NoBond);
    });
}
