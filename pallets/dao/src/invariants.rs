//! The invariants of the README, checked after every test and by `try-runtime`.

use crate::{pallet::*, Standing};
use alloc::collections::BTreeMap;
use assay_primitives::{Balance, Policies};
use frame_support::{ensure, traits::fungible::InspectHold};
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_try_state() -> Result<(), TryRuntimeError> {
        Self::check_deposits()?;
        Self::check_versions()?;
        Self::check_pauses()?;
        Self::check_notes()?;
        Self::check_params()?;
        Self::check_alarms()
    }

    /// Invariant 1: what an account has on hold for appeals is the sum of the deposits of those that are open.
    fn check_deposits() -> Result<(), TryRuntimeError> {
        let mut sums = BTreeMap::<T::AccountId, Balance>::new();
        for appeal in Appeals::<T>::iter_values() {
            let sum = sums.entry(appeal.appellant).or_default();
            *sum = sum.checked_add(appeal.deposit).ok_or("deposits of appeals overflow")?;
        }
        for (appellant, sum) in sums {
            let held = T::Currency::balance_on_hold(&HoldReason::Appeal.into(), &appellant);
            ensure!(held == sum, "an appellant's hold is not the sum of its deposits");
        }
        Ok(())
    }

    /// Invariant 2: versions that are kept came before the one in force.
    fn check_versions() -> Result<(), TryRuntimeError> {
        for (class, version, _) in Retired::<T>::iter() {
            let newer = T::Policies::current(class).is_some_and(|(current, _)| version < current);
            ensure!(newer, "a version is retired that is in force, or to come");
        }
        Ok(())
    }

    /// Invariant 3: no call is paused twice.
    fn check_pauses() -> Result<(), TryRuntimeError> {
        let pauses = Pauses::<T>::get();
        for (index, paused) in pauses.iter().enumerate() {
            let twice = pauses.iter().skip(index.saturating_add(1)).any(|other| other.call == paused.call);
            ensure!(!twice, "a call is paused twice");
        }
        Ok(())
    }

    /// Invariant 4: a note warns or delists.
    fn check_notes() -> Result<(), TryRuntimeError> {
        let listed = Notes::<T>::iter_values().any(|note| note.standing == Standing::Listed);
        ensure!(!listed, "a note is kept that says nothing");
        Ok(())
    }

    /// Invariant 5: the parameters are ones that the setter would accept, and periods are defined.
    fn check_params() -> Result<(), TryRuntimeError> {
        Self::check(&Params::<T>::get()).map_err(|wrong| TryRuntimeError::Other(wrong.into()))?;
        ensure!(Shortening::<T>::get() > 0, "periods are divided by zero");
        Ok(())
    }

    /// Invariant 6: an alarm has one of the places that its block counts, and its time to ring is still to come.
    fn check_alarms() -> Result<(), TryRuntimeError> {
        let next = NextAlarm::<T>::get();
        for (at, place, _) in Alarms::<T>::iter() {
            ensure!((at, place) >= next, "an alarm was passed over");
            ensure!(place < AlarmCounts::<T>::get(at), "an alarm has a place that its block does not count");
        }
        let stale = AlarmCounts::<T>::iter().any(|(at, count)| at < next.0 || count == 0);
        ensure!(!stale, "alarms are counted of a block that has rung, or that has none");
        Ok(())
    }
}
