//! Weights of `pallet_assay_registry`, written by `scripts/weights`.
//!
//! * 2026-11-21, on Intel(R) Xeon(R) Processor @ 2.80GHz
//! * 20 steps, 10 repetitions, Compiled WASM, on the preset `development`
//! * lists and maps of unknown size count as 1000000 keys in a proof

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights as they were measured.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_assay_registry::WeightInfo for WeightInfo<T> {
    // At least 82_378 ns; l from 1 to 64.
    fn list(_l: u32) -> Weight {
        Weight::from_parts(142_133_972, 3667)
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().writes(6))
    }
    // At least 87_558 ns.
    fn add_version() -> Weight {
        Weight::from_parts(161_695_000, 6344)
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().writes(5))
    }
    // At least 30_405 ns.
    fn lower_royalty() -> Weight {
        Weight::from_parts(46_244_000, 3667)
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 17_580 ns.
    fn offer() -> Weight {
        Weight::from_parts(38_846_000, 3667)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 111_661 ns.
    fn accept() -> Weight {
        Weight::from_parts(215_655_000, 6290)
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().writes(5))
    }
    // At least 15_989 ns.
    fn delist() -> Weight {
        Weight::from_parts(31_080_000, 3667)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 72_043 ns; v from 1 to 100.
    fn prune(v: u32) -> Weight {
        Weight::from_parts(51_554_142, 3667)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(3))
            .saturating_add(Weight::from_parts(21_448_431, 0).saturating_mul(v.into()))
            .saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(v.into())))
            .saturating_add(T::DbWeight::get().writes(2_u64.saturating_mul(v.into())))
            .saturating_add(Weight::from_parts(0, 2579).saturating_mul(v.into()))
    }
    // At least 11_372 ns.
    fn royalty() -> Weight {
        Weight::from_parts(22_317_000, 3667).saturating_add(T::DbWeight::get().reads(2))
    }
}
