//! Weights of escrow.
//!
//! A runtime measures its own. Those here are for tests: database accesses are counted from the code, those of the
//! currency included. Beside them is an upper estimate for hashing and decoding those keys.

use assay_primitives::weights::priced;
use frame_support::weights::Weight;

/// Weights of the call, and of what jobs ask.
pub trait WeightInfo {
    /// Open an escrow.
    fn open() -> Weight;
    /// Settle one with `n` payees.
    fn settle(n: u32) -> Weight;
    /// Give one back.
    fn expire() -> Weight;
}

/// For tests.
impl WeightInfo for () {
    // The clock (r), Escrows, Totals, the requester's account and holds (r, w).
    fn open() -> Weight {
        priced(50, 5, 4)
    }

    // Escrows, Totals, the requester's account and holds, the treasury's account, the issuance (r, w); each payee's
    // account (r, w).
    fn settle(n: u32) -> Weight {
        priced(80, 6, 6).saturating_add(priced(15, 1, 1).saturating_mul(n.into()))
    }

    // The clock (r), and what settling without payees does.
    fn expire() -> Weight {
        priced(5, 1, 0).saturating_add(Self::settle(0))
    }
}
