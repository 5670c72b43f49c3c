use crate::{mock::*, Error};
use assay_primitives::Role::Validator;
use frame_support::{assert_err_ignore_postinfo, assert_noop, assert_ok};
use sp_runtime::traits::Dispatchable;

fn has_keys(who: u64) -> bool {
    pallet_session::NextKeys::<Test>::contains_key(who)
}

fn stock_purge() -> RuntimeCall {
    RuntimeCall::Session(pallet_session::Call::purge_keys {})
}

#[test]
fn account_that_validates_nowhere_removes_its_keys() {
    run(|| {
        register_keys(5);
        assert_ok!(Staking::purge_keys(signed(5)));
        assert!(!has_keys(5));
        assert_noop!(Staking::purge_keys(signed(5)), pallet_session::Error::<Test>::NoKeys);
        assert_eq!(Balances::free_balance(5), ENDOWMENT);
    });
}

#[test]
fn candidate_keeps_its_keys() {
    run(|| {
        stand(5, 100);
        advance_to_session(6);
        assert!(!Session::validators().contains(&5));
        assert_noop!(Staking::purge_keys(signed(5)), Error::<Test>::KeysInUse);
        assert_ok!(Staking::chill(signed(5)));
        assert_ok!(Staking::purge_keys(signed(5)));
    });
}

#[test]
fn active_validator_keeps_its_keys_until_it_has_left_the_set() {
    run(|| {
        assert_ok!(Staking::chill(signed(1)));
        advance_to_session(1);
        // Era 1 is elected without it; session 1 is the last of era 0.
        assert!(!elected(1).contains(&1));
        assert!(Session::validators().contains(&1));
        assert_noop!(Staking::purge_keys(signed(1)), Error::<Test>::KeysInUse);
        advance_to_session(2);
        assert_ok!(Staking::purge_keys(signed(1)));
    });
}

#[test]
fn queued_validator_keeps_its_keys() {
    run(|| {
        stand(5, 1_500);
        advance_to_session(1);
        assert!(elected(1).contains(&5) && !Session::validators().contains(&5));
        assert_ok!(Staking::chill(signed(5)));
        assert_noop!(Staking::purge_keys(signed(5)), Error::<Test>::KeysInUse);
    });
}

#[test]
fn stock_call_is_closed_also_in_a_batch() {
    run(|| {
        assert_err_ignore_postinfo!(
            stock_purge().dispatch(signed(1)),
            frame_system::Error::<Test>::CallFiltered
        );
        assert_err_ignore_postinfo!(
            Utility::batch_all(signed(1), vec![stock_purge()]),
            frame_system::Error::<Test>::CallFiltered
        );
        let ours = RuntimeCall::Staking(crate::Call::purge_keys {});
        assert_err_ignore_postinfo!(Utility::batch_all(signed(1), vec![ours]), Error::<Test>::KeysInUse);
        assert!(has_keys(1));
    });
}

#[test]
fn bond_alone_does_not_hold_the_keys() {
    run(|| {
        assert_ok!(Staking::bond(signed(5), Validator, 100));
        register_keys(5);
        assert_ok!(Staking::purge_keys(signed(5)));
    });
}
