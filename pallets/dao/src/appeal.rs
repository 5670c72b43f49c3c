//! Appeals against slashes.

use crate::{pallet::*, Appeal, AppealOf, Parameters, Ruling};
use assay_primitives::{Balance, Digest, SlashId, Slashes};
use frame_support::{
    dispatch::DispatchResult,
    ensure,
    traits::{
        fungible::MutateHold,
        tokens::{Fortitude, Precision},
    },
};
use sp_runtime::traits::BlockNumberProvider;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_appeal(appellant: T::AccountId, slash: SlashId, evidence: Digest) -> DispatchResult {
        ensure!(!Appeals::<T>::contains_key(slash), Error::<T>::AlreadyAppealed);
        let deposit = Self::deposit_for(slash)?;
        T::Currency::hold(&HoldReason::Appeal.into(), &appellant, deposit)?;
        let until = T::Slashes::suspend(slash)?;
        let appeal = Appeal { appellant, evidence, deposit, until };
        Appeals::<T>::insert(slash, &appeal);
        Self::deposit_event(Event::Appealed { slash, appeal });
        Ok(())
    }

    /// What an appeal against a slash takes: the more is at stake, the more delay costs.
    pub(crate) fn deposit_for(slash: SlashId) -> Result<Balance, Error<T>> {
        let Parameters { appeal_deposit, appeal_share, .. } = Params::<T>::get();
        let amount = T::Slashes::amount(slash).ok_or(Error::<T>::NoSuchSlash)?;
        Ok(appeal_deposit.max(appeal_share.mul_ceil(amount)))
    }

    pub(crate) fn do_decide(slash: SlashId, ruling: Ruling) -> DispatchResult {
        let appeal = Appeals::<T>::get(slash).ok_or(Error::<T>::NoSuchAppeal)?;
        ensure!(appeal.deposit > 0, Error::<T>::AlreadyDecided);
        match ruling {
            Ruling::Cancel => T::Slashes::cancel(slash)?,
            Ruling::Reduce { amount } => {
                T::Slashes::reduce(slash, amount)?;
                T::Slashes::resume(slash)?;
            }
            Ruling::Uphold => T::Slashes::resume(slash)?,
        }
        let lost = if ruling == Ruling::Uphold { appeal.deposit } else { 0 };
        Self::settle(&appeal, lost)?;
        match ruling {
            Ruling::Cancel => Appeals::<T>::remove(slash),
            // Stays as long as its slash, which could otherwise be appealed again.
            Ruling::Reduce { .. } | Ruling::Uphold => {
                Appeals::<T>::insert(slash, AppealOf::<T> { deposit: 0, ..appeal });
            }
        }
        Self::deposit_event(Event::Decided { slash, ruling, lost });
        Ok(())
    }

    /// Forgets an appeal whose slash is over. One that nobody has decided is lost if its slash was ready: then it was
    /// upheld. A suspended slash that ends sooner was superseded, or cancelled by root.
    pub(crate) fn do_close(slash: SlashId) -> DispatchResult {
        let appeal = Appeals::<T>::get(slash).ok_or(Error::<T>::NoSuchAppeal)?;
        ensure!(T::Slashes::amount(slash).is_none(), Error::<T>::SlashWaits);
        let upheld = T::Clock::current_block_number() >= appeal.until;
        let lost = if upheld { appeal.deposit } else { 0 };
        Self::settle(&appeal, lost)?;
        Appeals::<T>::remove(slash);
        Self::deposit_event(Event::Closed { slash, lost });
        Ok(())
    }

    /// Burns what of the deposit is lost, gives the rest back. Burnt, so that nobody gains by refusing an appeal.
    fn settle(appeal: &AppealOf<T>, lost: Balance) -> DispatchResult {
        let reason = HoldReason::Appeal.into();
        let back = appeal.deposit.saturating_sub(lost);
        if lost > 0 {
            T::Currency::burn_held(&reason, &appeal.appellant, lost, Precision::Exact, Fortitude::Force)?;
        }
        if back > 0 {
            T::Currency::release(&reason, &appeal.appellant, back, Precision::Exact)?;
        }
        Ok(())
    }
}
