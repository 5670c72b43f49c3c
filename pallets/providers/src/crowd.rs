//! Full trees for tests and benchmarks, put into storage level by level instead of leaf by leaf.

use crate::{pallet::*, Node, Provider, Terms, ARITY, DEPTH};
use alloc::vec::Vec;
use assay_primitives::{Balance, Machine};

/// What each provider of a crowd can have at a time.
pub(crate) const CROWD_CAPACITY: u32 = 2;

/// Puts so many providers into the tree of a machine that has none yet. Each has the same stake, no seat and no score.
pub(crate) fn fill<T: Config>(
    machine: Machine,
    count: u32,
    stake: Balance,
    owner: impl Fn(u32) -> T::AccountId,
) {
    let terms = Terms { machine, reserve: 0, capacity: CROWD_CAPACITY };
    let weights: Vec<u64> = (0..count)
        .map(|slot| {
            let mut provider = Provider { slot: Some(slot), stake, ..Provider::new(terms) };
            provider.weight = provider.due_weight();
            Leaves::<T>::insert((machine, slot), owner(slot));
            Providers::<T>::insert(owner(slot), &provider);
            provider.weight
        })
        .collect();
    TotalWeight::<T>::mutate(|total| *total += weights.iter().sum::<u64>());
    put_nodes::<T>(machine, weights);
    Pools::<T>::mutate_extant(machine, |pool| {
        pool.members = count;
        pool.leaves = count;
        pool.capacity = u64::from(count) * u64::from(CROWD_CAPACITY);
    });
}

fn put_nodes<T: Config>(machine: Machine, weights: Vec<u64>) {
    let mut entries = weights;
    for level in 0..DEPTH {
        entries = (0_u32..)
            .zip(entries.chunks(ARITY as usize))
            .map(|(index, chunk)| {
                Nodes::<T>::insert((machine, level, index), Node::truncate_from(chunk.to_vec()));
                chunk.iter().sum()
            })
            .collect();
    }
}
