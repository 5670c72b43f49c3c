use crate::{mock::*, Appeals, DaoOrigin, Error, Event, Ruling};
use assay_primitives::mock::governance::*;
use frame_support::{assert_noop, assert_ok};
use sp_runtime::DispatchError;

fn appealed() {
    add_slash(7, 1_000, 20, 120);
    assert_ok!(Dao::appeal(signed(1), 7, [9; 32]));
}

#[test]
fn appeal_without_a_decision_is_lost_when_the_slash_was_ready() {
    run(|| {
        appealed();
        advance_to(120);
        end_slash(7);
        assert_ok!(Dao::close(signed(2), 7));
        assert_eq!((held(1), free(1)), (0, ENDOWMENT - 100));
        assert_eq!(last_event(), Event::Closed { slash: 7, lost: 100 });
        assert!(!Appeals::<Test>::contains_key(7));
    });
}

#[test]
fn appeal_whose_slash_ended_while_it_was_held_up_costs_nothing() {
    run(|| {
        appealed();
        advance_to(119);
        end_slash(7);
        assert_ok!(Dao::close(signed(2), 7));
        assert_eq!((held(1), free(1)), (0, ENDOWMENT));
        assert_eq!(last_event(), Event::Closed { slash: 7, lost: 0 });
    });
}

#[test]
fn appeal_that_was_decided_costs_nothing_more() {
    run(|| {
        appealed();
        assert_ok!(Dao::decide(DaoOrigin::Appeals.into(), 7, Ruling::Uphold));
        advance_to(200);
        end_slash(7);
        assert_ok!(Dao::close(signed(2), 7));
        assert_eq!(free(1), ENDOWMENT - 100);
        assert_eq!(last_event(), Event::Closed { slash: 7, lost: 0 });
    });
}

#[test]
fn appeal_whose_slash_waits_can_not_be_closed() {
    run(|| {
        appealed();
        assert_noop!(Dao::close(signed(1), 7), Error::<Test>::SlashWaits);
        advance_to(130);
        assert_noop!(Dao::close(signed(1), 7), Error::<Test>::SlashWaits);
    });
}

#[test]
fn closing_nothing_is_refused() {
    run(|| {
        assert_noop!(Dao::close(signed(1), 7), Error::<Test>::NoSuchAppeal);
    });
}

#[test]
fn closing_by_nobody_is_refused() {
    run(|| {
        assert_noop!(Dao::close(RuntimeOrigin::none(), 7), DispatchError::BadOrigin);
    });
}
