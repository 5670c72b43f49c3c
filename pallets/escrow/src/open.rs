//! Money goes on hold.

use crate::{pallet::*, FrozenBalance, Funds};
use assay_primitives::{Balance, JobId, MarketBlock};
use frame_support::{
    dispatch::DispatchResult,
    ensure,
    traits::{
        fungible::{Inspect, InspectHold, MutateHold},
        tokens::{Fortitude, Preservation},
    },
};
use sp_runtime::{traits::BlockNumberProvider, TokenError};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_open(
        job: JobId,
        requester: &T::AccountId,
        amount: Balance,
        expires: MarketBlock,
    ) -> DispatchResult {
        ensure!(amount > 0, Error::<T>::ZeroAmount);
        ensure!(expires > T::Clock::current_block_number(), Error::<T>::ExpiresTooSoon);
        ensure!(!Escrows::<T>::contains_key(job), Error::<T>::AlreadyOpen);
        // A hold takes of what is frozen too. What other holds have stays the owner's, so only escrow counts here.
        let before = Self::total_of(requester);
        let escrowed = before.checked_add(amount).ok_or(TokenError::FundsUnavailable)?;
        let rest = T::Currency::total_balance(requester)
            .checked_sub(escrowed)
            .ok_or(TokenError::FundsUnavailable)?;
        ensure!(rest >= T::Frozen::frozen(requester), Error::<T>::Frozen);
        T::Currency::hold(&HoldReason::Job.into(), requester, amount)?;

        Escrows::<T>::insert(job, Funds { requester: requester.clone(), amount, expires });
        T::Frozen::escrow_changed(requester, before, escrowed);
        Self::deposit_event(Event::Opened { job, requester: requester.clone(), amount, expires });
        Ok(())
    }

    /// What an account has in escrow, all jobs together: nothing else is held for this reason.
    pub(crate) fn total_of(requester: &T::AccountId) -> Balance {
        T::Currency::balance_on_hold(&HoldReason::Job.into(), requester)
    }

    /// The most that [`Self::do_open`] would hold.
    pub(crate) fn available_to(requester: &T::AccountId) -> Balance {
        let free = T::Currency::reducible_balance(requester, Preservation::Protect, Fortitude::Force);
        let rest = T::Currency::total_balance(requester).saturating_sub(Self::total_of(requester));
        free.min(rest.saturating_sub(T::Frozen::frozen(requester)))
    }
}
