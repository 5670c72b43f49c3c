//! What draws, seats and departures touch, in trees of a hundred, ten thousand and a hundred thousand providers.

use crate::{
    crowd::{self, CROWD_CAPACITY},
    mock::*,
    pallet, Leaves, Nodes, DEPTH,
};
use assay_primitives::Conduct;
use frame_support::{assert_ok, storage::unhashed, StorageHasher, Twox128};

const SIZES: [u32; 3] = [100, 10_000, 100_000];

type Entry = (Vec<u8>, Vec<u8>);

fn crowd_of(count: u32) -> sp_io::TestExternalities {
    let mut ext = chain();
    ext.execute_with(|| {
        System::set_block_number(1);
        crowd::fill::<Test>(CPU, count, 10 * UNIT, 0..count, |slot| u64::from(slot) + 1);
    });
    ext
}

/// The keys between the root and a leaf, the leaf and its provider.
fn path(owner: u64, slot: u32) -> Vec<Entry> {
    let node = |level: u8| Nodes::<Test>::hashed_key_for((CPU, level, slot >> (6 * (level + 1))));
    let mut keys: Vec<_> = (0..DEPTH).map(node).collect();
    keys.push(Leaves::<Test>::hashed_key_for((CPU, slot)));
    keys.push(pallet::Providers::<Test>::hashed_key_for(owner));
    keys.into_iter().map(|key| (key.clone(), unhashed::get_raw(&key).expect("it is there"))).collect()
}

/// Who holds a ticket on a chain that has nothing but these entries.
fn holder_among(entries: &[Entry], ticket: u64) -> Option<u64> {
    sp_io::TestExternalities::default().execute_with(|| {
        entries.iter().for_each(|(key, value)| unhashed::put_raw(key, value));
        holder(CPU, ticket).map(|candidate| candidate.owner)
    })
}

/// How many keys decide who holds a ticket: with those alone the holder is the same, without one of them it is nobody.
fn keys_of_a_draw(count: u32) -> usize {
    let (ticket, owner, entries) = crowd_of(count).execute_with(|| {
        let ticket = weight(CPU) / 3 * 2;
        let owner = holder(CPU, ticket).expect("each ticket has a holder").owner;
        let slot = provider(owner).slot.expect("it was drawn");
        (ticket, owner, path(owner, slot))
    });
    assert_eq!(holder_among(&entries, ticket), Some(owner));
    for missing in 0..entries.len() {
        let mut rest = entries.clone();
        rest.remove(missing);
        assert_eq!(holder_among(&rest, ticket), None);
    }
    entries.len()
}

/// How many keys of this pallet something changes.
fn keys_changed(ext: &mut sp_io::TestExternalities, change: impl FnOnce()) -> usize {
    ext.commit_all().expect("the backend takes it");
    ext.execute_with(change);
    let ours = Twox128::hash(b"Providers");
    ext.overlayed_changes().changes().filter(|(key, _)| key.starts_with(&ours)).count()
}

#[test]
fn draw_reads_as_many_keys_in_a_large_tree_as_in_a_small_one() {
    let read = SIZES.map(keys_of_a_draw);
    println!("keys that a draw reads, of {SIZES:?} providers: {read:?}");
    assert_eq!(read, [5; 3]);
}

#[test]
fn seats_change_as_many_keys_in_a_large_tree_as_in_a_small_one() {
    let changed = SIZES.map(|count| {
        let mut ext = crowd_of(count);
        let owner = u64::from(count / 2);
        assay_primitives::mock::set_bond(owner, assay_primitives::Role::Provider, 10 * UNIT);
        let first = keys_changed(&mut ext, || seat(owner, 1).expect("there is room"));
        assert_eq!(CROWD_CAPACITY, 2);
        let last = keys_changed(&mut ext, || seat(owner, 2).expect("there is room"));
        let back = keys_changed(&mut ext, || unseat(owner, 2, Conduct::Neutral));
        ext.execute_with(|| System::set_block_number(1 + DELAY));
        let free = keys_changed(&mut ext, || {
            assert_ok!(Providers::apply(signed(9), 1));
        });
        (first, last, back, free)
    });
    println!("keys that seats change, of {SIZES:?} providers: {changed:?}");
    // The provider and its pool; with its weight three nodes; with what comes to wait a page of the queue, with what goes
    // or comes the queue's ends.
    assert_eq!(changed, [(2, 5, 4, 6); 3]);
}

#[test]
fn departure_changes_hardly_more_keys_in_a_large_tree_than_in_a_small_one() {
    let changed = SIZES.map(|count| {
        let mut ext = crowd_of(count);
        let owner = u64::from(count / 3);
        ext.execute_with(|| {
            assay_primitives::mock::set_bond(owner, assay_primitives::Role::Provider, 10 * UNIT);
            assert_ok!(Providers::retire(signed(owner)));
            System::set_block_number(1 + DELAY);
        });
        keys_changed(&mut ext, || {
            assert_ok!(Providers::apply(signed(9), 1));
        })
    });
    println!("keys that a departure changes, of {SIZES:?} providers: {changed:?}");
    // Two paths of nodes that meet at the root, two leaves, two providers, an endpoint, pool, total, ends of the queue.
    assert_eq!(changed, [12, 13, 13]);
}

#[test]
fn crowd_keeps_the_invariants() {
    crowd_of(5_000).execute_with(|| {
        Providers::do_try_state().expect("invariants hold");
        assert_eq!((weight(CPU), in_play(CPU), total_in_play()), (50_000, 50_000, 50_000));
        assert_eq!(drawable(CPU), 5_000);
        assert_eq!(holder(CPU, 49_999).map(|candidate| candidate.owner), Some(5_000));
    });
}
