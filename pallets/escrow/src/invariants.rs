//! The invariants of the README, checked after every test and by `try-runtime`.

use crate::pallet::*;
use alloc::collections::BTreeMap;
use assay_primitives::Balance;
use frame_support::ensure;
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
    /// Invariants 1 and 2: escrows hold something, and are together what their requesters have on hold for jobs; nobody
    /// else has anything on hold for them.
    pub(crate) fn do_try_state() -> Result<(), TryRuntimeError> {
        let mut sums = BTreeMap::<T::AccountId, Balance>::new();
        for funds in Escrows::<T>::iter_values() {
            ensure!(funds.amount > 0, "an escrow of nothing is kept");
            let sum = sums.entry(funds.requester).or_default();
            *sum = sum.checked_add(funds.amount).ok_or("escrows are more than a balance can be")?;
        }
        for who in frame_system::Account::<T>::iter_keys() {
            let sum = sums.remove(&who).unwrap_or_default();
            ensure!(Self::total_of(&who) == sum, "what is in escrow is not what is on hold");
        }
        ensure!(sums.is_empty(), "an escrow is of an account that is not there");
        Ok(())
    }
}
