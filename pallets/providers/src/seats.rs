//! Providers as draws see them.

use crate::{pallet::*, Change, Provider, Share, State};
use alloc::collections::BTreeSet;
use assay_primitives::{Balance, Candidate, Conduct, JobId, Machine, Sortition};
use assay_rules::reputation;
use frame_support::{dispatch::DispatchResult, ensure};
use sp_runtime::traits::BlockNumberProvider;

impl<T: Config> Sortition<T::AccountId> for Pallet<T> {
    fn exists(machine: Machine) -> bool {
        Machines::<T>::get(machine).is_some_and(|entry| entry.enabled)
    }

    fn weight(machine: Machine) -> u64 {
        Self::tree_weight(machine)
    }

    fn in_play(machine: Machine) -> u64 {
        Pools::<T>::get(machine).map_or(0, |pool| pool.in_play)
    }

    fn total_in_play() -> u64 {
        TotalInPlay::<T>::get()
    }

    fn drawable(machine: Machine) -> u32 {
        Pools::<T>::get(machine).map_or(0, |pool| pool.drawable)
    }

    fn is_settled_before(block: u32) -> bool {
        Self::oldest_change().is_none_or(|since| since >= block)
    }

    fn price(machine: Machine) -> Balance {
        Pools::<T>::get(machine).map_or(0, |pool| pool.price)
    }

    fn holder(machine: Machine, ticket: u64) -> Option<Candidate<T::AccountId>> {
        let owner = Self::leaf_at(machine, ticket)?;
        let Provider { terms, stake, .. } = Providers::<T>::get(&owner)?;
        Some(Candidate { owner, reserve: terms.reserve, stake })
    }

    fn seat(owner: &T::AccountId, job: JobId) -> DispatchResult {
        let before = Self::provider_of(owner)?;
        ensure!(before.in_play(), Error::<T>::NotInPlay);
        ensure!(!before.open.contains(&job), Error::<T>::HasSeat);
        ensure!(!before.is_full(), Error::<T>::NoRoom);
        let mut after = before.clone();
        after.open.try_push(job).map_err(|_| Error::<T>::NoRoom)?;
        Self::deposit_event(Event::Seated { owner: owner.clone(), job, seats: after.seats() });
        Self::keep(owner, &before, after);
        Ok(())
    }

    /// Room and score change what the provider weighs only by the queue: who takes a seat back has often chosen when,
    /// and may know the seed of a draw by then.
    fn unseat(owner: &T::AccountId, job: JobId, conduct: Conduct) {
        let Some(before) = Providers::<T>::get(owner).filter(|provider| provider.open.contains(&job)) else {
            return;
        };
        let mut after = before.clone();
        after.open.retain(|open| *open != job);
        after.freed = after.freed.saturating_add(1);
        after.score = reputation::score_after(after.score, conduct);
        let (seats, score) = (after.seats(), after.score);
        Self::deposit_event(Event::Unseated { owner: owner.clone(), job, conduct, seats, score });
        match conduct {
            Conduct::Right | Conduct::Neutral | Conduct::Declined => (),
            Conduct::NoShow => {
                after.silent = true;
                after.void(Change::Awake);
            }
            Conduct::Cheated => Self::jail(owner, &mut after),
        }
        Self::catch_up(owner, &mut after);
        Self::keep(owner, &before, after);
    }
}

impl<T: Config> Pallet<T> {
    fn jail(owner: &T::AccountId, provider: &mut Provider) {
        let until = T::Clock::current_block_number().saturating_add(Params::<T>::get().jail_blocks);
        // A shorter term, set since, does not shorten one that runs.
        let until = match provider.state {
            State::Jailed { until: before } => until.max(before),
            State::Active => until,
        };
        provider.state = State::Jailed { until };
        provider.void(Change::Release);
        Self::deposit_event(Event::Jailed { owner: owner.clone(), until });
    }

    /// Stores what has become of a provider, or forgets it where nothing is left, and carries the difference to the
    /// tree and the pools.
    pub(crate) fn keep(owner: &T::AccountId, before: &Provider, mut after: Provider) {
        Self::follow_weight(owner, &mut after);
        Self::carry(before, &after);
        if after.is_over() {
            Providers::<T>::remove(owner);
            Endpoints::<T>::remove(owner);
            Self::deposit_event(Event::Removed { owner: owner.clone() });
        } else {
            Providers::<T>::insert(owner, after);
        }
    }

    /// Gives a provider's leaf the weight that is due to it.
    fn follow_weight(owner: &T::AccountId, provider: &mut Provider) {
        let Some(slot) = provider.slot else { return };
        let (machine, weight) = (provider.terms.machine, provider.due_weight());
        if weight == provider.weight {
            return;
        }
        Self::set_weight(machine, slot, weight);
        provider.weight = weight;
        Self::deposit_event(Event::WeightChanged { owner: owner.clone(), machine, slot, weight });
    }

    /// Carries what has become of a provider to the pools that it is or was in, and to what is in play in all.
    fn carry(before: &Provider, after: &Provider) {
        let (from, to) = (before.shares(), after.shares());
        if from == to {
            return;
        }
        let (less, more) = (before.weight_in_play(), after.weight_in_play());
        if less != more {
            TotalInPlay::<T>::mutate(|total| *total = total.saturating_sub(less).saturating_add(more));
        }
        let now = T::Clock::current_block_number();
        let touched = from.iter().chain(&to).flatten().map(|(machine, _)| *machine);
        for machine in touched.collect::<BTreeSet<_>>() {
            Pools::<T>::mutate_extant(machine, |pool| {
                pool.accrue(now);
                if let Some(share) = share_at(&from, machine) {
                    pool.take(share);
                }
                if let Some(share) = share_at(&to, machine) {
                    pool.add(share);
                }
            });
        }
    }
}

/// What of these shares is of a machine.
fn share_at(shares: &[Option<(Machine, Share)>], of: Machine) -> Option<Share> {
    shares.iter().flatten().find(|(machine, _)| *machine == of).map(|(_, share)| *share)
}
