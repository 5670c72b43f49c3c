use crate::{mock::*, OldestVrf};
use assay_primitives::{mock::market::set_oldest_draw, Chance};

/// The seed of the first `count` VRFs after a block, in hexadecimal.
fn seed(block: u32, count: u32) -> Option<String> {
    <Clock as Chance>::seed_after(block, count).map(hex::encode)
}

/// blake2b-256 of 32 times 1, 32 times 2, 32 times 3.
const OF_1_2_3: &str = "5ec1d4b3165012ecc2386314107d7b140e1ad42a60bb336e817178a2df32244f";
/// The same without the first.
const OF_2_3: &str = "37cc5f0ab74be1a91ad84f951dc378ad2ea75b1fbb8d653589228f6a2da7e278";
/// The same without the second.
const OF_1_3: &str = "725d60bce59829bc8127bb1551be4b065b3105277343bf405a0c8ab43b69ed7b";

#[test]
fn seed_is_the_hash_of_the_vrfs_after_the_block() {
    run(|| {
        advance_with_vrfs_to(9);
        assert_eq!(seed(0, 3).as_deref(), Some(OF_1_2_3));
        assert_eq!(seed(1, 2).as_deref(), Some(OF_2_3));
    });
}

#[test]
fn seed_is_not_there_before_its_last_vrf() {
    run(|| {
        for block in 1..=3 {
            assert_eq!(seed(0, 3), None);
            advance_with_vrfs_to(block);
        }
        assert_eq!(seed(0, 3).as_deref(), Some(OF_1_2_3));
        assert_eq!((seed(1, 3), seed(3, 1), seed(200, 1)), (None, None, None));
    });
}

#[test]
fn vrf_of_the_block_under_construction_is_not_there() {
    run(|| {
        advance_with_vrfs_to(2);
        System::set_block_number(3);
        BlockVrf::set(Some(vrf_of(3)));
        assert_eq!(seed(1, 2), None);
        System::set_block_number(2);
        advance_with_vrfs_to(3);
        assert_eq!(seed(1, 2).as_deref(), Some(OF_2_3));
    });
}

#[test]
fn block_without_a_vrf_does_not_count() {
    run(|| {
        advance_with_vrfs_to(1);
        BlockVrf::set(None);
        advance_to(2);
        assert_eq!(seed(0, 2), None);
        advance_with_vrfs_to(3);
        assert_eq!(seed(0, 2).as_deref(), Some(OF_1_3));
    });
}

#[test]
fn seed_stays_the_same_for_as_long_as_its_draw_waits() {
    run(|| {
        set_oldest_draw(Some(0));
        advance_with_vrfs_to(3);
        for block in 4..=60 {
            advance_with_vrfs_to(block);
            assert_eq!(seed(0, 3).as_deref(), Some(OF_1_2_3));
        }
        set_oldest_draw(None);
        advance_with_vrfs_to(61);
        // The first of its VRFs is forgotten: later ones must not take its place.
        assert_eq!(OldestVrf::<Test>::get(), 3);
        assert_eq!(seed(0, 3), None);
        assert!(seed(2, 3).is_some());
    });
}

#[test]
fn seed_is_looked_for_among_as_many_blocks_as_the_history_has() {
    run(|| {
        set_oldest_draw(Some(0));
        BlockVrf::set(None);
        advance_to(HISTORY);
        advance_with_vrfs_to(30);
        // Blocks 1 to 10 have none.
        assert_eq!(seed(0, 1), None);
        assert!(seed(1, 1).is_some());
        assert_eq!(seed(1, 2), None);
        assert!(seed(10, 10).is_some());
        assert_eq!(seed(10, 11), None);
    });
}

#[test]
fn there_is_no_seed_of_nothing_or_of_more_than_there_can_be() {
    run(|| {
        advance_with_vrfs_to(5);
        assert_eq!(seed(0, 0), None);
        assert_eq!(seed(0, u32::MAX), None);
        assert_eq!(seed(u32::MAX, 1), None);
    });
}
