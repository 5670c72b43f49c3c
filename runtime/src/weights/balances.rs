//! Weights of `pallet_balances`: those of the SDK, not measured yet by `scripts/weights`.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights as the SDK has them.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_balances::WeightInfo for WeightInfo<T> {
    fn transfer_allow_death() -> Weight {
        Weight::from_parts(48_834_000, 3593)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    fn transfer_keep_alive() -> Weight {
        Weight::from_parts(39_051_000, 3593)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    fn force_set_balance_creating() -> Weight {
        Weight::from_parts(12_547_000, 3593)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    fn force_set_balance_killing() -> Weight {
        Weight::from_parts(19_206_000, 3593)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    fn force_transfer() -> Weight {
        Weight::from_parts(49_519_000, 6196)
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(2))
    }
    fn transfer_all() -> Weight {
        Weight::from_parts(48_209_000, 3593)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    fn force_unreserve() -> Weight {
        Weight::from_parts(15_515_000, 3593)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    fn upgrade_accounts(u: u32) -> Weight {
        Weight::from_parts(14_674_000, 990)
            .saturating_add(Weight::from_parts(14_648_188, 0).saturating_mul(u.into()))
            .saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(u.into())))
            .saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(u.into())))
            .saturating_add(Weight::from_parts(0, 2603).saturating_mul(u.into()))
    }
    fn force_adjust_total_issuance() -> Weight {
        Weight::from_parts(5_351_000, 0)
    }
    fn burn_allow_death() -> Weight {
        Weight::from_parts(30_219_000, 0)
    }
    fn burn_keep_alive() -> Weight {
        Weight::from_parts(20_720_000, 0)
    }
}
