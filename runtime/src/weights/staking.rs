//! Weights of `pallet_assay_staking`, written by `scripts/weights`.
//!
//! * 2026-11-21, on Intel(R) Xeon(R) Processor @ 2.80GHz
//! * 20 steps, 10 repetitions, Compiled WASM, on the preset `development`
//! * lists and maps of unknown size count as 1000000 keys in a proof

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights as they were measured.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_assay_staking::WeightInfo for WeightInfo<T> {
    // At least 92_368 ns.
    fn bond() -> Weight {
        Weight::from_parts(101_026_000, 8778)
            .saturating_add(T::DbWeight::get().reads(6))
            .saturating_add(T::DbWeight::get().writes(5))
    }
    // At least 85_420 ns; c from 1 to 1000.
    fn bond_extra(c: u32) -> Weight {
        Weight::from_parts(87_689_209, 49487)
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().writes(4))
            .saturating_add(Weight::from_parts(272_516, 0).saturating_mul(c.into()))
    }
    // At least 38_962 ns; c from 1 to 1000.
    fn unbond(c: u32) -> Weight {
        Weight::from_parts(50_035_618, 49487)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(2))
            .saturating_add(Weight::from_parts(266_149, 0).saturating_mul(c.into()))
    }
    // At least 32_030 ns; c from 1 to 1000.
    fn rebond(c: u32) -> Weight {
        Weight::from_parts(40_583_703, 49487)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(2))
            .saturating_add(Weight::from_parts(220_886, 0).saturating_mul(c.into()))
    }
    // At least 72_803 ns.
    fn withdraw() -> Weight {
        Weight::from_parts(130_564_000, 4884)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // At least 39_476 ns; c from 1 to 1000.
    fn validate(c: u32) -> Weight {
        Weight::from_parts(53_973_157, 49487)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(1))
            .saturating_add(Weight::from_parts(256_197, 0).saturating_mul(c.into()))
            .saturating_add(Weight::from_parts(0, 49).saturating_mul(c.into()))
    }
    // At least 16_100 ns; c from 1 to 1000.
    fn chill(c: u32) -> Weight {
        Weight::from_parts(4_856_538, 49487)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
            .saturating_add(Weight::from_parts(196_968, 0).saturating_mul(c.into()))
    }
    // At least 35_520 ns; c from 1 to 1000.
    fn kick(c: u32) -> Weight {
        Weight::from_parts(51_228_399, 49487)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(1))
            .saturating_add(Weight::from_parts(268_544, 0).saturating_mul(c.into()))
            .saturating_add(Weight::from_parts(0, 49).saturating_mul(c.into()))
    }
    // At least 16_081 ns; c from 1 to 1000.
    fn force_chill(c: u32) -> Weight {
        Weight::from_parts(4_507_317, 49487)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
            .saturating_add(Weight::from_parts(167_870, 0).saturating_mul(c.into()))
    }
    // At least 29_899 ns.
    fn set_worker() -> Weight {
        Weight::from_parts(33_562_000, 8778)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // Not measured yet: as `set_worker`, which touches more.
    fn resign() -> Weight {
        Weight::from_parts(33_562_000, 8778)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // Not measured yet: from what the session pallet's own takes, two signatures and a deposit, and from `purge_keys`.
    fn set_keys(c: u32) -> Weight {
        Weight::from_parts(250_000_000, 68375)
            .saturating_add(T::DbWeight::get().reads(14))
            .saturating_add(T::DbWeight::get().writes(9))
            .saturating_add(Weight::from_parts(177_426, 0).saturating_mul(c.into()))
            .saturating_add(Weight::from_parts(0, 81).saturating_mul(c.into()))
    }
    // At least 76_089 ns; c from 1 to 1000.
    fn purge_keys(c: u32) -> Weight {
        Weight::from_parts(76_306_118, 51479)
            .saturating_add(T::DbWeight::get().reads(9))
            .saturating_add(T::DbWeight::get().writes(5))
            .saturating_add(Weight::from_parts(177_426, 0).saturating_mul(c.into()))
            .saturating_add(Weight::from_parts(0, 81).saturating_mul(c.into()))
    }
    // At least 20_561 ns.
    fn set_params() -> Weight {
        Weight::from_parts(31_259_000, 1505)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 3_162_636 ns; v from 1 to 1000; k from 0 to 1000.
    fn new_session(v: u32, k: u32) -> Weight {
        Weight::from_parts(3_382_973_000, 90437)
            .saturating_add(T::DbWeight::get().reads(6))
            .saturating_add(T::DbWeight::get().writes(2))
            .saturating_add(Weight::from_parts(2_086_187, 0).saturating_mul(v.into()))
            .saturating_add(Weight::from_parts(23_150_611, 0).saturating_mul(k.into()))
            .saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(v.into())))
            .saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(k.into())))
            .saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(k.into())))
            .saturating_add(Weight::from_parts(0, 3894).saturating_mul(k.into()))
            .saturating_add(Weight::from_parts(0, 2518).saturating_mul(v.into()))
    }
    // At least 15_111 ns; o from 1 to 1000.
    fn start_session(o: u32) -> Weight {
        Weight::from_parts(18_431_000, 41487)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(2))
            .saturating_add(Weight::from_parts(22_774_122, 0).saturating_mul(o.into()))
            .saturating_add(Weight::from_parts(0, 72).saturating_mul(o.into()))
    }
    // At least 24_103 ns; r from 0 to 16.
    fn end_session(r: u32) -> Weight {
        Weight::from_parts(42_515_759, 1533)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(2))
            .saturating_add(Weight::from_parts(3_188_071, 0).saturating_mul(r.into()))
            .saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(r.into())))
    }
}
