//! Faults come in.

use crate::{pallet::*, BalanceOf, Entry, EraRecord, SlashOf, State, Subject};
use assay_primitives::{Bonds, Fault, FaultKind, LockId, ReportFault, Role, SlashId};
use assay_rules::penalty;
use frame_support::ensure;
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::{
    traits::{BlockNumberProvider, Saturating, Zero},
    DispatchError, Perbill,
};
use sp_staking::SessionIndex;

impl<T: Config> ReportFault<T::AccountId, BalanceOf<T>> for Pallet<T> {
    fn report(fault: Fault<T::AccountId, BalanceOf<T>>) -> Result<Option<SlashId>, DispatchError> {
        match fault {
            Fault::Validator { validator, session, kind, fraction, reporter } => {
                Self::report_validator(validator, session, kind, fraction, reporter)
            }
            Fault::Provider { owner, lock, kind, amount } => Self::report_provider(owner, lock, kind, amount),
        }
    }
}

impl<T: Config> Pallet<T> {
    /// A validator's fault: what it costs of the stake in that session, less what was applied in that era. It
    /// supersedes a slash of that era that takes less, with a window and a number of its own, so that no appeal for the
    /// lower fault reaches it; one that takes as much stays as it is.
    fn report_validator(
        validator: T::AccountId,
        session: SessionIndex,
        kind: FaultKind,
        fraction: Perbill,
        reporter: Option<T::AccountId>,
    ) -> Result<Option<SlashId>, DispatchError> {
        let exposure = T::Bonds::exposure(&validator, session).ok_or(Error::<T>::NotAtStake)?;
        let whole = penalty::slash_amount(fraction, exposure);
        if whole.is_zero() {
            return Ok(None);
        }
        let era = T::Bonds::era(session);
        let record = EraRecords::<T>::get(era, &validator).unwrap_or_default();
        let amount = penalty::increment(whole, record.applied);
        let lower = record.pending.and_then(|id| Pending::<T>::get(id).map(|slash| (id, slash)));
        if amount <= lower.as_ref().map_or(Zero::zero(), |(_, slash)| slash.amount) {
            T::Bonds::chill(&validator);
            return Ok(None);
        }

        match &lower {
            // The accusation passes on to the slash that takes its place.
            Some((id, slash)) => Self::drop_pending(*id, slash),
            None => T::Bonds::accuse(&validator, Role::Validator, None)?,
        }
        T::Bonds::chill(&validator);
        let slash = SlashOf::<T> {
            owner: validator.clone(),
            kind,
            subject: Subject::Session { session, era, fraction },
            amount,
            reporter,
            due: Self::end_of_window(),
            state: State::Waiting,
        };
        let id = Self::add_pending(slash, lower.map(|(id, _)| id));
        EraRecords::<T>::insert(era, validator, EraRecord { pending: Some(id), ..record });
        Ok(Some(id))
    }

    /// A provider's fault: its amount, for which the lock answers.
    fn report_provider(
        owner: T::AccountId,
        lock: LockId,
        kind: FaultKind,
        amount: BalanceOf<T>,
    ) -> Result<Option<SlashId>, DispatchError> {
        let locked = T::Bonds::lock(&owner, lock).ok_or(Error::<T>::NoSuchLock)?;
        ensure!(amount <= locked, Error::<T>::AboveLock);
        if amount.is_zero() {
            return Ok(None);
        }

        T::Bonds::accuse(&owner, Role::Provider, Some(lock))?;
        let slash = SlashOf::<T> {
            owner,
            kind,
            subject: Subject::Seat { lock },
            amount,
            reporter: None,
            due: Self::end_of_window(),
            state: State::Waiting,
        };
        Ok(Some(Self::add_pending(slash, None)))
    }

    fn end_of_window() -> BlockNumberFor<T> {
        T::Clock::current_block_number().saturating_add(Params::<T>::get().window)
    }

    fn add_pending(slash: SlashOf<T>, supersedes: Option<SlashId>) -> SlashId {
        let id = NextSlash::<T>::get();
        NextSlash::<T>::put(id.saturating_add(1));
        SlashesOf::<T>::insert(&slash.owner, id, ());
        Queue::<T>::insert(Self::place(slash.ready(), id), Entry::Slash);
        Pending::<T>::insert(id, &slash);
        Self::deposit_event(Event::Reported { id, slash, supersedes });
        id
    }

    /// Takes a slash out of the pending ones, out of its owner's and out of the queue.
    pub(crate) fn drop_pending(id: SlashId, slash: &SlashOf<T>) {
        Queue::<T>::remove(Self::place(slash.ready(), id));
        SlashesOf::<T>::remove(&slash.owner, id);
        Pending::<T>::remove(id);
    }
}
