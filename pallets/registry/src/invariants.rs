//! The invariants of the README, checked after every test and by `try-runtime`.

use crate::{
    pallet::*,
    types::{is_licence, State, MAX_ROYALTY},
};
use alloc::collections::BTreeMap;
use assay_primitives::{Balance, ListedVersion, ListingId};
use frame_support::{ensure, traits::fungible::InspectHold};
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_try_state() -> Result<(), TryRuntimeError> {
        Self::check_listings()?;
        Self::check_versions()?;
        Self::check_roots()?;
        Self::check_deposits()
    }

    /// Invariant 1: listings have a number that was given, a licence, and nobody to take them over once delisted.
    fn check_listings() -> Result<(), TryRuntimeError> {
        for (id, listing) in Listings::<T>::iter() {
            ensure!(id < NextListing::<T>::get(), "a listing has a number that was not given yet");
            ensure!(is_licence(&listing.licence), "a listing has a licence that is none");
            ensure!(listing.versions > 0, "a listing has no version");
            ensure!(
                listing.state == State::Listed || listing.offered_to.is_none(),
                "a delisted listing is on offer"
            );
            ensure!(listing.offered_to != Some(listing.owner), "a listing is on offer to its owner");
        }
        Ok(())
    }

    /// Invariant 2: a listing's versions are numbered from 0 to one below their count, and each is sound.
    fn check_versions() -> Result<(), TryRuntimeError> {
        let mut counts = BTreeMap::<ListingId, u32>::new();
        for (listing, number, version) in Versions::<T>::iter() {
            ensure!(version.blob.size > 0, "a version has no bytes");
            ensure!(version.royalty <= MAX_ROYALTY, "a royalty is too high");
            let versions = Listings::<T>::get(listing).map_or(0, |listing| listing.versions);
            ensure!(number < versions, "a version is kept that its listing has not");
            let count = counts.entry(listing).or_default();
            *count = count.saturating_add(1);
        }
        for (id, listing) in Listings::<T>::iter() {
            ensure!(counts.get(&id) == Some(&listing.versions), "a version of a listing is missing");
        }
        Ok(())
    }

    /// Invariants 3 and 4: what is listed is listed once, under the version that its root names, and no root names a
    /// version that has another one.
    fn check_roots() -> Result<(), TryRuntimeError> {
        for (root, at) in Roots::<T>::iter() {
            let version = Versions::<T>::get(at.listing, at.version).ok_or("a root names no version")?;
            ensure!(version.root == root, "a root names a version of another one");
        }
        for (listing, version, content) in Versions::<T>::iter() {
            let live = Self::live_listing(listing).is_ok();
            let named = Roots::<T>::get(content.root) == Some(ListedVersion { listing, version });
            ensure!(named || !live, "a listed version is not the one that its root names");
        }
        Ok(())
    }

    /// Invariant 5: what is on hold for listings on each owner's account is the sum of their deposits.
    fn check_deposits() -> Result<(), TryRuntimeError> {
        let mut sums = BTreeMap::<T::AccountId, Balance>::new();
        for listing in Listings::<T>::iter_values() {
            let sum = sums.entry(listing.owner).or_default();
            *sum = sum.checked_add(listing.deposit).ok_or("deposits are more than a balance can be")?;
        }
        for (owner, sum) in sums {
            let held = T::Currency::balance_on_hold(&HoldReason::Listing.into(), &owner);
            ensure!(held == sum, "deposits are not what is on hold");
        }
        Ok(())
    }
}
