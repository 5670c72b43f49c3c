//! What can be claimed, for those who ask.

use crate::pallet::*;
use alloc::vec::Vec;
use assay_primitives::Balance;
use assay_rules::inflation::payout;
use frame_support::traits::Get;

/// The most eras that one answer of [`Pallet::unclaimed`] goes through.
pub const MAX_ERAS: u32 = 100;

impl<T: Config> Pallet<T> {
    pub(crate) fn rewards_of(era: u32, page: u32) -> Vec<(T::AccountId, Balance)> {
        let Some(pot) = Self::claimable(era) else { return Vec::new() };
        let shares = Pages::<T>::get(era, page).into_iter();
        shares.map(|share| (share.validator, payout(pot.amount, share.blocks, pot.blocks))).collect()
    }

    pub(crate) fn unclaimed_of(validator: &T::AccountId, from: u32, eras: u32) -> Vec<(u32, u32, Balance)> {
        let up_to = from.saturating_add(eras.min(MAX_ERAS));
        let pages = (from..up_to).flat_map(|era| (0..T::MaxPages::get()).map(move |page| (era, page)));
        pages.filter_map(|(era, page)| Some((era, page, Self::reward_of(validator, era, page)?))).collect()
    }

    fn reward_of(validator: &T::AccountId, era: u32, page: u32) -> Option<Balance> {
        let rewards = Self::rewards_of(era, page);
        rewards.into_iter().find_map(|(owner, amount)| (owner == *validator).then_some(amount))
    }
}
