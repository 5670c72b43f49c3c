use crate::{mock::*, Error, Event};
use assay_primitives::Role::{Provider, Validator};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::{DispatchError, TokenError};

#[test]
fn bond_is_held_for_its_role() {
    run(|| {
        assert_ok!(Staking::bond(signed(5), Provider, 60));
        System::assert_last_event(Event::<Test>::Bonded { owner: 5, role: Provider, amount: 60 }.into());
        assert_eq!((held(5, Provider), held(5, Validator)), (60, 0));
        assert_eq!(active(5, Provider), 60);
        assert_eq!(Balances::free_balance(5), ENDOWMENT - 60);
    });
}

#[test]
fn roles_are_separate_bonds_of_one_ledger() {
    run(|| {
        assert_ok!(Staking::bond(signed(5), Provider, 60));
        assert_ok!(Staking::bond(signed(5), Validator, 100));
        assert_eq!((active(5, Provider), active(5, Validator)), (60, 100));
        assert_eq!((held(5, Provider), held(5, Validator)), (60, 100));
    });
}

#[test]
fn second_first_bond_is_refused() {
    run(|| {
        assert_ok!(Staking::bond(signed(5), Provider, 60));
        assert_noop!(Staking::bond(signed(5), Provider, 60), Error::<Test>::AlreadyBonded);
    });
}

#[test]
fn bond_below_the_minimum_of_its_role_is_refused() {
    run(|| {
        assert_noop!(Staking::bond(signed(5), Validator, 99), Error::<Test>::BelowMinimum);
        assert_noop!(Staking::bond(signed(5), Provider, 49), Error::<Test>::BelowMinimum);
        assert_noop!(Staking::bond(signed(5), Provider, 0), Error::<Test>::BelowMinimum);
        assert_ok!(Staking::bond(signed(5), Provider, 50));
    });
}

#[test]
fn bond_leaves_the_existential_deposit() {
    run(|| {
        assert_noop!(Staking::bond(signed(5), Provider, ENDOWMENT), TokenError::FundsUnavailable);
        assert_ok!(Staking::bond(signed(5), Provider, ENDOWMENT - 1));
        assert_noop!(Staking::bond_extra(signed(5), Provider, 1), TokenError::FundsUnavailable);
    });
}

#[test]
fn bond_by_nobody_is_refused() {
    run(|| {
        assert_noop!(Staking::bond(RuntimeOrigin::root(), Provider, 60), DispatchError::BadOrigin);
        assert_noop!(Staking::bond_extra(RuntimeOrigin::none(), Provider, 60), DispatchError::BadOrigin);
    });
}

#[test]
fn bond_extra_adds_to_the_bond() {
    run(|| {
        bond_provider(5, 60);
        assert_ok!(Staking::bond_extra(signed(5), Provider, 1));
        System::assert_last_event(Event::<Test>::Bonded { owner: 5, role: Provider, amount: 1 }.into());
        assert_eq!((active(5, Provider), held(5, Provider)), (61, 61));
    });
}

#[test]
fn bond_extra_without_a_bond_is_refused() {
    run(|| {
        assert_noop!(Staking::bond_extra(signed(5), Provider, 60), Error::<Test>::NotBonded);
        bond_provider(5, 60);
        assert_noop!(Staking::bond_extra(signed(5), Validator, 100), Error::<Test>::NotBonded);
        assert_noop!(Staking::bond_extra(signed(5), Provider, 0), Error::<Test>::ZeroAmount);
    });
}

#[test]
fn bond_extra_has_to_reach_a_minimum_that_has_risen() {
    run(|| {
        bond_provider(5, 60);
        set_params(|params| params.min_provider_bond = 100);
        assert_noop!(Staking::bond_extra(signed(5), Provider, 39), Error::<Test>::BelowMinimum);
        assert_ok!(Staking::bond_extra(signed(5), Provider, 40));
    });
}

#[test]
fn bond_can_start_anew_while_the_old_one_is_on_its_way_out() {
    run(|| {
        bond_provider(5, 60);
        assert_ok!(Staking::unbond(signed(5), Provider, 60));
        assert_noop!(Staking::bond_extra(signed(5), Provider, 60), Error::<Test>::NotBonded);
        assert_ok!(Staking::bond(signed(5), Provider, 50));
        assert_eq!((active(5, Provider), held(5, Provider)), (50, 110));
    });
}
