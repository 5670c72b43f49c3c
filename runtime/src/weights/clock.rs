//! Weights of `pallet_clock`, written by `scripts/weights`.
//!
//! * 2026-11-21, on Intel(R) Xeon(R) Processor @ 2.80GHz
//! * 20 steps, 10 repetitions, Compiled WASM, on the preset `development`
//! * lists and maps of unknown size count as 1000000 keys in a proof

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights as they were measured.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_clock::WeightInfo for WeightInfo<T> {
    // At least 12_333 ns.
    fn set_frozen() -> Weight {
        Weight::from_parts(21_482_000, 1489)
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 16_655 ns.
    fn on_initialize() -> Weight {
        Weight::from_parts(28_313_000, 67035)
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().writes(2))
    }
    // At least 14_611 ns.
    fn on_finalize() -> Weight {
        Weight::from_parts(19_485_000, 3498)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(3))
    }
}
