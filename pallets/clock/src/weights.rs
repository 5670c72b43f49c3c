//! Weights of the clock.
//!
//! Database accesses are counted from the code, since each call touches a fixed handful of keys; the reference time
//! beside them is an upper estimate for hashing and decoding those keys, not a measurement.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of the calls and hooks.
pub trait WeightInfo {
    /// Freeze or thaw.
    fn set_frozen() -> Weight;
    /// One tick of the market clock.
    fn on_initialize() -> Weight;
    /// One VRF in, one out.
    fn on_finalize() -> Weight;
}

/// Weights at the database prices of the runtime.
pub struct AssayWeight<T>(PhantomData<T>);

/// Proof size of one key of a few bytes, its trie path included.
const KEY_PROOF: u64 = 2_500;

fn priced<T: frame_system::Config>(micros: u64, reads: u64, writes: u64) -> Weight {
    Weight::from_parts(micros.saturating_mul(1_000_000), reads.saturating_mul(KEY_PROOF))
        .saturating_add(T::DbWeight::get().reads_writes(reads, writes))
}

impl<T: frame_system::Config> WeightInfo for AssayWeight<T> {
    // Frozen (r, w), MarketBlock (r), the event.
    fn set_frozen() -> Weight {
        priced::<T>(10, 2, 1)
    }

    // Frozen, safe-mode's and the migrations' state (r), MarketBlock (r, w).
    fn on_initialize() -> Weight {
        priced::<T>(10, 4, 1)
    }

    // The digest, the author's VRF (r), BlockVrfs (2 w).
    fn on_finalize() -> Weight {
        priced::<T>(15, 2, 2)
    }
}

impl WeightInfo for () {
    fn set_frozen() -> Weight {
        Weight::zero()
    }
    fn on_initialize() -> Weight {
        Weight::zero()
    }
    fn on_finalize() -> Weight {
        Weight::zero()
    }
}
