use crate::{mock::*, DaoOrigin, Error, Event, Pauses, WeightInfo};
use frame_support::{
    assert_noop, assert_ok,
    dispatch::DispatchResult,
    traits::{Hooks, TransactionPause},
    weights::WeightMeter,
};
use sp_runtime::DispatchError;

fn pause(call: &str, blocks: u32) -> DispatchResult {
    Dao::pause(DaoOrigin::EmergencyStop.into(), name(call), blocks)
}

fn is_paused(call: &str) -> bool {
    MockPause::is_paused(name(call))
}

#[test]
fn pause_ends_by_itself_though_the_market_clock_stands_still() {
    run(|| {
        assert_ok!(pause("call 1", 10));
        assert_eq!(last_event(), Event::Paused { call: name("call 1"), until: 11 });
        (2..11).for_each(|_| next_block());
        assert!(is_paused("call 1"));
        next_block();
        assert!(!is_paused("call 1"));
        assert_eq!(last_event(), Event::PauseOver { call: name("call 1") });
        assert_eq!(Pauses::<Test>::get().len(), 0);
    });
}

#[test]
fn pause_of_a_paused_call_counts_anew() {
    run(|| {
        assert_ok!(pause("call 1", 10));
        assert_ok!(pause("call 1", 20));
        (1..20).for_each(|_| next_block());
        assert!(is_paused("call 1"));
        next_block();
        assert!(!is_paused("call 1"));
    });
}

#[test]
fn call_that_root_let_go_on_can_be_paused_again() {
    run(|| {
        assert_ok!(pause("call 1", 10));
        assert!(MockPause::unpause(name("call 1")).is_ok());
        assert_ok!(pause("call 1", 20));
        assert!(is_paused("call 1"));
        assert_eq!(Pauses::<Test>::get().len(), 1);
    });
}

#[test]
fn end_of_a_pause_that_root_has_ended_says_nothing() {
    run(|| {
        assert_ok!(pause("call 1", 1));
        assert!(MockPause::unpause(name("call 1")).is_ok());
        next_block();
        assert_eq!(last_event(), Event::Paused { call: name("call 1"), until: 2 });
        assert_eq!(Pauses::<Test>::get().len(), 0);
    });
}

#[test]
fn pause_of_no_length_or_too_long_is_refused() {
    run(|| {
        assert_noop!(pause("call 1", 0), Error::<Test>::PauseIsZero);
        assert_noop!(pause("call 1", 51), Error::<Test>::PauseTooLong);
        assert_ok!(pause("call 1", 50));
    });
}

#[test]
fn calls_that_can_not_be_paused_are_refused() {
    run(|| {
        assert_noop!(pause("timestamp", 1), Error::<Test>::NeverPaused);
        assert_noop!(pause("nothing", 1), Error::<Test>::NoSuchCall);
        assert!(MockPause::pause(name("call 1")).is_ok());
        assert_noop!(pause("call 1", 1), Error::<Test>::AlreadyPaused);
    });
}

#[test]
fn more_pauses_than_can_be_are_refused() {
    run(|| {
        for index in 0..MAX_PAUSES {
            assert_ok!(pause(&format!("call {index}"), 9));
        }
        assert_noop!(pause("call x", 9), Error::<Test>::TooManyPauses);
    });
}

#[test]
fn pauses_that_a_block_has_no_room_for_end_in_the_next() {
    run(|| {
        for index in 0..3 {
            assert_ok!(pause(&format!("call {index}"), 1));
        }
        let weights = <<Test as crate::Config>::WeightInfo as WeightInfo>::tick_pause();
        let limit = <<Test as crate::Config>::WeightInfo as WeightInfo>::tick_base().saturating_add(weights);
        <Dao as Hooks<u32>>::on_poll(2, &mut WeightMeter::with_limit(limit));
        assert_eq!(Pauses::<Test>::get().len(), 2);
        next_block();
        assert_eq!(Pauses::<Test>::get().len(), 0);
    });
}

#[test]
fn pause_by_any_other_origin_is_refused() {
    run(|| {
        for origin in all_but(DaoOrigin::EmergencyStop) {
            assert_noop!(Dao::pause(origin, name("call 1"), 1), DispatchError::BadOrigin);
        }
    });
}
