use crate::{mock::*, Change, Error, Event, Leaves, Nodes};
use assay_primitives::Conduct;
use frame_support::{assert_noop, assert_ok};
use sp_runtime::DispatchError;

#[test]
fn provider_is_drawn_until_its_retirement_is_applied_and_then_forgotten() {
    run(|| {
        provide(1, 3);
        assert_ok!(Providers::retire(signed(1)));
        advance(DELAY - 1);
        assert_eq!(holders(CPU), [1; 3]);
        advance(1);
        assert_eq!((weight(CPU), total_in_play()), (0, 0));
        assert_eq!(Providers::provider(1), None);
        assert_eq!(events().last(), Some(&Event::Removed { owner: 1 }));
        // Nothing is left of the tree.
        assert_eq!(Nodes::<Test>::iter_keys().count(), 0);
        assert_eq!(Leaves::<Test>::iter_keys().count(), 0);
        assert_eq!(Providers::pool(CPU).map(|pool| (pool.members, pool.capacity)), Some((0, 0)));
    });
}

#[test]
fn provider_with_seats_is_known_until_the_last_one_is_over() {
    run(|| {
        provide(1, 3);
        assert_ok!(seat(1, 7));
        assert_ok!(Providers::retire(signed(1)));
        // Drawn once more while it waits.
        assert_ok!(seat(1, 8));
        advance(DELAY);
        assert_noop!(seat(1, 9), Error::<Test>::NotInPlay);
        unseat(1, 7, Conduct::Right);
        assert_eq!(provider(1).open.to_vec(), [8]);
        unseat(1, 8, Conduct::Right);
        assert_eq!(Providers::provider(1), None);
    });
}

#[test]
fn middle_leaf_is_replaced_by_the_last_one() {
    run(|| {
        for owner in 1..=5 {
            provide(owner, u128::from(owner));
        }
        assert_ok!(Providers::retire(signed(2)));
        advance(DELAY);
        assert_eq!(holders(CPU), [1, 5, 5, 5, 5, 5, 3, 3, 3, 4, 4, 4, 4]);
        assert_eq!(provider(5).slot, Some(1));
        assert_ok!(Providers::retire(signed(4)));
        advance(DELAY);
        assert_eq!(holders(CPU), [1, 5, 5, 5, 5, 5, 3, 3, 3]);
    });
}

#[test]
fn retired_provider_can_register_again_without_its_score() {
    run(|| {
        provide(1, 3);
        serve(1, 7, Conduct::Right);
        assert_eq!(provider(1).score, 1);
        assert_ok!(Providers::retire(signed(1)));
        advance(DELAY);
        provide(1, 3);
        assert_eq!(provider(1).score, 0);
    });
}

#[test]
fn retirement_is_refused_to_strangers_and_to_those_that_have_left() {
    run(|| {
        assert_noop!(Providers::retire(signed(1)), Error::<Test>::NotRegistered);
        assert_noop!(Providers::retire(RuntimeOrigin::none()), DispatchError::BadOrigin);
        provide(1, 3);
        assert_ok!(seat(1, 7));
        assert_ok!(Providers::retire(signed(1)));
        assert_noop!(Providers::retire(signed(1)), Error::<Test>::ChangePending);
        advance(DELAY);
        assert_noop!(Providers::retire(signed(1)), Error::<Test>::NothingToChange);
    });
}

#[test]
fn provider_on_its_way_in_waits_before_it_retires() {
    run(|| {
        bond(1, 3);
        assert_ok!(register(1, CPU, 1));
        assert_noop!(Providers::retire(signed(1)), Error::<Test>::ChangePending);
        assert_eq!(waiting(1), Some(Change::Terms(terms(CPU, 1))));
    });
}
