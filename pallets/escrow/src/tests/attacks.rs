//! Attempts to profit, or to keep others from their money, each of which fails.

use crate::{mock::*, Error, Event, HoldReason};
use frame_support::{
    assert_noop, assert_ok,
    traits::{
        fungible::MutateHold,
        tokens::{Fortitude, Precision},
    },
};

#[test]
fn voter_does_not_pay_for_jobs_with_what_it_votes_with() {
    run(|| {
        endow(1, 1_000);
        lock(1, 900);
        // Neither at once nor bit by bit.
        assert_noop!(open(0, 1, 900), Error::<Test>::Frozen);
        for job in 0..10 {
            assert_ok!(open(job, 1, 10));
        }
        assert_noop!(open(10, 1, 1), Error::<Test>::Frozen);
        // Paid out to itself and back, it is no more.
        for job in 0..10 {
            settle(job, &[(1, 9)], 1, 0);
        }
        assert_eq!(Escrow::available(1), 90);
    });
}

#[test]
fn providers_are_paid_whatever_the_requester_locks_afterwards() {
    run(|| {
        requester(1, 1_000, 0, 900);
        lock(1, 1_000_000);
        settle(0, &[(2, 450), (3, 450)], 0, 0);
        assert_eq!((free(2), free(3)), (450, 450));
    });
}

#[test]
fn requester_does_not_take_its_money_away_from_a_job() {
    run(|| {
        requester(1, 1_000, 0, 900);
        let move_out = |amount| Balances::transfer_allow_death(RuntimeOrigin::signed(1), 7, amount);
        assert!(move_out(100).is_err());
        assert_ok!(move_out(90));
        for now in [1, 50, EXPIRES] {
            Now::set(now);
            assert_noop!(Escrow::expire(RuntimeOrigin::signed(1), 0), Error::<Test>::NotExpired);
        }
        settle(0, &[(2, 900)], 0, 0);
        assert_eq!(free(2), 900);
    });
}

#[test]
fn reaped_payee_holds_up_nobody() {
    run(|| {
        requester(1, 1_000, 0, 900);
        endow(TREASURY, DEPOSIT);
        let payees: Vec<_> = (100..150).map(|payee| (payee, if payee % 2 == 0 { 9 } else { 20 })).collect();
        for (payee, _) in &payees {
            endow(*payee, 100);
            empty(*payee);
        }
        settle(0, &payees, 0, 0);
        for (payee, amount) in payees {
            assert_eq!(free(payee), if amount == 9 { 0 } else { 20 });
        }
        assert_eq!(free(TREASURY), DEPOSIT + 25 * 9);
        assert_eq!(free(1), 1_000 - 50 * 29 / 2);
    });
}

#[test]
fn payees_that_cannot_be_paid_give_the_requester_nothing_back() {
    run(|| {
        requester(1, 1_000, 0, 900);
        // Its own accounts, left to die, so that what they are due might come back.
        settle(0, &[(101, 9), (102, 9), (103, 9)], 0, 0);
        assert_eq!(free(1), 1_000 - 27);
    });
}

#[test]
fn one_in_all_roles_loses_what_is_burnt() {
    run(|| {
        requester(1, 1_000, 0, 900);
        settle(0, &[(1, 300), (1, 300), (1, 30)], 7, 0);
        assert_eq!(free(1), 993);
        assert_eq!(Balances::total_issuance(), 993);
    });
}

#[test]
fn settlement_does_not_reach_into_other_jobs() {
    run(|| {
        requester(1, 1_000, 0, 100);
        assert_ok!(open(1, 1, 700));
        settle(0, &[(2, 800)], 100, 100);
        assert_eq!(last_event(), Event::Short { job: 0, missing: 900 });
        assert_eq!((free(2), held_for(1), held(1)), (100, 700, 700));
        settle(1, &[(3, 700)], 0, 0);
        assert_eq!(free(3), 700);
    });
}

#[test]
fn no_money_is_got_twice_by_settling_and_expiring() {
    run(|| {
        requester(1, 1_000, 0, 400);
        assert_ok!(open(1, 1, 400));
        Now::set(EXPIRES + 1);
        settle(0, &[(2, 400)], 0, 0);
        assert_noop!(expire(0), Error::<Test>::NoEscrow);
        assert_ok!(expire(1));
        settle(1, &[(2, 400)], 0, 0);
        assert_eq!((free(1), free(2), held(1)), (600, 400, 0));
    });
}

#[test]
fn job_that_has_ended_may_be_opened_again_without_old_money() {
    run(|| {
        requester(1, 1_000, 0, 400);
        settle(0, &[(2, 100)], 0, 0);
        assert_ok!(open(0, 1, 50));
        settle(0, &[(2, 400)], 0, 0);
        assert_eq!((free(1), free(2)), (850, 150));
    });
}

#[test]
fn hold_that_was_cut_from_outside_pays_what_is_left() {
    run(|| {
        requester(1, 1_000, 0, 600);
        let (reason, exact, force) = (HoldReason::Job.into(), Precision::Exact, Fortitude::Force);
        assert_ok!(<Balances as MutateHold<u64>>::burn_held(&reason, &1, 500, exact, force));
        settle(0, &[(2, 80), (3, 50)], 20, 30);
        assert_eq!(last_event(), Event::Short { job: 0, missing: 80 });
        assert_eq!((free(2), free(3), free(1), held(1)), (80, 20, 400, 0));
    });
}
