//! Unbonding, rebonding, withdrawing.

use crate::*;
use frame_support::{
    ensure,
    pallet_prelude::DispatchResult,
    traits::{fungible::MutateHold, tokens::Precision},
};
use sp_runtime::{
    traits::{BlockNumberProvider, CheckedAdd, CheckedSub, Zero},
    ArithmeticError,
};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_unbond(owner: &T::AccountId, role: Role, amount: BalanceOf<T>) -> DispatchResult {
        ensure!(!amount.is_zero(), Error::<T>::ZeroAmount);
        let mut ledger = Self::ledger_of(owner)?;
        let rest = Self::rest(owner, &ledger, role, amount)?;

        let now = T::Clock::current_block_number();
        let at = now.checked_add(&Params::<T>::get().unbonding_blocks).ok_or(ArithmeticError::Overflow)?;
        let stake = ledger.stake_mut(role);
        stake.active = rest;
        let at = stake.leave(amount, at)?;

        Self::keep_changed(owner, role, ledger);
        Self::deposit_event(Event::Unbonded { owner: owner.clone(), role, amount, at });
        Ok(())
    }

    /// What would stay bonded, if that may be so little.
    fn rest(
        owner: &T::AccountId,
        ledger: &Ledger<T>,
        role: Role,
        amount: BalanceOf<T>,
    ) -> Result<BalanceOf<T>, Error<T>> {
        let rest = ledger.stake(role).active.checked_sub(&amount).ok_or(Error::<T>::NotEnoughBonded)?;
        ensure!(rest.is_zero() || rest >= Self::minimum(role), Error::<T>::BelowMinimum);
        match role {
            Role::Validator => {
                ensure!(!rest.is_zero() || !Self::is_candidate(owner), Error::<T>::MustChill)
            }
            Role::Provider => ensure!(rest >= ledger.locked, Error::<T>::CollateralLocked),
        }
        Ok(rest)
    }

    pub(crate) fn do_rebond(owner: &T::AccountId, role: Role, amount: BalanceOf<T>) -> DispatchResult {
        ensure!(!amount.is_zero(), Error::<T>::ZeroAmount);
        let mut ledger = Self::ledger_of(owner)?;
        let stake = ledger.stake_mut(role);
        ensure!(stake.take_latest(amount) == amount, Error::<T>::NotEnoughUnbonding);
        stake.active = stake.active.checked_add(&amount).ok_or(ArithmeticError::Overflow)?;
        ensure!(stake.active >= Self::minimum(role), Error::<T>::BelowMinimum);

        Self::keep_changed(owner, role, ledger);
        Self::deposit_event(Event::Rebonded { owner: owner.clone(), role, amount });
        Ok(())
    }

    pub(crate) fn do_withdraw(owner: &T::AccountId, role: Role) -> DispatchResult {
        let mut ledger = Self::ledger_of(owner)?;
        ensure!(ledger.stake(role).accused == 0, Error::<T>::Accused);
        let matured = ledger.stake(role).matured(T::Clock::current_block_number());
        ensure!(!matured.is_zero(), Error::<T>::NothingToWithdraw);
        let amount = match role {
            Role::Validator => matured,
            // A seat that was drawn before the bond was on its way out, or while it was, goes on.
            Role::Provider => matured.min(ledger.available()),
        };
        ensure!(!amount.is_zero(), Error::<T>::CollateralLocked);

        ledger.stake_mut(role).take_earliest(amount);
        <T as Config>::Currency::release(&HoldReason::from(role).into(), owner, amount, Precision::Exact)?;
        Self::keep(owner, ledger);
        Self::deposit_event(Event::Withdrawn { owner: owner.clone(), role, amount });
        Ok(())
    }
}
