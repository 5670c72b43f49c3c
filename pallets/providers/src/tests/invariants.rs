//! The check of invariants sees what is wrong.

use crate::{
    mock::*, pallet, Leaves, Machines, Node, Nodes, Pending, Pools, Provider, Queue, QueueEnds, Seats,
    TotalInPlay,
};
use frame_support::{assert_ok, assert_storage_noop, BoundedVec};

/// A chain with two providers, a seat, and a change that waits; something is wrong with it after `spoil`.
fn caught(spoil: impl FnOnce()) {
    chain().execute_with(|| {
        System::set_block_number(1);
        provide(1, 3);
        provide(2, 4);
        assert_ok!(seat(1, 7));
        assert_ok!(update(2, CPU, 3));
        assert_storage_noop!(Providers::do_try_state().expect("invariants hold"));
        spoil();
        assert!(Providers::do_try_state().is_err());
    });
}

/// Sets the first node of a level of the tree of `CPU`.
fn set_node(level: u8, entries: Vec<u64>) {
    Nodes::<Test>::insert((CPU, level, 0_u32), Node::truncate_from(entries));
}

#[test]
fn weights_that_are_not_due_are_seen() {
    caught(|| pallet::Providers::<Test>::mutate_extant(1, |provider| provider.weight = 9));
    caught(|| pallet::Providers::<Test>::mutate_extant(1, |provider| provider.silent = true));
    caught(|| pallet::Providers::<Test>::mutate_extant(1, |provider| provider.stake = 0));
    caught(|| TotalInPlay::<Test>::put(8));
}

#[test]
fn provider_that_is_behind_and_does_not_wait_is_seen() {
    caught(|| pallet::Providers::<Test>::mutate_extant(2, |provider| provider.freed = 1));
    caught(|| pallet::Providers::<Test>::mutate_extant(2, |provider| provider.score = 1));
}

#[test]
fn nodes_that_are_not_sums_are_seen() {
    caught(|| set_node(0, vec![4, 3]));
    caught(|| set_node(2, vec![8]));
    caught(|| set_node(0, vec![3, 4, 0]));
    caught(|| Nodes::<Test>::insert((GPU, 0_u8, 0_u32), Node::default()));
    caught(|| Nodes::<Test>::remove((CPU, 1_u8, 0_u32)));
}

#[test]
fn leaves_that_are_elsewhere_are_seen() {
    caught(|| Leaves::<Test>::insert((CPU, 0_u32), 2));
    caught(|| Leaves::<Test>::remove((CPU, 1_u32)));
    caught(|| Leaves::<Test>::insert((CPU, 5_u32), 1));
}

#[test]
fn queue_without_a_change_and_change_outside_the_queue_are_seen() {
    caught(|| pallet::Providers::<Test>::mutate_extant(2, |provider| provider.pending = None));
    caught(|| QueueEnds::<Test>::mutate(|(first, _)| *first += 1));
    caught(|| QueueEnds::<Test>::mutate(|(_, next)| *next += 1));
    caught(|| Queue::<Test>::insert(1, BoundedVec::truncate_from(vec![2])));
    caught(|| Queue::<Test>::mutate(0, |page| page.try_push(2)).expect("there is room"));
    // Two changes of a provider, one of which stands in the queue.
    let twice = |provider: &mut Provider| provider.weighing = provider.pending;
    caught(|| pallet::Providers::<Test>::mutate_extant(2, twice));
}

#[test]
fn pools_that_are_not_sums_are_seen() {
    caught(|| Pools::<Test>::mutate_extant(CPU, |pool| pool.busy = 0));
    caught(|| Pools::<Test>::mutate_extant(CPU, |pool| pool.capacity += 1));
    caught(|| Pools::<Test>::mutate_extant(CPU, |pool| pool.in_play += 1));
    caught(|| Pools::<Test>::mutate_extant(CPU, |pool| pool.drawable += 1));
    caught(|| Pools::<Test>::mutate_extant(CPU, |pool| pool.members += 1));
    caught(|| Pools::<Test>::mutate_extant(CPU, |pool| pool.leaves += 1));
    caught(|| Pools::<Test>::mutate_extant(GPU, |pool| pool.price = 1));
    caught(|| Pools::<Test>::remove(GPU));
    caught(|| Machines::<Test>::remove(GPU));
}

#[test]
fn provider_of_whom_nothing_is_left_is_seen() {
    caught(|| pallet::Providers::<Test>::insert(9, Provider::new(terms(CPU, 1))));
    caught(|| pallet::Providers::<Test>::mutate_extant(1, |provider| provider.terms.capacity = 65));
    let freed = |provider: &mut Provider| {
        provider.pending = provider.pending.map(|pending| Pending { freed: 65, ..pending });
    };
    caught(|| pallet::Providers::<Test>::mutate_extant(2, freed));
    let twice = Seats::truncate_from(vec![7, 7]);
    caught(|| pallet::Providers::<Test>::mutate_extant(1, |provider| provider.open = twice));
}
