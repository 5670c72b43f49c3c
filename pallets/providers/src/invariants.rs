//! The invariants of the README, checked after every test and by `try-runtime`.

use crate::{pallet::*, tree, NodeKey, Pool, Provider, DEPTH, MAX_CAPACITY, MAX_LEAVES};
use alloc::collections::{BTreeMap, BTreeSet};
use assay_primitives::{has_page, page_of, JobId, Machine};
use frame_support::ensure;
use sp_runtime::TryRuntimeError;

/// What a pool has to say of its members.
#[derive(Default, PartialEq, Eq)]
struct Sums {
    members: u32,
    leaves: u32,
    capacity: u64,
    busy: u64,
    in_play: u64,
    drawable: u32,
}

impl<T: Config> Pallet<T> {
    pub(crate) fn do_try_state() -> Result<(), TryRuntimeError> {
        Self::check_providers()?;
        Self::check_leaves()?;
        Self::check_nodes()?;
        Self::check_queue()?;
        Self::check_machines()?;
        Self::check_pools()?;
        Self::check_params()
    }

    /// Invariants 1 and 2: what is known of a provider makes sense, it weighs what is due to it, and where it is behind
    /// something waits.
    fn check_providers() -> Result<(), TryRuntimeError> {
        for owner in Endpoints::<T>::iter_keys() {
            ensure!(Providers::<T>::contains_key(owner), "an endpoint is kept of nobody");
        }
        let mut total = 0_u64;
        for provider in Providers::<T>::iter_values() {
            let open: BTreeSet<JobId> = provider.open.iter().copied().collect();
            ensure!(open.len() == provider.open.len(), "a provider has two seats of a job");
            ensure!((1..=MAX_CAPACITY).contains(&provider.terms.capacity), "a capacity is out of range");
            ensure!(provider.taken() <= MAX_CAPACITY, "a provider has more seats taken than it can have");
            ensure!(!provider.is_over(), "a provider is kept of whom nothing is left");
            ensure!(provider.slot.is_none() || provider.stake > 0, "a provider is in a tree without a bond");
            ensure!(provider.weight == provider.due_weight(), "a provider weighs what is not due to it");
            let behind = provider.freed > 0 || provider.standing != provider.score;
            let waits = provider.slot.is_none() || provider.weighing.is_some();
            ensure!(waits || !behind, "a provider in a tree is behind, and nothing waits");
            total = total.saturating_add(provider.weight_in_play());
        }
        ensure!(total == TotalInPlay::<T>::get(), "what is in play is not what all providers weigh");
        Ok(())
    }

    /// Invariant 3: leaves and slots name each other; a tree's leaves have no gaps.
    fn check_leaves() -> Result<(), TryRuntimeError> {
        let mut leaves = 0_usize;
        for ((machine, slot), owner) in Leaves::<T>::iter() {
            let provider = Providers::<T>::get(owner).ok_or("a leaf is nobody's")?;
            ensure!(provider.slot == Some(slot), "a leaf is not where its provider says");
            ensure!(provider.terms.machine == machine, "a leaf is in the tree of another machine");
            let count = Pools::<T>::get(machine).map_or(0, |pool| pool.leaves);
            ensure!(slot < count, "leaves have a gap");
            leaves = leaves.saturating_add(1);
        }
        let placed = Providers::<T>::iter_values().filter(|provider| provider.slot.is_some()).count();
        ensure!(placed == leaves, "a provider has a slot and no leaf");
        Ok(())
    }

    /// Invariant 4: each node's entries are what is below it, and none ends with zero.
    fn check_nodes() -> Result<(), TryRuntimeError> {
        let mut due: BTreeMap<NodeKey, u64> = Providers::<T>::iter_values()
            .filter(|provider| provider.weight > 0)
            .filter_map(|provider| {
                provider.slot.map(|slot| ((provider.terms.machine, 0, slot), provider.weight))
            })
            .collect();
        for ((machine, level, index), node) in Nodes::<T>::iter() {
            ensure!(node.last().is_some_and(|last| *last > 0), "a node ends with zero");
            let sum = tree::sum(&node);
            due.insert((machine, level.saturating_add(1), index), sum);
        }
        let mut found = BTreeMap::new();
        for ((machine, level, index), node) in Nodes::<T>::iter() {
            for (entry, weight) in (0..).zip(node).filter(|(_, weight)| *weight > 0) {
                found.insert((machine, level, tree::below(index, entry)), weight);
            }
        }
        // What is above the root is the weight of the tree, and stands in no node.
        due.retain(|(_, level, _), _| *level < DEPTH);
        ensure!(found == due, "a node is not the sum of what is below it");
        Ok(())
    }

    /// Invariant 5: each change that waits stands in the queue once, in the order in which they were asked for.
    fn check_queue() -> Result<(), TryRuntimeError> {
        let waits = |provider: &Provider| provider.pending.is_some() || provider.weighing.is_some();
        let mut waiting: BTreeMap<T::AccountId, Provider> =
            Providers::<T>::iter().filter(|(_, provider)| waits(provider)).collect();
        let ((first, next), mut latest) = (QueueEnds::<T>::get(), 0);
        for number in first..next {
            let (page, index) = page_of(number);
            let owner = Queue::<T>::get(page).into_iter().nth(index).ok_or("the queue has a gap")?;
            let pending = waiting.get_mut(&owner).and_then(Provider::take_oldest);
            let since = pending.ok_or("a provider is queued without a change")?.since;
            ensure!(since >= latest, "the queue is not in order");
            latest = since;
        }
        ensure!(!waiting.values().any(waits), "a change waits that is not queued");
        let sound = Queue::<T>::iter().all(|(page, entries)| has_page(&(first..next), page, entries.len()));
        ensure!(sound, "a page stands beside the queue, or has more or less than it");
        Ok(())
    }

    /// Invariant 6: the list, the entries and the pools are of the same machines; prices are within their rules.
    fn check_machines() -> Result<(), TryRuntimeError> {
        let list = MachineList::<T>::get();
        let listed: BTreeSet<Machine> = list.iter().copied().collect();
        ensure!(listed.len() == list.len(), "a machine is listed twice");
        let entries: BTreeSet<Machine> = Machines::<T>::iter_keys().collect();
        let pools: BTreeSet<Machine> = Pools::<T>::iter_keys().collect();
        ensure!(listed == entries && listed == pools, "the list, entries and pools are of other machines");
        for (machine, entry) in Machines::<T>::iter() {
            ensure!(entry.price.check().is_ok(), "a price rule is not sound");
            let price = Pools::<T>::get(machine).map_or(0, |pool| pool.price);
            let range = entry.price.floor..=entry.price.ceiling;
            ensure!(range.contains(&price), "a price is not within its rule");
        }
        Ok(())
    }

    /// Invariant 7: a pool is the sum of its members.
    fn check_pools() -> Result<(), TryRuntimeError> {
        let mut sums = BTreeMap::<Machine, Sums>::new();
        for provider in Providers::<T>::iter_values() {
            Self::add_up(&mut sums, &provider);
        }
        for (machine, pool) in Pools::<T>::iter() {
            let Pool { members, leaves, capacity, busy, in_play, drawable, .. } = pool;
            let counted = Sums { members, leaves, capacity, busy, in_play, drawable };
            let due = sums.remove(&machine).unwrap_or_default();
            ensure!(due == counted, "a pool is not the sum of its members");
            ensure!(members <= MAX_LEAVES, "a machine has more members than its tree has room for");
        }
        ensure!(sums.is_empty(), "a provider is of a machine that is not on the lists");
        Ok(())
    }

    fn add_up(sums: &mut BTreeMap<Machine, Sums>, provider: &Provider) {
        if provider.slot.is_some() {
            let sum = sums.entry(provider.terms.machine).or_default();
            sum.leaves = sum.leaves.saturating_add(1);
        }
        for (machine, share) in provider.shares().into_iter().flatten() {
            let sum = sums.entry(machine).or_default();
            sum.members = sum.members.saturating_add(1);
            sum.capacity = sum.capacity.saturating_add(share.capacity.into());
            sum.busy = sum.busy.saturating_add(share.busy.into());
            sum.in_play = sum.in_play.saturating_add(share.in_play);
            sum.drawable = sum.drawable.saturating_add(share.drawable);
        }
    }

    /// Invariant 8: the parameters are ones that the setter would accept.
    fn check_params() -> Result<(), TryRuntimeError> {
        let params = Params::<T>::get();
        Self::check(&params).map_err(|wrong| TryRuntimeError::Other(wrong.into()))?;
        Self::outlasts_draws(&params).map_err(|wrong| TryRuntimeError::Other(wrong.into()))?;
        Self::covers_seats(&params).map_err(|wrong| TryRuntimeError::Other(wrong.into()))
    }
}
