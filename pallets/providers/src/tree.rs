//! The sum trees by which providers are drawn: one for each machine, of [`DEPTH`] levels of nodes with [`ARITY`]
//! entries.
//!
//! An entry of level 0 is the weight of a leaf; an entry above is the sum of the node below it. Leaves have no gaps:
//! the last one takes the place of one that goes. A node ends with its last entry that is not zero, and is gone
//! without one.

use crate::{pallet::*, Node, NodeKey, Provider, ARITY, DEPTH};
use assay_primitives::Machine;
use core::mem;
use frame_support::defensive;
use sp_runtime::SaturatedConversion;

/// The node that an entry is in, and its place there: 64 entries make a node.
fn above(index: u32) -> (u32, u32) {
    (index >> 6, index & 63)
}

/// The index of what is below an entry of a node.
pub(crate) fn below(node: u32, entry: u32) -> u32 {
    node.saturating_mul(ARITY).saturating_add(entry)
}

/// Sum of a node's entries. Never saturates: see [`MAX_BOND_CAP`](crate::MAX_BOND_CAP).
pub(crate) fn sum(node: &Node) -> u64 {
    node.iter().fold(0, |sum, entry| sum.saturating_add(*entry))
}

/// Sets an entry of a node.
fn set(node: &mut Node, entry: u32, value: u64) {
    let entry: usize = entry.saturated_into();
    if node.len() <= entry {
        node.bounded_resize(entry.saturating_add(1), 0);
    }
    if let Some(place) = node.get_mut(entry) {
        *place = value;
    }
    while node.last() == Some(&0) {
        node.pop();
    }
}

/// The entry of a node that a ticket points to, and what is left of the ticket there.
fn find(node: &Node, ticket: u64) -> Option<(u32, u64)> {
    let mut rest = ticket;
    for (entry, weight) in (0..).zip(node.iter()) {
        match rest.checked_sub(*weight) {
            Some(beyond) => rest = beyond,
            None => return Some((entry, rest)),
        }
    }
    None
}

impl<T: Config> Pallet<T> {
    /// Sum of the weights of a machine's leaves.
    pub(crate) fn tree_weight(machine: Machine) -> u64 {
        sum(&Nodes::<T>::get((machine, DEPTH.saturating_sub(1), 0_u32)))
    }

    /// The provider whose leaf a ticket points to. Reads one node of each level.
    pub(crate) fn leaf_at(machine: Machine, ticket: u64) -> Option<T::AccountId> {
        let (mut index, mut rest) = (0_u32, ticket);
        for level in (0..DEPTH).rev() {
            let (entry, left) = find(&Nodes::<T>::get((machine, level, index)), rest)?;
            (index, rest) = (below(index, entry), left);
        }
        Leaves::<T>::get((machine, index))
    }

    /// Gives a provider a leaf that weighs nothing yet, behind all others of the machine it offers.
    pub(crate) fn enter(owner: &T::AccountId, provider: &mut Provider) {
        let machine = provider.terms.machine;
        let slot = Pools::<T>::mutate_extant(machine, |pool| {
            let slot = pool.leaves;
            pool.leaves = slot.saturating_add(1);
            slot
        });
        Leaves::<T>::insert((machine, slot), owner);
        provider.slot = Some(slot);
    }

    /// Takes a provider's leaf out of the tree of the machine that it offers.
    pub(crate) fn leave(owner: &T::AccountId, provider: &mut Provider) {
        let machine = provider.terms.machine;
        let Some(slot) = provider.slot.take() else { return };
        if mem::take(&mut provider.weight) > 0 {
            Self::set_weight(machine, slot, 0);
        }
        let last = Pools::<T>::mutate_extant(machine, |pool| {
            pool.leaves = pool.leaves.saturating_sub(1);
            pool.leaves
        });
        if slot == last {
            Leaves::<T>::remove((machine, slot));
        } else {
            Self::move_leaf(machine, last, slot);
        }
        Self::deposit_event(Event::LeafRemoved { owner: owner.clone(), machine, slot });
    }

    fn move_leaf(machine: Machine, from: u32, to: u32) {
        let Some(owner) = Leaves::<T>::take((machine, from)) else {
            defensive!("leaves have no gaps");
            return;
        };
        let weight = Providers::<T>::mutate_extant(&owner, |provider| {
            provider.slot = Some(to);
            provider.weight
        });
        Self::set_weight(machine, from, 0);
        Self::set_weight(machine, to, weight);
        Leaves::<T>::insert((machine, to), &owner);
        Self::deposit_event(Event::LeafMoved { owner, machine, from, to });
    }

    /// Sets the weight of a leaf and the sums above it: one node of each level.
    pub(crate) fn set_weight(machine: Machine, slot: u32, weight: u64) {
        let (mut index, mut value) = (slot, weight);
        for level in 0..DEPTH {
            let (node, entry) = above(index);
            value = Self::set_entry((machine, level, node), entry, value);
            index = node;
        }
    }

    /// Sets an entry of a node and gives the node's sum.
    fn set_entry(key: NodeKey, entry: u32, value: u64) -> u64 {
        let mut node = Nodes::<T>::get(key);
        set(&mut node, entry, value);
        let sum = sum(&node);
        if node.is_empty() {
            Nodes::<T>::remove(key);
        } else {
            Nodes::<T>::insert(key, node);
        }
        sum
    }
}
