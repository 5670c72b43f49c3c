//! Weights of escrow.
//!
//! Database accesses are counted from the code, those of the currency included. The reference time beside them is an
//! upper estimate for hashing and decoding those keys, not a measurement.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of the call, and of what jobs ask.
pub trait WeightInfo {
    /// Open an escrow.
    fn open() -> Weight;
    /// Settle one with `n` payees.
    fn settle(n: u32) -> Weight;
    /// Give one back.
    fn expire() -> Weight;
}

/// Weights at the database prices of the runtime.
pub struct AssayWeight<T>(PhantomData<T>);

/// Proof size of one key of a few hundred bytes, its trie path included.
const KEY_PROOF: u64 = 3_500;

fn priced<T: frame_system::Config>(micros: u64, reads: u64, writes: u64) -> Weight {
    Weight::from_parts(micros.saturating_mul(1_000_000), reads.saturating_mul(KEY_PROOF))
        .saturating_add(T::DbWeight::get().reads_writes(reads, writes))
}

impl<T: frame_system::Config> WeightInfo for AssayWeight<T> {
    // The clock (r), Escrows, Totals, the requester's account and holds (r, w).
    fn open() -> Weight {
        priced::<T>(50, 5, 4)
    }

    // Escrows, Totals, the requester's account and holds, the treasury's account, the issuance (r, w); each payee's
    // account (r, w).
    fn settle(n: u32) -> Weight {
        priced::<T>(80, 6, 6).saturating_add(priced::<T>(15, 1, 1).saturating_mul(n.into()))
    }

    // The clock (r), and what settling without payees does.
    fn expire() -> Weight {
        priced::<T>(5, 1, 0).saturating_add(Self::settle(0))
    }
}

impl WeightInfo for () {
    fn open() -> Weight {
        Weight::zero()
    }
    fn settle(_: u32) -> Weight {
        Weight::zero()
    }
    fn expire() -> Weight {
        Weight::zero()
    }
}
