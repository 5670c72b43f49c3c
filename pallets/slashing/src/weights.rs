//! Weights of slashing.
//!
//! Database accesses are counted from the code, those of the bonds included: a ledger, its holds, its account, its
//! locks. The reference time beside them is an upper estimate for hashing and decoding those keys, not a measurement.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of the calls, of the offence handler and of the hook.
pub trait WeightInfo {
    /// Set the parameters.
    fn set_params() -> Weight;
    /// Suspend a slash.
    fn suspend() -> Weight;
    /// Resume a slash.
    fn resume() -> Weight;
    /// Cancel a slash.
    fn cancel() -> Weight;
    /// Reduce a slash.
    fn reduce() -> Weight;
    /// Apply a slash.
    fn apply() -> Weight;
    /// `n` offenders reported.
    fn on_offence(n: u32) -> Weight;
    /// A block in which nothing is due.
    fn tick_base() -> Weight;
    /// A slash taken out of the queue and applied.
    fn tick_slash() -> Weight;
    /// A record of an era taken out of the queue and looked at.
    fn tick_record() -> Weight;
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
    // What WithinUnbonding looks at (3 r), Params (w), the event.
    fn set_params() -> Weight {
        priced::<T>(15, 3, 1)
    }

    // Pending (r, w), the clock, Params (r), Queue (2 w).
    fn suspend() -> Weight {
        priced::<T>(25, 3, 3)
    }

    // Pending (r, w), Queue (2 w).
    fn resume() -> Weight {
        priced::<T>(20, 1, 3)
    }

    // Pending, EraRecords (r, w), Queue (2 w), the clock, Params (r), ledger and lock of the accused (r, w).
    fn cancel() -> Weight {
        priced::<T>(40, 7, 7)
    }

    // Pending (r, w).
    fn reduce() -> Weight {
        priced::<T>(20, 1, 1)
    }

    // Pending, EraRecords (r, w), Queue (2 w), the clock, Params (r); the accused's ledger, lock, totals, candidacy,
    // holds and account (r, w); the accounts of reporter and treasury and the issuance (r, w).
    fn apply() -> Weight {
        priced::<T>(150, 15, 16)
    }

    // Params, the clock, exposure, era (4 r), EraRecords (r, w), Pending (r, 2 w), NextSlash (r, w), Queue (2 w); the
    // accused's ledger, totals and candidacy (r, w); what disabling reads and writes (4 r, 2 w).
    fn on_offence(n: u32) -> Weight {
        priced::<T>(100, 16, 14).saturating_mul(u64::from(n))
    }

    // The clock (r), the first key of Queue (r).
    fn tick_base() -> Weight {
        priced::<T>(10, 2, 0)
    }

    // What `apply` does, and the first key of Queue and its value (r).
    fn tick_slash() -> Weight {
        priced::<T>(160, 17, 16)
    }

    // The first key of Queue and its value (r), exposure, era, Params, the clock (r), EraRecords (r, w), Queue (2 w).
    fn tick_record() -> Weight {
        priced::<T>(40, 8, 3)
    }
}

impl WeightInfo for () {
    fn set_params() -> Weight {
        Weight::zero()
    }
    fn suspend() -> Weight {
        Weight::zero()
    }
    fn resume() -> Weight {
        Weight::zero()
    }
    fn cancel() -> Weight {
        Weight::zero()
    }
    fn reduce() -> Weight {
        Weight::zero()
    }
    fn apply() -> Weight {
        Weight::zero()
    }
    fn on_offence(_: u32) -> Weight {
        Weight::zero()
    }
    fn tick_base() -> Weight {
        Weight::zero()
    }
    fn tick_slash() -> Weight {
        Weight::zero()
    }
    fn tick_record() -> Weight {
        Weight::zero()
    }
}
