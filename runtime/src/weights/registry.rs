//! Weights of `pallet_assay_registry`, written by `scripts/weights`.
//!
//! * 2026-11-22, on Intel(R) Xeon(R) Processor @ 2.80GHz
//! * 20 steps, 10 repetitions, Compiled WASM, on the preset `development`
//! * lists and maps of unknown size count as 1000000 keys in a proof

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights as they were measured.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_assay_registry::WeightInfo for WeightInfo<T> {
    // At least 85_011 ns; l from 1 to 64.
    fn list(l: u32) -> Weight {
        Weight::from_parts(142_703_886, 3667)
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().writes(6))
            .saturating_add(Weight::from_parts(27_070, 0).saturating_mul(l.into()))
    }
    // At least 88_998 ns.
    fn add_version() -> Weight {
        Weight::from_parts(163_009_000, 6344)
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().writes(5))
    }
    // At least 21_955 ns.
    fn lower_royalty() -> Weight {
        Weight::from_parts(28_272_000, 3667)
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 18_131 ns.
    fn offer() -> Weight {
        Weight::from_parts(35_067_000, 3667)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 113_932 ns.
    fn accept() -> Weight {
        Weight::from_parts(216_588_000, 6326)
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().writes(5))
    }
    // At least 17_353 ns.
    fn delist() -> Weight {
        Weight::from_parts(32_726_000, 3667)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 76_137 ns; v from 1 to 100.
    fn prune(v: u32) -> Weight {
        Weight::from_parts(104_922_988, 3667)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(3))
            .saturating_add(Weight::from_parts(20_227_623, 0).saturating_mul(v.into()))
            .saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(v.into())))
            .saturating_add(T::DbWeight::get().writes(2_u64.saturating_mul(v.into())))
            .saturating_add(Weight::from_parts(0, 2579).saturating_mul(v.into()))
    }
    // At least 11_858 ns.
    fn royalty() -> Weight {
        Weight::from_parts(23_572_000, 3667).saturating_add(T::DbWeight::get().reads(2))
    }
}
