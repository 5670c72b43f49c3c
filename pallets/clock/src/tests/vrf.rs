use crate::{mock::*, BlockVrfs};

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
        BlockVrf::set(Some([3; 32]));
        advance_to(25);
        assert_eq!(BlockVrfs::<Test>::iter().count(), 10);
        assert_eq!(Clock::block_vrf(15), None);
        assert_eq!(Clock::block_vrf(16), Some([3; 32]));
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
