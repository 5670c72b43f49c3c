//! Weights of `pallet_clock`, written by `scripts/weights`.
//!
//! * 2026-11-22, on Intel(R) Xeon(R) Processor @ 2.80GHz
//! * 20 steps, 10 repetitions, Compiled WASM, on the preset `development`
//! * lists and maps of unknown size count as 1000000 keys in a proof

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights as they were measured.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_clock::WeightInfo for WeightInfo<T> {
    // At least 8_966 ns.
    fn set_frozen() -> Weight {
        Weight::from_parts(21_854_000, 1486)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 11_779 ns.
    fn on_initialize() -> Weight {
        Weight::from_parts(23_290_000, 67035)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 9_336 ns.
    fn on_finalize() -> Weight {
        Weight::from_parts(17_891_000, 3498)
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(3))
    }
}
