//! A listing changes hands, with the consent of both.

use crate::pallet::*;
use assay_primitives::ListingId;
use frame_support::{
    dispatch::DispatchResult,
    ensure,
    traits::{fungible::MutateHold, tokens::Precision},
};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_offer(
        owner: &T::AccountId,
        listing: ListingId,
        to: Option<T::AccountId>,
    ) -> DispatchResult {
        let mut entry = Self::owned(owner, listing)?;
        ensure!(to.as_ref() != Some(owner), Error::<T>::AlreadyOwner);
        entry.offered_to = to.clone();
        Listings::<T>::insert(listing, entry);
        Self::deposit_event(Event::Offered { listing, to });
        Ok(())
    }

    pub(crate) fn do_accept(to: T::AccountId, listing: ListingId) -> DispatchResult {
        let mut entry = Self::live_listing(listing)?;
        ensure!(entry.offered_to.as_ref() == Some(&to), Error::<T>::NotOffered);
        let reason = HoldReason::Listing.into();
        T::Currency::hold(&reason, &to, entry.deposit)?;
        T::Currency::release(&reason, &entry.owner, entry.deposit, Precision::Exact)?;

        let from = core::mem::replace(&mut entry.owner, to.clone());
        entry.offered_to = None;
        Listings::<T>::insert(listing, entry);
        Self::deposit_event(Event::Transferred { listing, from, to });
        Ok(())
    }
}
