//! The queue: a map whose keys, as the trie orders them, are in order of time.

use crate::{pallet::*, Entry};
use assay_primitives::SlashId;
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::{
    traits::{One, Saturating},
    SaturatedConversion,
};

/// A place in the queue: a block of [`Config::Clock`], then the number of a slash, both big-endian, so that the order
/// of keys is the order of time and what comes first is found without a scan.
pub type Place = [u8; 16];

impl<T: Config> Pallet<T> {
    /// The place of a slash in a block.
    pub(crate) fn place(at: BlockNumberFor<T>, id: SlashId) -> Place {
        let at: u64 = at.saturated_into();
        (u128::from(at).wrapping_shl(64) | u128::from(id)).to_be_bytes()
    }

    /// The slash of a place.
    pub(crate) fn slash_at(place: Place) -> SlashId {
        let [_, _, _, _, _, _, _, _, id @ ..] = place;
        SlashId::from_be_bytes(id)
    }

    /// Takes out what comes first, if it is due.
    pub(crate) fn take_due(now: BlockNumberFor<T>) -> Option<(SlashId, Entry<T::AccountId>)> {
        let first = Queue::<T>::iter_keys().next()?;
        if first >= Self::place(now.saturating_add(One::one()), 0) {
            return None;
        }
        Queue::<T>::take(first).map(|entry| (Self::slash_at(first), entry))
    }
}
