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
    // At least 94_094 ns.
    fn bond() -> Weight {
        Weight::from_parts(113_892_000, 8778)
            .saturating_add(T::DbWeight::get().reads(6))
            .saturating_add(T::DbWeight::get().writes(5))
    }
    // At least 87_284 ns; c from 1 to 1000.
    fn bond_extra(c: u32) -> Weight {
        Weight::from_parts(80_053_256, 49487)
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().writes(4))
            .saturating_add(Weight::from_parts(295_972, 0).saturating_mul(c.into()))
    }
    // At least 41_602 ns; c from 1 to 1000.
    fn unbond(c: u32) -> Weight {
        Weight::from_parts(38_551_892, 49487)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(2))
            .saturating_add(Weight::from_parts(255_589, 0).saturating_mul(c.into()))
    }
    // At least 32_612 ns; c from 1 to 1000.
    fn rebond(c: u32) -> Weight {
        Weight::from_parts(16_292_881, 49487)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(2))
            .saturating_add(Weight::from_parts(255_024, 0).saturating_mul(c.into()))
    }
    // At least 79_190 ns.
    fn withdraw() -> Weight {
        Weight::from_parts(147_719_000, 4884)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(4))
    }
    // At least 64_017 ns; c from 1 to 1000.
    fn validate(c: u32) -> Weight {
        Weight::from_parts(61_486_983, 49487)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(1))
            .saturating_add(Weight::from_parts(224_175, 0).saturating_mul(c.into()))
            .saturating_add(Weight::from_parts(0, 49).saturating_mul(c.into()))
    }
    // At least 16_220 ns; c from 1 to 1000.
    fn chill(c: u32) -> Weight {
        Weight::from_parts(8_986_219, 49487)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
            .saturating_add(Weight::from_parts(196_299, 0).saturating_mul(c.into()))
    }
    // At least 38_029 ns; c from 1 to 1000.
    fn kick(c: u32) -> Weight {
        Weight::from_parts(20_870_473, 49487)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(1))
            .saturating_add(Weight::from_parts(298_943, 0).saturating_mul(c.into()))
            .saturating_add(Weight::from_parts(0, 49).saturating_mul(c.into()))
    }
    // At least 16_502 ns; c from 1 to 1000.
    fn force_chill(c: u32) -> Weight {
        Weight::from_parts(3_658_553, 49487)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
            .saturating_add(Weight::from_parts(189_779, 0).saturating_mul(c.into()))
    }
    // At least 31_747 ns.
    fn set_worker() -> Weight {
        Weight::from_parts(51_628_000, 8778)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // At least 29_977 ns.
    fn resign() -> Weight {
        Weight::from_parts(50_509_000, 4884)
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(2))
    }
    // At least 284_563 ns; c from 1 to 1000.
    fn set_keys(c: u32) -> Weight {
        Weight::from_parts(385_134_603, 51479)
            .saturating_add(T::DbWeight::get().reads(10))
            .saturating_add(T::DbWeight::get().writes(8))
            .saturating_add(Weight::from_parts(277_386, 0).saturating_mul(c.into()))
            .saturating_add(Weight::from_parts(0, 81).saturating_mul(c.into()))
    }
    // At least 123_472 ns; c from 1 to 1000.
    fn purge_keys(c: u32) -> Weight {
        Weight::from_parts(202_677_701, 51479)
            .saturating_add(T::DbWeight::get().reads(9))
            .saturating_add(T::DbWeight::get().writes(5))
            .saturating_add(Weight::from_parts(265_876, 0).saturating_mul(c.into()))
            .saturating_add(Weight::from_parts(0, 81).saturating_mul(c.into()))
    }
    // At least 21_223 ns.
    fn set_params() -> Weight {
        Weight::from_parts(39_090_000, 1505)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 3_839_406 ns; v from 1 to 1000; k from 0 to 1000.
    fn new_session(v: u32, k: u32) -> Weight {
        Weight::from_parts(4_470_747_000, 90437)
            .saturating_add(T::DbWeight::get().reads(6))
            .saturating_add(T::DbWeight::get().writes(2))
            .saturating_add(Weight::from_parts(3_331_710, 0).saturating_mul(v.into()))
            .saturating_add(Weight::from_parts(25_584_259, 0).saturating_mul(k.into()))
            .saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(v.into())))
            .saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(k.into())))
            .saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(k.into())))
            .saturating_add(Weight::from_parts(0, 3894).saturating_mul(k.into()))
            .saturating_add(Weight::from_parts(0, 2521).saturating_mul(v.into()))
    }
    // At least 50_772 ns; o from 1 to 333.
    fn start_session(o: u32) -> Weight {
        Weight::from_parts(55_153_000, 41487)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(2))
            .saturating_add(Weight::from_parts(42_482_252, 0).saturating_mul(o.into()))
            .saturating_add(Weight::from_parts(0, 40).saturating_mul(o.into()))
    }
    // At least 24_587 ns; r from 0 to 16.
    fn end_session(r: u32) -> Weight {
        Weight::from_parts(36_506_178, 1533)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(2))
            .saturating_add(Weight::from_parts(3_459_684, 0).saturating_mul(r.into()))
            .saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(r.into())))
    }
}
