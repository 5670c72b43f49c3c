//! Eras end, and are forgotten.

use crate::{pallet::*, Pot, Progress, WeightInfo};
use assay_primitives::Balance;
use assay_rules::inflation;
use frame_support::{
    traits::{
        fungible::{Inspect, Mutate},
        Get,
    },
    weights::WeightMeter,
};
use sp_runtime::traits::Zero;

impl<T: Config> Pallet<T> {
    /// Ends the running era: the treasury gets its share, and the validators have a pot to claim. An era without blocks
    /// leaves nothing behind.
    pub(crate) fn end_era(next: u32) {
        let Progress { era, blocks, oldest } = Running::<T>::get();
        Running::<T>::put(Progress { era: next, blocks: 0, oldest });
        if blocks.is_zero() {
            return;
        }
        let params = Params::<T>::get();
        let emission = inflation::emission(
            T::Currency::total_issuance(),
            params.inflation,
            params.treasury_share,
            blocks,
            T::SlotMillis::get(),
        );
        let pot = emission.validators;
        Pots::<T>::insert(era, Pot { blocks, amount: pot, paid: 0 });
        let treasury = Self::issue(&T::Treasury::get(), emission.treasury);
        Self::deposit_event(Event::EraEnded { era, blocks, pot, treasury });
    }

    /// Issues an amount to an account. Gives what was issued: nothing, where the account is none and would be one below
    /// the existential deposit.
    pub(crate) fn issue(to: &T::AccountId, amount: Balance) -> Balance {
        if amount.is_zero() {
            return 0;
        }
        T::Currency::mint_into(to, amount).unwrap_or_default()
    }

    /// Forgets the oldest era if the time to claim it has passed. One in a block: eras last many, and after the time was
    /// made shorter it does not matter when the rest go, since nothing more happens to them.
    pub(crate) fn forget_expired(meter: &mut WeightMeter) {
        if meter.try_consume(T::WeightInfo::poll()).is_err() {
            return;
        }
        let oldest = Running::<T>::get().oldest;
        if Self::has_expired(oldest) && meter.try_consume(T::WeightInfo::forget_era()).is_ok() {
            Self::forget_oldest();
        }
    }

    /// Whether the time to claim an era has passed.
    pub(crate) fn has_expired(era: u32) -> bool {
        Running::<T>::get().era.saturating_sub(era) > Params::<T>::get().expiry
    }

    pub(crate) fn forget_oldest() {
        let era = Running::<T>::mutate(|running| {
            let era = running.oldest;
            running.oldest = era.saturating_add(1);
            era
        });
        (0..T::MaxPages::get()).for_each(|page| Pages::<T>::remove(era, page));
        if let Some(pot) = Pots::<T>::take(era) {
            let unclaimed = pot.amount.saturating_sub(pot.paid);
            Self::deposit_event(Event::EraForgotten { era, unclaimed });
        }
    }
}
