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
    // At least 81_574 ns; l from 1 to 64.
    fn list(l: u32) -> Weight {
        Weight::from_parts(91_318_134, 3667)
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().writes(6))
            .saturating_add(Weight::from_parts(73_145, 0).saturating_mul(l.into()))
    }
    // At least 87_386 ns.
    fn add_version() -> Weight {
        Weight::from_parts(96_074_000, 6344)
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().writes(5))
    }
    // At least 21_210 ns.
    fn lower_royalty() -> Weight {
        Weight::from_parts(34_523_000, 3667)
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 16_957 ns.
    fn offer() -> Weight {
        Weight::from_parts(32_837_000, 3667)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 111_952 ns.
    fn accept() -> Weight {
        Weight::from_parts(209_054_000, 6290)
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().writes(5))
    }
    // At least 15_659 ns.
    fn delist() -> Weight {
        Weight::from_parts(18_497_000, 3667)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 71_727 ns; v from 1 to 100.
    fn prune(v: u32) -> Weight {
        Weight::from_parts(81_411_776, 3667)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(3))
            .saturating_add(Weight::from_parts(13_588_339, 0).saturating_mul(v.into()))
            .saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(v.into())))
            .saturating_add(T::DbWeight::get().writes(2_u64.saturating_mul(v.into())))
            .saturating_add(Weight::from_parts(0, 2579).saturating_mul(v.into()))
    }
    // At least 11_203 ns.
    fn royalty() -> Weight {
        Weight::from_parts(13_047_000, 3667).saturating_add(T::DbWeight::get().reads(2))
    }
}
