//! A page of an era's validators gets what they have earned.

use crate::{pallet::*, Pot};
use assay_rules::inflation::payout;
use frame_support::{ensure, traits::DefensiveSaturating};
use sp_runtime::{DispatchError, SaturatedConversion};

impl<T: Config> Pallet<T> {
    /// The pot of an era. One whose time has passed may wait to be forgotten.
    pub(crate) fn claimable(era: u32) -> Option<Pot> {
        Pots::<T>::get(era).filter(|_| !Self::has_expired(era))
    }

    /// Gives how many were on the page. It is taken away first, so nothing is paid twice.
    pub(crate) fn do_claim(era: u32, page: u32) -> Result<u32, DispatchError> {
        let mut pot = Self::claimable(era).ok_or(Error::<T>::NoSuchPot)?;
        let shares = Pages::<T>::take(era, page);
        ensure!(!shares.is_empty(), Error::<T>::NothingToClaim);
        let count = shares.len().saturated_into();
        for share in shares {
            let due = payout(pot.amount, share.blocks, pot.blocks);
            let amount = Self::issue(&share.validator, due);
            pot.paid = pot.paid.defensive_saturating_add(amount);
            let missing = due.saturating_sub(amount);
            Self::deposit_event(Event::Rewarded { validator: share.validator, era, amount, missing });
        }
        Pots::<T>::insert(era, pot);
        Ok(count)
    }
}
