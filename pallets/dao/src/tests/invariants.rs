//! Each invariant fails when it is broken.

use crate::{mock::*, AlarmCounts, Appeals, DaoOrigin, NextAlarm, Note, Notes, Pauses, Retired, Standing};
use assay_primitives::{mock::governance::*, JobClass, Subject};
use frame_support::assert_ok;

fn breaks(what: impl FnOnce()) {
    chain().execute_with(|| {
        System::set_block_number(1);
        endow(1, ENDOWMENT);
        what();
        assert!(Dao::do_try_state().is_err());
    });
}

#[test]
fn deposits_that_are_not_on_hold_are_caught() {
    breaks(|| {
        add_slash(7, 1_000, 20, 120);
        assert_ok!(Dao::appeal(signed(1), 7, [9; 32]));
        Appeals::<Test>::mutate(7, |appeal| appeal.as_mut().unwrap().deposit += 1);
    });
}

#[test]
fn retired_version_that_is_in_force_is_caught() {
    breaks(|| Retired::<Test>::insert(JobClass::ExactV1, 0, policy()));
}

#[test]
fn call_paused_twice_is_caught() {
    breaks(|| {
        assert_ok!(Dao::pause(DaoOrigin::EmergencyStop.into(), name("call 1"), 5));
        let pauses = Pauses::<Test>::get();
        assert!(Pauses::<Test>::try_append(pauses[0].clone()).is_ok());
    });
}

#[test]
fn note_that_says_nothing_is_caught() {
    breaks(|| {
        let note = Note { standing: Standing::Listed, reason: [0; 32], since: 1 };
        Notes::<Test>::insert(Subject::Listing(1), note);
    });
}

#[test]
fn alarm_that_was_passed_over_is_caught() {
    breaks(|| {
        Dao::set_alarm(5, MockAlarm(1));
        NextAlarm::<Test>::put((5, 1));
    });
}

#[test]
fn alarm_that_its_block_does_not_count_is_caught() {
    breaks(|| {
        Dao::set_alarm(5, MockAlarm(1));
        AlarmCounts::<Test>::remove(5);
    });
}

#[test]
fn count_of_a_block_that_has_rung_is_caught() {
    breaks(|| {
        AlarmCounts::<Test>::insert(1, 3);
        NextAlarm::<Test>::put((2, 0));
    });
}
