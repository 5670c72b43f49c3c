//! Large trees for tests and benchmarks, put into storage node by node instead of change by change.

use crate::{pallet::*, Node, Provider, Terms, ARITY, DEPTH};
use alloc::vec::Vec;
use assay_primitives::{Balance, Machine};

/// What each provider of a crowd can have at a time.
pub(crate) const CROWD_CAPACITY: u32 = 2;

/// Makes the tree of a machine that has no providers yet one of so many leaves, each with the same stake, no seat and
/// no score. Of those only the ones in `slots` are there, with their providers and the nodes above them: nothing that
/// is done with these looks at any other key.
pub(crate) fn fill<T: Config>(
    machine: Machine,
    leaves: u32,
    stake: Balance,
    slots: impl IntoIterator<Item = u32>,
    owner: impl Fn(u32) -> T::AccountId,
) {
    let terms = Terms { machine, reserve: 0, capacity: CROWD_CAPACITY };
    let mut weight = 0;
    for slot in slots {
        let mut provider = Provider { slot: Some(slot), stake, ..Provider::new(terms) };
        weight = provider.due_weight();
        provider.weight = weight;
        Leaves::<T>::insert((machine, slot), owner(slot));
        Providers::<T>::insert(owner(slot), provider);
        put_nodes_above::<T>(machine, slot, leaves, weight);
    }
    let in_play = u64::from(leaves) * weight;
    TotalInPlay::<T>::mutate(|total| *total += in_play);
    Pools::<T>::mutate_extant(machine, |pool| {
        pool.members = leaves;
        pool.leaves = leaves;
        pool.capacity = u64::from(leaves) * u64::from(CROWD_CAPACITY);
        pool.in_play = in_play;
        pool.drawable = leaves;
    });
}

/// The nodes from a leaf up to the root, those that are not there yet, in a tree whose leaves weigh the same.
fn put_nodes_above<T: Config>(machine: Machine, slot: u32, leaves: u32, weight: u64) {
    for level in 0..DEPTH {
        // Leaves below an entry.
        let width = ARITY.pow(level.into());
        let index = slot / width / ARITY;
        if Nodes::<T>::contains_key((machine, level, index)) {
            continue;
        }
        let entries: Vec<u64> = (0..ARITY)
            .map(|entry| leaves.saturating_sub((index * ARITY + entry) * width).min(width))
            .take_while(|below| *below > 0)
            .map(|below| u64::from(below) * weight)
            .collect();
        Nodes::<T>::insert((machine, level, index), Node::truncate_from(entries));
    }
}
