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
    // At least 23_255 ns.
    fn set_params() -> Weight {
        Weight::from_parts(46_026_000, 1533)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 36_663 ns.
    fn suspend() -> Weight {
        Weight::from_parts(68_388_000, 3585)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // At least 24_722 ns.
    fn resume() -> Weight {
        Weight::from_parts(51_447_000, 3585)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // At least 66_239 ns.
    fn cancel() -> Weight {
        Weight::from_parts(123_408_000, 4884)
            .saturating_add(T::DbWeight::get().reads(6))
            .saturating_add(T::DbWeight::get().writes(5))
    }
    // At least 26_261 ns.
    fn reduce() -> Weight {
        Weight::from_parts(49_517_000, 3585)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 191_050 ns.
    fn apply() -> Weight {
        Weight::from_parts(270_813_000, 49487)
            .saturating_add(T::DbWeight::get().reads(11))
            .saturating_add(T::DbWeight::get().writes(10))
    }
    // At least 296_412 ns; n from 1 to 100.
    fn on_offence(n: u32) -> Weight {
        Weight::from_parts(303_932_000, 126312)
            .saturating_add(T::DbWeight::get().reads(11))
            .saturating_add(T::DbWeight::get().writes(4))
            .saturating_add(Weight::from_parts(261_144_289, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(7_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 2595).saturating_mul(n.into()))
    }
    // At least 7_892 ns.
    fn tick_base() -> Weight {
        Weight::from_parts(8_552_000, 3518).saturating_add(T::DbWeight::get().reads(2))
    }
    // At least 196_028 ns.
    fn tick_slash() -> Weight {
        Weight::from_parts(345_037_000, 49487)
            .saturating_add(T::DbWeight::get().reads(13))
            .saturating_add(T::DbWeight::get().writes(10))
    }
    // At least 63_886 ns.
    fn tick_record() -> Weight {
        Weight::from_parts(105_973_000, 51479)
            .saturating_add(T::DbWeight::get().reads(8))
            .saturating_add(T::DbWeight::get().writes(2))
    }
}
