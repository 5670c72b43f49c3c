use crate::{mock::*, Error, Event};
use assay_primitives::Role::{Provider, Validator};
use frame_support::{assert_noop, assert_ok};

/// A provider with 100 bonded and 30, 20 and 10 on their way out, the latest last.
fn leaving() {
    bond_provider(5, 160);
    for amount in [30, 20, 10] {
        assert_ok!(Staking::unbond(signed(5), Provider, amount));
        advance(1);
    }
}

#[test]
fn rebond_takes_back_the_latest_first() {
    run(|| {
        leaving();
        assert_ok!(Staking::rebond(signed(5), Provider, 15));
        System::assert_last_event(Event::<Test>::Rebonded { owner: 5, role: Provider, amount: 15 }.into());
        assert_eq!(chunks(5, Provider), [(30, 81), (15, 82)]);
        assert_eq!((active(5, Provider), held(5, Provider)), (115, 160));
    });
}

#[test]
fn rebond_of_everything_leaves_nothing_on_its_way_out() {
    run(|| {
        leaving();
        assert_ok!(Staking::rebond(signed(5), Provider, 60));
        assert!(chunks(5, Provider).is_empty());
        assert_eq!(active(5, Provider), 160);
    });
}

#[test]
fn rebond_of_more_than_is_on_its_way_out_is_refused() {
    run(|| {
        assert_noop!(Staking::rebond(signed(5), Provider, 1), Error::<Test>::NotBonded);
        leaving();
        assert_noop!(Staking::rebond(signed(5), Provider, 61), Error::<Test>::NotEnoughUnbonding);
        assert_noop!(Staking::rebond(signed(5), Validator, 1), Error::<Test>::NotEnoughUnbonding);
        assert_noop!(Staking::rebond(signed(5), Provider, 0), Error::<Test>::ZeroAmount);
    });
}

#[test]
fn rebond_below_the_minimum_is_refused() {
    run(|| {
        bond_provider(5, 100);
        assert_ok!(Staking::unbond(signed(5), Provider, 100));
        assert_noop!(Staking::rebond(signed(5), Provider, 49), Error::<Test>::BelowMinimum);
        assert_ok!(Staking::rebond(signed(5), Provider, 50));
    });
}

#[test]
fn candidate_takes_its_place_again() {
    run(|| {
        assert_ok!(Staking::unbond(signed(1), Validator, 250));
        assert_eq!(candidates(), [2, 3, 1, 4]);
        assert_ok!(Staking::rebond(signed(1), Validator, 150));
        assert_eq!(candidates(), [2, 1, 3, 4]);
    });
}
