//! Weights of `pallet_assay_rewards`, written by `scripts/weights`.
//!
//! * 2026-11-22, on Intel(R) Xeon(R) Processor @ 2.80GHz
//! * 20 steps, 10 repetitions, Compiled WASM, on the preset `development`
//! * lists and maps of unknown size count as 1000000 keys in a proof

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights as they were measured.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_assay_rewards::WeightInfo for WeightInfo<T> {
    // At least 7_690 ns.
    fn set_params() -> Weight {
        Weight::from_parts(18_043_000, 0).saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 57_216 ns; n from 1 to 32.
    fn claim(n: u32) -> Weight {
        Weight::from_parts(30_301_957, 4642)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(2))
            .saturating_add(Weight::from_parts(44_987_958, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 2603).saturating_mul(n.into()))
    }
    // At least 83_789 ns.
    fn count_block() -> Weight {
        Weight::from_parts(168_950_000, 19235)
            .saturating_add(T::DbWeight::get().reads(6))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // At least 32_634 ns.
    fn end_era() -> Weight {
        Weight::from_parts(63_964_000, 1505)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(2))
    }
    // At least 3_282 ns.
    fn poll() -> Weight {
        Weight::from_parts(6_655_000, 1505).saturating_add(T::DbWeight::get().reads(2))
    }
    // At least 66_021 ns.
    fn forget_era() -> Weight {
        Weight::from_parts(107_039_000, 3513)
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(18))
    }
}
