use crate::{mock::*, Entry, Error, Event, NextSlash, Pending, Queue, Slash, State, Subject};
use assay_primitives::{
    mock::{MockCollateral, LOCK_ACCUSED, NO_LEDGER, TOO_MANY_ACCUSED},
    Collateral, FaultKind, Role,
};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::DispatchError;

#[test]
fn validators_fault_waits_for_its_window() {
    run(|| {
        set_sessions_per_era(6);
        elect(1, 2, 1_000);
        assert_eq!(equivocate(1, 13, percent(30), Some(2)), Ok(Some(0)));

        let slash = Slash {
            owner: 1,
            kind: FaultKind::Equivocation,
            subject: Subject::Session { session: 13, era: 2, fraction: percent(30) },
            amount: 300,
            reporter: Some(2),
            due: 21,
            state: State::Waiting,
        };
        assert_eq!(waiting(0), slash);
        assert_eq!(last_event(), Event::Reported { id: 0, slash, supersedes: None });
        assert_eq!(accused(1, Role::Validator), 1);
        assert!(is_chilled(1));
        assert_eq!(bonded(1, Role::Validator), 1_000);
    });
}

#[test]
fn providers_fault_waits_and_takes_over_the_lock() {
    run(|| {
        let lock = seat(3, 500);
        assert_eq!(fail_seat(lock, 200), Ok(Some(0)));

        let slash = Slash {
            owner: 3,
            kind: FaultKind::WrongResult,
            subject: Subject::Seat { lock },
            amount: 200,
            reporter: None,
            due: 21,
            state: State::Waiting,
        };
        assert_eq!(waiting(0), slash);
        assert_eq!(last_event(), Event::Reported { id: 0, slash, supersedes: None });
        assert_eq!(accused(3, Role::Provider), 1);
        assert_noop!(MockCollateral::release(&3, lock), LOCK_ACCUSED);
        assert!(!is_chilled(3));
    });
}

#[test]
fn fault_that_takes_nothing_is_no_slash() {
    run(|| {
        elect(1, 0, 1_000);
        let lock = seat(3, 500);
        assert_eq!(equivocate(1, 0, percent(0), Some(2)), Ok(None));
        assert_eq!(fail_seat(lock, 0), Ok(None));
        assert_eq!(Pending::<Test>::iter().count(), 0);
        assert!(!is_chilled(1));
        assert_ok!(MockCollateral::release(&3, lock));
    });
}

#[test]
fn fault_of_a_validator_without_a_stake_is_refused() {
    run(|| {
        elect(1, 0, 1_000);
        assert_noop!(equivocate(1, 1, percent(30), None), Error::<Test>::NotAtStake);
        assert_noop!(equivocate(2, 0, percent(30), None), Error::<Test>::NotAtStake);
        forget_exposures_before(1);
        assert_noop!(equivocate(1, 0, percent(30), None), Error::<Test>::NotAtStake);
    });
}

#[test]
fn fault_of_a_lock_that_is_not_there_is_refused() {
    run(|| {
        assert_noop!(fail_seat(7, 1), Error::<Test>::NoSuchLock);
        let lock = seat(3, 500);
        assert_noop!(fail_seat_of(4, lock, 1), Error::<Test>::NoSuchLock);
    });
}

#[test]
fn fault_above_its_lock_is_refused() {
    run(|| {
        let lock = seat(3, 500);
        assert_noop!(fail_seat(lock, 501), Error::<Test>::AboveLock);
        assert_eq!(fail_seat(lock, 500), Ok(Some(0)));
    });
}

#[test]
fn second_fault_of_one_lock_is_refused() {
    run(|| {
        let lock = seat(3, 500);
        assert_ok!(fail_seat(lock, 100));
        assert_noop!(fail_seat(lock, 400), LOCK_ACCUSED);
    });
}

#[test]
fn fault_that_the_ledger_cannot_be_accused_of_is_refused() {
    run(|| {
        expose(1, 0, 1_000);
        assert_noop!(equivocate(1, 0, percent(30), None), NO_LEDGER);
        elect(1, 1, 1_000);
        set_most_accused(0);
        assert_noop!(equivocate(1, 1, percent(30), None), TOO_MANY_ACCUSED);
        assert!(!is_chilled(1));
    });
}

#[test]
fn higher_fault_of_an_era_supersedes_a_lower_one() {
    run(|| {
        set_sessions_per_era(2);
        elect(1, 0, 1_000);
        assert_eq!(equivocate(1, 0, percent(10), Some(2)), Ok(Some(0)));
        advance_to(11);
        assert_eq!(equivocate(1, 1, percent(25), Some(3)), Ok(Some(1)));

        assert!(!Pending::<Test>::contains_key(0));
        let slash = waiting(1);
        assert_eq!((slash.amount, slash.due, slash.reporter), (250, 31, Some(3)));
        assert_eq!(last_event(), Event::Reported { id: 1, slash, supersedes: Some(0) });
        assert_eq!(accused(1, Role::Validator), 1);

        advance_to(31);
        assert_eq!(bonded(1, Role::Validator), 750);
    });
}

#[test]
fn fault_that_takes_no_more_than_what_waits_is_ignored() {
    run(|| {
        set_sessions_per_era(2);
        elect(1, 0, 1_000);
        assert_eq!(equivocate(1, 0, percent(25), Some(2)), Ok(Some(0)));
        advance_to(5);
        assert_eq!(equivocate(1, 1, percent(25), Some(3)), Ok(None));
        assert_eq!(equivocate(1, 0, percent(10), Some(3)), Ok(None));
        let slash = waiting(0);
        assert_eq!((slash.amount, slash.due, slash.reporter), (250, 21, Some(2)));
        assert_eq!(NextSlash::<Test>::get(), 1);
    });
}

#[test]
fn higher_fault_after_a_lower_one_was_applied_takes_the_difference() {
    run(|| {
        elect(1, 0, 1_000);
        assert_ok!(equivocate(1, 0, percent(10), None));
        advance_to(21);
        assert_eq!(bonded(1, Role::Validator), 900);

        assert_eq!(equivocate(1, 0, percent(10), None), Ok(None));
        assert_eq!(equivocate(1, 0, percent(25), None), Ok(Some(1)));
        assert_eq!(waiting(1).amount, 150);
        assert_eq!(equivocate(1, 0, percent(40), None), Ok(Some(2)));
        assert_eq!(waiting(2).amount, 300);
        advance_to(41);
        assert_eq!(bonded(1, Role::Validator), 600);
    });
}

#[test]
fn fault_after_another_was_cancelled_costs_what_it_costs_alone() {
    run(|| {
        elect(1, 0, 1_000);
        assert_eq!(equivocate(1, 0, percent(40), None), Ok(Some(0)));
        assert_ok!(Slashing::cancel(RuntimeOrigin::root(), 0));
        assert_eq!(equivocate(1, 0, percent(25), None), Ok(Some(1)));
        assert_eq!(waiting(1).amount, 250);
    });
}

#[test]
fn cancelling_the_difference_leaves_what_was_applied_on_record() {
    run(|| {
        elect(1, 0, 1_000);
        assert_ok!(equivocate(1, 0, percent(10), None));
        advance_to(21);
        assert_eq!(equivocate(1, 0, percent(40), None), Ok(Some(1)));
        assert_ok!(Slashing::cancel(RuntimeOrigin::root(), 1));
        assert_eq!(equivocate(1, 0, percent(25), None), Ok(Some(2)));
        assert_eq!(waiting(2).amount, 150);
    });
}

#[test]
fn fault_after_another_was_reduced_supersedes_it_if_it_takes_more() {
    run(|| {
        elect(1, 0, 1_000);
        assert_eq!(equivocate(1, 0, percent(40), None), Ok(Some(0)));
        assert_ok!(Slashing::reduce(RuntimeOrigin::root(), 0, 100));
        assert_eq!(equivocate(1, 0, percent(10), None), Ok(None));
        assert_eq!(equivocate(1, 0, percent(25), None), Ok(Some(1)));
        assert_eq!(waiting(1).amount, 250);
    });
}

#[test]
fn faults_of_different_eras_and_validators_add_up() {
    run(|| {
        elect(1, 0, 1_000);
        expose(1, 1, 1_000);
        elect(2, 0, 1_000);
        for (validator, session) in [(1, 0), (1, 1), (2, 0)] {
            assert_ok!(equivocate(validator, session, percent(30), None));
        }
        assert_eq!(accused(1, Role::Validator), 2);
        advance_to(21);
        assert_eq!((bonded(1, Role::Validator), bonded(2, Role::Validator)), (400, 700));
    });
}

#[test]
fn invariants_catch_a_slash_that_is_not_queued() {
    run(|| {
        elect(1, 0, 1_000);
        assert_ok!(equivocate(1, 0, percent(10), None));
        let slash = waiting(0);
        Pending::<Test>::insert(0, Slash { due: 22, ..slash.clone() });
        assert!(Slashing::do_try_state().is_err());
        Pending::<Test>::insert(0, Slash { amount: 0, ..slash.clone() });
        assert!(Slashing::do_try_state().is_err());
        Pending::<Test>::insert(0, slash);
    });
}

#[test]
fn invariants_catch_two_slashes_for_one_lock() {
    run(|| {
        let lock = seat(3, 500);
        assert_ok!(fail_seat(lock, 100));
        let slash = waiting(0);
        NextSlash::<Test>::put(2);
        Pending::<Test>::insert(1, &slash);
        Queue::<Test>::insert(Slashing::place(slash.due, 1), Entry::Slash);
        assert!(Slashing::do_try_state().is_err());
        Slashing::drop_pending(1, &slash);
    });
}

#[test]
fn invariants_catch_what_is_out_of_number_out_of_time_and_out_of_place() {
    run(|| {
        assert_ok!(fail_seat(seat(3, 500), 100));
        let broken = |says| assert_eq!(Slashing::do_try_state(), Err(DispatchError::Other(says)));
        NextSlash::<Test>::put(0);
        broken("a slash waits whose number was not given yet");
        NextSlash::<Test>::put(1);

        let slash = waiting(0);
        let state = State::Suspended { until: slash.due };
        Pending::<Test>::insert(0, Slash { state, ..slash.clone() });
        broken("a slash is suspended into its window");
        Pending::<Test>::insert(0, slash);

        let stray = Slashing::place(99, 7);
        Queue::<Test>::insert(stray, Entry::Slash);
        broken("a slash is queued that doesn't wait");
        Queue::<Test>::remove(stray);
    });
}
