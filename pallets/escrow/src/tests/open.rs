use crate::{mock::*, Error, Escrows, Event, Funds};
use frame_support::{
    assert_noop, assert_ok,
    traits::{fungible::MutateFreeze, ReservableCurrency},
};
use sp_runtime::TokenError;

#[test]
fn open_puts_the_amount_on_hold() {
    run(|| {
        endow(1, 1_000);
        assert_ok!(open(7, 1, 400));
        assert_eq!((free(1), held(1)), (600, 400));
        assert_eq!(held_for(7), 400);
        assert_eq!(Escrows::<Test>::get(7), Some(Funds { requester: 1, amount: 400, expires: EXPIRES }));
        assert_eq!(last_event(), Event::Opened { job: 7, requester: 1, amount: 400, expires: EXPIRES });
    });
}

#[test]
fn escrows_of_several_jobs_add_up_on_one_account() {
    run(|| {
        endow(1, 1_000);
        endow(2, 1_000);
        assert_ok!(open(0, 1, 100));
        assert_ok!(open(1, 2, 200));
        assert_ok!(open(2, 1, 300));
        assert_eq!((held(1), held(2)), (400, 200));
        assert_eq!((held_for(0), held_for(1), held_for(2), held_for(3)), (100, 200, 300, 0));
    });
}

#[test]
fn open_of_nothing_is_refused() {
    run(|| {
        endow(1, 1_000);
        assert_noop!(open(0, 1, 0), Error::<Test>::ZeroAmount);
    });
}

#[test]
fn open_for_a_time_that_has_come_is_refused() {
    run(|| {
        endow(1, 1_000);
        Now::set(50);
        assert_noop!(open_until(0, 1, 100, 49), Error::<Test>::ExpiresTooSoon);
        assert_noop!(open_until(0, 1, 100, 50), Error::<Test>::ExpiresTooSoon);
        assert_ok!(open_until(0, 1, 100, 51));
    });
}

#[test]
fn second_escrow_of_a_job_is_refused_to_anyone() {
    run(|| {
        requester(1, 1_000, 0, 100);
        endow(2, 1_000);
        assert_noop!(open(0, 1, 100), Error::<Test>::AlreadyOpen);
        assert_noop!(open(0, 2, 100), Error::<Test>::AlreadyOpen);
    });
}

#[test]
fn open_for_more_than_the_account_has_is_refused() {
    run(|| {
        endow(1, 1_000);
        for amount in [991, 1_000, 1_001, u128::MAX] {
            assert_noop!(open(0, 1, amount), TokenError::FundsUnavailable);
        }
        // The existential deposit stays.
        assert_ok!(open(0, 1, 990));
        for amount in [1, u128::MAX] {
            assert_noop!(open(1, 1, amount), TokenError::FundsUnavailable);
        }
    });
}

#[test]
fn account_that_is_not_there_opens_nothing() {
    run(|| {
        assert_noop!(open(0, 1, 100), TokenError::FundsUnavailable);
    });
}

#[test]
fn account_that_lives_by_something_else_may_put_everything_in() {
    run(|| {
        endow_guest(1, 1_000);
        assert_ok!(open(0, 1, 1_000));
        assert_eq!((free(1), held(1)), (0, 1_000));
    });
}

#[test]
fn locked_money_is_not_put_in() {
    run(|| {
        endow(1, 1_000);
        lock(1, 600);
        assert_noop!(open(0, 1, 401), Error::<Test>::Frozen);
        assert_ok!(open(0, 1, 400));
    });
}

#[test]
fn frozen_money_is_not_put_in() {
    run(|| {
        endow(1, 1_000);
        assert_ok!(<Balances as MutateFreeze<u64>>::set_freeze(&1, &1, 600));
        assert_noop!(open(0, 1, 401), Error::<Test>::Frozen);
        assert_ok!(open(0, 1, 400));
    });
}

#[test]
fn other_holds_may_be_of_what_is_locked() {
    run(|| {
        endow(1, 1_000);
        assert_ok!(<Balances as ReservableCurrency<u64>>::reserve(&1, 500));
        lock(1, 600);
        // What votes is in the reserve, all but 100 of it.
        assert_noop!(open(0, 1, 401), Error::<Test>::Frozen);
        assert_ok!(open(0, 1, 400));
        assert_eq!(free(1), 100);
    });
}
