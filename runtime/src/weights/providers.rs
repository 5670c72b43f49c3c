//! Weights of `pallet_assay_providers`, written by `scripts/weights`.
//!
//! * 2026-11-21, on Intel(R) Xeon(R) Processor @ 2.80GHz
//! * 20 steps, 10 repetitions, Compiled WASM, on the preset `development`
//! * lists and maps of unknown size count as 1000000 keys in a proof

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights as they were measured.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_assay_providers::WeightInfo for WeightInfo<T> {
    // At least 83_341 ns.
    fn register() -> Weight {
        Weight::from_parts(163_634_000, 4884)
            .saturating_add(T::DbWeight::get().reads(6))
            .saturating_add(T::DbWeight::get().writes(4))
    }
    // At least 87_688 ns.
    fn update() -> Weight {
        Weight::from_parts(163_287_000, 6144)
            .saturating_add(T::DbWeight::get().reads(7))
            .saturating_add(T::DbWeight::get().writes(5))
    }
    // At least 52_508 ns.
    fn heartbeat() -> Weight {
        Weight::from_parts(94_647_000, 4884)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // At least 52_730 ns.
    fn retire() -> Weight {
        Weight::from_parts(72_293_000, 4884)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // At least 31_990 ns.
    fn set_endpoint() -> Weight {
        Weight::from_parts(56_389_000, 4200)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 60_016 ns.
    fn release() -> Weight {
        Weight::from_parts(119_391_000, 4884)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // At least 60_894 ns.
    fn reweigh() -> Weight {
        Weight::from_parts(88_295_000, 4884)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // At least 291_962 ns; n from 1 to 32.
    fn apply(n: u32) -> Weight {
        Weight::from_parts(211_267_877, 19014)
            .saturating_add(T::DbWeight::get().reads(13))
            .saturating_add(T::DbWeight::get().writes(9))
            .saturating_add(Weight::from_parts(180_838_719, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(7_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(9_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 6420).saturating_mul(n.into()))
    }
    // At least 24_877 ns.
    fn set_machine() -> Weight {
        Weight::from_parts(41_068_000, 3586)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // At least 17_340 ns.
    fn close_machine() -> Weight {
        Weight::from_parts(28_585_000, 3586)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 21_750 ns.
    fn remove_machine() -> Weight {
        Weight::from_parts(36_704_000, 3567)
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // At least 14_205 ns.
    fn set_params() -> Weight {
        Weight::from_parts(23_633_000, 3542)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 66_158 ns.
    fn tick_base() -> Weight {
        Weight::from_parts(123_474_000, 4200)
            .saturating_add(T::DbWeight::get().reads(8))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 214_334 ns.
    fn tick_change() -> Weight {
        Weight::from_parts(386_973_000, 25022)
            .saturating_add(T::DbWeight::get().reads(20))
            .saturating_add(T::DbWeight::get().writes(18))
    }
    // Not measured yet.
    fn tick_reweigh(n: u32) -> Weight {
        Weight::from_parts(90_000_000, 10_002)
            .saturating_add(T::DbWeight::get().reads(9))
            .saturating_add(T::DbWeight::get().writes(6))
            .saturating_add(Weight::from_parts(110_000_000, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(4_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(3_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 6_420).saturating_mul(n.into()))
    }
    // At least 49_927 ns.
    fn bond_changed() -> Weight {
        Weight::from_parts(60_621_000, 4884)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(3))
    }
}
