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
    // At least 24_066 ns.
    fn set_params() -> Weight {
        Weight::from_parts(49_022_000, 1533)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 32_229 ns.
    fn suspend() -> Weight {
        Weight::from_parts(60_439_000, 3585)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // At least 24_122 ns.
    fn resume() -> Weight {
        Weight::from_parts(43_619_000, 3585)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // At least 46_400 ns.
    fn cancel() -> Weight {
        Weight::from_parts(59_242_000, 4884)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(4))
    }
    // At least 21_735 ns.
    fn reduce() -> Weight {
        Weight::from_parts(28_125_000, 3585)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 175_001 ns.
    fn apply() -> Weight {
        Weight::from_parts(207_610_000, 49487)
            .saturating_add(T::DbWeight::get().reads(10))
            .saturating_add(T::DbWeight::get().writes(9))
    }
    // At least 146_086 ns; n from 1 to 100.
    fn on_offence(n: u32) -> Weight {
        Weight::from_parts(166_890_712, 101968)
            .saturating_add(T::DbWeight::get().reads(10))
            .saturating_add(T::DbWeight::get().writes(2))
            .saturating_add(Weight::from_parts(116_530_667, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(4_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 3894).saturating_mul(n.into()))
    }
    // At least 7_880 ns.
    fn tick_base() -> Weight {
        Weight::from_parts(13_980_000, 3518).saturating_add(T::DbWeight::get().reads(2))
    }
    // At least 180_104 ns.
    fn tick_slash() -> Weight {
        Weight::from_parts(207_344_000, 49487)
            .saturating_add(T::DbWeight::get().reads(12))
            .saturating_add(T::DbWeight::get().writes(9))
    }
    // At least 46_044 ns.
    fn tick_record() -> Weight {
        Weight::from_parts(60_384_000, 51479)
            .saturating_add(T::DbWeight::get().reads(8))
            .saturating_add(T::DbWeight::get().writes(2))
    }
}
