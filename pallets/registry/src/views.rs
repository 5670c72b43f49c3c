//! What clients ask.

use crate::{
    pallet::*,
    types::{Listing, Version},
};
use alloc::vec::Vec;
use assay_primitives::ListingId;

/// The most that one answer of [`Pallet::listings`] looks at, and one of [`Pallet::versions`] holds.
pub const MAX_PAGE: u32 = 1_000;

impl<T: Config> Pallet<T> {
    pub(crate) fn listings_from(from: ListingId, ids: u32) -> Vec<(ListingId, Listing<T::AccountId>)> {
        let end = from.saturating_add(ids.min(MAX_PAGE).into()).min(NextListing::<T>::get());
        (from..end).filter_map(|id| Listings::<T>::get(id).map(|listing| (id, listing))).collect()
    }

    pub(crate) fn versions_from(listing: ListingId, from: u32, limit: u32) -> Vec<(u32, Version)> {
        let end = from.saturating_add(limit.min(MAX_PAGE));
        let version = |number| Versions::<T>::get(listing, number).map(|version| (number, version));
        (from..end).map_while(version).collect()
    }
}
