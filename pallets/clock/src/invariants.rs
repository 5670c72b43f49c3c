//! The invariants of the README, checked after every test and by `try-runtime`.

use crate::pallet::*;
use frame_support::ensure;
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_try_state() -> Result<(), TryRuntimeError> {
        Self::check_lengths()?;
        Self::check_market_block()?;
        Self::check_vrfs()
    }

    /// Invariant 1: slot and epoch length are ones that genesis would accept.
    fn check_lengths() -> Result<(), TryRuntimeError> {
        GenesisConfig::<T>::check(SlotMillis::<T>::get(), EpochSlots::<T>::get())
            .map_err(TryRuntimeError::Other)
    }

    /// Invariant 2: the market clock is never ahead of the chain.
    fn check_market_block() -> Result<(), TryRuntimeError> {
        let now = frame_system::Pallet::<T>::block_number();
        ensure!(MarketBlock::<T>::get() <= now, "the market clock is ahead of the chain");
        Ok(())
    }

    /// Invariants 3 and 4: VRFs are of past blocks from the oldest one on, and nothing is forgotten that is of the history
    /// or that a draw waits for.
    fn check_vrfs() -> Result<(), TryRuntimeError> {
        let now = frame_system::Pallet::<T>::block_number();
        let oldest = OldestVrf::<T>::get();
        for block in BlockVrfs::<T>::iter_keys() {
            ensure!(block <= now, "a VRF of a block to come is recorded");
            ensure!(block >= oldest, "a VRF is kept that counts as forgotten");
        }
        ensure!(oldest <= Self::kept_from(now), "a VRF is forgotten that has to stay");
        Ok(())
    }
}
