use crate::{mock::*, Appeal, Appeals, Call, Error, Event};
use assay_primitives::{mock::governance::*, SlashId, Slashes};
use frame_support::{assert_noop, assert_ok, dispatch::DispatchResult};
use sp_runtime::{traits::Dispatchable, DispatchError, TokenError};

fn appeal(who: u64, slash: SlashId) -> DispatchResult {
    Dao::appeal(signed(who), slash, [9; 32])
}

#[test]
fn appeal_holds_the_slash_up_for_as_long_as_can_be() {
    run(|| {
        add_slash(7, 5_000, 20, 120);
        assert_ok!(appeal(1, 7));

        assert_eq!(slash(7).unwrap().ready(), 120);
        let appeal = Appeal { appellant: 1, evidence: [9; 32], deposit: 500, until: 120 };
        assert_eq!(Appeals::<Test>::get(7), Some(appeal.clone()));
        assert_eq!(last_event(), Event::Appealed { slash: 7, appeal });
    });
}

#[test]
fn appeal_takes_a_share_of_the_slash_on_deposit_and_no_less_than_the_least() {
    run(|| {
        add_slash(1, 999, 20, 120);
        add_slash(2, 1_001, 20, 120);
        assert_ok!(appeal(1, 1));
        assert_ok!(appeal(2, 2));
        assert_eq!((held(1), held(2)), (100, 101));
        assert_eq!(free(1), ENDOWMENT - 100);
    });
}

#[test]
fn anybody_may_appeal_for_the_accused() {
    run(|| {
        add_slash(7, 1_000, 20, 120);
        assert_ok!(appeal(6, 7));
        assert_eq!(held(6), 100);
    });
}

#[test]
fn appeal_against_nothing_is_refused() {
    run(|| {
        assert_noop!(appeal(1, 7), Error::<Test>::NoSuchSlash);
    });
}

#[test]
fn appeal_against_a_slash_that_was_appealed_against_is_refused() {
    run(|| {
        add_slash(7, 1_000, 20, 120);
        assert_ok!(appeal(1, 7));
        assert_noop!(appeal(2, 7), Error::<Test>::AlreadyAppealed);
    });
}

#[test]
fn appeal_without_the_deposit_is_refused() {
    run(|| {
        add_slash(7, 10 * ENDOWMENT, 20, 120);
        assert_noop!(appeal(1, 7), TokenError::FundsUnavailable);
        assert!(!slash(7).unwrap().suspended);
    });
}

#[test]
fn appeal_against_a_slash_that_can_be_held_up_no_longer_takes_nothing() {
    run(|| {
        add_slash(7, 1_000, 20, 120);
        assert_ok!(MockSlashes::suspend(7));
        let call = RuntimeCall::Dao(Call::appeal { slash: 7, evidence: [9; 32] });
        assert_noop!(call.dispatch(signed(1)), HELD_UP);
        assert_eq!(held(1), 0);
    });
}

#[test]
fn appeal_by_nobody_is_refused() {
    run(|| {
        add_slash(7, 1_000, 20, 120);
        for origin in [RuntimeOrigin::none(), RuntimeOrigin::root()] {
            assert_noop!(Dao::appeal(origin, 7, [9; 32]), DispatchError::BadOrigin);
        }
    });
}
