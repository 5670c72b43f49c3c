//! Providers' bonds as the market sees them, and locks on them.

use crate::*;
use assay_primitives::{Balance, Collateral, ProviderBond};
use frame_support::{ensure, pallet_prelude::DispatchResult};
use sp_runtime::{
    traits::{CheckedAdd, CheckedSub, Zero},
    ArithmeticError, DispatchError,
};

/// Most ids of locks that one view goes through.
pub const MOST_IDS: u32 = 1_000;

impl<T: Config> ProviderBond<T::AccountId> for Pallet<T>
where
    BalanceOf<T>: Into<Balance>,
{
    fn active(owner: &T::AccountId) -> Balance {
        Ledgers::<T>::get(owner).map_or(0, |ledger| ledger.provider.active.into())
    }
}

impl<T: Config> Collateral<T::AccountId> for Pallet<T> {
    type Balance = BalanceOf<T>;

    fn available(owner: &T::AccountId) -> BalanceOf<T> {
        Ledgers::<T>::get(owner).map(|ledger| ledger.available()).unwrap_or_default()
    }

    fn lock(
        owner: &T::AccountId,
        amount: BalanceOf<T>,
        within: BalanceOf<T>,
    ) -> Result<LockId, DispatchError> {
        ensure!(!amount.is_zero(), Error::<T>::ZeroAmount);
        let mut ledger = Self::ledger_of(owner)?;
        ensure!(amount <= ledger.room(within), Error::<T>::NotEnoughCollateral);
        ledger.locked = ledger.locked.checked_add(&amount).ok_or(ArithmeticError::Overflow)?;
        let id = NextLock::<T>::get();
        let next = id.checked_add(1).ok_or(ArithmeticError::Overflow)?;

        NextLock::<T>::put(next);
        Locks::<T>::insert(id, Lock { owner: owner.clone(), amount, accused: false });
        Self::keep(owner, ledger);
        Self::deposit_event(Event::Locked { lock: id, owner: owner.clone(), amount });
        Ok(id)
    }

    fn release(id: LockId) -> DispatchResult {
        let lock = Locks::<T>::get(id).ok_or(Error::<T>::NoSuchLock)?;
        ensure!(!lock.accused, Error::<T>::LockAccused);
        let ledger = Self::ledger_of(&lock.owner)?;
        Self::end_lock(id, lock, ledger)
    }
}

impl<T: Config> Pallet<T> {
    /// Forgets a lock and keeps its owner's ledger without it.
    pub(crate) fn end_lock(id: LockId, lock: LockOf<T>, mut ledger: Ledger<T>) -> DispatchResult {
        ledger.locked = ledger.locked.checked_sub(&lock.amount).ok_or(ArithmeticError::Underflow)?;
        Locks::<T>::remove(id);
        Self::keep(&lock.owner, ledger);
        Self::deposit_event(Event::Released { lock: id, owner: lock.owner, amount: lock.amount });
        Ok(())
    }

    pub(crate) fn locks_of(owner: &T::AccountId, from: LockId, ids: u32) -> Vec<(LockId, LockOf<T>)> {
        let end = from.saturating_add(ids.min(MOST_IDS).into()).min(NextLock::<T>::get());
        (from..end)
            .filter_map(|id| Locks::<T>::get(id).map(|lock| (id, lock)))
            .filter(|(_, lock)| lock.owner == *owner)
            .collect()
    }
}
