//! What the use of a listing costs.

use crate::{pallet::*, types::Kind};
use assay_primitives::{Digest, ListedVersion, Royalty};
use frame_support::{dispatch::DispatchResult, ensure};
use sp_runtime::{DispatchError, Perbill};

impl<T: Config> assay_primitives::Listings<T::AccountId> for Pallet<T> {
    fn royalty(
        version: ListedVersion,
        program: &Digest,
        input: &Digest,
    ) -> Result<Royalty<T::AccountId>, DispatchError> {
        let listing = Self::live_listing(version.listing)?;
        let used = Versions::<T>::get(version.listing, version.version).ok_or(Error::<T>::NoSuchVersion)?;
        let root = match listing.kind {
            Kind::Program => program,
            Kind::Dataset => input,
        };
        ensure!(used.root == *root, Error::<T>::OtherRoot);
        Ok(Royalty { owner: listing.owner, share: used.royalty })
    }
}

impl<T: Config> Pallet<T> {
    pub(crate) fn do_lower_royalty(
        owner: &T::AccountId,
        at: ListedVersion,
        royalty: Perbill,
    ) -> DispatchResult {
        Self::owned(owner, at.listing)?;
        let mut version = Versions::<T>::get(at.listing, at.version).ok_or(Error::<T>::NoSuchVersion)?;
        ensure!(royalty < version.royalty, Error::<T>::NotLower);
        version.royalty = royalty;
        Versions::<T>::insert(at.listing, at.version, version);
        Self::deposit_event(Event::RoyaltyLowered { version: at, royalty });
        Ok(())
    }
}
