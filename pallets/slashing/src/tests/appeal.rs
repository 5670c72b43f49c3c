use crate::{mock::*, Error, Event, Pending, State};
use assay_primitives::Role;
use frame_support::{assert_noop, assert_ok};
use sp_runtime::{DispatchError, DispatchResult};

fn root() -> RuntimeOrigin {
    RuntimeOrigin::root()
}

fn suspend(until: u64) -> DispatchResult {
    Slashing::suspend(root(), 0, until)
}

/// Runs a test in which a slash of 300 of validator 1 waits under number 0, due at 21.
fn accused_of_300(test: impl FnOnce()) {
    run(|| {
        elect(1, 0, 1_000);
        assert_eq!(equivocate(1, 0, percent(30), None), Ok(Some(0)));
        test();
    });
}

fn left() -> u128 {
    bonded(1, Role::Validator)
}

#[test]
fn suspended_slash_outlasts_its_window_and_lapses() {
    accused_of_300(|| {
        assert_ok!(suspend(50));
        assert_eq!(last_event(), Event::Suspended { id: 0, until: 50 });
        assert_eq!(waiting(0).state, State::Suspended { until: 50 });
        advance_to(49);
        assert_eq!(left(), 1_000);
        advance_to(50);
        assert_eq!(left(), 700);
    });
}

#[test]
fn suspension_can_be_made_longer_and_shorter() {
    accused_of_300(|| {
        assert_ok!(suspend(50));
        assert_ok!(suspend(121));
        assert_ok!(suspend(22));
        advance_to(22);
        assert_eq!(left(), 700);
    });
}

#[test]
fn suspension_that_ends_too_soon_is_refused() {
    accused_of_300(|| {
        assert_noop!(suspend(21), Error::<Test>::SuspensionTooShort);
        // The window is over, and the tick has not come round to the slash yet.
        Now::set(30);
        assert_noop!(suspend(30), Error::<Test>::SuspensionTooShort);
        assert_ok!(suspend(31));
    });
}

#[test]
fn suspension_that_ends_too_late_is_refused() {
    accused_of_300(|| {
        assert_noop!(suspend(122), Error::<Test>::SuspensionTooLong);
        advance_to(15);
        assert_ok!(suspend(121));
        advance_to(100);
        assert_noop!(suspend(122), Error::<Test>::SuspensionTooLong);
    });
}

#[test]
fn resumed_slash_is_ready_at_the_end_of_its_window() {
    accused_of_300(|| {
        assert_ok!(suspend(50));
        assert_ok!(Slashing::resume(root(), 0));
        assert_eq!(last_event(), Event::Resumed { id: 0, due: 21 });
        advance_to(20);
        assert_eq!(left(), 1_000);
        advance_to(21);
        assert_eq!(left(), 700);
    });
}

#[test]
fn slash_resumed_after_its_window_is_ready_at_once() {
    accused_of_300(|| {
        assert_ok!(suspend(50));
        advance_to(40);
        assert_ok!(Slashing::resume(root(), 0));
        advance_to(41);
        assert_eq!(left(), 700);
    });
}

#[test]
fn resume_of_what_is_not_suspended_is_refused() {
    accused_of_300(|| {
        assert_noop!(Slashing::resume(root(), 0), Error::<Test>::NotSuspended);
    });
}

#[test]
fn cancelled_slash_takes_nothing() {
    accused_of_300(|| {
        let issuance = Balances::total_issuance();
        assert_ok!(Slashing::cancel(root(), 0));
        assert_eq!(last_event(), Event::Cancelled { id: 0, owner: 1, role: Role::Validator });
        assert_eq!(accused(1, Role::Validator), 0);
        advance_to(200);
        assert_eq!((left(), Balances::total_issuance()), (1_000, issuance));
        assert!(heard_slashes().is_empty());
    });
}

#[test]
fn suspended_slash_can_be_cancelled_until_it_lapses() {
    accused_of_300(|| {
        assert_ok!(suspend(100));
        advance_to(99);
        assert_ok!(Slashing::cancel(root(), 0));
        advance_to(200);
        assert_eq!(left(), 1_000);
    });
}

#[test]
fn cancelled_slash_of_a_provider_frees_its_lock() {
    run(|| {
        let lock = seat(3, 500);
        assert_ok!(fail_seat(lock, 500));
        assert_ok!(Slashing::cancel(root(), 0));
        assert_eq!(lock_is_accused(lock), None);
        assert_eq!(bonded(3, Role::Provider), 500);
    });
}

#[test]
fn reduced_slash_takes_what_it_was_reduced_to() {
    accused_of_300(|| {
        assert_ok!(suspend(50));
        assert_ok!(Slashing::reduce(root(), 0, 120));
        assert_eq!(last_event(), Event::Reduced { id: 0, from: 300, to: 120 });
        advance_to(50);
        assert_eq!(left(), 880);
    });
}

#[test]
fn reduction_to_nothing_or_to_no_less_is_refused() {
    accused_of_300(|| {
        assert_noop!(Slashing::reduce(root(), 0, 0), Error::<Test>::NothingLeft);
        assert_noop!(Slashing::reduce(root(), 0, 300), Error::<Test>::NotLess);
        assert_noop!(Slashing::reduce(root(), 0, 301), Error::<Test>::NotLess);
        assert_ok!(Slashing::reduce(root(), 0, 299));
    });
}

#[test]
fn appeals_for_a_slash_that_does_not_wait_are_refused() {
    accused_of_300(|| {
        assert_noop!(Slashing::suspend(root(), 1, 50), Error::<Test>::NoSuchSlash);
        assert_noop!(Slashing::resume(root(), 1), Error::<Test>::NoSuchSlash);
        assert_noop!(Slashing::cancel(root(), 1), Error::<Test>::NoSuchSlash);
        assert_noop!(Slashing::reduce(root(), 1, 1), Error::<Test>::NoSuchSlash);

        advance_to(21);
        assert!(!Pending::<Test>::contains_key(0));
        assert_noop!(Slashing::cancel(root(), 0), Error::<Test>::NoSuchSlash);
    });
}

#[test]
fn appeals_by_anyone_but_governance_are_refused() {
    accused_of_300(|| {
        assert_ok!(suspend(50));
        for origin in [RuntimeOrigin::signed(1), RuntimeOrigin::none()] {
            assert_noop!(Slashing::suspend(origin.clone(), 0, 60), DispatchError::BadOrigin);
            assert_noop!(Slashing::resume(origin.clone(), 0), DispatchError::BadOrigin);
            assert_noop!(Slashing::cancel(origin.clone(), 0), DispatchError::BadOrigin);
            assert_noop!(Slashing::reduce(origin, 0, 1), DispatchError::BadOrigin);
        }
    });
}
