//! The traps of the session stack, a test for each.

use crate::{mock::*, Event, Offenders, OldestEra};
use assay_primitives::Role::Validator;
use frame_support::{assert_ok, traits::KeyOwnerProofSystem};
use pallet_session::historical::StoredRange;
use sp_runtime::{key_types::DUMMY, testing::UintAuthorityId, Perbill};
use sp_staking::offence::OffenceSeverity;

/// The key of a validator, as its owner is proven.
fn key(of: u64) -> (sp_runtime::KeyTypeId, UintAuthorityId) {
    (DUMMY, UintAuthorityId(of))
}

/// Finds a validator out for what it has done in this session.
fn note(validator: u64, percent: u32) {
    let severity = OffenceSeverity(Perbill::from_percent(percent));
    Staking::note_offender(&validator, Session::current_index(), severity);
}

/// Validators that are disabled in this session.
fn disabled() -> Vec<u64> {
    let validators = Session::validators();
    Session::disabled_validators().iter().map(|index| validators[*index as usize]).collect()
}

fn root_count(session: u32) -> Option<u32> {
    Historical::historical_root(session).map(|(_, count)| count)
}

/// How often the session pallet was given a set since genesis, and not told to keep the one before.
fn sets_given() -> u32 {
    let told = System::read_events_for_pallet::<pallet_session::Event<Test>>();
    told.iter().filter(|event| **event == pallet_session::Event::NewQueued).count() as u32
}

#[test]
fn every_session_has_a_set_with_keys_and_a_root_of_it() {
    run(|| {
        for session in 1..10 {
            if session == 3 {
                assert_ok!(Staking::chill(signed(2)));
            }
            advance_to_session(session);
            let validators = Session::validators();
            assert_eq!(sets_given(), session, "a set that is the same is given again");
            assert!(!validators.is_empty());
            assert!(validators.iter().all(pallet_session::NextKeys::<Test>::contains_key));
            assert_eq!(root_count(session), Some(validators.len() as u32));
            assert_eq!(root_count(session + 1), Some(Session::queued_keys().len() as u32));
        }
    });
}

#[test]
fn operator_without_keys_is_not_elected_and_does_not_count() {
    run(|| {
        stand(5, 5_000);
        pallet_session::NextKeys::<Test>::remove(5);
        advance_to_session(2);
        assert_eq!(Session::validators(), [1, 2, 3, 4]);
        assert_eq!(root_count(2), Some(4));
        let proof = Historical::prove(key(1)).expect("1 validates");
        assert_eq!(proof.validator_count, 4);
        advance_to_session(4);
        assert_eq!(Historical::check_proof(key(1), proof), Some((1, ())));
    });
}

#[test]
fn new_set_clears_disabled_validators() {
    run(|| {
        advance_to_session(2);
        note(4, 100);
        assert_eq!(disabled(), [4]);
        advance_to_session(4);
        assert!(disabled().is_empty());
        assert!(Offenders::<Test>::get().is_empty());
        assert!(Session::validators().contains(&4));
    });
}

#[test]
fn offender_is_disabled_again_in_each_session_of_its_era() {
    run(|| {
        advance_to_session(2);
        note(4, 100);
        System::assert_last_event(Event::<Test>::OffenderNoted { validator: 4, until: 1 }.into());
        advance_to_session(3);
        assert_eq!(disabled(), [4]);
    });
}

#[test]
fn offender_is_disabled_in_a_set_that_was_chosen_before_it_was_found_out() {
    run(|| {
        advance_to_session(3);
        note(4, 100);
        assert_ok!(Staking::chill(signed(4)));
        for session in [4, 5] {
            advance_to_session(session);
            assert_eq!(disabled(), [4]);
        }
        advance_to_session(6);
        assert!(!Session::validators().contains(&4));
        assert!(disabled().is_empty());
    });
}

#[test]
fn offender_that_was_found_out_again_is_noted_once_with_the_worst() {
    run(|| {
        advance_to_session(2);
        note(4, 10);
        note(4, 50);
        note(4, 20);
        let offenders = Offenders::<Test>::get();
        assert_eq!(offenders.len(), 1);
        assert_eq!(offenders[0].severity, OffenceSeverity(Perbill::from_percent(50)));
    });
}

#[test]
fn offender_that_validates_no_more_is_not_noted() {
    run(|| {
        stand(5, 100);
        note(5, 100);
        note(17, 100);
        assert!(Offenders::<Test>::get().is_empty());
        assert!(disabled().is_empty());
    });
}

#[test]
fn offence_of_an_earlier_set_disables_nobody_now() {
    run(|| {
        advance_to_session(4);
        Staking::note_offender(&4, 1, OffenceSeverity::default());
        assert!(disabled().is_empty() && Offenders::<Test>::get().is_empty());
        Staking::note_offender(&4, 2, OffenceSeverity::default());
        assert_eq!(disabled(), [4]);
    });
}

#[test]
fn identification_stays_the_same_when_the_bond_changes() {
    run(|| {
        advance_to_session(2);
        let before = Historical::prove(key(1)).expect("1 validates");
        assert_ok!(Staking::bond_extra(signed(1), Validator, 500));
        assert_ok!(Staking::chill(signed(1)));
        let after = Historical::prove(key(1)).expect("1 validates");
        assert_eq!(Historical::check_proof(key(1), before), Some((1, ())));
        assert_eq!(Historical::check_proof(key(1), after), Some((1, ())));
    });
}

#[test]
fn ownership_is_proven_until_the_report_age() {
    run(|| {
        advance_to_session(2);
        let proof = Historical::prove(key(1)).expect("1 validates");
        // Session 6 is the fourth after session 2, and over when session 7 runs.
        advance_to_session(7);
        assert_eq!(Historical::check_proof(key(1), proof.clone()), Some((1, ())));
        assert_eq!(exposure(1, 2), Some(1_000));
        advance_to_session(8);
        assert_eq!(Historical::check_proof(key(1), proof), None);
        assert_eq!(exposure(1, 2), None);
    });
}

#[test]
fn roots_and_sets_are_forgotten_at_the_report_age() {
    run(|| {
        for session in 1..20u32 {
            advance_to_session(session);
            let oldest = (session - 1).saturating_sub(4);
            assert_eq!(StoredRange::<Test>::get(), Some((oldest, session + 2)));
            assert_eq!(OldestEra::<Test>::get(), oldest / 2);
            assert_eq!(elected(oldest / 2).len(), 4);
            assert!(oldest < 2 || elected(oldest / 2 - 1).is_empty());
        }
    });
}

#[test]
fn lower_report_age_is_caught_up_with_in_bounded_steps() {
    run(|| {
        set_params(|params| (params.report_sessions, params.unbonding_blocks) = (12, 160));
        advance_to_session(14);
        assert_eq!(StoredRange::<Test>::get(), Some((1, 16)));
        set_params(|params| params.report_sessions = 0);
        advance_to_session(15);
        assert_eq!(StoredRange::<Test>::get(), Some((9, 17)));
        assert_eq!(OldestEra::<Test>::get(), 7);
        assert_eq!((exposure(1, 13), exposure(1, 14)), (None, Some(1_000)));
        advance_to_session(16);
        assert_eq!(StoredRange::<Test>::get(), Some((15, 18)));
    });
}

#[test]
fn nobody_else_was_at_stake() {
    run(|| {
        stand(5, 100);
        advance_to_session(2);
        assert_eq!(exposure(5, 2), None);
        assert_eq!(exposure(17, 0), None);
        assert_eq!(exposure(1, 99), None);
    });
}
