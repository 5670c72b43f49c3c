use crate::{mock::*, Entry, EraRecord, EraRecords, Queue};
use assay_primitives::Role;
use frame_support::assert_ok;

fn record() -> Option<EraRecord<u128>> {
    EraRecords::<Test>::get(0, 1)
}

#[test]
fn record_names_what_waits_and_what_was_applied() {
    run(|| {
        elect(1, 0, 1_000);
        assert_ok!(equivocate(1, 0, percent(10), None));
        assert_eq!(record(), Some(EraRecord { applied: 0, pending: Some(0), cancelled: false }));
        advance_to(21);
        assert_eq!(record(), Some(EraRecord { applied: 100, pending: None, cancelled: false }));
        assert_ok!(equivocate(1, 0, percent(30), None));
        assert_eq!(record(), Some(EraRecord { applied: 100, pending: Some(1), cancelled: false }));
        advance_to(41);
        assert_eq!(record(), Some(EraRecord { applied: 300, pending: None, cancelled: false }));
    });
}

#[test]
fn record_counts_what_was_missing_as_applied() {
    run(|| {
        elect(1, 0, 1_000);
        assert_ok!(equivocate(1, 0, percent(30), None));
        set_bond(1, Role::Validator, 50);
        advance_to(21);
        assert_eq!(record(), Some(EraRecord { applied: 300, pending: None, cancelled: false }));
        // A fault that costs no more finds nothing to take, even if the validator has bonded again.
        bond(1, Role::Validator, 5_000);
        assert_eq!(equivocate(1, 0, percent(30), None), Ok(None));
    });
}

#[test]
fn record_of_a_cancelled_slash_stays_for_as_long_as_its_offences_are_accepted() {
    run(|| {
        elect(1, 0, 1_000);
        assert_ok!(equivocate(1, 0, percent(10), None));
        assert_ok!(Slashing::cancel(RuntimeOrigin::root(), 0));
        let cancelled = EraRecord { applied: 0, pending: None, cancelled: true };
        assert_eq!(record(), Some(cancelled.clone()));
        assert_ok!(equivocate(1, 0, percent(20), None));
        assert_eq!(record(), Some(EraRecord { pending: Some(1), ..cancelled.clone() }));
        advance_to(21);
        assert_eq!(record(), Some(EraRecord { applied: 200, ..cancelled }));

        forget_exposures_before(1);
        advance_to(60);
        assert_eq!(record(), None);
        assert_eq!(Queue::<Test>::iter().count(), 0);
    });
}

#[test]
fn record_stays_for_as_long_as_its_offences_are_accepted() {
    run(|| {
        elect(1, 0, 1_000);
        assert_ok!(equivocate(1, 0, percent(10), None));
        advance_to(500);
        assert!(record().is_some());
        assert_eq!(equivocate(1, 0, percent(10), None), Ok(None));

        forget_exposures_before(1);
        advance_to(521);
        assert_eq!(record(), None);
        assert_eq!(Queue::<Test>::iter().count(), 0);
    });
}

#[test]
fn record_with_a_pending_slash_outlives_its_offences() {
    run(|| {
        elect(1, 0, 1_000);
        assert_ok!(equivocate(1, 0, percent(10), None));
        advance_to(21);
        assert_ok!(equivocate(1, 0, percent(30), None));
        assert_ok!(Slashing::suspend(RuntimeOrigin::root(), 1, 141));
        forget_exposures_before(1);
        advance_to(140);
        assert_eq!(record(), Some(EraRecord { applied: 100, pending: Some(1), cancelled: false }));

        assert_ok!(Slashing::cancel(RuntimeOrigin::root(), 1));
        assert_eq!(record(), Some(EraRecord { applied: 100, pending: None, cancelled: true }));
        advance_to(160);
        assert_eq!(record(), None);
        assert_eq!(Queue::<Test>::iter().count(), 0);
    });
}

#[test]
fn provider_leaves_no_record() {
    run(|| {
        assert_ok!(fail_seat(seat(3, 500), 100));
        assert_eq!(EraRecords::<Test>::iter().count(), 0);
        advance_to(21);
        assert_eq!(Queue::<Test>::iter().count(), 0);
    });
}

#[test]
fn invariants_catch_a_record_that_is_empty_or_never_forgotten() {
    run(|| {
        let is_sound = |applied, pending, cancelled| {
            EraRecords::<Test>::insert(0, 1, EraRecord { applied, pending, cancelled });
            Slashing::do_try_state().is_ok()
        };
        assert!(!is_sound(5, None, false));
        assert!(!is_sound(0, None, true));
        Queue::<Test>::insert(Slashing::place(9, 0), Entry::Record { validator: 1, session: 0 });
        assert!(is_sound(5, None, false));
        assert!(is_sound(0, None, true));
        assert!(!is_sound(0, None, false));
        assert!(!is_sound(5, Some(0), false));
        EraRecords::<Test>::remove(0, 1);
    });
}

#[test]
fn record_is_looked_at_by_the_last_session_of_its_era() {
    run(|| {
        set_sessions_per_era(6);
        elect(1, 0, 1_000);
        assert_ok!(equivocate(1, 0, percent(10), None));
        advance_to(21);
        let queued: Vec<_> = Queue::<Test>::iter_values().collect();
        assert_eq!(queued, [Entry::Record { validator: 1, session: 5 }]);
    });
}
