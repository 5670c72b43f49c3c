//! Weights of `pallet_assay_escrow`, written by `scripts/weights`.
//!
//! * 2026-11-22, on Intel(R) Xeon(R) Processor @ 2.80GHz
//! * 50 steps, 20 repetitions, Compiled WASM, on the preset `development`
//! * lists and maps of unknown size count as 1000000 keys in a proof

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights as they were measured.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_assay_escrow::WeightInfo for WeightInfo<T> {
    // At least 106_707 ns.
    fn expire() -> Weight {
        Weight::from_parts(118_069_000, 4764)
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().writes(4))
    }
    // At least 44_013 ns.
    fn follow() -> Weight {
        Weight::from_parts(46_024_000, 4764)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(2))
    }
}
