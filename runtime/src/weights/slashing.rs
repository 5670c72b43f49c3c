//! Weights of `pallet_assay_slashing`, written by `scripts/weights`.
//!
//! * 2026-11-22, on Intel(R) Xeon(R) Processor @ 2.80GHz
//! * 20 steps, 10 repetitions, Compiled WASM, on the preset `development`
//! * lists and maps of unknown size count as 1000000 keys in a proof

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights as they were measured.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_assay_slashing::WeightInfo for WeightInfo<T> {
    // At least 24_504 ns.
    fn set_params() -> Weight {
        Weight::from_parts(43_163_000, 1533)
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 34_377 ns.
    fn suspend() -> Weight {
        Weight::from_parts(60_811_000, 3585)
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // At least 26_201 ns.
    fn resume() -> Weight {
        Weight::from_parts(52_902_000, 3585)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // At least 60_400 ns.
    fn cancel() -> Weight {
        Weight::from_parts(113_960_000, 6422)
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().writes(5))
    }
    // At least 29_649 ns.
    fn reduce() -> Weight {
        Weight::from_parts(54_834_000, 3585)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 188_828 ns.
    fn apply() -> Weight {
        Weight::from_parts(279_711_000, 49487)
            .saturating_add(T::DbWeight::get().reads(9))
            .saturating_add(T::DbWeight::get().writes(9))
    }
    // At least 290_890 ns; n from 1 to 100.
    fn on_offence(n: u32) -> Weight {
        Weight::from_parts(301_408_000, 126207)
            .saturating_add(T::DbWeight::get().reads(10))
            .saturating_add(T::DbWeight::get().writes(4))
            .saturating_add(Weight::from_parts(325_537_125, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(7_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 2595).saturating_mul(n.into()))
    }
    // At least 4_448 ns.
    fn tick_base() -> Weight {
        Weight::from_parts(7_658_000, 3518).saturating_add(T::DbWeight::get().reads(1))
    }
    // At least 194_783 ns.
    fn tick_slash() -> Weight {
        Weight::from_parts(287_323_000, 49487)
            .saturating_add(T::DbWeight::get().reads(11))
            .saturating_add(T::DbWeight::get().writes(9))
    }
    // At least 56_814 ns.
    fn tick_record() -> Weight {
        Weight::from_parts(103_033_000, 51479)
            .saturating_add(T::DbWeight::get().reads(7))
            .saturating_add(T::DbWeight::get().writes(2))
    }
}
