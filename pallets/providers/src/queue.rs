//! Changes wait here, first come, first served, until no draw is due that was due when they were asked for: whoever
//! knows the seed of a draw can no longer change who is drawn.

use crate::{pallet::*, Change, Pending, Provider, State, WeightInfo};
use assay_primitives::{Balance, OnBond, PendingDraws, ProviderBond};
use frame_support::{defensive, dispatch::DispatchResult, ensure, weights::Weight};
use sp_runtime::{DispatchError, SaturatedConversion};

impl<T: Config> OnBond<T::AccountId> for Pallet<T> {
    fn bond_changed(owner: &T::AccountId) {
        Self::look_at_bond(owner);
    }

    fn weight() -> Weight {
        T::WeightInfo::bond_changed()
    }
}

impl<T: Config> Pallet<T> {
    /// Queues a change for a provider.
    pub(crate) fn ask(owner: &T::AccountId, before: Provider, change: Change) -> DispatchResult {
        ensure!(before.pending.is_none(), Error::<T>::ChangePending);
        Self::enqueue(owner, before, change);
        Ok(())
    }

    fn enqueue(owner: &T::AccountId, before: Provider, change: Change) {
        let pending = Pending { change, bond: T::Bonds::active(owner), since: Self::this_block() };
        QueueEnds::<T>::mutate(|(_, next)| {
            Queue::<T>::insert(*next, owner);
            *next = next.saturating_add(1);
        });
        let after = Provider { pending: Some(pending), ..before.clone() };
        Self::keep(owner, &before, after);
        Self::deposit_event(Event::ChangeAsked { owner: owner.clone(), pending });
    }

    /// Queues a change where another stake is due to a provider in a tree and nothing waits. What waits looks at the
    /// bond again when it is applied.
    fn look_at_bond(owner: &T::AccountId) -> bool {
        let Some(provider) = Providers::<T>::get(owner) else { return false };
        let changed = provider.slot.is_some()
            && provider.pending.is_none()
            && provider.stake != Self::counted(T::Bonds::active(owner));
        if changed {
            Self::enqueue(owner, provider, Change::Bond);
        }
        changed
    }

    pub(crate) fn do_reweigh(owner: &T::AccountId) -> DispatchResult {
        let provider = Self::provider_of(owner)?;
        ensure!(provider.pending.is_none(), Error::<T>::ChangePending);
        ensure!(Self::look_at_bond(owner), Error::<T>::NothingToChange);
        Ok(())
    }

    /// Applies up to so many changes; gives how many.
    pub(crate) fn do_apply(limit: u32) -> Result<u32, DispatchError> {
        let applied = (0..limit).take_while(|_| Self::apply_first()).count();
        ensure!(applied > 0, Error::<T>::NothingToApply);
        Ok(applied.saturated_into())
    }

    /// Applies the change at the head of the queue, if its time has come.
    pub(crate) fn apply_first() -> bool {
        let (first, next) = QueueEnds::<T>::get();
        let Some(owner) = Queue::<T>::get(first) else { return false };
        let waiting = Providers::<T>::get(&owner)
            .and_then(|provider| provider.pending.map(|pending| (provider, pending)));
        if waiting.as_ref().is_some_and(|(_, pending)| !Self::is_ready(pending.since)) {
            return false;
        }
        Queue::<T>::remove(first);
        QueueEnds::<T>::put((first.saturating_add(1), next));
        match waiting {
            Some((provider, pending)) => Self::execute(&owner, provider, pending),
            None => {
                defensive!("a provider in the queue has a change that waits");
            }
        }
        true
    }

    /// Whether what was asked for in a block can no longer steer a draw.
    fn is_ready(since: u32) -> bool {
        let passed = Self::this_block().saturating_sub(since);
        passed > Params::<T>::get().change_delay && T::Draws::oldest().is_none_or(|draw| draw > since)
    }

    fn execute(owner: &T::AccountId, before: Provider, pending: Pending) {
        let placed = before.slot.is_some();
        let stake = Self::counted(pending.bond);
        let mut after = Provider { stake, pending: None, ..before.clone() };
        let (terms, stays) = match pending.change {
            Change::Terms(terms) => (terms, true),
            Change::Retire => (before.terms, false),
            Change::Awake => {
                after.silent = false;
                (before.terms, placed)
            }
            Change::Release => {
                after.state = State::Active;
                (before.terms, placed)
            }
            Change::Bond => (before.terms, placed),
        };
        // Its bond is the deposit for its place: without one it has to go.
        let stays = stays && stake > 0;
        if !stays || terms.machine != before.terms.machine {
            Self::leave(owner, &mut after);
        }
        after.terms = terms;
        if stays && after.slot.is_none() {
            Self::enter(owner, &mut after);
        }
        Self::deposit_event(Event::ChangeApplied { owner: owner.clone(), change: pending.change });
        Self::keep(owner, &before, after);
        // What happened to the bond in the meantime has yet to wait for its own time.
        Self::look_at_bond(owner);
    }

    /// What counts of a bond, in planck.
    pub(crate) fn counted(bond: Balance) -> Balance {
        bond.min(Params::<T>::get().max_bond)
    }

    /// The block of the chain, on which draws are counted.
    pub(crate) fn this_block() -> u32 {
        frame_system::Pallet::<T>::block_number().saturated_into()
    }
}
