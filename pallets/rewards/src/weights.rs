//! Weights of rewards.
//!
//! A runtime measures its own. Those here are for tests: database accesses counted from the code, beside an upper estimate
//! for hashing and decoding them.

use assay_primitives::weights::priced;
use frame_support::weights::Weight;

/// Weights of the calls and of the hooks.
pub trait WeightInfo {
    /// Set the parameters.
    fn set_params() -> Weight;
    /// Claim a page of `n` validators.
    fn claim(n: u32) -> Weight;
    /// A block counted, and its fees paid out.
    fn count_block() -> Weight;
    /// An era ended.
    fn end_era() -> Weight;
    /// A block in which no era is forgotten.
    fn poll() -> Weight;
    /// An era forgotten whose pages are all there.
    fn forget_era() -> Weight;
}

/// For tests.
impl WeightInfo for () {
    // Params (w).
    fn set_params() -> Weight {
        priced(10, 0, 1)
    }

    // Pots, Pages (r, w), Running, Params (2 r), the issuance (r, w); of each validator the account (r, w).
    fn claim(n: u32) -> Weight {
        priced(40, 5, 3).saturating_add(priced(30, 1, 1).saturating_mul(n.into()))
    }

    // Running (r, w), the session, sessions of an era, the set (3 r), Pages (r, w); the accounts of treasury and author,
    // the issuance (3 r, 3 w).
    fn count_block() -> Weight {
        priced(150, 8, 5)
    }

    // Running, Pots (2 w), Params (r), the treasury's account, the issuance (2 r, 2 w).
    fn end_era() -> Weight {
        priced(60, 3, 4)
    }

    // Running, Params (2 r).
    fn poll() -> Weight {
        priced(10, 2, 0)
    }

    // Running, Pots (2 r, 2 w), Pages of 500 validators (16 w).
    fn forget_era() -> Weight {
        priced(60, 2, 18)
    }
}
