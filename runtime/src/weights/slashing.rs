//! Weights of `pallet_assay_slashing`, written by `scripts/weights`.
//!
//! * 2026-11-21, on Intel(R) Xeon(R) Processor @ 2.80GHz
//! * 20 steps, 10 repetitions, Compiled WASM, on the preset `development`
//! * lists and maps of unknown size count as 1000000 keys in a proof

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights as they were measured.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_assay_slashing::WeightInfo for WeightInfo<T> {
    // At least 23_806 ns.
    fn set_params() -> Weight {
        Weight::from_parts(31_510_000, 1533)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 34_901 ns.
    fn suspend() -> Weight {
        Weight::from_parts(60_260_000, 3585)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // At least 25_765 ns.
    fn resume() -> Weight {
        Weight::from_parts(34_258_000, 3585)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // At least 65_291 ns.
    fn cancel() -> Weight {
        Weight::from_parts(88_566_000, 4884)
            .saturating_add(T::DbWeight::get().reads(6))
            .saturating_add(T::DbWeight::get().writes(5))
    }
    // At least 26_036 ns.
    fn reduce() -> Weight {
        Weight::from_parts(51_293_000, 3585)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 192_668 ns.
    fn apply() -> Weight {
        Weight::from_parts(311_941_000, 49487)
            .saturating_add(T::DbWeight::get().reads(11))
            .saturating_add(T::DbWeight::get().writes(10))
    }
    // At least 285_392 ns; n from 1 to 100.
    fn on_offence(n: u32) -> Weight {
        Weight::from_parts(486_810_325, 126312)
            .saturating_add(T::DbWeight::get().reads(11))
            .saturating_add(T::DbWeight::get().writes(4))
            .saturating_add(Weight::from_parts(265_226_337, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(7_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 2595).saturating_mul(n.into()))
    }
    // At least 8_069 ns.
    fn tick_base() -> Weight {
        Weight::from_parts(12_149_000, 3518).saturating_add(T::DbWeight::get().reads(2))
    }
    // At least 204_695 ns.
    fn tick_slash() -> Weight {
        Weight::from_parts(374_544_000, 49487)
            .saturating_add(T::DbWeight::get().reads(13))
            .saturating_add(T::DbWeight::get().writes(10))
    }
    // At least 61_981 ns.
    fn tick_record() -> Weight {
        Weight::from_parts(105_070_000, 51479)
            .saturating_add(T::DbWeight::get().reads(8))
            .saturating_add(T::DbWeight::get().writes(2))
    }
}
