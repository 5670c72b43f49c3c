use crate::{mock::*, Change, Error};
use assay_primitives::Conduct;
use frame_support::{assert_noop, assert_ok};
use sp_runtime::DispatchError;

fn silent(owner: u64) {
    provide(owner, 4);
    serve(owner, 7, Conduct::NoShow);
    assert!(provider(owner).silent);
}

#[test]
fn silent_provider_is_drawn_again_after_a_sign_of_life() {
    run(|| {
        silent(1);
        assert_eq!(weight(CPU), 0);
        assert_ok!(Providers::heartbeat(signed(1), 1));
        assert_eq!(waiting(1), Some(Change::Awake));
        advance(DELAY - 1);
        assert_eq!(weight(CPU), 0);
        advance(1);
        assert_eq!((weight(CPU), provider(1).silent), (4, false));
    });
}

#[test]
fn worker_gives_a_sign_of_life_for_its_owner() {
    run(|| {
        silent(1);
        act_for(50, 1);
        assert_ok!(Providers::heartbeat(signed(50), 1));
        advance(DELAY);
        assert_eq!(weight(CPU), 4);
    });
}

#[test]
fn sign_of_life_by_a_stranger_is_refused() {
    run(|| {
        silent(1);
        act_for(50, 2);
        assert_noop!(Providers::heartbeat(signed(50), 1), Error::<Test>::NotItsWorker);
        assert_noop!(Providers::heartbeat(RuntimeOrigin::none(), 1), DispatchError::BadOrigin);
        assert_noop!(Providers::heartbeat(signed(9), 9), Error::<Test>::NotRegistered);
    });
}

#[test]
fn sign_of_life_that_nobody_needs_is_refused() {
    run(|| {
        provide(1, 4);
        assert_noop!(Providers::heartbeat(signed(1), 1), Error::<Test>::NotSilent);
        serve(1, 7, Conduct::NoShow);
        assert_ok!(Providers::heartbeat(signed(1), 1));
        assert_noop!(Providers::heartbeat(signed(1), 1), Error::<Test>::ChangePending);
    });
}

#[test]
fn sign_of_life_before_another_no_show_counts_for_nothing() {
    run(|| {
        provide(1, 4);
        assert_ok!(seat(1, 7));
        assert_ok!(seat(1, 8));
        unseat(1, 7, Conduct::NoShow);
        assert_ok!(Providers::heartbeat(signed(1), 1));
        unseat(1, 8, Conduct::NoShow);
        assert_eq!(waiting(1), Some(Change::Weight));
        advance(DELAY);
        assert_eq!((weight(CPU), provider(1).silent), (0, true));
        assert_ok!(Providers::heartbeat(signed(1), 1));
        advance(DELAY);
        assert_eq!(weight(CPU), 4);
    });
}
