//! The invariants of the README, checked after every test and by `try-runtime`.

use crate::pallet::*;
use alloc::collections::BTreeMap;
use assay_primitives::Balance;
use frame_support::{ensure, traits::fungible::InspectHold};
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_try_state() -> Result<(), TryRuntimeError> {
        Self::check_totals()?;
        Self::check_holds()
    }

    /// Invariants 1 and 2: escrows hold something, and are together what the totals say.
    fn check_totals() -> Result<(), TryRuntimeError> {
        let mut sums = BTreeMap::<T::AccountId, Balance>::new();
        for funds in Escrows::<T>::iter_values() {
            ensure!(funds.amount > 0, "an escrow of nothing is kept");
            let sum = sums.entry(funds.requester).or_default();
            *sum = sum.checked_add(funds.amount).ok_or("escrows are more than a balance can be")?;
        }
        for (requester, total) in Totals::<T>::iter() {
            ensure!(sums.remove(&requester) == Some(total), "a total is not the sum of the escrows");
        }
        ensure!(sums.is_empty(), "escrows are not in the totals");
        Ok(())
    }

    /// Invariant 3: what is on hold for jobs is what the totals say.
    fn check_holds() -> Result<(), TryRuntimeError> {
        for (requester, total) in Totals::<T>::iter() {
            let held = T::Currency::balance_on_hold(&HoldReason::Job.into(), &requester);
            ensure!(held == total, "what is in escrow is not what is on hold");
        }
        Ok(())
    }
}
