use crate::{mock::*, Appeals, DaoOrigin, Error, Event, Ruling};
use assay_primitives::{mock::governance::*, SlashId};
use frame_support::{assert_noop, assert_ok, dispatch::DispatchResult};
use sp_runtime::DispatchError;

fn decide(slash: SlashId, ruling: Ruling) -> DispatchResult {
    Dao::decide(DaoOrigin::Appeals.into(), slash, ruling)
}

/// An appeal of account 1 against a slash of 1,000, which takes a deposit of 100.
fn appealed(slash: SlashId) {
    add_slash(slash, 1_000, 20, 120);
    assert_ok!(Dao::appeal(signed(1), slash, [9; 32]));
}

#[test]
fn appeal_that_is_granted_ends_the_slash_and_gives_the_deposit_back() {
    run(|| {
        appealed(7);
        assert_ok!(decide(7, Ruling::Cancel));
        assert_eq!(slash(7), None);
        assert_eq!((held(1), free(1)), (0, ENDOWMENT));
        assert!(!Appeals::<Test>::contains_key(7));
        assert_eq!(last_event(), Event::Decided { slash: 7, ruling: Ruling::Cancel, lost: 0 });
    });
}

#[test]
fn appeal_that_is_granted_in_part_reduces_the_slash_and_gives_the_deposit_back() {
    run(|| {
        appealed(7);
        let ruling = Ruling::Reduce { amount: 400 };
        assert_ok!(decide(7, ruling));
        let slash = slash(7).unwrap();
        assert_eq!((slash.amount, slash.ready()), (400, 20));
        assert_eq!((held(1), free(1)), (0, ENDOWMENT));
        assert_eq!(last_event(), Event::Decided { slash: 7, ruling, lost: 0 });
    });
}

#[test]
fn appeal_that_is_refused_burns_the_deposit_and_lets_the_slash_go_on() {
    run(|| {
        appealed(7);
        let issued = Balances::total_issuance();
        assert_ok!(decide(7, Ruling::Uphold));
        assert_eq!(slash(7).unwrap().ready(), 20);
        assert_eq!((held(1), free(1)), (0, ENDOWMENT - 100));
        assert_eq!(Balances::total_issuance(), issued - 100);
        assert_eq!(last_event(), Event::Decided { slash: 7, ruling: Ruling::Uphold, lost: 100 });
    });
}

#[test]
fn decision_on_nothing_is_refused() {
    run(|| {
        assert_noop!(decide(7, Ruling::Cancel), Error::<Test>::NoSuchAppeal);
    });
}

#[test]
fn second_decision_is_refused() {
    run(|| {
        for (slash, first) in [(7, Ruling::Uphold), (8, Ruling::Reduce { amount: 1 })] {
            appealed(slash);
            assert_ok!(decide(slash, first));
            assert_noop!(decide(slash, Ruling::Cancel), Error::<Test>::AlreadyDecided);
        }
    });
}

#[test]
fn decision_that_the_slash_does_not_allow_changes_nothing() {
    run(|| {
        appealed(7);
        for amount in [0, 1_000] {
            assert_noop!(decide(7, Ruling::Reduce { amount }), NOT_LESS);
        }
        assert_eq!(held(1), 100);
        end_slash(7);
        assert_noop!(decide(7, Ruling::Cancel), NO_SLASH);
    });
}

#[test]
fn decision_by_any_other_origin_is_refused() {
    run(|| {
        appealed(7);
        for origin in all_but(DaoOrigin::Appeals) {
            assert_noop!(Dao::decide(origin, 7, Ruling::Cancel), DispatchError::BadOrigin);
        }
    });
}
