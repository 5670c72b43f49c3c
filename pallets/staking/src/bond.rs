//! Bonding, and how ledgers are read and kept.

use crate::*;
use assay_primitives::OnBond;
use frame_support::{ensure, pallet_prelude::DispatchResult, traits::fungible::MutateHold};
use sp_runtime::{
    traits::{CheckedAdd, Zero},
    ArithmeticError, DispatchError,
};

impl From<Role> for HoldReason {
    fn from(role: Role) -> Self {
        match role {
            Role::Validator => HoldReason::ValidatorBond,
            Role::Provider => HoldReason::ProviderBond,
        }
    }
}

impl<T: Config> Pallet<T> {
    pub(crate) fn do_bond(owner: &T::AccountId, role: Role, amount: BalanceOf<T>) -> DispatchResult {
        let mut ledger = Ledgers::<T>::get(owner).unwrap_or_default();
        ensure!(ledger.stake(role).active.is_zero(), Error::<T>::AlreadyBonded);
        Self::put_in(owner, &mut ledger, role, amount)?;
        Self::quit_work(owner);
        Self::keep(owner, ledger);
        // A validator that has just begun is no candidate yet.
        if role == Role::Provider {
            T::OnBond::bond_changed(owner);
        }
        Self::deposit_event(Event::Bonded { owner: owner.clone(), role, amount });
        Ok(())
    }

    pub(crate) fn do_bond_extra(owner: &T::AccountId, role: Role, amount: BalanceOf<T>) -> DispatchResult {
        ensure!(!amount.is_zero(), Error::<T>::ZeroAmount);
        let mut ledger = Self::ledger_of(owner)?;
        ensure!(!ledger.stake(role).active.is_zero(), Error::<T>::NotBonded);
        Self::put_in(owner, &mut ledger, role, amount)?;
        Self::keep_changed(owner, role, ledger);
        Self::deposit_event(Event::Bonded { owner: owner.clone(), role, amount });
        Ok(())
    }

    /// Holds an amount and adds it to a bond.
    fn put_in(
        owner: &T::AccountId,
        ledger: &mut Ledger<T>,
        role: Role,
        amount: BalanceOf<T>,
    ) -> DispatchResult {
        let stake = ledger.stake_mut(role);
        stake.active = stake.active.checked_add(&amount).ok_or(ArithmeticError::Overflow)?;
        ensure!(stake.active >= Self::minimum(role), Error::<T>::BelowMinimum);
        <T as Config>::Currency::hold(&HoldReason::from(role).into(), owner, amount)
    }

    pub(crate) fn ledger_of(owner: &T::AccountId) -> Result<Ledger<T>, DispatchError> {
        Ledgers::<T>::get(owner).ok_or_else(|| Error::<T>::NotBonded.into())
    }

    /// Stores a ledger whose active bond in a role is another one now. Who goes by that hears of it afterwards: the list
    /// of candidates, or the listener to providers' bonds.
    pub(crate) fn keep_changed(owner: &T::AccountId, role: Role, ledger: Ledger<T>) {
        let bond = ledger.stake(role).active;
        Self::keep(owner, ledger);
        match role {
            Role::Validator => Self::follow_bond(owner, bond),
            Role::Provider => T::OnBond::bond_changed(owner),
        }
    }

    /// Stores a ledger, or forgets it where nothing is left. A provider that has left has no worker any more.
    pub(crate) fn keep(owner: &T::AccountId, mut ledger: Ledger<T>) {
        if !ledger.provider.is_bonded() {
            Self::dismiss_worker(owner, &mut ledger);
        }
        if ledger.is_empty() {
            Ledgers::<T>::remove(owner);
        } else {
            Ledgers::<T>::insert(owner, ledger);
        }
    }
}
