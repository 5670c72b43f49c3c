//! Weights of `frame_system_extensions`: those of the SDK, not measured yet by `scripts/weights`.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights as the SDK has them.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> frame_system::ExtensionsWeightInfo for WeightInfo<T> {
    fn check_genesis() -> Weight {
        Weight::from_parts(3_577_000, 3509).saturating_add(T::DbWeight::get().reads(1))
    }
    fn check_mortality_mortal_transaction() -> Weight {
        Weight::from_parts(6_703_000, 3509).saturating_add(T::DbWeight::get().reads(1))
    }
    fn check_mortality_immortal_transaction() -> Weight {
        Weight::from_parts(6_605_000, 3509).saturating_add(T::DbWeight::get().reads(1))
    }
    fn check_non_zero_sender() -> Weight {
        Weight::from_parts(570_000, 0)
    }
    fn check_nonce() -> Weight {
        Weight::from_parts(7_261_000, 3593)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    fn check_spec_version() -> Weight {
        Weight::from_parts(430_000, 0)
    }
    fn check_tx_version() -> Weight {
        Weight::from_parts(455_000, 0)
    }
    fn check_weight() -> Weight {
        Weight::from_parts(3_006_000, 0)
    }
    fn weight_reclaim() -> Weight {
        Weight::from_parts(4_747_000, 1489)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
}
