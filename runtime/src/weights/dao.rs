//! Weights of `pallet_assay_dao`, written by `scripts/weights`.
//!
//! * 2026-11-22, on Intel(R) Xeon(R) Processor @ 2.80GHz
//! * 20 steps, 10 repetitions, Compiled WASM, on the preset `development`
//! * lists and maps of unknown size count as 1000000 keys in a proof

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights as they were measured.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_assay_dao::WeightInfo for WeightInfo<T> {
    // At least 12_425 ns.
    fn set_params() -> Weight {
        Weight::from_parts(25_987_000, 1489)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 113_900 ns.
    fn appeal() -> Weight {
        Weight::from_parts(199_735_000, 3658)
            .saturating_add(T::DbWeight::get().reads(6))
            .saturating_add(T::DbWeight::get().writes(6))
    }
    // At least 124_856 ns.
    fn decide() -> Weight {
        Weight::from_parts(196_821_000, 6422)
            .saturating_add(T::DbWeight::get().reads(8))
            .saturating_add(T::DbWeight::get().writes(9))
    }
    // At least 78_582 ns.
    fn close() -> Weight {
        Weight::from_parts(144_260_000, 3658)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // At least 20_574 ns.
    fn change_policy() -> Weight {
        Weight::from_parts(35_810_000, 3542)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 15_949 ns.
    fn withdraw_policy() -> Weight {
        Weight::from_parts(33_242_000, 3542)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 48_131 ns.
    fn forget_policy() -> Weight {
        Weight::from_parts(70_922_000, 3593)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(2))
    }
    // At least 40_559 ns.
    fn curate() -> Weight {
        Weight::from_parts(46_379_000, 3586)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // At least 26_733 ns; p from 0 to 15.
    fn pause(p: u32) -> Weight {
        Weight::from_parts(55_967_834, 9806)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(2))
            .saturating_add(Weight::from_parts(8_206_936, 0).saturating_mul(p.into()))
            .saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(p.into())))
            .saturating_add(Weight::from_parts(0, 3007).saturating_mul(p.into()))
    }
    // At least 22_035 ns.
    fn tick_base() -> Weight {
        Weight::from_parts(40_248_000, 9806)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 23_914 ns.
    fn tick_pause() -> Weight {
        Weight::from_parts(46_429_000, 9806)
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(2))
    }
    // At least 33_973 ns.
    fn tick_policy() -> Weight {
        Weight::from_parts(66_858_000, 3542)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // At least 9_755 ns.
    fn alarms_of_block() -> Weight {
        Weight::from_parts(18_516_000, 3481)
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(2))
    }
    // At least 11_506 ns.
    fn alarm() -> Weight {
        Weight::from_parts(22_834_000, 3620)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
}
