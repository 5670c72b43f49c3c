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
    // At least 20_758 ns.
    fn set_policy() -> Weight {
        Weight::from_parts(43_139_000, 3542)
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 65_728 ns.
    fn commit() -> Weight {
        Weight::from_parts(109_949_803, 11409)
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 20_000 ns; d from 1 to 3.
    fn judge(d: u32) -> Weight {
        Weight::from_parts(43_167_991, 11409)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(3))
            .saturating_add(Weight::from_parts(43_167_991, 0).saturating_mul(d.into()))
            .saturating_add(T::DbWeight::get().reads(3_u64.saturating_mul(d.into())))
            .saturating_add(T::DbWeight::get().writes(2_u64.saturating_mul(d.into())))
            .saturating_add(Weight::from_parts(0, 3894).saturating_mul(d.into()))
    }
    // At least 17_799 ns.
    fn seal() -> Weight {
        Weight::from_parts(37_875_000, 1501)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(2))
    }
    // At least 5_000 ns.
    fn remind() -> Weight {
        Weight::from_parts(10_000_000, 0).saturating_add(T::DbWeight::get().writes(2))
    }
    // At least 79_074 ns.
    fn decline() -> Weight {
        Weight::from_parts(153_249_000, 11409)
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().writes(5))
    }
    // At least 93_227 ns.
    fn reveal() -> Weight {
        Weight::from_parts(167_913_000, 11409)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 27_000 ns.
    fn output() -> Weight {
        Weight::from_parts(57_963_000, 0)
    }
    // At least 226 ns; d from 0 to 64.
    fn opening(d: u32) -> Weight {
        Weight::from_parts(24_955_220, 0)
            .saturating_add(Weight::from_parts(7_558_394, 0).saturating_mul(d.into()))
    }
    // At least 298_981 ns.
    fn tick_base() -> Weight {
        Weight::from_parts(513_763_000, 162206).saturating_add(T::DbWeight::get().reads(70))
    }
    // At least 10_105 ns; b from 1 to 64.
    fn seed(b: u32) -> Weight {
        Weight::from_parts(15_004_057, 1489)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(Weight::from_parts(6_307_387, 0).saturating_mul(b.into()))
            .saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(b.into())))
            .saturating_add(Weight::from_parts(0, 2519).saturating_mul(b.into()))
    }
    // At least 84_703 ns; t from 0 to 6.
    fn draw(t: u32) -> Weight {
        Weight::from_parts(197_252_143, 11409)
            .saturating_add(T::DbWeight::get().reads(11))
            .saturating_add(T::DbWeight::get().writes(5))
            .saturating_add(Weight::from_parts(106_538_354, 0).saturating_mul(t.into()))
            .saturating_add(T::DbWeight::get().reads(5_u64.saturating_mul(t.into())))
            .saturating_add(T::DbWeight::get().writes(3_u64.saturating_mul(t.into())))
            .saturating_add(Weight::from_parts(0, 6008).saturating_mul(t.into()))
    }
    // At least 231 ns; n from 0 to 6.
    fn fill(n: u32) -> Weight {
        Weight::from_parts(18_932_707, 3994)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
            .saturating_add(Weight::from_parts(62_968_415, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(3_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(3_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 6008).saturating_mul(n.into()))
    }
    // At least 53_139 ns.
    fn deadline() -> Weight {
        Weight::from_parts(99_794_000, 11409)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(5))
    }
    // At least 733 ns; n from 0 to 14.
    fn fail(n: u32) -> Weight {
        Weight::from_parts(113_348_866, 5531)
            .saturating_add(T::DbWeight::get().reads(6))
            .saturating_add(T::DbWeight::get().writes(4))
            .saturating_add(Weight::from_parts(120_033_702, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(5_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(8_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 6008).saturating_mul(n.into()))
    }
    // At least 241_462 ns; n from 0 to 14.
    fn end(n: u32) -> Weight {
        Weight::from_parts(394_626_128, 8799)
            .saturating_add(T::DbWeight::get().reads(11))
            .saturating_add(T::DbWeight::get().writes(13))
            .saturating_add(Weight::from_parts(132_666_461, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(4_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(4_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 3894).saturating_mul(n.into()))
    }
}
