//! Weights of `pallet_assay_verification`, written by `scripts/weights`.
//!
//! * 2026-11-22, on Intel(R) Xeon(R) Processor @ 2.80GHz
//! * 50 steps, 20 repetitions, Compiled WASM, on the preset `development`
//! * lists and maps of unknown size count as 1000000 keys in a proof

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights as they were measured.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_assay_verification::WeightInfo for WeightInfo<T> {
    // At least 19_321 ns.
    fn set_policy() -> Weight {
        Weight::from_parts(20_679_000, 3542)
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(2))
    }
    // At least 44_569 ns.
    fn commit() -> Weight {
        Weight::from_parts(72_195_000, 11415)
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 68_611 ns; d from 1 to 3.
    fn judge(d: u32) -> Weight {
        Weight::from_parts(79_658_647, 3567)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
            .saturating_add(Weight::from_parts(46_463_275, 0).saturating_mul(d.into()))
            .saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(d.into())))
            .saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(d.into())))
            .saturating_add(Weight::from_parts(0, 5432).saturating_mul(d.into()))
    }
    // At least 13_728 ns.
    fn seal() -> Weight {
        Weight::from_parts(24_805_000, 0).saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 3_808 ns.
    fn remind() -> Weight {
        Weight::from_parts(7_579_000, 0).saturating_add(T::DbWeight::get().writes(2))
    }
    // At least 66_819 ns.
    fn decline() -> Weight {
        Weight::from_parts(108_444_000, 11415)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // At least 51_336 ns.
    fn reveal() -> Weight {
        Weight::from_parts(95_231_000, 11415)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 35_592 ns.
    fn output() -> Weight {
        Weight::from_parts(63_987_000, 0)
    }
    // At least 290 ns; d from 0 to 64.
    fn opening(d: u32) -> Weight {
        Weight::from_parts(31_027_034, 0)
            .saturating_add(Weight::from_parts(8_394_633, 0).saturating_mul(d.into()))
    }
    // At least 287_378 ns.
    fn tick_base() -> Weight {
        Weight::from_parts(358_430_000, 162206).saturating_add(T::DbWeight::get().reads(68))
    }
    // At least 6_700 ns; b from 1 to 64.
    fn seed(b: u32) -> Weight {
        Weight::from_parts(4_914_935, 1489)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(Weight::from_parts(3_826_068, 0).saturating_mul(b.into()))
            .saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(b.into())))
            .saturating_add(Weight::from_parts(0, 2519).saturating_mul(b.into()))
    }
    // At least 82_213 ns; t from 0 to 6.
    fn draw(t: u32) -> Weight {
        Weight::from_parts(107_902_480, 11415)
            .saturating_add(T::DbWeight::get().reads(8))
            .saturating_add(T::DbWeight::get().writes(4))
            .saturating_add(Weight::from_parts(82_748_744, 0).saturating_mul(t.into()))
            .saturating_add(T::DbWeight::get().reads(5_u64.saturating_mul(t.into())))
            .saturating_add(T::DbWeight::get().writes(3_u64.saturating_mul(t.into())))
            .saturating_add(Weight::from_parts(0, 6008).saturating_mul(t.into()))
    }
    // At least 212 ns; n from 0 to 6.
    fn fill(n: u32) -> Weight {
        Weight::from_parts(1_076_689, 3994)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
            .saturating_add(Weight::from_parts(59_258_189, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(3_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(3_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 6008).saturating_mul(n.into()))
    }
    // At least 85_945 ns.
    fn deadline() -> Weight {
        Weight::from_parts(103_375_000, 11415)
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(4))
    }
    // At least 791 ns; n from 0 to 14.
    fn fail(n: u32) -> Weight {
        Weight::from_parts(151_104_335, 3994)
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().writes(3))
            .saturating_add(Weight::from_parts(120_113_953, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(4_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(8_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 6008).saturating_mul(n.into()))
    }
    // At least 165_562 ns; n from 0 to 15.
    fn end(n: u32) -> Weight {
        Weight::from_parts(326_122_354, 4764)
            .saturating_add(T::DbWeight::get().reads(6))
            .saturating_add(T::DbWeight::get().writes(7))
            .saturating_add(Weight::from_parts(71_485_974, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(3_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(3_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 5432).saturating_mul(n.into()))
    }
}
