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
    // Not measured yet.
    fn commit(d: u32) -> Weight {
        Weight::from_parts(80_000_000, 11409)
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().writes(3))
            .saturating_add(Weight::from_parts(51_601_782, 0).saturating_mul(d.into()))
            .saturating_add(T::DbWeight::get().reads(3_u64.saturating_mul(d.into())))
            .saturating_add(T::DbWeight::get().writes(2_u64.saturating_mul(d.into())))
            .saturating_add(Weight::from_parts(0, 3894).saturating_mul(d.into()))
    }
    // Not measured yet.
    fn seal() -> Weight {
        Weight::from_parts(15_000_000, 1_501)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(2))
    }
    // At least 77_820 ns.
    fn decline() -> Weight {
        Weight::from_parts(95_133_000, 11409)
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().writes(5))
    }
    // Not measured yet.
    fn reveal() -> Weight {
        Weight::from_parts(110_000_000, 11409)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(1))
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
    // Not measured yet.
    fn seed(b: u32) -> Weight {
        Weight::from_parts(10_000_000, 2_500)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(Weight::from_parts(4_597_500, 0).saturating_mul(b.into()))
            .saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(b.into())))
            .saturating_add(Weight::from_parts(0, 2519).saturating_mul(b.into()))
    }
    // Not measured yet.
    fn draw(t: u32) -> Weight {
        Weight::from_parts(150_000_000, 11409)
            .saturating_add(T::DbWeight::get().reads(14))
            .saturating_add(T::DbWeight::get().writes(7))
            .saturating_add(Weight::from_parts(60_000_000, 0).saturating_mul(t.into()))
            .saturating_add(T::DbWeight::get().reads(5_u64.saturating_mul(t.into())))
            .saturating_add(T::DbWeight::get().writes(3_u64.saturating_mul(t.into())))
            .saturating_add(Weight::from_parts(0, 6_420).saturating_mul(t.into()))
    }
    // Not measured yet.
    fn fill(n: u32) -> Weight {
        Weight::from_parts(20_000_000, 10_002)
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(2))
            .saturating_add(Weight::from_parts(60_000_000, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(3_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(3_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 6_420).saturating_mul(n.into()))
    }
    // At least 73_789 ns.
    fn deadline() -> Weight {
        Weight::from_parts(86_436_000, 11409)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(5))
    }
    // Not measured yet.
    fn fail(n: u32) -> Weight {
        Weight::from_parts(40_000_000, 3567)
            .saturating_add(T::DbWeight::get().reads(8))
            .saturating_add(T::DbWeight::get().writes(6))
            .saturating_add(Weight::from_parts(130_000_000, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(6_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(9_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 6_420).saturating_mul(n.into()))
    }
    // Not measured yet.
    fn end(n: u32) -> Weight {
        Weight::from_parts(280_000_000, 10488)
            .saturating_add(T::DbWeight::get().reads(14))
            .saturating_add(T::DbWeight::get().writes(14))
            .saturating_add(Weight::from_parts(60_000_000, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(4_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(4_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 3894).saturating_mul(n.into()))
    }
}
