//! Weights of `pallet_assay_verification`, written by `scripts/weights`.
//!
//! * 2026-11-21, on Intel(R) Xeon(R) Processor @ 2.80GHz
//! * 20 steps, 10 repetitions, Compiled WASM, on the preset `development`
//! * lists and maps of unknown size count as 1000000 keys in a proof

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights as they were measured.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_assay_verification::WeightInfo for WeightInfo<T> {
    // At least 19_814 ns.
    fn set_policy() -> Weight {
        Weight::from_parts(22_724_000, 3542)
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 58_244 ns.
    fn open() -> Weight {
        Weight::from_parts(65_259_000, 11409)
            .saturating_add(T::DbWeight::get().reads(6))
            .saturating_add(T::DbWeight::get().writes(4))
    }
    // At least 48_197 ns; d from 0 to 3.
    fn commit(d: u32) -> Weight {
        Weight::from_parts(59_882_203, 11409)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(3))
            .saturating_add(Weight::from_parts(53_218_039, 0).saturating_mul(d.into()))
            .saturating_add(T::DbWeight::get().reads(3_u64.saturating_mul(d.into())))
            .saturating_add(T::DbWeight::get().writes(3_u64.saturating_mul(d.into())))
            .saturating_add(Weight::from_parts(0, 3894).saturating_mul(d.into()))
    }
    // At least 77_243 ns.
    fn decline() -> Weight {
        Weight::from_parts(93_282_000, 11409)
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().writes(5))
    }
    // At least 106_151 ns.
    fn reveal() -> Weight {
        Weight::from_parts(120_229_000, 11409)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // At least 230 ns; d from 0 to 64.
    fn opening(d: u32) -> Weight {
        Weight::from_parts(22_132_522, 0)
            .saturating_add(Weight::from_parts(6_655_954, 0).saturating_mul(d.into()))
    }
    // At least 291_844 ns.
    fn tick_base() -> Weight {
        Weight::from_parts(397_170_000, 162206).saturating_add(T::DbWeight::get().reads(70))
    }
    // At least 321_983 ns; b from 1 to 64; t from 0 to 6.
    fn draw(b: u32, t: u32) -> Weight {
        Weight::from_parts(339_003_000, 11409)
            .saturating_add(T::DbWeight::get().reads(11))
            .saturating_add(T::DbWeight::get().writes(7))
            .saturating_add(Weight::from_parts(3_074_352, 0).saturating_mul(b.into()))
            .saturating_add(Weight::from_parts(61_076_704, 0).saturating_mul(t.into()))
            .saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(b.into())))
            .saturating_add(T::DbWeight::get().reads(3_u64.saturating_mul(t.into())))
            .saturating_add(T::DbWeight::get().writes(4_u64.saturating_mul(t.into())))
            .saturating_add(Weight::from_parts(0, 2519).saturating_mul(b.into()))
            .saturating_add(Weight::from_parts(0, 3894).saturating_mul(t.into()))
    }
    // At least 48_288 ns.
    fn deadline() -> Weight {
        Weight::from_parts(57_567_000, 11409)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(5))
    }
    // At least 796 ns; n from 0 to 6.
    fn fail(n: u32) -> Weight {
        Weight::from_parts(28_604_521, 3567)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(2))
            .saturating_add(Weight::from_parts(71_221_357, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(4_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(7_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 3894).saturating_mul(n.into()))
    }
    // At least 147_874 ns; n from 0 to 14.
    fn end(n: u32) -> Weight {
        Weight::from_parts(217_769_902, 10488)
            .saturating_add(T::DbWeight::get().reads(11))
            .saturating_add(T::DbWeight::get().writes(8))
            .saturating_add(Weight::from_parts(70_538_562, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(4_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(7_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 3894).saturating_mul(n.into()))
    }
}
