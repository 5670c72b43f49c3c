//! Weights of jobs.
//!
//! A runtime measures its own. Those here are for tests: database accesses are counted from the code, those of
//! verification, escrow, providers and the registry included, whose a post and a cancel are for the greater part. The
//! reference time beside them is an upper estimate for hashing and decoding those keys, not a measurement.

use assay_primitives::weights::priced;
use frame_support::weights::Weight;

/// Weights of the calls and of the hook. What a verdict takes is in those of verification, whose calls and hooks end
/// jobs.
pub trait WeightInfo {
    /// Set the parameters.
    fn set_params() -> Weight;
    /// Post a job. Its first draw becomes due.
    fn post() -> Weight;
    /// What it takes beside that the job names a listing.
    fn listed() -> Weight;
    /// What it takes beside that the post names a source.
    fn source() -> Weight;
    /// Cancel a job in which as many have a place as can, the verdict included.
    fn cancel() -> Weight;
    /// Prune a receipt.
    fn prune() -> Weight;
    /// A block in which nothing can be swept.
    fn sweep_base() -> Weight;
    /// A job looked at, its receipt pruned.
    fn sweep_job() -> Weight;
}

/// For tests.
impl WeightInfo for () {
    // Params (w), the event.
    fn set_params() -> Weight {
        priced(10, 0, 1)
    }

    // Params, NextJob, the clock (3 r), Jobs, JobsOf, NextJob (3 w), PolicyJobs (r, w); the lists of machines, the policy
    // (2 r); of verification the case, the weights of the machine and of all, the queue of draws (7 r), the case, the
    // draw, its queue, the deadline (4 w); of escrow the entry (r, w), the account, holds, locks and freezes (4 r, 2 w).
    fn post() -> Weight {
        priced(120, 18, 11)
    }

    // The listing and its version (2 r).
    fn listed() -> Weight {
        priced(10, 2, 0)
    }

    // Sources (w).
    fn source() -> Weight {
        priced(5, 0, 1)
    }

    // Jobs (r, w), Ended (w), EndedQueue (r, w), the clock (r); of verification the case and its deadline (r, 2 w), the
    // queue of changes and the pool (3 r, 3 w); of escrow the entry, the requester's account and holds, the treasury and
    // the issuance (5 r, 5 w); for each of eight providers its record, ledger and account (3 r, 3 w).
    fn cancel() -> Weight {
        priced(150, 12, 13).saturating_add(priced(60, 3, 3).saturating_mul(8))
    }

    // Jobs, PolicyJobs (r, w), the clock, Params (r), JobsOf, Sources (2 w).
    fn prune() -> Weight {
        priced(20, 4, 4)
    }

    // EndedQueue (r, w), and what every job asks: the clock, Params (r).
    fn sweep_base() -> Weight {
        priced(10, 3, 1)
    }

    // A page of Ended, Jobs, PolicyJobs (r, w), JobsOf, Sources (2 w).
    fn sweep_job() -> Weight {
        priced(20, 3, 5)
    }
}
