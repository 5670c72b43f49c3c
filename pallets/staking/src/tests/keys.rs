use crate::{mock::*, Error};
use assay_primitives::Role::Validator;
use frame_support::{assert_err_ignore_postinfo, assert_noop, assert_ok, dispatch::DispatchResult};
use sp_runtime::{testing::UintAuthorityId, traits::Dispatchable};

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

fn set_keys(who: u64, key: u64) -> DispatchResult {
    Staking::set_keys(signed(who), UintAuthorityId(key), vec![])
}

fn key_of(who: u64) -> Option<UintAuthorityId> {
    pallet_session::NextKeys::<Test>::get(who)
}

#[test]
fn account_registers_keys_and_replaces_them_while_it_validates_nowhere() {
    run(|| {
        assert_ok!(set_keys(5, 50));
        assert_ok!(set_keys(5, 51));
        assert_eq!(key_of(5), Some(UintAuthorityId(51)));
        assert_noop!(set_keys(6, 51), pallet_session::Error::<Test>::DuplicatedKey);
    });
}

#[test]
fn candidate_that_is_not_elected_replaces_its_keys() {
    run(|| {
        stand(5, 100);
        advance_to_session(6);
        assert!(!Session::validators().contains(&5));
        assert_ok!(set_keys(5, 51));
        assert_eq!(key_of(5), Some(UintAuthorityId(51)));
    });
}

#[test]
fn validator_cannot_replace_the_keys_that_would_prove_its_guilt() {
    run(|| {
        stand(5, 1_500);
        advance_to_session(1);
        assert!(elected(1).contains(&5) && !Session::validators().contains(&5));
        assert_noop!(set_keys(5, 51), Error::<Test>::KeysInUse);
        advance_to_session(2);
        assert!(Session::validators().contains(&5));
        assert_noop!(set_keys(5, 51), Error::<Test>::KeysInUse);
        assert_ok!(Staking::chill(signed(5)));
        assert_noop!(set_keys(5, 51), Error::<Test>::KeysInUse);
        advance_to_session(4);
        assert!(!Session::validators().contains(&5));
        assert_ok!(set_keys(5, 51));
    });
}

#[test]
fn chilled_validator_that_is_kept_on_changes_keys_once_the_set_may_be_smaller() {
    run(|| {
        for who in [2, 3, 4] {
            assert_ok!(Staking::chill(signed(who)));
        }
        advance_to_session(6);
        assert_eq!(Session::validators(), [1, 2]);
        // With others registered, nobody could prove any more whose the keys in use are.
        assert_noop!(set_keys(2, 51), Error::<Test>::KeysInUse);
        set_params(|params| params.min_validators = 1);
        advance_to_session(10);
        assert_eq!(Session::validators(), [1]);
        assert_ok!(set_keys(2, 51));
        assert_eq!(key_of(2), Some(UintAuthorityId(51)));
    });
}

#[test]
fn stock_call_that_sets_keys_is_closed_also_in_a_batch() {
    run(|| {
        let stock =
            RuntimeCall::Session(pallet_session::Call::set_keys { keys: UintAuthorityId(51), proof: vec![] });
        assert_err_ignore_postinfo!(
            stock.clone().dispatch(signed(5)),
            frame_system::Error::<Test>::CallFiltered
        );
        assert_err_ignore_postinfo!(
            Utility::batch_all(signed(5), vec![stock]),
            frame_system::Error::<Test>::CallFiltered
        );
        assert!(!has_keys(5));
    });
}

#[test]
fn stock_call_that_removes_keys_is_closed_also_in_a_batch() {
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
