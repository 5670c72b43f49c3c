use crate::{mock::*, Change, Error, Event, Pending, Pools, MAX_LEAVES};
use assay_primitives::{Candidate, Role};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::DispatchError;

#[test]
fn registration_waits_before_it_counts() {
    run(|| {
        bond(1, 7);
        assert_ok!(register(1, CPU, 2));
        let terms = terms(CPU, 2);
        let change = Change::Terms(terms);
        let pending = Pending { change, bond: 7 * UNIT, score: 0, freed: 0, since: 1 };
        assert_eq!(
            events(),
            [Event::Registered { owner: 1, terms }, Event::ChangeAsked { owner: 1, pending }]
        );
        assert_eq!((provider(1).slot, provider(1).pending), (None, Some(pending)));

        advance(DELAY - 1);
        assert_eq!((weight(CPU), total_in_play()), (0, 0));
        advance(1);
        assert_eq!((weight(CPU), in_play(CPU), total_in_play(), weight(GPU)), (7, 7, 7, 0));
        assert_eq!(holders(CPU), [1; 7]);
        assert_eq!((provider(1).slot, provider(1).stake, provider(1).pending), (Some(0), 7 * UNIT, None));
        assert!(events().contains(&Event::ChangeApplied { owner: 1, change }));
        assert!(events().contains(&Event::WeightChanged { owner: 1, machine: CPU, slot: 0, weight: 7 }));
    });
}

#[test]
fn reserve_and_stake_come_with_the_holder() {
    run(|| {
        bond(1, 2);
        assert_ok!(Providers::register(signed(1), CPU, 1_000_000, 64));
        advance(DELAY);
        let found = Candidate { owner: 1, reserve: 1_000_000, stake: 2 * UNIT };
        assert_eq!(holder(CPU, 0), Some(found.clone()));
        // Of a bond that has changed, what is drawn by still counts.
        bond(1, 9);
        assert_eq!(holder(CPU, 0), Some(found));
        advance(DELAY);
        assert_eq!(holder(CPU, 0).map(|candidate| candidate.stake), Some(9 * UNIT));
    });
}

#[test]
fn providers_stand_in_the_tree_in_the_order_in_which_they_registered() {
    run(|| {
        for (owner, units) in [(5, 1), (3, 2), (9, 1)] {
            bond(owner, units);
            assert_ok!(register(owner, CPU, 1));
        }
        advance(DELAY);
        assert_eq!(holders(CPU), [5, 3, 3, 9]);
    });
}

#[test]
fn second_registration_is_refused() {
    run(|| {
        provide(1, 1);
        assert_noop!(register(1, GPU, 1), Error::<Test>::AlreadyRegistered);
        bond(2, 1);
        assert_ok!(register(2, CPU, 1));
        assert_noop!(register(2, CPU, 1), Error::<Test>::AlreadyRegistered);
    });
}

#[test]
fn registration_on_a_machine_that_takes_nobody_in_is_refused() {
    run(|| {
        bond(1, 1);
        assert_noop!(register(1, NONE, 1), Error::<Test>::NoSuchMachine);
        assert_ok!(Providers::close_machine(RuntimeOrigin::root(), CPU));
        assert_noop!(register(1, CPU, 1), Error::<Test>::MachineClosed);
        Pools::<Test>::mutate_extant(GPU, |pool| pool.members = MAX_LEAVES);
        assert_noop!(register(1, GPU, 1), Error::<Test>::ClassFull);
        Pools::<Test>::mutate_extant(GPU, |pool| pool.members = 0);
        assert_ok!(register(1, GPU, 1));
    });
}

#[test]
fn registration_on_impossible_terms_is_refused() {
    run(|| {
        bond(1, 1);
        for capacity in [0, 65, u32::MAX] {
            assert_noop!(register(1, CPU, capacity), Error::<Test>::BadCapacity);
        }
        for reserve in [1_000_001, u128::MAX] {
            assert_noop!(Providers::register(signed(1), CPU, reserve, 1), Error::<Test>::ReserveTooHigh);
        }
    });
}

#[test]
fn registration_without_a_bond_as_a_provider_is_refused() {
    run(|| {
        assert_noop!(register(1, CPU, 1), Error::<Test>::NoBond);
        assay_primitives::mock::set_bond(1, Role::Validator, UNIT);
        assert_noop!(register(1, CPU, 1), Error::<Test>::NoBond);
    });
}

#[test]
fn registration_by_nobody_is_refused() {
    run(|| {
        assert_noop!(Providers::register(RuntimeOrigin::none(), CPU, 1, 1), DispatchError::BadOrigin);
        assert_noop!(Providers::register(RuntimeOrigin::root(), CPU, 1, 1), DispatchError::BadOrigin);
    });
}

#[test]
fn bond_without_weight_is_in_the_tree_and_never_drawn() {
    run(|| {
        provide(1, 3);
        assay_primitives::mock::set_bond(2, Role::Provider, UNIT - 1);
        assert_ok!(register(2, CPU, 1));
        advance(DELAY);
        assert_eq!((provider(2).slot, provider(2).weight), (Some(1), 0));
        assert_eq!(holders(CPU), [1; 3]);
    });
}
