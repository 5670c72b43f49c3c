//! The VRFs of blocks: recorded, lent as seeds, forgotten.

use crate::{pallet::*, Randomness};
use alloc::vec::Vec;
use assay_primitives::{Chance, Digest, PendingDraws};
use core::iter::successors;
use frame_support::traits::Get;
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::{
    traits::{BlakeTwo256, CheckedAdd, Hash, One, Saturating},
    SaturatedConversion,
};

/// The most VRFs that one block forgets: one more than comes with it, so that a backlog shrinks.
const FORGOTTEN_A_BLOCK: u32 = 2;

impl<T: Config> Chance for Pallet<T> {
    /// Looks one block up after the other, [`Config::VrfHistory`] of them at most. There is no seed of no VRFs, since
    /// anybody could tell it, nor after a block of whose successors one may be forgotten, since it could be another one
    /// than before.
    fn seed_after(block: u32, count: u32) -> Option<Digest> {
        let block = BlockNumberFor::<T>::from(block);
        let first = block.checked_add(&One::one())?;
        if count == 0 || first < OldestVrf::<T>::get() {
            return None;
        }
        let now = frame_system::Pallet::<T>::block_number();
        let last = block.saturating_add(T::VrfHistory::get()).min(now);
        let wanted: usize = count.saturated_into();
        let vrfs: Vec<Randomness> = successors(Some(first), |block| block.checked_add(&One::one()))
            .take_while(|block| *block <= last)
            .filter_map(BlockVrfs::<T>::get)
            .take(wanted)
            .collect();
        (vrfs.len() == wanted).then(|| BlakeTwo256::hash(&vrfs.concat()).to_fixed_bytes())
    }
}

impl<T: Config> Pallet<T> {
    /// Keeps the VRF of block `now`, and forgets what has become too old.
    pub(crate) fn record_vrf(now: BlockNumberFor<T>) {
        if let Some(randomness) = T::BlockVrf::get() {
            BlockVrfs::<T>::insert(now, randomness);
        }
        Self::forget_vrfs(now);
    }

    /// Forgets VRFs that are neither of the history nor waited for, the oldest first.
    fn forget_vrfs(now: BlockNumberFor<T>) {
        let kept_from = Self::kept_from(now);
        let mut oldest = OldestVrf::<T>::get();
        for _ in 0..FORGOTTEN_A_BLOCK {
            if oldest >= kept_from {
                break;
            }
            BlockVrfs::<T>::remove(oldest);
            oldest.saturating_inc();
        }
        OldestVrf::<T>::put(oldest);
    }

    /// The first block whose VRF has to stay after block `now`.
    pub(crate) fn kept_from(now: BlockNumberFor<T>) -> BlockNumberFor<T> {
        let of_history = now.saturating_add(One::one()).saturating_sub(T::VrfHistory::get());
        let waited_for =
            T::OldestDraw::oldest().map(|due| BlockNumberFor::<T>::from(due).saturating_add(One::one()));
        waited_for.map_or(of_history, |waited_for| waited_for.min(of_history))
    }
}
