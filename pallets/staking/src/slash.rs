//! What is at stake, what is accused, and what is taken.

use crate::*;
use assay_primitives::{Bonds, OnBond};
use frame_support::{
    defensive, ensure,
    pallet_prelude::DispatchResult,
    traits::{fungible::BalancedHold, DefensiveSaturating, Imbalance},
    weights::Weight,
};
use sp_runtime::traits::Zero;
use sp_staking::SessionIndex;

impl<T: Config> Bonds<T::AccountId> for Pallet<T> {
    type Balance = BalanceOf<T>;
    type Credit = CreditOf<T>;

    fn exposure(validator: &T::AccountId, session: SessionIndex) -> Option<BalanceOf<T>> {
        let ended = pallet_session::Pallet::<T>::current_index().saturating_sub(1);
        if session < Self::oldest_session(ended) {
            return None;
        }
        let elected = Elected::<T>::get(Self::era_of(session));
        elected.into_iter().find(|staker| staker.owner == *validator).map(|staker| staker.bond)
    }

    fn era(session: SessionIndex) -> u32 {
        Self::era_of(session)
    }

    fn last_session(era: u32) -> SessionIndex {
        era.saturating_add(1).saturating_mul(SessionsPerEra::<T>::get()).saturating_sub(1)
    }

    fn lock(owner: &T::AccountId, id: LockId) -> Option<BalanceOf<T>> {
        Self::lock_of(owner, id).map(|lock| lock.amount)
    }

    fn accuse(owner: &T::AccountId, role: Role, lock: Option<LockId>) -> DispatchResult {
        let mut ledger = Self::ledger_of(owner)?;
        ensure!(ledger.stake(role).is_bonded(), Error::<T>::NotBonded);
        let stake = ledger.stake_mut(role);
        stake.accused = stake.accused.checked_add(1).ok_or(Error::<T>::TooManyAccusations)?;
        if let Some(id) = Self::subject(role, lock)? {
            let amount = Self::take_open_lock(owner, &mut ledger, id)?;
            Accused::<T>::insert(owner, id, amount);
        }
        Self::keep(owner, ledger);
        Ok(())
    }

    fn acquit(owner: &T::AccountId, role: Role, lock: Option<LockId>) -> DispatchResult {
        let mut ledger = Self::ledger_of(owner)?;
        let stake = ledger.stake_mut(role);
        stake.accused = stake.accused.checked_sub(1).ok_or(Error::<T>::NotAccused)?;
        let Some(id) = Self::subject(role, lock)? else {
            Self::keep(owner, ledger);
            return Ok(());
        };
        ensure!(ledger.open_lock(id).is_none(), Error::<T>::NotAccused);
        let amount = Accused::<T>::get(owner, id).ok_or(Error::<T>::NoSuchLock)?;
        Self::end_lock(owner, id, amount, ledger)?;
        Accused::<T>::remove(owner, id);
        Ok(())
    }

    fn slash(owner: &T::AccountId, role: Role, amount: BalanceOf<T>) -> (CreditOf<T>, BalanceOf<T>) {
        let Some(mut ledger) = Ledgers::<T>::get(owner) else { return (CreditOf::<T>::default(), amount) };
        let stake = ledger.stake_mut(role);
        let active = stake.active;
        let planned = stake.take(amount);
        if planned.is_zero() {
            return (CreditOf::<T>::default(), amount);
        }
        let (credit, short) = <T as Config>::Currency::slash(&HoldReason::from(role).into(), owner, planned);
        if !short.is_zero() {
            defensive!("less is on hold than the ledger says");
        }
        let taken = credit.peek();
        let missing = amount.defensive_saturating_sub(taken);
        if ledger.stake(role).active == active {
            Self::keep(owner, ledger);
        } else {
            Self::keep_changed(owner, role, ledger);
        }
        Self::deposit_event(Event::Slashed { owner: owner.clone(), role, taken, missing });
        (credit, missing)
    }

    fn slash_weight() -> Weight {
        T::OnBond::weight()
    }

    fn chill(owner: &T::AccountId) {
        // One that does not stand stays so.
        let _ = Self::do_chill(owner, ChillReason::Offence);
    }
}

impl<T: Config> Pallet<T> {
    /// What a slash is about: in a provider's case one of its locks, in a validator's nothing but its bond.
    fn subject(role: Role, lock: Option<LockId>) -> Result<Option<LockId>, Error<T>> {
        match (role, lock) {
            (Role::Validator, None) | (Role::Provider, Some(_)) => Ok(lock),
            _ => Err(Error::<T>::NoSuchLock),
        }
    }
}
