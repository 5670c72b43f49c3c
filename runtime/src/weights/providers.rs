//! Weights of `pallet_assay_providers`, written by `scripts/weights`.
//!
//! * 2026-11-22, on Intel(R) Xeon(R) Processor @ 2.80GHz
//! * 20 steps, 10 repetitions, Compiled WASM, on the preset `development`
//! * lists and maps of unknown size count as 1000000 keys in a proof

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights as they were measured.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_assay_providers::WeightInfo for WeightInfo<T> {
    // At least 89_063 ns.
    fn register() -> Weight {
        Weight::from_parts(164_734_000, 6422)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(2))
    }
    // At least 98_860 ns.
    fn update() -> Weight {
        Weight::from_parts(181_971_000, 6422)
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // At least 62_099 ns.
    fn heartbeat() -> Weight {
        Weight::from_parts(122_554_000, 6422)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 58_621 ns.
    fn retire() -> Weight {
        Weight::from_parts(104_743_000, 6422)
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 36_867 ns.
    fn set_endpoint() -> Weight {
        Weight::from_parts(72_468_000, 4200)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 56_705 ns.
    fn release() -> Weight {
        Weight::from_parts(110_523_000, 6422)
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 60_302 ns.
    fn reweigh() -> Weight {
        Weight::from_parts(128_177_000, 6422)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 393_528 ns; n from 1 to 32.
    fn apply(n: u32) -> Weight {
        Weight::from_parts(907_113_552, 19014)
            .saturating_add(T::DbWeight::get().reads(11))
            .saturating_add(T::DbWeight::get().writes(9))
            .saturating_add(Weight::from_parts(140_532_217, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(6_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(7_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 6420).saturating_mul(n.into()))
    }
    // At least 19_389 ns.
    fn set_machine() -> Weight {
        Weight::from_parts(24_206_000, 3586)
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // At least 15_421 ns.
    fn close_machine() -> Weight {
        Weight::from_parts(18_218_000, 3586)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 20_158 ns.
    fn remove_machine() -> Weight {
        Weight::from_parts(23_716_000, 3567)
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // At least 14_155 ns.
    fn set_params() -> Weight {
        Weight::from_parts(21_211_000, 3542)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 53_022 ns.
    fn tick_base() -> Weight {
        Weight::from_parts(104_834_000, 4200)
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 200_052 ns.
    fn tick_change() -> Weight {
        Weight::from_parts(374_985_000, 25022)
            .saturating_add(T::DbWeight::get().reads(17))
            .saturating_add(T::DbWeight::get().writes(16))
    }
    // At least 147_621 ns; n from 1 to 32.
    fn tick_reweigh(n: u32) -> Weight {
        Weight::from_parts(168_962_000, 5531)
            .saturating_add(T::DbWeight::get().reads(6))
            .saturating_add(T::DbWeight::get().writes(4))
            .saturating_add(Weight::from_parts(111_921_555, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(4_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(3_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 6008).saturating_mul(n.into()))
    }
    // At least 55_019 ns.
    fn bond_changed() -> Weight {
        Weight::from_parts(106_385_000, 6422)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(1))
    }
}
