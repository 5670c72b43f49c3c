//! Weights of `pallet_assay_staking`, written by `scripts/weights`.
//!
//! * 2026-11-22, on Intel(R) Xeon(R) Processor @ 2.80GHz
//! * 20 steps, 10 repetitions, Compiled WASM, on the preset `development`
//! * lists and maps of unknown size count as 1000000 keys in a proof

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights as they were measured.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_assay_staking::WeightInfo for WeightInfo<T> {
    // At least 102_583 ns.
    fn bond() -> Weight {
        Weight::from_parts(178_759_000, 11854)
            .saturating_add(T::DbWeight::get().reads(6))
            .saturating_add(T::DbWeight::get().writes(5))
    }
    // At least 88_077 ns; c from 1 to 1000.
    fn bond_extra(c: u32) -> Weight {
        Weight::from_parts(134_811_127, 49487)
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().writes(4))
            .saturating_add(Weight::from_parts(175_771, 0).saturating_mul(c.into()))
    }
    // At least 35_655 ns; c from 1 to 1000.
    fn unbond(c: u32) -> Weight {
        Weight::from_parts(49_554_894, 49487)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(2))
            .saturating_add(Weight::from_parts(215_116, 0).saturating_mul(c.into()))
    }
    // At least 33_461 ns; c from 1 to 1000.
    fn rebond(c: u32) -> Weight {
        Weight::from_parts(27_144_459, 49487)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(2))
            .saturating_add(Weight::from_parts(284_391, 0).saturating_mul(c.into()))
    }
    // At least 73_395 ns.
    fn withdraw() -> Weight {
        Weight::from_parts(135_596_000, 6422)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(4))
    }
    // At least 38_187 ns; c from 1 to 1000.
    fn validate(c: u32) -> Weight {
        Weight::from_parts(50_922_201, 49487)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(1))
            .saturating_add(Weight::from_parts(288_445, 0).saturating_mul(c.into()))
            .saturating_add(Weight::from_parts(0, 49).saturating_mul(c.into()))
    }
    // At least 24_558 ns; c from 1 to 1000.
    fn chill(c: u32) -> Weight {
        Weight::from_parts(13_382_138, 49487)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
            .saturating_add(Weight::from_parts(227_163, 0).saturating_mul(c.into()))
    }
    // At least 50_327 ns; c from 1 to 1000.
    fn kick(c: u32) -> Weight {
        Weight::from_parts(48_949_211, 49487)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(1))
            .saturating_add(Weight::from_parts(296_138, 0).saturating_mul(c.into()))
            .saturating_add(Weight::from_parts(0, 49).saturating_mul(c.into()))
    }
    // At least 26_805 ns; c from 1 to 1000.
    fn force_chill(c: u32) -> Weight {
        Weight::from_parts(12_990_586, 49487)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
            .saturating_add(Weight::from_parts(222_389, 0).saturating_mul(c.into()))
    }
    // At least 33_308 ns.
    fn set_worker() -> Weight {
        Weight::from_parts(66_160_000, 11854)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // At least 31_857 ns.
    fn resign() -> Weight {
        Weight::from_parts(38_238_000, 6422)
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(2))
    }
    // At least 269_367 ns; c from 1 to 1000.
    fn set_keys(c: u32) -> Weight {
        Weight::from_parts(398_672_323, 51479)
            .saturating_add(T::DbWeight::get().reads(10))
            .saturating_add(T::DbWeight::get().writes(8))
            .saturating_add(Weight::from_parts(82_780, 0).saturating_mul(c.into()))
            .saturating_add(Weight::from_parts(0, 81).saturating_mul(c.into()))
    }
    // At least 106_943 ns; c from 1 to 1000.
    fn purge_keys(c: u32) -> Weight {
        Weight::from_parts(149_925_372, 51479)
            .saturating_add(T::DbWeight::get().reads(9))
            .saturating_add(T::DbWeight::get().writes(5))
            .saturating_add(Weight::from_parts(239_461, 0).saturating_mul(c.into()))
            .saturating_add(Weight::from_parts(0, 81).saturating_mul(c.into()))
    }
    // At least 17_777 ns.
    fn set_params() -> Weight {
        Weight::from_parts(38_024_000, 1505)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 3_828_629 ns; v from 1 to 1000; k from 0 to 1000.
    fn new_session(v: u32, k: u32) -> Weight {
        Weight::from_parts(313_572_101, 90437)
            .saturating_add(T::DbWeight::get().reads(6))
            .saturating_add(T::DbWeight::get().writes(2))
            .saturating_add(Weight::from_parts(1_564_229, 0).saturating_mul(v.into()))
            .saturating_add(Weight::from_parts(33_329_010, 0).saturating_mul(k.into()))
            .saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(v.into())))
            .saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(k.into())))
            .saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(k.into())))
            .saturating_add(Weight::from_parts(0, 5432).saturating_mul(k.into()))
            .saturating_add(Weight::from_parts(0, 2521).saturating_mul(v.into()))
    }
    // At least 58_679 ns; o from 1 to 333.
    fn start_session(o: u32) -> Weight {
        Weight::from_parts(284_154_315, 41487)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(2))
            .saturating_add(Weight::from_parts(49_237_476, 0).saturating_mul(o.into()))
            .saturating_add(Weight::from_parts(0, 40).saturating_mul(o.into()))
    }
    // At least 33_975 ns; r from 0 to 16.
    fn end_session(r: u32) -> Weight {
        Weight::from_parts(65_032_822, 1533)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(2))
            .saturating_add(Weight::from_parts(2_722_456, 0).saturating_mul(r.into()))
            .saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(r.into())))
    }
}
