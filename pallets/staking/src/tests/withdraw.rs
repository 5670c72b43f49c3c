use crate::{mock::*, Error, Event};
use assay_primitives::Role::{Provider, Validator};
use frame_support::{assert_noop, assert_ok};

#[test]
fn withdraw_frees_what_is_due() {
    run(|| {
        bond_provider(5, 200);
        assert_ok!(Staking::unbond(signed(5), Provider, 30));
        advance(5);
        assert_ok!(Staking::unbond(signed(5), Provider, 20));
        advance_to(80);
        assert_noop!(Staking::withdraw(signed(5), Provider), Error::<Test>::NothingToWithdraw);

        advance_to(81);
        assert_ok!(Staking::withdraw(signed(5), Provider));
        System::assert_last_event(Event::<Test>::Withdrawn { owner: 5, role: Provider, amount: 30 }.into());
        assert_eq!(held(5, Provider), 170);
        assert_eq!(chunks(5, Provider), [(20, 86)]);
        assert_noop!(Staking::withdraw(signed(5), Provider), Error::<Test>::NothingToWithdraw);
    });
}

#[test]
fn withdraw_leaves_what_locks_need() {
    run(|| {
        bond_provider(5, 200);
        assert_ok!(Staking::unbond(signed(5), Provider, 100));
        let id = lock(5, 150);
        advance_to(81);
        assert_ok!(Staking::withdraw(signed(5), Provider));
        System::assert_last_event(Event::<Test>::Withdrawn { owner: 5, role: Provider, amount: 50 }.into());
        assert_eq!((held(5, Provider), chunks(5, Provider)), (150, vec![(50, 81)]));
        assert_noop!(Staking::withdraw(signed(5), Provider), Error::<Test>::CollateralLocked);

        assert_ok!(release(5, id));
        assert_ok!(Staking::withdraw(signed(5), Provider));
        assert_eq!((held(5, Provider), chunks(5, Provider)), (100, vec![]));
    });
}

#[test]
fn locks_of_a_provider_do_not_hold_its_bond_as_a_validator() {
    run(|| {
        locked_provider(5, 100, 100);
        assert_ok!(Staking::bond(signed(5), Validator, 100));
        assert_ok!(Staking::unbond(signed(5), Validator, 100));
        advance_to(81);
        assert_ok!(Staking::withdraw(signed(5), Validator));
        assert_eq!((held(5, Provider), held(5, Validator)), (100, 0));
    });
}

#[test]
fn last_withdrawal_leaves_no_ledger() {
    run(|| {
        bond_provider(5, 100);
        assert_ok!(Staking::unbond(signed(5), Provider, 100));
        advance_to(81);
        assert_ok!(Staking::withdraw(signed(5), Provider));
        assert_eq!(Staking::ledger(5), None);
        assert_eq!(Balances::free_balance(5), ENDOWMENT);
        assert_noop!(Staking::withdraw(signed(5), Provider), Error::<Test>::NotBonded);
    });
}

#[test]
fn withdraw_in_one_role_leaves_the_other() {
    run(|| {
        bond_provider(5, 100);
        assert_ok!(Staking::bond(signed(5), Validator, 100));
        assert_ok!(Staking::unbond(signed(5), Provider, 100));
        advance_to(81);
        assert_noop!(Staking::withdraw(signed(5), Validator), Error::<Test>::NothingToWithdraw);
        assert_ok!(Staking::withdraw(signed(5), Provider));
        assert_eq!((held(5, Provider), held(5, Validator)), (0, 100));
    });
}

#[test]
fn nothing_is_withdrawn_while_a_slash_waits() {
    run(|| {
        assert_ok!(Staking::bond(signed(5), Validator, 200));
        assert_ok!(Staking::unbond(signed(5), Validator, 100));
        assert_ok!(accuse(5, Validator, None));
        advance_to(81);
        assert_noop!(Staking::withdraw(signed(5), Validator), Error::<Test>::Accused);
        assert_ok!(acquit(5, Validator, None));
        assert_ok!(Staking::withdraw(signed(5), Validator));
    });
}

#[test]
fn slash_that_waits_in_one_role_does_not_hold_the_other() {
    run(|| {
        let id = locked_provider(5, 100, 50);
        assert_ok!(Staking::bond(signed(5), Validator, 100));
        assert_ok!(Staking::unbond(signed(5), Validator, 100));
        assert_ok!(accuse(5, Provider, Some(id)));
        advance_to(81);
        assert_ok!(Staking::withdraw(signed(5), Validator));
    });
}
