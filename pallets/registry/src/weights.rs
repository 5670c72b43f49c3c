//! Weights of the registry.
//!
//! Database accesses are counted from the code, those of the currency included. The reference time beside them is an
//! upper estimate for hashing and decoding those keys, not a measurement.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

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

/// Weights at the database prices of the runtime.
pub struct AssayWeight<T>(PhantomData<T>);

/// Proof size of one key of a few hundred bytes, its trie path included.
const KEY_PROOF: u64 = 3_500;

fn priced<T: frame_system::Config>(micros: u64, reads: u64, writes: u64) -> Weight {
    Weight::from_parts(micros.saturating_mul(1_000_000), reads.saturating_mul(KEY_PROOF))
        .saturating_add(T::DbWeight::get().reads_writes(reads, writes))
}

impl<T: frame_system::Config> WeightInfo for AssayWeight<T> {
    // Roots, the listing that had the root (r), NextListing, account, holds (r, w), Listings, Versions, Roots (w). A
    // byte of the licence is looked at, stored and told.
    fn list(l: u32) -> Weight {
        priced::<T>(60, 5, 6).saturating_add(Weight::from_parts(10_000, 0).saturating_mul(l.into()))
    }

    // Listings (r, w), Roots, the listing that had the root (r), account, holds (r, w), Versions, Roots (w).
    fn add_version() -> Weight {
        priced::<T>(60, 5, 5)
    }

    // Listings (r), Versions (r, w).
    fn lower_royalty() -> Weight {
        priced::<T>(20, 2, 1)
    }

    // Listings (r, w).
    fn offer() -> Weight {
        priced::<T>(20, 1, 1)
    }

    // Listings, accounts and holds of both (r, w).
    fn accept() -> Weight {
        priced::<T>(90, 5, 5)
    }

    // Listings (r, w).
    fn delist() -> Weight {
        priced::<T>(20, 1, 1)
    }

    // Listings, account, holds (r, w); Versions, Roots (r, w) of each version.
    fn prune(v: u32) -> Weight {
        priced::<T>(50, 3, 3).saturating_add(priced::<T>(15, 2, 2).saturating_mul(v.into()))
    }

    // Listings, Versions (r).
    fn royalty() -> Weight {
        priced::<T>(10, 2, 0)
    }
}

impl WeightInfo for () {
    fn list(_: u32) -> Weight {
        Weight::zero()
    }
    fn add_version() -> Weight {
        Weight::zero()
    }
    fn lower_royalty() -> Weight {
        Weight::zero()
    }
    fn offer() -> Weight {
        Weight::zero()
    }
    fn accept() -> Weight {
        Weight::zero()
    }
    fn delist() -> Weight {
        Weight::zero()
    }
    fn prune(_: u32) -> Weight {
        Weight::zero()
    }
    fn royalty() -> Weight {
        Weight::zero()
    }
}
