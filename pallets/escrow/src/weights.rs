//! Weights of escrow.
//!
//! A runtime measures its own. Those here are for tests: database accesses are counted from the code, those of the
//! currency included. Beside them is an upper estimate for hashing and decoding those keys.

use assay_primitives::weights::priced;
use frame_support::weights::Weight;

/// Weights of the call. What opening and settling take is in those of jobs and verification, which do it.
pub trait WeightInfo {
    /// Give an escrow back.
    fn expire() -> Weight;
}

/// For tests.
impl WeightInfo for () {
    // The clock (r), Escrows, the requester's account and holds (r, w).
    fn expire() -> Weight {
        priced(85, 4, 3)
    }
}
