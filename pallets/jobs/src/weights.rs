//! Weights of jobs.
//!
//! A runtime measures its own. Those here are for tests: database accesses are counted from the code, those of escrow,
//! providers and the registry included: a post is theirs for the greater part. What verification says that its own part
//! takes comes on top. The reference time beside them is an upper estimate for hashing and decoding those keys, not a
//! measurement.

use assay_primitives::weights::priced;
use frame_support::weights::Weight;

/// Weights of the calls and of the hook, and of verdicts, for those whose calls and hooks reach them.
pub trait WeightInfo {
    /// Set the parameters.
    fn set_params() -> Weight;
    /// Post a job of a listing. Verification's part comes on top.
    fn post() -> Weight;
    /// Cancel a job. Verification's part and the verdict come on top.
    fn cancel() -> Weight;
    /// A verdict by which `n` are paid, escrow's part included.
    fn on_verdict(n: u32) -> Weight;
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

    // Params, NextJob, the clock (3 r), Jobs, JobsOf, NextJob, Sources (4 w); the lists of machines, the policy, the listing and
    // its version (4 r); of escrow the entry and the requester's sum (2 r, 2 w), its account, holds, locks and freezes
    // (4 r, 2 w).
    fn post() -> Weight {
        priced(90, 13, 8)
    }

    // Jobs (r).
    fn cancel() -> Weight {
        priced(15, 1, 0)
    }

    // Jobs (r, w), Receipts (w), Ended (w), EndedQueue (r, w), the clock (r); of escrow the entry, the requester's sum,
    // account and holds (4 r, 4 w), the treasury and the issuance (2 r, 2 w), each payee's account (r, w), the royalty's too.
    fn on_verdict(n: u32) -> Weight {
        priced(100, 10, 11).saturating_add(priced(15, 1, 1).saturating_mul(n.into()))
    }

    // Receipts (r, w), the clock, Params (r), JobsOf, Sources (2 w).
    fn prune() -> Weight {
        priced(20, 3, 3)
    }

    // EndedQueue (r, w), and what every job asks: the clock, Params (r).
    fn sweep_base() -> Weight {
        priced(10, 3, 1)
    }

    // Ended (r, w), Receipts (r, w), JobsOf, Sources (2 w).
    fn sweep_job() -> Weight {
        priced(20, 2, 4)
    }
}
