use crate::{mock::*, Error, Event};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::DispatchError;

#[test]
fn escrow_that_nobody_settled_in_time_goes_back() {
    run(|| {
        requester(1, 1_000, 0, 600);
        Now::set(EXPIRES + 1);
        // By anyone.
        assert_ok!(Escrow::expire(RuntimeOrigin::signed(9), 0));
        assert_eq!((free(1), held(1), held_for(0)), (1_000, 0, 0));
        let settled =
            Event::Settled { job: 0, requester: 1, payouts: vec![], burnt: 0, treasury: 0, refund: 600 };
        assert_eq!(events()[1..], [Event::Expired { job: 0 }, settled]);
    });
}

#[test]
fn expire_before_its_time_is_refused() {
    run(|| {
        requester(1, 1_000, 0, 600);
        for now in [1, EXPIRES - 1, EXPIRES] {
            Now::set(now);
            assert_noop!(expire(0), Error::<Test>::NotExpired);
            assert_noop!(Escrow::expire(RuntimeOrigin::signed(1), 0), Error::<Test>::NotExpired);
        }
    });
}

#[test]
fn expire_of_a_job_without_escrow_is_refused() {
    run(|| {
        assert_noop!(expire(0), Error::<Test>::NoEscrow);
        requester(1, 1_000, 0, 600);
        settle(0, &[], 0, 0);
        Now::set(EXPIRES + 1);
        assert_noop!(expire(0), Error::<Test>::NoEscrow);
    });
}

#[test]
fn expire_twice_is_refused() {
    run(|| {
        requester(1, 1_000, 0, 600);
        assert_ok!(open(1, 1, 200));
        Now::set(EXPIRES + 1);
        assert_ok!(expire(0));
        assert_noop!(expire(0), Error::<Test>::NoEscrow);
        assert_eq!(held(1), 200);
    });
}

#[test]
fn expire_without_a_signature_is_refused() {
    run(|| {
        requester(1, 1_000, 0, 600);
        Now::set(EXPIRES + 1);
        assert_noop!(Escrow::expire(RuntimeOrigin::none(), 0), DispatchError::BadOrigin);
        assert_noop!(Escrow::expire(RuntimeOrigin::root(), 0), DispatchError::BadOrigin);
    });
}

#[test]
fn settlement_after_expiry_pays_nobody() {
    run(|| {
        requester(1, 1_000, 0, 600);
        Now::set(EXPIRES + 1);
        assert_ok!(expire(0));
        settle(0, &[(2, 100)], 20, 30);
        assert_eq!(last_event(), Event::Short { job: 0, missing: 150 });
        assert_eq!((free(1), free(2)), (1_000, 0));
    });
}

#[test]
fn settlement_of_what_has_expired_but_was_not_given_back_pays() {
    run(|| {
        requester(1, 1_000, 0, 600);
        Now::set(EXPIRES + 50);
        settle(0, &[(2, 100)], 0, 0);
        assert_eq!((free(1), free(2)), (900, 100));
    });
}

#[test]
fn escrow_to_the_end_of_the_clock_does_not_expire() {
    run(|| {
        endow(1, 1_000);
        assert_ok!(open_until(0, 1, 600, u32::MAX));
        Now::set(u32::MAX);
        assert_noop!(expire(0), Error::<Test>::NotExpired);
    });
}

#[test]
fn account_with_nothing_but_holds_gets_what_has_expired() {
    run(|| {
        endow_guest(1, 1_000);
        assert_ok!(open(1, 1, 5));
        assert_ok!(open(0, 1, 995));
        Now::set(EXPIRES + 1);
        assert_ok!(expire(0));
        assert_ok!(expire(1));
        assert_eq!((free(1), held(1)), (1_000, 0));
    });
}
