//! Weights of escrow.
//!
//! A runtime measures its own. Those here are for tests: database accesses are counted from the code, those of the
//! currency included. Beside them is an upper estimate for hashing and decoding those keys.

use assay_primitives::weights::priced;
use frame_support::weights::Weight;

/// Weights of the call. What opening and settling take is in those of jobs and verification, which do it, but for locks:
/// few accounts have some.
pub trait WeightInfo {
    /// Give an escrow back, locks that follow it included.
    fn expire() -> Weight;
    /// Have the locks of a vote and of vests follow an escrow.
    fn follow() -> Weight;
}

/// For tests.
impl WeightInfo for () {
    // The clock and freezes (2 r), Escrows, the requester's account, holds and locks (r, w).
    fn expire() -> Weight {
        priced(105, 6, 4)
    }

    // Locks and the account (r, w), freezes (r).
    fn follow() -> Weight {
        priced(60, 3, 2)
    }
}
