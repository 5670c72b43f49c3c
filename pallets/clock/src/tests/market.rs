use crate::{mock::*, Error, Event, MarketBlock, MarketClock};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::{traits::BlockNumberProvider, DispatchError};

fn market_block() -> u64 {
    MarketClock::<Test>::current_block_number()
}

#[test]
fn market_clock_ticks_with_every_block() {
    run(|| {
        advance_to(7);
        assert_eq!(market_block(), 7);
    });
}

#[test]
fn market_clock_stands_still_while_halted() {
    run(|| {
        advance_to(3);
        Halted::set(true);
        advance_to(9);
        assert_eq!(market_block(), 3);
        Halted::set(false);
        advance_to(10);
        assert_eq!(market_block(), 4);
    });
}

#[test]
fn freeze_stops_the_market_clock_until_it_is_thawed() {
    run(|| {
        advance_to(2);
        assert_ok!(Clock::set_frozen(RuntimeOrigin::root(), true));
        System::assert_last_event(Event::Froze { at: 2 }.into());
        assert!(Clock::market_halted());
        advance_to(5);
        assert_eq!(market_block(), 2);

        assert_ok!(Clock::set_frozen(RuntimeOrigin::root(), false));
        System::assert_last_event(Event::Thawed { at: 2 }.into());
        advance_to(6);
        assert_eq!(market_block(), 3);
    });
}

#[test]
fn thaw_does_not_lift_another_halt() {
    run(|| {
        Halted::set(true);
        assert_ok!(Clock::set_frozen(RuntimeOrigin::root(), true));
        assert_ok!(Clock::set_frozen(RuntimeOrigin::root(), false));
        advance_to(4);
        assert_eq!(market_block(), 0);
    });
}

#[test]
fn freeze_twice_is_refused() {
    run(|| {
        assert_noop!(Clock::set_frozen(RuntimeOrigin::root(), false), Error::<Test>::NothingToChange);
        assert_ok!(Clock::set_frozen(RuntimeOrigin::root(), true));
        assert_noop!(Clock::set_frozen(RuntimeOrigin::root(), true), Error::<Test>::NothingToChange);
    });
}

#[test]
fn freeze_by_anyone_but_governance_is_refused() {
    run(|| {
        assert_noop!(Clock::set_frozen(RuntimeOrigin::signed(1), true), DispatchError::BadOrigin);
        assert_noop!(Clock::set_frozen(RuntimeOrigin::none(), true), DispatchError::BadOrigin);
    });
}

#[test]
fn invariants_catch_a_market_clock_ahead_of_the_chain() {
    run(|| {
        MarketBlock::<Test>::put(1);
        assert!(Clock::do_try_state().is_err());
        MarketBlock::<Test>::put(0);
    });
}
