//! The invariants of the README, checked after every test and by `try-runtime`.

use crate::pallet::*;
use frame_support::{ensure, traits::Get};
use sp_runtime::{traits::Saturating, TryRuntimeError};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_try_state() -> Result<(), TryRuntimeError> {
        Self::check_lengths()?;
        Self::check_market_block()?;
        Self::check_vrf_history()
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

    /// Invariant 3: VRFs are of past blocks no older than the history.
    fn check_vrf_history() -> Result<(), TryRuntimeError> {
        let now = frame_system::Pallet::<T>::block_number();
        for block in BlockVrfs::<T>::iter_keys() {
            ensure!(block <= now, "a VRF of a block to come is recorded");
            ensure!(block.saturating_add(T::VrfHistory::get()) >= now, "a VRF is kept beyond the history");
        }
        Ok(())
    }
}
