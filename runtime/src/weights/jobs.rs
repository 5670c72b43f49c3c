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
    // At least 7_519 ns.
    fn set_params() -> Weight {
        Weight::from_parts(17_301_000, 0).saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 262_444 ns.
    fn post() -> Weight {
        Weight::from_parts(418_002_000, 11409)
            .saturating_add(T::DbWeight::get().reads(16))
            .saturating_add(T::DbWeight::get().writes(12))
    }
    // Not measured yet.
    fn cancel() -> Weight {
        Weight::from_parts(1_100_000_000, 39_000)
            .saturating_add(T::DbWeight::get().reads(45))
            .saturating_add(T::DbWeight::get().writes(46))
    }
    // At least 65_643 ns.
    fn prune() -> Weight {
        Weight::from_parts(106_810_000, 4161)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // At least 4_081 ns.
    fn sweep_base() -> Weight {
        Weight::from_parts(8_048_000, 1501).saturating_add(T::DbWeight::get().reads(1))
    }
    // At least 57_331 ns.
    fn sweep_job() -> Weight {
        Weight::from_parts(104_977_000, 4161)
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().writes(5))
    }
}
