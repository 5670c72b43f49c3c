//! What is listed no more is forgotten.

use crate::{pallet::*, types::State};
use assay_primitives::{ListedVersion, ListingId};
use frame_support::{
    ensure,
    traits::{fungible::MutateHold, tokens::Precision},
};
use sp_runtime::DispatchError;

impl<T: Config> Pallet<T> {
    /// Gives how many versions were forgotten.
    pub(crate) fn do_prune(listing: ListingId, limit: u32) -> Result<u32, DispatchError> {
        ensure!(limit > 0, Error::<T>::ZeroLimit);
        let mut entry = Listings::<T>::get(listing).ok_or(Error::<T>::NoSuchListing)?;
        ensure!(entry.state != State::Listed, Error::<T>::NotDelisted);
        let left = entry.versions.saturating_sub(limit);
        let pruned = entry.versions.saturating_sub(left);
        for version in left..entry.versions {
            Self::forget(ListedVersion { listing, version });
        }
        if left > 0 {
            entry.versions = left;
            Listings::<T>::insert(listing, entry);
            Self::deposit_event(Event::Pruned { listing, left });
            return Ok(pruned);
        }
        let (owner, deposit) = (entry.owner, entry.deposit);
        T::Currency::release(&HoldReason::Listing.into(), &owner, deposit, Precision::Exact)?;
        Listings::<T>::remove(listing);
        Self::deposit_event(Event::Removed { listing, owner, deposit });
        Ok(pruned)
    }

    /// Forgets a version, and its root where nobody has listed that since.
    fn forget(at: ListedVersion) {
        if let Some(version) = Versions::<T>::take(at.listing, at.version) {
            Roots::<T>::mutate_exists(version.root, |lister| *lister = lister.filter(|lister| *lister != at));
        }
    }
}
