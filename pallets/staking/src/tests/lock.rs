use crate::{mock::*, Error, Event, Lock, NextLock};
use assay_primitives::{
    Collateral, LockId,
    Role::{Provider, Validator},
};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::{ArithmeticError, DispatchError};

fn try_lock(who: u64, amount: u64) -> Result<LockId, DispatchError> {
    try_lock_within(who, amount, u64::MAX)
}

fn try_lock_within(who: u64, amount: u64, within: u64) -> Result<LockId, DispatchError> {
    <Staking as Collateral<u64>>::lock(&who, amount, within)
}

#[test]
fn lock_takes_from_what_is_available() {
    run(|| {
        bond_provider(5, 200);
        assert_eq!(available(5), 200);
        assert_eq!(try_lock(5, 120), Ok(0));
        System::assert_last_event(Event::<Test>::Locked { lock: 0, owner: 5, amount: 120 }.into());
        assert_eq!(available(5), 80);
        assert_eq!(Staking::lock(5, 0), Some(Lock { owner: 5, amount: 120, accused: false }));
        assert_eq!(try_lock(5, 80), Ok(1));
        assert_eq!(available(5), 0);
    });
}

#[test]
fn lock_of_more_than_is_available_is_refused() {
    run(|| {
        assert_noop!(try_lock(5, 1), Error::<Test>::NotBonded);
        bond_provider(5, 200);
        lock(5, 150);
        assert_noop!(try_lock(5, 51), Error::<Test>::NotEnoughCollateral);
        assert_noop!(try_lock(5, u64::MAX), Error::<Test>::NotEnoughCollateral);
        assert_noop!(try_lock(5, 0), Error::<Test>::ZeroAmount);
    });
}

#[test]
fn only_the_bond_as_a_provider_is_collateral() {
    run(|| {
        assert_ok!(Staking::bond(signed(5), Validator, 500));
        assert_noop!(try_lock(5, 1), Error::<Test>::NotEnoughCollateral);
        bond_provider(5, 100);
        assert_noop!(try_lock(5, 101), Error::<Test>::NotEnoughCollateral);
        assert_ok!(try_lock(5, 100));
    });
}

#[test]
fn what_is_on_its_way_out_is_collateral_until_it_is_withdrawn() {
    run(|| {
        bond_provider(5, 100);
        assert_ok!(Staking::unbond(signed(5), Provider, 40));
        assert_eq!(available(5), 100);
        assert_eq!(try_lock(5, 30), Ok(0));
        advance_to(81);
        assert_ok!(Staking::withdraw(signed(5), Provider));
        assert_eq!(available(5), 30);
        assert_noop!(try_lock(5, 31), Error::<Test>::NotEnoughCollateral);
    });
}

#[test]
fn no_more_is_locked_than_what_counts() {
    run(|| {
        bond_provider(5, 200);
        assert_eq!(try_lock_within(5, 70, 100), Ok(0));
        assert_noop!(try_lock_within(5, 31, 100), Error::<Test>::NotEnoughCollateral);
        assert_eq!(try_lock_within(5, 30, 100), Ok(1));
        // Less counts now than is locked already.
        assert_noop!(try_lock_within(5, 1, 50), Error::<Test>::NotEnoughCollateral);
        assert_eq!(try_lock_within(5, 100, 200), Ok(2));
    });
}

#[test]
fn release_gives_the_collateral_back() {
    run(|| {
        let id = locked_provider(5, 200, 120);
        assert_ok!(release(5, id));
        System::assert_last_event(Event::<Test>::Released { lock: id, owner: 5, amount: 120 }.into());
        assert_eq!(available(5), 200);
        assert_eq!(Staking::lock(5, id), None);
        assert_noop!(release(5, id), Error::<Test>::NoSuchLock);
    });
}

#[test]
fn lock_ids_are_never_used_again() {
    run(|| {
        let id = locked_provider(5, 200, 120);
        assert_ok!(release(5, id));
        assert_eq!(try_lock(5, 120), Ok(id + 1));
    });
}

#[test]
fn last_lock_id_is_not_given() {
    run(|| {
        bond_provider(5, 200);
        NextLock::<Test>::put(u64::MAX);
        assert_noop!(try_lock(5, 1), ArithmeticError::Overflow);
        NextLock::<Test>::put(0);
        assert_eq!(available(5), 200);
    });
}

#[test]
fn lock_is_released_for_its_owner_only() {
    run(|| {
        let id = locked_provider(5, 200, 120);
        assert_noop!(release(6, id), Error::<Test>::NoSuchLock);
        bond_provider(6, 200);
        assert_noop!(release(6, id), Error::<Test>::NoSuchLock);
        assert_eq!(Staking::lock(6, id), None);
        assert_ok!(release(5, id));
    });
}

#[test]
fn one_of_several_locks_is_released() {
    run(|| {
        bond_provider(5, 200);
        let locks = [10, 20, 40].map(|amount| lock(5, amount));
        assert_ok!(release(5, locks[1]));
        let left = locks.map(|id| Staking::lock(5, id).map(|lock| lock.amount));
        assert_eq!((left, available(5)), ([Some(10), None, Some(40)], 150));
    });
}

#[test]
fn locks_beyond_what_a_ledger_has_room_for_are_refused() {
    run(|| {
        bond_provider(5, 200);
        let locks: Vec<LockId> = (0..8).map(|_| lock(5, 1)).collect();
        assert_noop!(try_lock(5, 1), Error::<Test>::TooManyLocks);
        // A slash takes its lock out of the ledger: so no number of faults keeps anybody from a seat.
        assert_ok!(accuse(5, Provider, Some(locks[3])));
        assert_ok!(try_lock(5, 1));
        assert_noop!(try_lock(5, 1), Error::<Test>::TooManyLocks);
        assert_ok!(release(5, locks[7]));
        assert_ok!(try_lock(5, 1));
        assert_ok!(acquit(5, Provider, Some(locks[3])));
        assert_eq!(available(5), 192);
    });
}
