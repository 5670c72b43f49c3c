//! Weights of the registry.
//!
//! A runtime measures its own. Those here are for tests: database accesses are counted from the code, those of the
//! currency included. Beside them is an upper estimate for hashing and decoding those keys.

use assay_primitives::weights::priced;
use frame_support::weights::Weight;

/// Weights of the calls, and of what jobs ask.
pub trait WeightInfo {
    /// List something under a licence of `l` bytes.
    fn list(l: u32) -> Weight;
    /// Add a version.
    fn add_version() -> Weight;
    /// Lower a royalty.
    fn lower_royalty() -> Weight;
    /// Offer a listing.
    fn offer() -> Weight;
    /// Take a listing over.
    fn accept() -> Weight;
    /// Delist a listing.
    fn delist() -> Weight;
    /// Forget `v` versions of a listing, the last one among them.
    fn prune(v: u32) -> Weight;
    /// Look a royalty up.
    fn royalty() -> Weight;
}

/// For tests.
impl WeightInfo for () {
    // Roots, the listing that had the root (r), NextListing, account, holds (r, w), Listings, Versions, Roots (w). A
    // byte of the licence is looked at, stored and told.
    fn list(l: u32) -> Weight {
        priced(60, 5, 6).saturating_add(Weight::from_parts(10_000, 0).saturating_mul(l.into()))
    }

    // Listings (r, w), Roots, the listing that had the root (r), account, holds (r, w), Versions, Roots (w).
    fn add_version() -> Weight {
        priced(60, 5, 5)
    }

    // Listings (r), Versions (r, w).
    fn lower_royalty() -> Weight {
        priced(20, 2, 1)
    }

    // Listings (r, w).
    fn offer() -> Weight {
        priced(20, 1, 1)
    }

    // Listings, accounts and holds of both (r, w).
    fn accept() -> Weight {
        priced(90, 5, 5)
    }

    // Listings (r, w).
    fn delist() -> Weight {
        priced(20, 1, 1)
    }

    // Listings, account, holds (r, w); Versions, Roots (r, w) of each version.
    fn prune(v: u32) -> Weight {
        priced(50, 3, 3).saturating_add(priced(15, 2, 2).saturating_mul(v.into()))
    }

    // Listings, Versions (r).
    fn royalty() -> Weight {
        priced(10, 2, 0)
    }
}
