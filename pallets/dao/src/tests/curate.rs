use crate::{mock::*, DaoOrigin, Error, Event, Note, Notes, Standing};
use assay_primitives::{mock::governance::*, JobClass, Machine, Subject};
use frame_support::{assert_noop, assert_ok, dispatch::DispatchResult};
use sp_runtime::DispatchError;

const MACHINE: Subject = Subject::Machine(Machine { hardware: 1, memory: 2 });
const LISTING: Subject = Subject::Listing(3);
const CLASS: Subject = Subject::JobClass(JobClass::ExactV1);
const REASON: [u8; 32] = [5; 32];

fn curate(subject: Subject, standing: Standing) -> DispatchResult {
    Dao::curate(DaoOrigin::Curator.into(), subject, standing, REASON)
}

#[test]
fn what_is_delisted_is_closed_for_a_reason() {
    run(|| {
        for subject in [MACHINE, LISTING, CLASS] {
            add_subject(subject);
            assert_ok!(curate(subject, Standing::Delisted));
            assert_eq!(closed(subject), Some(REASON));
            let note = Note { standing: Standing::Delisted, reason: REASON, since: 1 };
            assert_eq!(Dao::note(subject), Some(note));
            let standing = Standing::Delisted;
            assert_eq!(last_event(), Event::Curated { subject, standing, reason: REASON });
        }
    });
}

#[test]
fn what_is_warned_of_stays_open() {
    run(|| {
        add_subject(LISTING);
        assert_ok!(curate(LISTING, Standing::Warned));
        assert_eq!(closed(LISTING), None);
        assert_eq!(Dao::standing_of(LISTING), Standing::Warned);
        assert_ok!(curate(LISTING, Standing::Listed));
        assert!(!Notes::<Test>::contains_key(LISTING));
    });
}

#[test]
fn machine_that_was_delisted_is_opened_again() {
    run(|| {
        add_subject(MACHINE);
        for standing in [Standing::Warned, Standing::Listed] {
            assert_ok!(curate(MACHINE, Standing::Delisted));
            assert_ok!(curate(MACHINE, standing));
            assert_eq!(closed(MACHINE), None);
        }
    });
}

#[test]
fn listing_that_was_delisted_stays_so() {
    run(|| {
        add_subject(LISTING);
        assert_ok!(curate(LISTING, Standing::Delisted));
        assert_noop!(curate(LISTING, Standing::Listed), STAYS_CLOSED);
    });
}

#[test]
fn standing_that_changes_nothing_is_refused() {
    run(|| {
        add_subject(LISTING);
        assert_noop!(curate(LISTING, Standing::Listed), Error::<Test>::SameStanding);
        assert_ok!(curate(LISTING, Standing::Warned));
        assert_noop!(curate(LISTING, Standing::Warned), Error::<Test>::SameStanding);
    });
}

#[test]
fn curation_of_nothing_is_refused() {
    run(|| {
        assert_noop!(curate(LISTING, Standing::Warned), Error::<Test>::NoSuchSubject);
    });
}

#[test]
fn curation_by_any_other_origin_is_refused() {
    run(|| {
        add_subject(LISTING);
        for origin in all_but(DaoOrigin::Curator) {
            let curated = Dao::curate(origin, LISTING, Standing::Warned, REASON);
            assert_eq!(curated, Err(DispatchError::BadOrigin));
        }
    });
}
