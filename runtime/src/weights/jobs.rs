//! Weights of `pallet_assay_jobs`, written by `scripts/weights`.
//!
//! * 2026-11-21, on Intel(R) Xeon(R) Processor @ 2.80GHz
//! * 20 steps, 10 repetitions, Compiled WASM, on the preset `development`
//! * lists and maps of unknown size count as 1000000 keys in a proof

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights as they were measured.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_assay_jobs::WeightInfo for WeightInfo<T> {
    // At least 8_190 ns.
    fn set_params() -> Weight {
        Weight::from_parts(19_843_000, 0).saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 327_655 ns.
    fn post() -> Weight {
        Weight::from_parts(407_187_000, 11409)
            .saturating_add(T::DbWeight::get().reads(12))
            .saturating_add(T::DbWeight::get().writes(9))
    }
    // At least 10_000 ns.
    fn listed() -> Weight {
        Weight::from_parts(20_000_000, 3593).saturating_add(T::DbWeight::get().reads(2))
    }
    // At least 5_000 ns.
    fn source() -> Weight {
        Weight::from_parts(10_000_000, 0).saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 958_730 ns.
    fn cancel() -> Weight {
        Weight::from_parts(1_105_988_000, 32142)
            .saturating_add(T::DbWeight::get().reads(32))
            .saturating_add(T::DbWeight::get().writes(27))
    }
    // At least 64_652 ns.
    fn prune() -> Weight {
        Weight::from_parts(101_960_000, 4161)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // At least 4_175 ns.
    fn sweep_base() -> Weight {
        Weight::from_parts(8_585_000, 1501).saturating_add(T::DbWeight::get().reads(1))
    }
    // At least 60_154 ns.
    fn sweep_job() -> Weight {
        Weight::from_parts(102_573_000, 4161)
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().writes(5))
    }
}
