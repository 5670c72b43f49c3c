//! Providers' bonds as the market sees them, and locks on them.

use crate::*;
use assay_primitives::{Balance, Collateral, ProviderBond};
use frame_support::{ensure, pallet_prelude::DispatchResult};
use sp_runtime::{
    traits::{CheckedAdd, CheckedSub, Zero},
    ArithmeticError, DispatchError, SaturatedConversion,
};

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
        ledger.locks.try_push(OpenLock { id, amount }).map_err(|_| Error::<T>::TooManyLocks)?;

        NextLock::<T>::put(next);
        Self::keep(owner, ledger);
        Self::deposit_event(Event::Locked { lock: id, owner: owner.clone(), amount });
        Ok(id)
    }

    fn release(owner: &T::AccountId, id: LockId) -> DispatchResult {
        let mut ledger = Ledgers::<T>::get(owner).ok_or(Error::<T>::NoSuchLock)?;
        let amount = Self::take_open_lock(owner, &mut ledger, id)?;
        Self::end_lock(owner, id, amount, ledger)
    }
}

impl<T: Config> Pallet<T> {
    /// Takes a lock that no slash waits for out of a ledger; gives its amount.
    pub(crate) fn take_open_lock(
        owner: &T::AccountId,
        ledger: &mut Ledger<T>,
        id: LockId,
    ) -> Result<BalanceOf<T>, Error<T>> {
        let amount = ledger.open_lock(id);
        ensure!(amount.is_some() || !Accused::<T>::contains_key(owner, id), Error::<T>::LockAccused);
        ledger.locks.retain(|lock| lock.id != id);
        amount.ok_or(Error::<T>::NoSuchLock)
    }

    /// Keeps the ledger of an owner of whose locks one has ended, which was taken out.
    pub(crate) fn end_lock(
        owner: &T::AccountId,
        id: LockId,
        amount: BalanceOf<T>,
        mut ledger: Ledger<T>,
    ) -> DispatchResult {
        ledger.locked = ledger.locked.checked_sub(&amount).ok_or(ArithmeticError::Underflow)?;
        Self::keep(owner, ledger);
        Self::deposit_event(Event::Released { lock: id, owner: owner.clone(), amount });
        Ok(())
    }

    /// A lock of an owner and its amount, and whether a slash waits for it.
    pub(crate) fn lock_of(owner: &T::AccountId, id: LockId) -> Option<LockOf<T>> {
        let open = Ledgers::<T>::get(owner).and_then(|ledger| ledger.open_lock(id));
        let (amount, accused) = match open {
            Some(amount) => (amount, false),
            None => (Accused::<T>::get(owner, id)?, true),
        };
        Some(Lock { owner: owner.clone(), amount, accused })
    }

    pub(crate) fn locks_of(owner: &T::AccountId, from: LockId, limit: u32) -> Vec<(LockId, LockOf<T>)> {
        let open = Ledgers::<T>::get(owner).map(|ledger| ledger.locks).unwrap_or_default();
        let open = open.into_iter().map(|OpenLock { id, amount }| (id, amount, false));
        let accused = Accused::<T>::iter_prefix(owner).map(|(id, amount)| (id, amount, true));
        let mut locks: Vec<_> = open.chain(accused).filter(|(id, ..)| *id >= from).collect();
        locks.sort_by_key(|(id, ..)| *id);
        locks
            .into_iter()
            .take(limit.saturated_into())
            .map(|(id, amount, accused)| (id, Lock { owner: owner.clone(), amount, accused }))
            .collect()
    }
}
