//! The invariants of the README, checked after every test and by `try-runtime`.

use crate::*;
use alloc::collections::{BTreeMap, BTreeSet};
use frame_support::{ensure, traits::fungible::InspectHold};
use sp_runtime::{
    traits::{CheckedAdd, Zero},
    SaturatedConversion, TryRuntimeError,
};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_try_state() -> Result<(), TryRuntimeError> {
        Self::check_holds()?;
        Self::check_ledgers()?;
        Self::check_locks()?;
        Self::check_workers()?;
        Self::check_candidates()?;
        Self::check_sets()?;
        Self::check_validators_keys()?;
        Self::check_offenders()?;
        Self::check_terms()
    }

    /// Invariant 1: what is on hold on any account, one without a ledger too, is what its ledger says.
    fn check_holds() -> Result<(), TryRuntimeError> {
        for owner in frame_system::Account::<T>::iter_keys().chain(Ledgers::<T>::iter_keys()) {
            let ledger = Ledgers::<T>::get(&owner).unwrap_or_default();
            for role in [Role::Validator, Role::Provider] {
                let held = <T as Config>::Currency::balance_on_hold(&HoldReason::from(role).into(), &owner);
                let bonded = Self::sum(ledger.stake(role));
                ensure!(bonded == Some(held), "what is bonded is not what is on hold");
            }
        }
        Ok(())
    }

    /// Invariants 1 and 2: no ledger is empty, and what is on its way out is in order.
    fn check_ledgers() -> Result<(), TryRuntimeError> {
        for ledger in Ledgers::<T>::iter_values() {
            ensure!(!ledger.is_empty(), "an empty ledger is kept");
            for role in [Role::Validator, Role::Provider] {
                let stake = ledger.stake(role);
                let mut pairs = stake.unbonding.windows(2);
                let ascend = pairs.all(|pair| matches!(pair, [first, second] if first.at <= second.at));
                ensure!(ascend, "what is on its way out is out of order");
                ensure!(
                    !stake.unbonding.iter().any(|chunk| chunk.value.is_zero()),
                    "nothing is on its way out"
                );
            }
        }
        Ok(())
    }

    /// What is bonded in a role, `None` if that is more than a balance can be.
    fn sum(stake: &Stake<T>) -> Option<BalanceOf<T>> {
        stake.unbonding.iter().try_fold(stake.active, |sum, chunk| sum.checked_add(&chunk.value))
    }

    /// Invariants 3 and 4: locks are what ledgers say, no more than is bonded, and accused as often.
    fn check_locks() -> Result<(), TryRuntimeError> {
        let mut owners = BTreeMap::<T::AccountId, Vec<OpenLock<BalanceOf<T>>>>::new();
        for (owner, id, amount) in Accused::<T>::iter() {
            owners.entry(owner).or_default().push(OpenLock { id, amount });
        }
        let mut ids = BTreeSet::new();
        for (owner, ledger) in Ledgers::<T>::iter() {
            let accused = owners.remove(&owner).unwrap_or_default();
            let mut locked = BalanceOf::<T>::zero();
            for OpenLock { id, amount } in ledger.locks.iter().chain(&accused) {
                ensure!(*id < NextLock::<T>::get(), "a lock has an id that is not given yet");
                ensure!(ids.insert(*id), "two locks have one id");
                ensure!(!amount.is_zero(), "a lock of nothing is kept");
                locked = locked.checked_add(amount).ok_or("locks are more than a balance can be")?;
            }
            ensure!(ledger.locked == locked, "the sum of locks is not what the ledger says");
            ensure!(ledger.locked <= ledger.provider.total(), "more is locked than is bonded");
            let waiting: usize = ledger.provider.accused.saturated_into();
            ensure!(waiting == accused.len(), "slashes that wait are not as many as accused locks");
        }
        ensure!(owners.is_empty(), "a lock has no ledger");
        Ok(())
    }

    /// Invariant 5: workers and ledgers name each other, and no worker has a ledger.
    fn check_workers() -> Result<(), TryRuntimeError> {
        for (worker, owner) in Workers::<T>::iter() {
            let ledger = Ledgers::<T>::get(owner).ok_or("a worker's owner has no ledger")?;
            ensure!(ledger.worker.as_ref() == Some(&worker), "a worker's owner does not name it");
            ensure!(ledger.provider.is_bonded(), "a worker's owner is no provider");
            ensure!(!Ledgers::<T>::contains_key(&worker), "a worker has a bond of its own");
        }
        let named = Ledgers::<T>::iter_values().filter(|ledger| ledger.worker.is_some()).count();
        ensure!(named == Workers::<T>::iter_keys().count(), "a ledger names a worker that is not listed");
        Ok(())
    }

    /// Invariant 6: candidates are in order, named once, and have what the list says.
    fn check_candidates() -> Result<(), TryRuntimeError> {
        let candidates = Candidates::<T>::get();
        let mut pairs = candidates.windows(2);
        let descend = pairs.all(|pair| matches!(pair, [first, second] if first.bond >= second.bond));
        ensure!(descend, "candidates out of order");
        ensure!(distinct(&candidates), "a candidate is listed twice");
        for candidate in candidates {
            let ledger = Ledgers::<T>::get(&candidate.owner).ok_or("a candidate has no ledger")?;
            ensure!(!candidate.bond.is_zero(), "a candidate has no bond");
            ensure!(
                ledger.validator.active == candidate.bond,
                "a candidate's bond is not what the list says"
            );
        }
        Ok(())
    }

    /// Invariant 7: sets are kept of the eras that can still be reported, those of this session and the next are
    /// there, none is empty, and none names a validator twice.
    fn check_sets() -> Result<(), TryRuntimeError> {
        let session = pallet_session::Pallet::<T>::current_index();
        let (oldest, last) = (OldestEra::<T>::get(), Self::era_of(session.saturating_add(1)));
        for (era, set) in Elected::<T>::iter() {
            ensure!((oldest..=last).contains(&era), "a set is kept for too long, or elected too early");
            ensure!(!set.is_empty(), "a set is empty");
            ensure!(distinct(&set), "a validator is in a set twice");
        }
        let wanted = [Self::era_of(session), last];
        let there = wanted.into_iter().all(Elected::<T>::contains_key);
        ensure!(there || Elected::<T>::iter_keys().next().is_none(), "the set of an era is missing");
        Ok(())
    }

    /// Invariant 8: who validates in this session and the next has session keys, and was elected or kept.
    fn check_validators_keys() -> Result<(), TryRuntimeError> {
        let session = pallet_session::Pallet::<T>::current_index();
        let planned = Self::planned(session.saturating_add(1));
        let queued = pallet_session::QueuedKeys::<T>::get();
        ensure!(
            planned.iter().eq(queued.iter().map(|(validator, _)| validator)) || planned.is_empty(),
            "the next session's validators are not the elected ones"
        );
        let active = pallet_session::Validators::<T>::get();
        for validator in active.iter().chain(&planned) {
            ensure!(Self::has_keys(validator), "a validator has no session keys");
        }
        Ok(())
    }

    /// Invariant 9: offenders are noted once, for a set that runs or is about to.
    fn check_offenders() -> Result<(), TryRuntimeError> {
        let offenders = Offenders::<T>::get();
        let names: BTreeSet<_> = offenders.iter().map(|offender| &offender.validator).collect();
        ensure!(names.len() == offenders.len(), "an offender is noted twice");
        let era = Self::era_of(pallet_session::Pallet::<T>::current_index());
        ensure!(offenders.iter().all(|offender| offender.until >= era), "an offender is noted for too long");
        Ok(())
    }

    /// Invariant 10: the parameters fit together.
    fn check_terms() -> Result<(), TryRuntimeError> {
        ensure!(SessionsPerEra::<T>::get() > 0, "an era has no session");
        Self::check_params(&Params::<T>::get(), &Self::periods())
            .map_err(|(_, broken)| TryRuntimeError::Other(broken))
    }
}

fn distinct<AccountId: Ord, Balance>(stakers: &[Staker<AccountId, Balance>]) -> bool {
    let owners: BTreeSet<_> = stakers.iter().map(|staker| &staker.owner).collect();
    owners.len() == stakers.len()
}
