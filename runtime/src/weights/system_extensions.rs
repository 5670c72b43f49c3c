//! Weights of `frame_system_extensions`, written by `scripts/weights`.
//!
//! * 2026-11-22, on Intel(R) Xeon(R) Processor @ 2.80GHz
//! * 20 steps, 10 repetitions, Compiled WASM, on the preset `development`
//! * lists and maps of unknown size count as 1000000 keys in a proof

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights as they were measured.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> frame_system::ExtensionsWeightInfo for WeightInfo<T> {
    // At least 2_730 ns.
    fn check_genesis() -> Weight {
        Weight::from_parts(7_517_000, 0)
    }
    // At least 5_700 ns.
    fn check_mortality_mortal_transaction() -> Weight {
        Weight::from_parts(13_042_000, 0)
    }
    // At least 5_606 ns.
    fn check_mortality_immortal_transaction() -> Weight {
        Weight::from_parts(12_093_000, 0)
    }
    // At least 742 ns.
    fn check_non_zero_sender() -> Weight {
        Weight::from_parts(1_729_000, 0)
    }
    // At least 10_993 ns.
    fn check_nonce() -> Weight {
        Weight::from_parts(22_976_000, 3593)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 603 ns.
    fn check_spec_version() -> Weight {
        Weight::from_parts(1_460_000, 0)
    }
    // At least 587 ns.
    fn check_tx_version() -> Weight {
        Weight::from_parts(1_267_000, 0)
    }
    // At least 5_902 ns.
    fn check_weight() -> Weight {
        Weight::from_parts(11_845_000, 0)
    }
    // At least 3_336 ns.
    fn weight_reclaim() -> Weight {
        Weight::from_parts(7_475_000, 0)
    }
}
