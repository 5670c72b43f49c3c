//! What is listed, and its versions.

use crate::{
    pallet::*,
    types::{is_licence, Kind, Licence, Listing, State, Version, MAX_ROYALTY},
};
use assay_primitives::{Balance, Digest, ListedVersion, ListingId};
use frame_support::{
    dispatch::DispatchResult,
    ensure,
    traits::{fungible::MutateHold, Get},
};
use sp_runtime::{ArithmeticError, DispatchError};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_list(
        owner: T::AccountId,
        kind: Kind,
        licence: Licence,
        version: Version,
    ) -> DispatchResult {
        ensure!(is_licence(&licence), Error::<T>::BadLicence);
        Self::ensure_sound(&version)?;
        let listing = NextListing::<T>::get();
        let next = listing.checked_add(1).ok_or(ArithmeticError::Overflow)?;
        let deposit = Self::deposit_for(&licence)?;
        T::Currency::hold(&HoldReason::Listing.into(), &owner, deposit)?;

        NextListing::<T>::put(next);
        let entry = Listing {
            owner: owner.clone(),
            kind,
            licence: licence.clone(),
            versions: 1,
            state: State::Listed,
            deposit,
            offered_to: None,
        };
        Listings::<T>::insert(listing, entry);
        Self::deposit_event(Event::Listed { listing, owner, kind, licence });
        Self::put_version(ListedVersion { listing, version: 0 }, version);
        Ok(())
    }

    pub(crate) fn do_add_version(
        owner: &T::AccountId,
        listing: ListingId,
        version: Version,
    ) -> DispatchResult {
        let mut entry = Self::owned(owner, listing)?;
        Self::ensure_sound(&version)?;
        let number = entry.versions;
        let deposit = T::VersionDeposit::get();
        entry.versions = number.checked_add(1).ok_or(Error::<T>::TooManyVersions)?;
        entry.deposit = entry.deposit.checked_add(deposit).ok_or(ArithmeticError::Overflow)?;
        T::Currency::hold(&HoldReason::Listing.into(), owner, deposit)?;

        Listings::<T>::insert(listing, entry);
        Self::put_version(ListedVersion { listing, version: number }, version);
        Ok(())
    }

    /// What a new listing with one version puts up.
    fn deposit_for(licence: &Licence) -> Result<Balance, DispatchError> {
        let bytes = Balance::try_from(licence.len()).map_err(|_| ArithmeticError::Overflow)?;
        let of_licence = T::ByteDeposit::get().checked_mul(bytes).ok_or(ArithmeticError::Overflow)?;
        T::ListingDeposit::get()
            .checked_add(of_licence)
            .and_then(|deposit| deposit.checked_add(T::VersionDeposit::get()))
            .ok_or_else(|| ArithmeticError::Overflow.into())
    }

    /// That a version is one that may be added to any listing.
    fn ensure_sound(version: &Version) -> DispatchResult {
        ensure!(version.blob.size > 0, Error::<T>::EmptyBlob);
        ensure!(version.royalty <= MAX_ROYALTY, Error::<T>::RoyaltyTooHigh);
        ensure!(Self::live(&version.root).is_none(), Error::<T>::RootTaken);
        Ok(())
    }

    fn put_version(at: ListedVersion, version: Version) {
        Roots::<T>::insert(version.root, at);
        Versions::<T>::insert(at.listing, at.version, version);
        let Version { root, blob, royalty } = version;
        Self::deposit_event(Event::VersionAdded { version: at, root, blob, royalty });
    }

    /// Under which listing a root can be used.
    pub(crate) fn live(root: &Digest) -> Option<ListedVersion> {
        let version = Roots::<T>::get(root)?;
        let listing = Listings::<T>::get(version.listing)?;
        (listing.state == State::Listed).then_some(version)
    }

    /// A listing that has not been delisted.
    pub(crate) fn live_listing(id: ListingId) -> Result<Listing<T::AccountId>, DispatchError> {
        let listing = Listings::<T>::get(id).ok_or(Error::<T>::NoSuchListing)?;
        ensure!(listing.state == State::Listed, Error::<T>::Delisted);
        Ok(listing)
    }

    /// A listing that its owner may change.
    pub(crate) fn owned(owner: &T::AccountId, id: ListingId) -> Result<Listing<T::AccountId>, DispatchError> {
        let listing = Self::live_listing(id)?;
        ensure!(listing.owner == *owner, Error::<T>::NotOwner);
        Ok(listing)
    }
}
