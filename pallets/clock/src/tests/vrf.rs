use crate::{mock::*, BlockVrfs, OldestVrf};
use assay_primitives::mock::market::set_oldest_draw;

/// The blocks whose VRFs are kept, in order.
fn kept() -> Vec<u64> {
    let mut kept: Vec<_> = BlockVrfs::<Test>::iter_keys().collect();
    kept.sort();
    kept
}

#[test]
fn vrf_of_a_block_is_recorded_under_its_number() {
    run(|| {
        BlockVrf::set(Some([1; 32]));
        advance_to(1);
        BlockVrf::set(Some([2; 32]));
        advance_to(2);
        assert_eq!(Clock::block_vrf(1), Some([1; 32]));
        assert_eq!(Clock::block_vrf(2), Some([2; 32]));
    });
}

#[test]
fn block_without_a_vrf_leaves_no_record() {
    run(|| {
        BlockVrf::set(Some([1; 32]));
        advance_to(1);
        BlockVrf::set(None);
        advance_to(2);
        assert_eq!(Clock::block_vrf(2), None);
    });
}

#[test]
fn vrfs_are_forgotten_after_the_history() {
    run(|| {
        advance_with_vrfs_to(25);
        assert_eq!(kept(), (16..=25).collect::<Vec<_>>());
        assert_eq!(OldestVrf::<Test>::get(), 16);
    });
}

#[test]
fn blocks_without_a_vrf_leave_nothing_behind_that_is_forgotten_late() {
    run(|| {
        advance_with_vrfs_to(5);
        BlockVrf::set(None);
        advance_to(20);
        assert!(kept().is_empty());
        assert_eq!(OldestVrf::<Test>::get(), 11);
    });
}

#[test]
fn vrfs_that_a_draw_waits_for_outlast_the_history() {
    run(|| {
        advance_with_vrfs_to(12);
        set_oldest_draw(Some(12));
        advance_with_vrfs_to(40);
        // The draw takes those after the block that made it due.
        assert_eq!(kept(), (13..=40).collect::<Vec<_>>());
    });
}

#[test]
fn vrfs_of_a_draw_that_waited_are_forgotten_two_a_block() {
    run(|| {
        advance_with_vrfs_to(12);
        set_oldest_draw(Some(12));
        advance_with_vrfs_to(40);
        set_oldest_draw(None);
        advance_with_vrfs_to(41);
        assert_eq!(kept(), (15..=41).collect::<Vec<_>>());
        advance_with_vrfs_to(42);
        assert_eq!(kept(), (17..=42).collect::<Vec<_>>());
        // Two go with each block and one comes: the backlog of 18 is worked off with the 18th.
        advance_with_vrfs_to(57);
        assert_eq!(kept().len(), 11);
        advance_with_vrfs_to(58);
        assert_eq!(kept(), (49..=58).collect::<Vec<_>>());
        advance_with_vrfs_to(59);
        assert_eq!(kept().len(), 10);
    });
}

#[test]
fn draw_within_the_history_keeps_nothing_longer() {
    run(|| {
        advance_with_vrfs_to(24);
        set_oldest_draw(Some(20));
        advance_with_vrfs_to(25);
        assert_eq!(kept(), (16..=25).collect::<Vec<_>>());
        set_oldest_draw(Some(u32::MAX));
        advance_with_vrfs_to(26);
        assert_eq!(kept(), (17..=26).collect::<Vec<_>>());
    });
}

#[test]
fn next_draw_keeps_what_it_waits_for_and_no_more() {
    run(|| {
        set_oldest_draw(Some(3));
        advance_with_vrfs_to(30);
        assert_eq!(kept().first(), Some(&4));
        set_oldest_draw(Some(9));
        advance_with_vrfs_to(32);
        assert_eq!(kept().first(), Some(&8));
        advance_with_vrfs_to(40);
        assert_eq!(kept().first(), Some(&10));
    });
}

#[test]
fn invariants_catch_a_vrf_kept_too_long() {
    run(|| {
        advance_to(20);
        BlockVrfs::<Test>::insert(5, [0; 32]);
        assert!(Clock::do_try_state().is_err());
        BlockVrfs::<Test>::remove(5);
    });
}

#[test]
fn invariants_catch_a_vrf_of_a_block_to_come() {
    run(|| {
        advance_to(20);
        BlockVrfs::<Test>::insert(21, [0; 32]);
        assert!(Clock::do_try_state().is_err());
        BlockVrfs::<Test>::remove(21);
    });
}

#[test]
fn invariants_catch_a_vrf_forgotten_too_early() {
    run(|| {
        advance_to(20);
        OldestVrf::<Test>::put(12);
        assert!(Clock::do_try_state().is_err());
        OldestVrf::<Test>::put(11);
        set_oldest_draw(Some(9));
        assert!(Clock::do_try_state().is_err());
        set_oldest_draw(Some(10));
        assert!(Clock::do_try_state().is_ok());
    });
}
