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
    // At least 96_035 ns.
    fn bond() -> Weight {
        Weight::from_parts(153_838_000, 8778)
            .saturating_add(T::DbWeight::get().reads(6))
            .saturating_add(T::DbWeight::get().writes(5))
    }
    // At least 86_950 ns; c from 1 to 1000.
    fn bond_extra(c: u32) -> Weight {
        Weight::from_parts(143_126_451, 49487)
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().writes(4))
            .saturating_add(Weight::from_parts(264_024, 0).saturating_mul(c.into()))
    }
    // At least 38_200 ns; c from 1 to 1000.
    fn unbond(c: u32) -> Weight {
        Weight::from_parts(36_270_722, 49487)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(2))
            .saturating_add(Weight::from_parts(267_781, 0).saturating_mul(c.into()))
    }
    // At least 32_555 ns; c from 1 to 1000.
    fn rebond(c: u32) -> Weight {
        Weight::from_parts(21_503_288, 49487)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(2))
            .saturating_add(Weight::from_parts(271_903, 0).saturating_mul(c.into()))
    }
    // At least 79_765 ns.
    fn withdraw() -> Weight {
        Weight::from_parts(130_471_000, 4884)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(4))
    }
    // At least 37_581 ns; c from 1 to 1000.
    fn validate(c: u32) -> Weight {
        Weight::from_parts(60_934_724, 49487)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(1))
            .saturating_add(Weight::from_parts(277_298, 0).saturating_mul(c.into()))
            .saturating_add(Weight::from_parts(0, 49).saturating_mul(c.into()))
    }
    // At least 25_137 ns; c from 1 to 1000.
    fn chill(c: u32) -> Weight {
        Weight::from_parts(13_940_090, 49487)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
            .saturating_add(Weight::from_parts(213_450, 0).saturating_mul(c.into()))
    }
    // At least 60_316 ns; c from 1 to 1000.
    fn kick(c: u32) -> Weight {
        Weight::from_parts(60_619_593, 49487)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(1))
            .saturating_add(Weight::from_parts(224_351, 0).saturating_mul(c.into()))
            .saturating_add(Weight::from_parts(0, 49).saturating_mul(c.into()))
    }
    // At least 16_729 ns; c from 1 to 1000.
    fn force_chill(c: u32) -> Weight {
        Weight::from_parts(10_011_219, 49487)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
            .saturating_add(Weight::from_parts(171_557, 0).saturating_mul(c.into()))
    }
    // At least 31_631 ns.
    fn set_worker() -> Weight {
        Weight::from_parts(36_003_000, 8778)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // At least 29_531 ns.
    fn resign() -> Weight {
        Weight::from_parts(39_245_000, 4884)
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(2))
    }
    // At least 270_641 ns; c from 1 to 1000.
    fn set_keys(c: u32) -> Weight {
        Weight::from_parts(338_088_466, 51479)
            .saturating_add(T::DbWeight::get().reads(10))
            .saturating_add(T::DbWeight::get().writes(8))
            .saturating_add(Weight::from_parts(260_552, 0).saturating_mul(c.into()))
            .saturating_add(Weight::from_parts(0, 81).saturating_mul(c.into()))
    }
    // At least 159_125 ns; c from 1 to 1000.
    fn purge_keys(c: u32) -> Weight {
        Weight::from_parts(198_255_344, 51479)
            .saturating_add(T::DbWeight::get().reads(9))
            .saturating_add(T::DbWeight::get().writes(5))
            .saturating_add(Weight::from_parts(222_871, 0).saturating_mul(c.into()))
            .saturating_add(Weight::from_parts(0, 81).saturating_mul(c.into()))
    }
    // At least 21_307 ns.
    fn set_params() -> Weight {
        Weight::from_parts(40_251_000, 1505)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 4_711_301 ns; v from 1 to 1000; k from 0 to 1000.
    fn new_session(v: u32, k: u32) -> Weight {
        Weight::from_parts(8_872_689_074, 90437)
            .saturating_add(T::DbWeight::get().reads(6))
            .saturating_add(T::DbWeight::get().writes(2))
            .saturating_add(Weight::from_parts(25_934_810, 0).saturating_mul(k.into()))
            .saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(v.into())))
            .saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(k.into())))
            .saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(k.into())))
            .saturating_add(Weight::from_parts(0, 3894).saturating_mul(k.into()))
            .saturating_add(Weight::from_parts(0, 2521).saturating_mul(v.into()))
    }
    // At least 52_904 ns; o from 1 to 333.
    fn start_session(o: u32) -> Weight {
        Weight::from_parts(64_559_000, 41487)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(2))
            .saturating_add(Weight::from_parts(46_056_147, 0).saturating_mul(o.into()))
            .saturating_add(Weight::from_parts(0, 40).saturating_mul(o.into()))
    }
    // At least 27_982 ns; r from 0 to 16.
    fn end_session(r: u32) -> Weight {
        Weight::from_parts(59_340_376, 1533)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(2))
            .saturating_add(Weight::from_parts(3_648_309, 0).saturating_mul(r.into()))
            .saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(r.into())))
    }
}
