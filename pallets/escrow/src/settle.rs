//! Money is paid out. All of it leaves the hold as one credit, of which each leg is a part: what is not delivered is
//! still in hand, and what is in nobody's hand in the end is burnt. So no order of failures makes or loses money.

use crate::{pallet::*, CreditOf, FrozenBalance, Funds};
use alloc::vec::Vec;
use assay_primitives::{Balance, JobId, Settlement};
use frame_support::traits::{
    fungible::{Balanced, BalancedHold, MutateHold},
    tokens::Precision,
    Get, Imbalance,
};

/// What a settlement is for, in planck. Saturates: nothing is paid that is not held.
fn asked<AccountId>(settlement: &Settlement<AccountId>) -> Balance {
    let payouts = settlement.payouts.iter().map(|(_, amount)| *amount);
    payouts.chain([settlement.burnt, settlement.treasury]).fold(0, Balance::saturating_add)
}

impl<T: Config> Pallet<T> {
    pub(crate) fn do_settle(job: JobId, settlement: Settlement<T::AccountId>) {
        let asked = asked(&settlement);
        let paid = Self::close(job).map_or(0, |funds| Self::pay_out(job, funds, settlement));
        let missing = asked.saturating_sub(paid);
        if missing > 0 {
            Self::deposit_event(Event::Short { job, missing });
        }
    }

    /// Takes an escrow off the books. Its money is still on hold.
    fn close(job: JobId) -> Option<Funds<T::AccountId>> {
        let funds = Escrows::<T>::take(job)?;
        let before = Self::total_of(&funds.requester);
        T::Frozen::escrow_changed(&funds.requester, before, before.saturating_sub(funds.amount));
        Some(funds)
    }

    /// Pays in the order of the settlement, as far as the funds go, and gives the rest back. Says how much of what was
    /// asked for has left the hold.
    fn pay_out(job: JobId, funds: Funds<T::AccountId>, settlement: Settlement<T::AccountId>) -> Balance {
        let Funds { requester, amount, .. } = funds;
        let due = asked(&settlement).min(amount);
        let mut credit = Self::take(&requester, due);
        let taken = credit.peek();

        let (payouts, undelivered) = Self::pay_each(job, &mut credit, settlement.payouts);
        let fire = credit.extract(settlement.burnt);
        let (refund, unreleased) = Self::refund(job, &requester, amount.saturating_sub(due));
        let rest = credit.merge(undelivered).merge(unreleased);
        let (treasury, unpaid) = Self::pay(job, &T::Treasury::get(), rest);
        let fire = fire.merge(unpaid);
        let burnt = fire.peek();
        drop(fire);
        Self::deposit_event(Event::Settled { job, requester, payouts, burnt, treasury, refund });
        taken
    }

    /// Takes up to an amount out of the hold, frozen or not.
    fn take(requester: &T::AccountId, amount: Balance) -> CreditOf<T> {
        if amount == 0 {
            return CreditOf::<T>::default();
        }
        let (credit, _) = T::Currency::slash(&HoldReason::Job.into(), requester, amount);
        credit
    }

    /// Pays out of a credit what it has for each. Gives who got what, and what nobody could be given.
    fn pay_each(
        job: JobId,
        credit: &mut CreditOf<T>,
        payouts: Vec<(T::AccountId, Balance)>,
    ) -> (Vec<(T::AccountId, Balance)>, CreditOf<T>) {
        let mut paid = Vec::new();
        let mut undelivered = CreditOf::<T>::default();
        for (payee, amount) in payouts {
            let (given, left) = Self::pay(job, &payee, credit.extract(amount));
            undelivered.subsume(left);
            if given > 0 {
                paid.push((payee, given));
            }
        }
        (paid, undelivered)
    }

    /// Gives an amount back. What the account can't take, since that would leave it below the existential deposit, is
    /// in the credit.
    fn refund(job: JobId, requester: &T::AccountId, amount: Balance) -> (Balance, CreditOf<T>) {
        if amount == 0 {
            return (0, CreditOf::<T>::default());
        }
        match T::Currency::release(&HoldReason::Job.into(), requester, amount, Precision::BestEffort) {
            Ok(released) => (released, CreditOf::<T>::default()),
            Err(_) => {
                let credit = Self::take(requester, amount);
                let (payee, amount) = (requester.clone(), credit.peek());
                Self::deposit_event(Event::Undelivered { job, payee, amount });
                (0, credit)
            }
        }
    }

    /// Pays all of a credit, or none of it. Gives what was paid and what is left.
    fn pay(job: JobId, payee: &T::AccountId, credit: CreditOf<T>) -> (Balance, CreditOf<T>) {
        let amount = credit.peek();
        match credit.drop_zero().or_else(|credit| T::Currency::resolve(payee, credit)) {
            Ok(()) => (amount, CreditOf::<T>::default()),
            Err(left) => {
                Self::deposit_event(Event::Undelivered { job, payee: payee.clone(), amount });
                (0, left)
            }
        }
    }
}
