//! Weights of `pallet_balances`, written by `scripts/weights`.
//!
//! * 2026-11-21, on Intel(R) Xeon(R) Processor @ 2.80GHz
//! * 20 steps, 10 repetitions, Compiled WASM, on the preset `development`
//! * lists and maps of unknown size count as 1000000 keys in a proof

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights as they were measured.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_balances::WeightInfo for WeightInfo<T> {
    // At least 70_103 ns.
    fn transfer_allow_death() -> Weight {
        Weight::from_parts(130_345_000, 3593)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 54_948 ns.
    fn transfer_keep_alive() -> Weight {
        Weight::from_parts(98_271_000, 3593)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 28_652 ns.
    fn force_set_balance_creating() -> Weight {
        Weight::from_parts(54_865_000, 3593)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 29_004 ns.
    fn force_set_balance_killing() -> Weight {
        Weight::from_parts(49_390_000, 3593)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 72_771 ns.
    fn force_transfer() -> Weight {
        Weight::from_parts(132_657_000, 6196)
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(2))
    }
    // At least 67_685 ns.
    fn transfer_all() -> Weight {
        Weight::from_parts(78_079_000, 3593)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 23_722 ns.
    fn force_unreserve() -> Weight {
        Weight::from_parts(32_879_000, 3593)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 26_702 ns; u from 1 to 1000.
    fn upgrade_accounts(u: u32) -> Weight {
        Weight::from_parts(33_535_000, 990)
            .saturating_add(Weight::from_parts(31_798_480, 0).saturating_mul(u.into()))
            .saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(u.into())))
            .saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(u.into())))
            .saturating_add(Weight::from_parts(0, 2603).saturating_mul(u.into()))
    }
    // At least 8_838 ns.
    fn force_adjust_total_issuance() -> Weight {
        Weight::from_parts(15_675_000, 0)
    }
    // At least 43_241 ns.
    fn burn_allow_death() -> Weight {
        Weight::from_parts(78_772_000, 0)
    }
    // At least 28_922 ns.
    fn burn_keep_alive() -> Weight {
        Weight::from_parts(55_921_000, 0)
    }
}
