//! Weights of `pallet_balances`, written by `scripts/weights`.
//!
//! * 2026-11-22, on Intel(R) Xeon(R) Processor @ 2.80GHz
//! * 20 steps, 10 repetitions, Compiled WASM, on the preset `development`
//! * lists and maps of unknown size count as 1000000 keys in a proof

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights as they were measured.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_balances::WeightInfo for WeightInfo<T> {
    // At least 69_765 ns.
    fn transfer_allow_death() -> Weight {
        Weight::from_parts(78_587_000, 3593)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 55_009 ns.
    fn transfer_keep_alive() -> Weight {
        Weight::from_parts(60_915_000, 3593)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 29_188 ns.
    fn force_set_balance_creating() -> Weight {
        Weight::from_parts(42_981_000, 3593)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 29_421 ns.
    fn force_set_balance_killing() -> Weight {
        Weight::from_parts(65_878_000, 3593)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 72_238 ns.
    fn force_transfer() -> Weight {
        Weight::from_parts(139_847_000, 6196)
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(2))
    }
    // At least 67_912 ns.
    fn transfer_all() -> Weight {
        Weight::from_parts(89_568_000, 3593)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 24_271 ns.
    fn force_unreserve() -> Weight {
        Weight::from_parts(54_549_000, 3593)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 52_314 ns; u from 1 to 1000.
    fn upgrade_accounts(u: u32) -> Weight {
        Weight::from_parts(100_264_561, 990)
            .saturating_add(Weight::from_parts(28_943_887, 0).saturating_mul(u.into()))
            .saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(u.into())))
            .saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(u.into())))
            .saturating_add(Weight::from_parts(0, 2603).saturating_mul(u.into()))
    }
    // At least 9_024 ns.
    fn force_adjust_total_issuance() -> Weight {
        Weight::from_parts(16_521_000, 0)
    }
    // At least 43_408 ns.
    fn burn_allow_death() -> Weight {
        Weight::from_parts(84_540_000, 0)
    }
    // At least 29_193 ns.
    fn burn_keep_alive() -> Weight {
        Weight::from_parts(61_798_000, 0)
    }
}
