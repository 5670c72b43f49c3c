//! Weights of `pallet_assay_jobs`, written by `scripts/weights`.
//!
//! * 2026-11-22, on Intel(R) Xeon(R) Processor @ 2.80GHz
//! * 50 steps, 20 repetitions, Compiled WASM, on the preset `development`
//! * lists and maps of unknown size count as 1000000 keys in a proof

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights as they were measured.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_assay_jobs::WeightInfo for WeightInfo<T> {
    // At least 7_567 ns.
    fn set_params() -> Weight {
        Weight::from_parts(8_326_000, 0).saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 181_624 ns.
    fn post() -> Weight {
        Weight::from_parts(202_542_000, 11415)
            .saturating_add(T::DbWeight::get().reads(12))
            .saturating_add(T::DbWeight::get().writes(8))
    }
    // At least 15_515 ns.
    fn listed() -> Weight {
        Weight::from_parts(17_569_000, 3667).saturating_add(T::DbWeight::get().reads(2))
    }
    // At least 2_539 ns.
    fn source() -> Weight {
        Weight::from_parts(2_827_000, 0).saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 523_309 ns.
    fn cancel() -> Weight {
        Weight::from_parts(585_825_000, 44446)
            .saturating_add(T::DbWeight::get().reads(24))
            .saturating_add(T::DbWeight::get().writes(18))
    }
    // At least 45_138 ns.
    fn prune() -> Weight {
        Weight::from_parts(58_968_000, 4162)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(4))
    }
    // At least 862 ns.
    fn sweep_base() -> Weight {
        Weight::from_parts(1_498_000, 0)
    }
    // At least 42_386 ns.
    fn sweep_job() -> Weight {
        Weight::from_parts(73_884_000, 4162)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(4))
    }
}
