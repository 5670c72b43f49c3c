//! What clients ask.

use crate::{pallet::*, Entry, SlashOf, MAX_PAGE};
use alloc::vec::Vec;
use assay_primitives::SlashId;
use frame_system::pallet_prelude::BlockNumberFor;

impl<T: Config> Pallet<T> {
    pub(crate) fn pending_of(owner: &T::AccountId) -> Vec<(SlashId, SlashOf<T>)> {
        let ids = SlashesOf::<T>::iter_key_prefix(owner);
        let mut found: Vec<_> = ids.filter_map(|id| Pending::<T>::get(id).map(|slash| (id, slash))).collect();
        found.sort_by_key(|(id, _)| *id);
        found
    }

    pub(crate) fn pending_after(
        after: Option<(BlockNumberFor<T>, SlashId)>,
        limit: u32,
    ) -> Vec<(SlashId, SlashOf<T>)> {
        let entries = match after {
            Some((at, id)) => Queue::<T>::iter_from(Queue::<T>::hashed_key_for(Self::place(at, id))),
            None => Queue::<T>::iter(),
        };
        entries
            .filter(|(_, entry)| matches!(entry, Entry::Slash))
            .map(|(place, _)| Self::slash_at(place))
            .filter_map(|id| Pending::<T>::get(id).map(|slash| (id, slash)))
            .zip(0..limit.min(MAX_PAGE))
            .map(|(found, _)| found)
            .collect()
    }
}
