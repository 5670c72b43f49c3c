//! Weights of `pallet_transaction_payment`: those of the SDK, not measured yet by `scripts/weights`.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights as the SDK has them.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_transaction_payment::WeightInfo for WeightInfo<T> {
    fn charge_transaction_payment() -> Weight {
        Weight::from_parts(35_979_000, 3593)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
}
