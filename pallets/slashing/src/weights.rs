//! Weights of slashing.
//!
//! A runtime measures its own. Those here are for tests: database accesses counted from the code, those of the bonds
//! included (a ledger, its holds, its account, its locks), beside an upper estimate for hashing and decoding them.

use assay_primitives::weights::priced;
use frame_support::weights::Weight;

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

/// For tests.
impl WeightInfo for () {
    // What WithinUnbonding looks at (3 r), Params (w), the event.
    fn set_params() -> Weight {
        priced(15, 3, 1)
    }

    // Pending (r, w), the clock, Params (r), Queue (2 w).
    fn suspend() -> Weight {
        priced(25, 3, 3)
    }

    // Pending (r, w), Queue (2 w).
    fn resume() -> Weight {
        priced(20, 1, 3)
    }

    // Pending, EraRecords (r, w), SlashesOf (w), Queue (2 w), the clock, Params, sessions of an era (r), ledger and
    // lock of the accused (r, w).
    fn cancel() -> Weight {
        priced(40, 8, 8)
    }

    // Pending (r, w).
    fn reduce() -> Weight {
        priced(20, 1, 1)
    }

    // Pending, EraRecords (r, w), SlashesOf (w), Queue (2 w), the clock, Params (r); the accused's ledger, lock,
    // totals, candidacy, holds and account (r, w); the accounts of reporter and treasury and the issuance (r, w).
    fn apply() -> Weight {
        priced(150, 15, 17)
    }

    // Params, the clock, exposure, era (4 r), EraRecords (r, w), Pending (r, 2 w), SlashesOf (2 w), NextSlash (r, w),
    // Queue (2 w); the accused's ledger, totals and candidacy (r, w); what disabling reads and writes (4 r, 2 w).
    fn on_offence(n: u32) -> Weight {
        priced(100, 16, 16).saturating_mul(u64::from(n))
    }

    // The clock (r), the first key of Queue (r).
    fn tick_base() -> Weight {
        priced(10, 2, 0)
    }

    // What `apply` does, and the first key of Queue and its value (r).
    fn tick_slash() -> Weight {
        priced(160, 17, 17)
    }

    // The first key of Queue and its value (r), exposure, era, Params, the clock (r), EraRecords (r, w), Queue (2 w).
    fn tick_record() -> Weight {
        priced(40, 8, 3)
    }
}
