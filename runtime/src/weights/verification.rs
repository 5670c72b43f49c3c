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
    // At least 20_733 ns.
    fn set_policy() -> Weight {
        Weight::from_parts(33_267_000, 3542)
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 57_792 ns.
    fn open() -> Weight {
        Weight::from_parts(66_169_000, 11409)
            .saturating_add(T::DbWeight::get().reads(6))
            .saturating_add(T::DbWeight::get().writes(4))
    }
    // At least 46_883 ns; d from 0 to 3.
    fn commit(d: u32) -> Weight {
        Weight::from_parts(88_161_985, 11409)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(3))
            .saturating_add(Weight::from_parts(51_601_782, 0).saturating_mul(d.into()))
            .saturating_add(T::DbWeight::get().reads(3_u64.saturating_mul(d.into())))
            .saturating_add(T::DbWeight::get().writes(3_u64.saturating_mul(d.into())))
            .saturating_add(Weight::from_parts(0, 3894).saturating_mul(d.into()))
    }
    // At least 77_820 ns.
    fn decline() -> Weight {
        Weight::from_parts(95_133_000, 11409)
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().writes(5))
    }
    // At least 107_145 ns.
    fn reveal() -> Weight {
        Weight::from_parts(135_553_000, 11409)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // At least 244 ns; d from 0 to 64.
    fn opening(d: u32) -> Weight {
        Weight::from_parts(35_189_811, 0)
            .saturating_add(Weight::from_parts(8_532_284, 0).saturating_mul(d.into()))
    }
    // At least 300_260 ns.
    fn tick_base() -> Weight {
        Weight::from_parts(388_944_000, 162206).saturating_add(T::DbWeight::get().reads(70))
    }
    // At least 341_461 ns; b from 1 to 64; t from 0 to 6.
    fn draw(b: u32, t: u32) -> Weight {
        Weight::from_parts(401_101_000, 11409)
            .saturating_add(T::DbWeight::get().reads(11))
            .saturating_add(T::DbWeight::get().writes(7))
            .saturating_add(Weight::from_parts(4_597_500, 0).saturating_mul(b.into()))
            .saturating_add(Weight::from_parts(54_599_715, 0).saturating_mul(t.into()))
            .saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(b.into())))
            .saturating_add(T::DbWeight::get().reads(3_u64.saturating_mul(t.into())))
            .saturating_add(T::DbWeight::get().writes(4_u64.saturating_mul(t.into())))
            .saturating_add(Weight::from_parts(0, 2519).saturating_mul(b.into()))
            .saturating_add(Weight::from_parts(0, 3894).saturating_mul(t.into()))
    }
    // At least 73_789 ns.
    fn deadline() -> Weight {
        Weight::from_parts(86_436_000, 11409)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(5))
    }
    // At least 1_735 ns; n from 0 to 6.
    fn fail(n: u32) -> Weight {
        Weight::from_parts(32_917_343, 3567)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(2))
            .saturating_add(Weight::from_parts(113_418_770, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(4_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(7_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 3894).saturating_mul(n.into()))
    }
    // At least 262_359 ns; n from 0 to 14.
    fn end(n: u32) -> Weight {
        Weight::from_parts(305_496_987, 10488)
            .saturating_add(T::DbWeight::get().reads(11))
            .saturating_add(T::DbWeight::get().writes(8))
            .saturating_add(Weight::from_parts(101_945_884, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(4_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(7_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 3894).saturating_mul(n.into()))
    }
}
