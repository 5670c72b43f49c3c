use crate::{mock::*, ChillReason, Event};
use assay_primitives::Role::{Provider, Validator};
use frame_support::{assert_ok, assert_storage_noop};

#[test]
fn slash_takes_active_first_then_the_latest_on_their_way_out() {
    run(|| {
        bond_provider(5, 200);
        for amount in [40, 30, 20] {
            assert_ok!(Staking::unbond(signed(5), Provider, amount));
            advance(1);
        }
        assert_eq!(slash(5, Provider, 100), (100, 0));
        assert_eq!(active(5, Provider), 10);
        assert_eq!(slash(5, Provider, 45), (45, 0));
        assert_eq!(active(5, Provider), 0);
        assert_eq!(chunks(5, Provider), [(40, 81), (15, 82)]);
        assert_eq!(held(5, Provider), 55);
    });
}

#[test]
fn slash_says_what_was_taken_and_what_was_missing() {
    run(|| {
        assert_ok!(Staking::bond(signed(5), Validator, 150));
        let issued = Balances::total_issuance();
        assert_eq!(slash(5, Validator, 200), (150, 50));
        let slashed = Event::<Test>::Slashed { owner: 5, role: Validator, taken: 150, missing: 50 };
        assert_eq!(events().last(), Some(&slashed));
        assert_eq!(Balances::total_issuance(), issued - 150);
        assert_eq!((Staking::ledger(5), held(5, Validator)), (None, 0));
        assert_eq!(Balances::free_balance(5), ENDOWMENT - 150);
    });
}

#[test]
fn slash_of_nothing_changes_nothing() {
    run(|| {
        assert_storage_noop!(assert_eq!(slash(9, Validator, 100), (0, 100)));
        assert_storage_noop!(assert_eq!(slash(1, Validator, 0), (0, 0)));
        assert_storage_noop!(assert_eq!(slash(1, Provider, 100), (0, 100)));
    });
}

#[test]
fn slash_in_one_role_leaves_the_other() {
    run(|| {
        bond_provider(5, 200);
        assert_ok!(Staking::bond(signed(5), Validator, 150));
        assert_eq!(slash(5, Validator, 1_000), (150, 850));
        assert_eq!((held(5, Validator), held(5, Provider)), (0, 200));
        assert_eq!(slash(5, Provider, 1_000), (200, 800));
        assert_eq!(Staking::ledger(5), None);
    });
}

#[test]
fn slashed_candidate_takes_the_place_that_is_left_to_it() {
    run(|| {
        assert_eq!(slash(1, Validator, 250), (250, 0));
        assert_eq!(candidates(), [2, 3, 1, 4]);
    });
}

#[test]
fn candidate_slashed_below_the_minimum_is_out() {
    run(|| {
        assert_eq!(slash(1, Validator, 901), (901, 0));
        assert_eq!(candidates(), [2, 3, 4]);
        assert!(events().contains(&Event::Chilled { owner: 1, reason: ChillReason::Slashed }));
        assert_eq!(active(1, Validator), 99);
    });
}

#[test]
fn locks_stay_covered_when_a_seat_is_slashed() {
    run(|| {
        let guilty = locked_provider(5, 200, 120);
        let other = lock(5, 80);
        assert_ok!(accuse(5, Provider, Some(guilty)));
        assert_eq!(slash(5, Provider, 120), (120, 0));
        // The lock that the slash was about has not ended yet.
        assert_eq!(available(5), 0);
        assert_ok!(acquit(5, Provider, Some(guilty)));
        assert_eq!((active(5, Provider), available(5)), (80, 0));
        assert_ok!(release(5, other));
        assert_eq!(available(5), 80);
    });
}

#[test]
fn locks_stay_covered_when_the_lock_ends_before_the_slash() {
    run(|| {
        let guilty = locked_provider(5, 200, 120);
        lock(5, 80);
        assert_ok!(accuse(5, Provider, Some(guilty)));
        assert_ok!(acquit(5, Provider, Some(guilty)));
        assert_eq!(slash(5, Provider, 120), (120, 0));
        assert_eq!((active(5, Provider), available(5)), (80, 0));
    });
}

#[test]
fn ledger_slashed_to_nothing_goes_when_nothing_waits_for_it() {
    run(|| {
        let id = locked_provider(5, 100, 100);
        assert_ok!(accuse(5, Provider, Some(id)));
        assert_eq!(slash(5, Provider, 100), (100, 0));
        assert!(Staking::ledger(5).is_some());
        assert_ok!(acquit(5, Provider, Some(id)));
        assert_eq!(Staking::ledger(5), None);
    });
}
