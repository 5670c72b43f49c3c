//! Changes wait here, first come, first served, until no draw is due that was due when they were asked for: whoever
//! knows the seed of a draw can no longer change who is drawn.
//!
//! A provider waits here at most twice: with what it has asked for, and with what else became of its weight. Were the
//! two one, a provider that always has seats could never ask for anything.

use crate::{pallet::*, Change, Pending, Provider, State, WeightInfo};
use assay_primitives::{page_of, Balance, Machine, OnBond, PendingDraws, ProviderBond};
use core::mem;
use frame_support::{
    defensive,
    dispatch::{DispatchClass, DispatchResult},
    ensure,
    traits::Get,
    weights::Weight,
};
use sp_runtime::{DispatchError, SaturatedConversion};

/// What applying a change has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Applied {
    /// The provider has come to a tree, or left one.
    Moved,
    /// It is where it was, in the tree of this machine or in none.
    Stayed(Machine),
}

impl<T: Config> OnBond<T::AccountId> for Pallet<T> {
    fn bond_changed(owner: &T::AccountId) {
        if let Some(provider) = Providers::<T>::get(owner) {
            Self::weigh_anew(owner, provider);
        }
    }

    fn weight() -> Weight {
        T::WeightInfo::bond_changed()
    }
}

impl<T: Config> Pallet<T> {
    /// Queues what a provider asks for.
    pub(crate) fn ask(owner: &T::AccountId, before: Provider, change: Change) -> DispatchResult {
        ensure!(before.pending.is_none(), Error::<T>::ChangePending);
        let mut after = before.clone();
        after.pending = Some(Self::enqueue(owner, &mut after, change));
        Self::keep(owner, &before, after);
        Ok(())
    }

    /// Puts a provider at the end of the queue with what it has now: bond, score, and seats to be given free.
    fn enqueue(owner: &T::AccountId, provider: &mut Provider, change: Change) -> Pending {
        let pending = Pending {
            change,
            bond: T::Bonds::active(owner),
            score: provider.score,
            freed: mem::take(&mut provider.freed),
            since: Self::this_block(),
        };
        QueueEnds::<T>::mutate(|(_, next)| {
            let (page, index) = page_of(*next);
            if index == 0 {
                Self::count_page();
            }
            if Queue::<T>::try_append::<_, T::AccountId, _>(page, owner).is_err() {
                defensive!("a page has room until the next one begins");
            }
            *next = next.saturating_add(1);
        });
        Self::deposit_event(Event::ChangeAsked { owner: owner.clone(), pending });
        pending
    }

    /// Queues another weight for a provider in a tree to whom another one is due, and for whom none waits yet; says
    /// whether. What waits catches up again when it is applied. The provider has to be kept by the caller.
    pub(crate) fn catch_up(owner: &T::AccountId, provider: &mut Provider) -> bool {
        let behind = provider.slot.is_some()
            && provider.weighing.is_none()
            && (provider.freed > 0
                || provider.standing != provider.score
                || provider.stake != Self::counted(T::Bonds::active(owner)));
        if behind {
            provider.weighing = Some(Self::enqueue(owner, provider, Change::Weight));
        }
        behind
    }

    fn weigh_anew(owner: &T::AccountId, before: Provider) -> bool {
        let mut after = before.clone();
        let behind = Self::catch_up(owner, &mut after);
        if behind {
            Self::keep(owner, &before, after);
        }
        behind
    }

    pub(crate) fn do_reweigh(owner: &T::AccountId) -> DispatchResult {
        let provider = Self::provider_of(owner)?;
        ensure!(provider.weighing.is_none(), Error::<T>::ChangePending);
        ensure!(Self::weigh_anew(owner, provider), Error::<T>::NothingToChange);
        Ok(())
    }

    /// The block in which the change at the head of the queue was asked for.
    pub(crate) fn oldest_change() -> Option<u32> {
        let owner = Self::queued(QueueEnds::<T>::get())?;
        let mut provider = Providers::<T>::get(owner)?;
        provider.take_oldest().map(|pending| pending.since)
    }

    /// The provider at the head of the queue.
    fn queued((first, next): (u64, u64)) -> Option<T::AccountId> {
        if first >= next {
            return None;
        }
        let (page, index) = page_of(first);
        Queue::<T>::get(page).into_iter().nth(index)
    }

    /// Takes the head of the queue off, and its page with the last entry.
    fn take_first((first, next): (u64, u64)) {
        let after = first.saturating_add(1);
        let (page, _) = page_of(first);
        if page_of(after).0 != page {
            Queue::<T>::remove(page);
            Self::count_page();
        }
        QueueEnds::<T>::put((after, next));
    }

    /// Has the block account for a page beside those at the ends of the queue that it began with: one is done with, or
    /// begins, and the next one is read and written.
    fn count_page() {
        let page = T::DbWeight::get().reads_writes(1, 1);
        frame_system::Pallet::<T>::register_extra_weight_unchecked(page, DispatchClass::Mandatory);
    }

    /// Applies up to so many changes; gives how many.
    pub(crate) fn do_apply(limit: u32) -> Result<u32, DispatchError> {
        let applied = (0..limit).map_while(|_| Self::apply_first()).count();
        ensure!(applied > 0, Error::<T>::NothingToApply);
        Ok(applied.saturated_into())
    }

    /// Applies the change at the head of the queue, if its time has come.
    pub(crate) fn apply_first() -> Option<Applied> {
        let ends = QueueEnds::<T>::get();
        let owner = Self::queued(ends)?;
        let waiting = Providers::<T>::get(&owner).and_then(|before| {
            let mut after = before.clone();
            after.take_oldest().map(|pending| (before, after, pending))
        });
        if waiting.as_ref().is_some_and(|(.., pending)| !Self::is_ready(pending.since)) {
            return None;
        }
        Self::take_first(ends);
        let Some((before, after, pending)) = waiting else {
            defensive!("a provider in the queue has a change that waits");
            return Some(Applied::Moved);
        };
        Some(Self::execute(&owner, &before, after, pending))
    }

    /// Whether what was asked for in a block can no longer steer a draw.
    fn is_ready(since: u32) -> bool {
        let passed = Self::this_block().saturating_sub(since);
        passed > Params::<T>::get().change_delay && T::Draws::oldest().is_none_or(|draw| draw > since)
    }

    /// Applies a change that was taken out of `after`: with it goes what it kept from being free.
    fn execute(owner: &T::AccountId, before: &Provider, mut after: Provider, pending: Pending) -> Applied {
        let placed = before.slot.is_some();
        after.stake = Self::counted(pending.bond);
        after.standing = pending.score;
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
            Change::Weight => (before.terms, placed),
        };
        // Its bond is the deposit for its place: without one it has to go.
        let stays = stays && after.stake > 0;
        if !stays || terms.machine != before.terms.machine {
            Self::leave(owner, &mut after);
        }
        after.terms = terms;
        if stays && after.slot.is_none() {
            Self::enter(owner, &mut after);
        }
        Self::deposit_event(Event::ChangeApplied { owner: owner.clone(), change: pending.change });
        // What has happened in the meantime has yet to wait for its own time.
        Self::catch_up(owner, &mut after);
        let leaf = |provider: &Provider| (provider.terms.machine, provider.slot);
        let stayed = leaf(before) == leaf(&after);
        let applied = if stayed { Applied::Stayed(terms.machine) } else { Applied::Moved };
        Self::keep(owner, before, after);
        applied
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
