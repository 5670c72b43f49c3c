//! Weights of `frame_system_extensions`, written by `scripts/weights`.
//!
//! * 2026-11-21, on Intel(R) Xeon(R) Processor @ 2.80GHz
//! * 20 steps, 10 repetitions, Compiled WASM, on the preset `development`
//! * lists and maps of unknown size count as 1000000 keys in a proof

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights as they were measured.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> frame_system::ExtensionsWeightInfo for WeightInfo<T> {
    // At least 2_687 ns.
    fn check_genesis() -> Weight {
        Weight::from_parts(5_467_000, 0)
    }
    // At least 5_402 ns.
    fn check_mortality_mortal_transaction() -> Weight {
        Weight::from_parts(9_977_000, 0)
    }
    // At least 5_431 ns.
    fn check_mortality_immortal_transaction() -> Weight {
        Weight::from_parts(10_313_000, 0)
    }
    // At least 730 ns.
    fn check_non_zero_sender() -> Weight {
        Weight::from_parts(1_556_000, 0)
    }
    // At least 10_472 ns.
    fn check_nonce() -> Weight {
        Weight::from_parts(19_220_000, 3593)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 573 ns.
    fn check_spec_version() -> Weight {
        Weight::from_parts(1_183_000, 0)
    }
    // At least 544 ns.
    fn check_tx_version() -> Weight {
        Weight::from_parts(1_032_000, 0)
    }
    // At least 5_621 ns.
    fn check_weight() -> Weight {
        Weight::from_parts(11_150_000, 0)
    }
    // At least 3_174 ns.
    fn weight_reclaim() -> Weight {
        Weight::from_parts(6_485_000, 0)
    }
}
