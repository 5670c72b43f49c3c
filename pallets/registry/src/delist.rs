//! What is listed no more.

use crate::{
    pallet::*,
    types::{DelistedBy, Listing, State},
};
use assay_primitives::{Digest, ListingId};
use frame_support::dispatch::DispatchResult;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_delist(owner: &T::AccountId, listing: ListingId) -> DispatchResult {
        let entry = Self::owned(owner, listing)?;
        Self::take_down(listing, entry, DelistedBy::Owner);
        Ok(())
    }

    pub(crate) fn do_force_delist(listing: ListingId, reason: Digest) -> DispatchResult {
        let entry = Self::live_listing(listing)?;
        Self::take_down(listing, entry, DelistedBy::Governance { reason });
        Ok(())
    }

    fn take_down(listing: ListingId, mut entry: Listing<T::AccountId>, by: DelistedBy) {
        entry.state = State::Delisted { by };
        entry.offered_to = None;
        Listings::<T>::insert(listing, entry);
        Self::deposit_event(Event::Delisted { listing, by });
    }
}
