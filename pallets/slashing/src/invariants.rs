//! The invariants of the README, checked after every test and by `try-runtime`.

use crate::{pallet::*, Entry, State, Subject};
use alloc::{collections::BTreeSet, vec::Vec};
use assay_primitives::Bonds;
use frame_support::{ensure, traits::Contains};
use sp_runtime::{traits::Zero, TryRuntimeError};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_try_state() -> Result<(), TryRuntimeError> {
        Self::check_pending()?;
        Self::check_locks()?;
        Self::check_queue()?;
        Self::check_records()?;
        Self::check_params()
    }

    /// Invariants 1 and 2: what waits has a number that was given, takes something, is listed for its owner, and stands
    /// in the queue where it gets ready.
    fn check_pending() -> Result<(), TryRuntimeError> {
        let next = NextSlash::<T>::get();
        for (id, slash) in Pending::<T>::iter() {
            ensure!(id < next, "a slash waits whose number was not given yet");
            ensure!(!slash.amount.is_zero(), "a slash waits that takes nothing");
            if let State::Suspended { until } = slash.state {
                ensure!(until > slash.due, "a slash is suspended into its window");
            }
            ensure!(SlashesOf::<T>::contains_key(&slash.owner, id), "a slash is not among its owner's");
            let queued = Queue::<T>::get(Self::place(slash.ready(), id));
            ensure!(queued == Some(Entry::Slash), "a slash is not queued where it gets ready");
        }
        let listed = SlashesOf::<T>::iter_keys().count();
        ensure!(listed == Pending::<T>::iter_keys().count(), "a slash is listed that doesn't wait");
        Ok(())
    }

    /// Invariant 3: no two slashes wait for one lock.
    fn check_locks() -> Result<(), TryRuntimeError> {
        let locks: Vec<_> = Pending::<T>::iter_values().filter_map(|slash| slash.lock()).collect();
        let distinct = locks.iter().collect::<BTreeSet<_>>().len();
        ensure!(distinct == locks.len(), "two slashes wait for one lock");
        Ok(())
    }

    /// Invariant 2: nothing else is queued as a slash, and keys are in order of time.
    fn check_queue() -> Result<(), TryRuntimeError> {
        let slashes = Queue::<T>::iter_values().filter(|entry| *entry == Entry::Slash).count();
        ensure!(slashes == Pending::<T>::iter_keys().count(), "a slash is queued that doesn't wait");
        ensure!(Queue::<T>::iter_keys().is_sorted(), "the queue is not in order of time");
        Ok(())
    }

    /// Invariant 4: a validator's slash waits if and only if the era's record says so; a record without one has
    /// something on it, be it that one was cancelled, and is queued to be forgotten.
    fn check_records() -> Result<(), TryRuntimeError> {
        let queued: BTreeSet<_> = Queue::<T>::iter_values()
            .filter_map(|entry| match entry {
                Entry::Record { validator, session } => Some((T::Bonds::era(session), validator)),
                Entry::Slash => None,
            })
            .collect();
        let mut recorded = BTreeSet::new();
        for (era, validator, record) in EraRecords::<T>::iter() {
            match record.pending {
                Some(id) => ensure!(recorded.insert((id, era, validator)), "one slash is on two records"),
                None => {
                    ensure!(record.cancelled || !record.applied.is_zero(), "an empty record is kept");
                    ensure!(queued.contains(&(era, validator)), "a record is never forgotten");
                }
            }
        }
        let waiting: BTreeSet<_> = Pending::<T>::iter()
            .filter_map(|(id, slash)| match slash.subject {
                Subject::Session { era, .. } => Some((id, era, slash.owner)),
                Subject::Seat { .. } => None,
            })
            .collect();
        ensure!(recorded == waiting, "records of eras and pending slashes of validators differ");
        Ok(())
    }

    /// Invariant 5: the parameters are ones that the setter would accept.
    fn check_params() -> Result<(), TryRuntimeError> {
        let params = Params::<T>::get();
        Self::check(&params).map_err(|wrong| TryRuntimeError::Other(wrong.into()))?;
        ensure!(T::WithinUnbonding::contains(&params.window), "unbonding is too short for the window");
        Ok(())
    }
}
