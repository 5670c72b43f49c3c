//! What the clock does, and the lengths and counts it lends to other pallets.

use crate::pallet::*;
use core::marker::PhantomData;
use frame_support::{ensure, pallet_prelude::DispatchResult, traits::Get};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::traits::{BlockNumberProvider, Saturating};

/// Length of a slot in milliseconds.
pub struct SlotDuration<T>(PhantomData<T>);

impl<T: Config> Get<u64> for SlotDuration<T> {
    fn get() -> u64 {
        SlotMillis::<T>::get()
    }
}

/// Half a slot in milliseconds: BABE takes the slot length to be twice the timestamp's minimum period.
pub struct MinimumPeriod<T>(PhantomData<T>);

impl<T: Config> Get<u64> for MinimumPeriod<T> {
    fn get() -> u64 {
        SlotMillis::<T>::get() >> 1
    }
}

/// Length of an epoch in slots.
pub struct EpochDuration<T>(PhantomData<T>);

impl<T: Config> Get<u64> for EpochDuration<T> {
    fn get() -> u64 {
        EpochSlots::<T>::get()
    }
}

/// The block count that deadlines of the market are measured on.
pub struct MarketClock<T>(PhantomData<T>);

impl<T: Config> BlockNumberProvider for MarketClock<T> {
    type BlockNumber = BlockNumberFor<T>;

    fn current_block_number() -> Self::BlockNumber {
        MarketBlock::<T>::get()
    }

    #[cfg(any(feature = "std", feature = "runtime-benchmarks"))]
    fn set_block_number(block: Self::BlockNumber) {
        MarketBlock::<T>::put(block);
    }
}

impl<T: Config> Pallet<T> {
    /// Counts this block unless the market is halted.
    pub(crate) fn tick() {
        if !Self::market_halted() {
            MarketBlock::<T>::mutate(|block| block.saturating_inc());
        }
    }

    pub(crate) fn do_set_frozen(frozen: bool) -> DispatchResult {
        ensure!(Frozen::<T>::get() != frozen, Error::<T>::NothingToChange);
        Frozen::<T>::put(frozen);
        let at = MarketBlock::<T>::get();
        Self::deposit_event(if frozen { Event::Froze { at } } else { Event::Thawed { at } });
        Ok(())
    }
}
