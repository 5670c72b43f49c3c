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
    // At least 23_078 ns.
    fn set_params() -> Weight {
        Weight::from_parts(24_457_000, 1533)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 33_936 ns.
    fn suspend() -> Weight {
        Weight::from_parts(36_968_000, 3585)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // At least 25_178 ns.
    fn resume() -> Weight {
        Weight::from_parts(28_748_000, 3585)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // At least 66_288 ns.
    fn cancel() -> Weight {
        Weight::from_parts(74_243_000, 4884)
            .saturating_add(T::DbWeight::get().reads(6))
            .saturating_add(T::DbWeight::get().writes(5))
    }
    // At least 23_793 ns.
    fn reduce() -> Weight {
        Weight::from_parts(34_044_000, 3585)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 191_220 ns.
    fn apply() -> Weight {
        Weight::from_parts(320_760_000, 49487)
            .saturating_add(T::DbWeight::get().reads(11))
            .saturating_add(T::DbWeight::get().writes(10))
    }
    // At least 382_085 ns; n from 1 to 100.
    fn on_offence(n: u32) -> Weight {
        Weight::from_parts(499_367_000, 166314)
            .saturating_add(T::DbWeight::get().reads(11))
            .saturating_add(T::DbWeight::get().writes(4))
            .saturating_add(Weight::from_parts(363_302_747, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(7_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 2595).saturating_mul(n.into()))
    }
    // At least 8_032 ns.
    fn tick_base() -> Weight {
        Weight::from_parts(15_167_000, 3518).saturating_add(T::DbWeight::get().reads(2))
    }
    // At least 210_668 ns.
    fn tick_slash() -> Weight {
        Weight::from_parts(365_986_000, 49487)
            .saturating_add(T::DbWeight::get().reads(13))
            .saturating_add(T::DbWeight::get().writes(10))
    }
    // At least 80_644 ns.
    fn tick_record() -> Weight {
        Weight::from_parts(140_635_000, 51479)
            .saturating_add(T::DbWeight::get().reads(8))
            .saturating_add(T::DbWeight::get().writes(2))
    }
}
