use crate::{mock::*, AlarmCounts, Alarms, NextAlarm, WeightInfo};
use frame_support::{traits::Hooks, weights::WeightMeter};

/// What a block takes that has so many alarms, twice as much as alarms are given of it.
fn weight_of(alarms: u64) -> WeightMeter {
    let alarms = <() as WeightInfo>::alarm().saturating_add(ALARM).saturating_mul(alarms);
    let part = <() as WeightInfo>::alarms_of_block().saturating_add(alarms);
    WeightMeter::with_limit(<() as WeightInfo>::tick_base().saturating_add(part.saturating_mul(2)))
}

/// Sets so many alarms for a block, numbered.
fn set_alarms(at: u32, count: u32) {
    for number in 0..count {
        Dao::set_alarm(at, MockAlarm(number));
    }
}

/// Ends the block, and gives the next one so much.
fn next_block_with(mut meter: WeightMeter) {
    System::set_block_number(System::block_number() + 1);
    <Dao as Hooks<u32>>::on_poll(System::block_number(), &mut meter);
}

#[test]
fn alarm_rings_in_its_block_and_once() {
    run(|| {
        assert_eq!(Dao::set_alarm(4, MockAlarm(7)), (4, 0));
        next_block();
        next_block();
        assert!(Rung::get().is_empty(), "not before");
        next_block();
        assert_eq!(Rung::get(), [7]);
        next_block();
        assert_eq!(Rung::get(), [7]);
        assert_eq!(AlarmCounts::<Test>::iter().count(), 0, "nothing is left of it");
    });
}

#[test]
fn alarm_for_a_block_that_has_come_rings_in_the_next_one() {
    run(|| {
        System::set_block_number(5);
        assert_eq!(Dao::set_alarm(2, MockAlarm(1)), (6, 0));
        assert_eq!(Dao::set_alarm(5, MockAlarm(2)), (6, 1));
        next_block();
        assert_eq!(Rung::get(), [1, 2]);
    });
}

#[test]
fn alarm_that_was_cancelled_does_not_ring() {
    run(|| {
        let cancelled = Dao::set_alarm(2, MockAlarm(1));
        Dao::set_alarm(2, MockAlarm(2));
        assert_eq!(Dao::cancel_alarm(cancelled), Some(MockAlarm(1)));
        assert_eq!(Dao::cancel_alarm(cancelled), None);
        next_block();
        assert_eq!(Rung::get(), [2]);
        assert_eq!(Dao::cancel_alarm((2, 1)), None, "it has rung");
    });
}

#[test]
fn alarms_that_a_block_has_no_time_for_ring_in_the_next_ones_in_their_order() {
    run(|| {
        next_block();
        set_alarms(3, 10);
        Dao::set_alarm(4, MockAlarm(10));
        next_block_with(weight_of(4));
        assert_eq!(Rung::get(), [0, 1, 2, 3]);
        assert_eq!(NextAlarm::<Test>::get(), (3, 4));
        check();
        next_block_with(weight_of(0));
        assert_eq!(Rung::get().len(), 4);
        next_block_with(weight_of(4));
        next_block_with(weight_of(20));
        assert_eq!(Rung::get(), (0..=10).collect::<Vec<_>>(), "none is lost");
        assert_eq!(Alarms::<Test>::iter().count(), 0);
    });
}

#[test]
fn alarms_leave_half_of_a_block() {
    run(|| {
        set_alarms(2, 100);
        System::set_block_number(2);
        let mut meter = weight_of(50);
        <Dao as Hooks<u32>>::on_poll(2, &mut meter);
        assert!(!Rung::get().is_empty() && Rung::get().len() <= 50, "{} have rung", Rung::get().len());
        assert!(meter.remaining().ref_time() >= meter.limit().ref_time() / 3);
    });
}

#[test]
fn thousands_of_alarms_find_a_place_in_one_block() {
    run(|| {
        set_alarms(2, 5_000);
        next_block();
        assert_eq!(Rung::get().len(), 5_000);
    });
}
