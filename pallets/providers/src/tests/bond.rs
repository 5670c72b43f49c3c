use crate::{mock::*, Event};
use assay_primitives::{mock, Conduct, Role};
use frame_support::assert_ok;

#[test]
fn more_bond_weighs_more_after_the_delay() {
    run(|| {
        provide(1, 3);
        bond(1, 9);
        assert_eq!(weighing(1), Some(System::block_number()));
        advance(DELAY - 1);
        assert_eq!((weight(CPU), in_play(CPU)), (3, 3));
        advance(1);
        assert_eq!((weight(CPU), in_play(CPU), provider(1).stake), (9, 9, 9 * UNIT));
    });
}

#[test]
fn less_bond_weighs_less_after_the_delay() {
    run(|| {
        provide(1, 9);
        bond(1, 3);
        advance(DELAY - 1);
        assert_eq!(weight(CPU), 9);
        advance(1);
        assert_eq!(weight(CPU), 3);
    });
}

#[test]
fn bond_counts_up_to_the_cap() {
    run(|| {
        provide(1, 5_000);
        assert_eq!((weight(CPU), provider(1).stake), (1_000, 1_000 * UNIT));
        // Above the cap nothing changes, so nothing waits.
        bond(1, 6_000);
        assert_eq!(weighing(1), None);
    });
}

#[test]
fn provider_without_a_bond_leaves_by_itself() {
    run(|| {
        provide(1, 9);
        bond(1, 0);
        advance(DELAY);
        assert_eq!(Providers::provider(1), None);
        assert!(events().contains(&Event::Removed { owner: 1 }));
    });
}

#[test]
fn provider_that_lost_its_bond_on_the_way_in_leaves_after_it_came() {
    run(|| {
        bond(1, 9);
        assert_ok!(register(1, CPU, 1));
        bond(1, 0);
        advance(DELAY);
        assert_eq!(weight(CPU), 9);
        advance(DELAY);
        assert_eq!(Providers::provider(1), None);
    });
}

#[test]
fn bond_that_changes_while_a_change_waits_has_its_own_time() {
    run(|| {
        provide(1, 3);
        assert_ok!(update(1, CPU, 5));
        advance(DELAY - 1);
        bond(1, 50);
        advance(1);
        // What was bonded when the change was asked for.
        assert_eq!((weight(CPU), provider(1).terms.capacity), (3, 5));
        assert_eq!(weighing(1), Some(System::block_number() - 1));
        advance(DELAY - 2);
        assert_eq!(weight(CPU), 3);
        advance(1);
        assert_eq!(weight(CPU), 50);
    });
}

#[test]
fn bond_that_goes_and_comes_back_changes_nothing_in_the_end() {
    run(|| {
        provide(1, 3);
        bond(1, 50);
        bond(1, 3);
        advance(DELAY);
        assert_eq!(weight(CPU), 50);
        advance(DELAY);
        assert_eq!(weight(CPU), 3);
        assert_eq!(Providers::queue_length(), 0);
    });
}

#[test]
fn bonds_of_others_are_nothing_to_this_pallet() {
    run(|| {
        bond(1, 9);
        assert_eq!(Providers::queue_length(), 0);
        provide(2, 3);
        mock::set_bond(2, Role::Validator, 70 * UNIT);
        bond(2, 3);
        assert_eq!(Providers::queue_length(), 0);
    });
}

#[test]
fn bond_of_one_that_has_left_is_nothing_to_this_pallet() {
    run(|| {
        provide(1, 9);
        assert_ok!(seat(1, 7));
        assert_ok!(Providers::retire(signed(1)));
        advance(DELAY);
        bond(1, 2);
        assert_eq!(Providers::queue_length(), 0);
        unseat(1, 7, Conduct::Neutral);
        assert_eq!(Providers::provider(1), None);
    });
}
