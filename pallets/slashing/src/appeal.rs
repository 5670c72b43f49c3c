//! What governance does about a slash that waits.

use crate::{pallet::*, BalanceOf, Entry, SlashOf, State};
use assay_primitives::SlashId;
use frame_support::{dispatch::DispatchResult, ensure};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::traits::{BlockNumberProvider, Saturating, Zero};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_suspend(id: SlashId, until: BlockNumberFor<T>) -> DispatchResult {
        let slash = Self::waiting(id)?;
        let earliest = slash.due.max(T::Clock::current_block_number());
        ensure!(until > earliest, Error::<T>::SuspensionTooShort);
        let latest = slash.due.saturating_add(Params::<T>::get().longest_suspension);
        ensure!(until <= latest, Error::<T>::SuspensionTooLong);
        Self::set_state(id, slash, State::Suspended { until });
        Self::deposit_event(Event::Suspended { id, until });
        Ok(())
    }

    pub(crate) fn do_resume(id: SlashId) -> DispatchResult {
        let slash = Self::waiting(id)?;
        ensure!(slash.state != State::Waiting, Error::<T>::NotSuspended);
        let due = slash.due;
        Self::set_state(id, slash, State::Waiting);
        Self::deposit_event(Event::Resumed { id, due });
        Ok(())
    }

    pub(crate) fn do_cancel(id: SlashId) -> DispatchResult {
        let slash = Self::waiting(id)?;
        Self::conclude(id, &slash, Zero::zero());
        Self::deposit_event(Event::Cancelled { id, role: slash.role(), owner: slash.owner });
        Ok(())
    }

    pub(crate) fn do_reduce(id: SlashId, amount: BalanceOf<T>) -> DispatchResult {
        ensure!(!amount.is_zero(), Error::<T>::NothingLeft);
        let slash = Self::waiting(id)?;
        let from = slash.amount;
        ensure!(amount < from, Error::<T>::NotLess);
        Pending::<T>::insert(id, SlashOf::<T> { amount, ..slash });
        Self::deposit_event(Event::Reduced { id, from, to: amount });
        Ok(())
    }

    /// The slash of that number.
    pub(crate) fn waiting(id: SlashId) -> Result<SlashOf<T>, Error<T>> {
        Pending::<T>::get(id).ok_or(Error::<T>::NoSuchSlash)
    }

    /// Changes how a slash waits, and with it its place in the queue.
    fn set_state(id: SlashId, slash: SlashOf<T>, state: State<BlockNumberFor<T>>) {
        Queue::<T>::remove(Self::place(slash.ready(), id));
        let slash = SlashOf::<T> { state, ..slash };
        Queue::<T>::insert(Self::place(slash.ready(), id), Entry::Slash);
        Pending::<T>::insert(id, slash);
    }
}
