use crate::{mock::*, Error, Event, Place, Stage};
use assay_primitives::{Outcome, Verification as _};
use assay_rules::draw::Purpose;
use frame_support::{assert_noop, assert_ok};

#[test]
fn decline_frees_the_collateral_and_keeps_the_place() {
    run(|| {
        let job = post(plain());
        let decliner = owner(job, 0);
        assert_eq!(locked(decliner), LOCKED);
        assert_ok!(decline(job, 0));
        assert_eq!(locked(decliner), 0);
        assert_eq!(seat(job, 0).stage, Stage::Declined);
        assert!(conducts_in(job).is_empty());
        assert_eq!(
            events()[events().len() - 1],
            Event::DrawDue { job, attempt: 1, purpose: Purpose::Refill, after: 4 }
        );
        assert!(events().contains(&Event::Declined { job, seat: 0, owner: decliner }));
    });
}

#[test]
fn slot_that_was_declined_is_drawn_anew_and_the_other_goes_on() {
    run(|| {
        let job = post(plain());
        let [decliner, other] = [owner(job, 0), owner(job, 1)];
        assert_ok!(decline(job, 0));
        assert_ok!(commit(job, 1, &Run::new(1).claim()));
        advance(DRAW);
        let next = seat(job, 2);
        assert_eq!((next.slot, next.stage), (0, Stage::Assigned));
        assert!(next.owner != decliner && next.owner != other);
        assert_eq!(case(job).slots[0].place, Place::Taken { seat: 2 });
        assert_eq!(next.commit_by, Now::get() + COMMIT);
    });
}

#[test]
fn two_declines_of_one_job_have_draws_of_their_own() {
    run(|| {
        let job = post(plain());
        assert_ok!(decline(job, 0));
        advance(1);
        assert_ok!(decline(job, 1));
        advance(DRAW - 1);
        // The second draw's seed is not there yet: nobody can decline into a draw whose outcome is known.
        assert_eq!(case(job).seats.len(), 3);
        assert_eq!(case(job).slots[1].place, Place::Vacant { attempt: 2 });
        advance(1);
        assert_eq!(case(job).seats.len(), 4);
    });
}

#[test]
fn decline_of_what_is_not_assigned_is_refused() {
    run(|| {
        let job = post(plain());
        assert_ok!(commit(job, 0, &Run::new(1).claim()));
        assert_noop!(decline(job, 0), Error::<Test>::AlreadyCommitted);
        assert_ok!(decline(job, 1));
        assert_noop!(decline(job, 1), Error::<Test>::SeatClosed);
        let signer = signed(owner(job, 0));
        assert_noop!(Verification::decline(signer.clone(), 77, 0, spec_of(job)), Error::<Test>::NoSuchJob);
        assert_noop!(Verification::decline(signer.clone(), job, 9, spec_of(job)), Error::<Test>::NoSuchSeat);
        assert_noop!(Verification::decline(signer, job, 1, spec_of(job)), Error::<Test>::NotYourSeat);
    });
}

#[test]
fn decline_of_a_seat_that_has_revealed_is_refused() {
    run(|| {
        let right = Run::new(1);
        let job = sealed_job(plain(), &[&right, &right]);
        assert_ok!(reveal(job, 0, &right));
        assert_noop!(decline(job, 0), Error::<Test>::AlreadyCommitted);
    });
}

#[test]
fn decline_after_the_window_is_refused() {
    run(|| {
        let job = post(plain());
        Now::set(seat(job, 0).commit_by);
        assert_noop!(decline(job, 0), Error::<Test>::TooLate);
    });
}

#[test]
fn last_decline_ends_the_job_after_the_draws_that_were_due() {
    run(|| {
        let job = post(plain());
        for index in [0, 2, 3] {
            assert_ok!(decline(job, index));
            advance(DRAW);
        }
        assert_ok!(decline(job, 1));
        assert_ok!(decline(job, 4));
        assert_eq!((case(job).slots[0].declined, case(job).awaits_draw()), (4, true));
        assert_noop!(Verification::cancel(job), Error::<Test>::DrawIsDue);
        assert_ok!(Verification::do_try_state());
        advance(DRAW - 1);
        assert!(Verification::case(job).is_some(), "the draw for the other slot has no seed yet");
        advance(1);
        let drawn = |event: &Event<Test>| matches!(event, Event::SeatDrawn { seat: 5, slot: 1, .. });
        assert_eq!(events().iter().filter(|event| drawn(event)).count(), 1);
        assert_eq!(verdict(job).outcome, Outcome::Unavailable);
        assert_eq!(Verification::backlog().draws, 0);
    });
}

#[test]
fn last_decline_spares_no_late_seat_its_fault() {
    run(|| {
        let job = post(plain());
        let late = owner(job, 1);
        for index in [0, 2, 3] {
            assert_ok!(decline(job, index));
            advance(DRAW);
        }
        // The second slot's seat is late, the hook has not come round, and the fourth of the first slot ends the job.
        Now::set(seat(job, 1).commit_by);
        assert_ok!(decline(job, 4));
        advance(1);
        assert_eq!(faults(), [(late, assay_primitives::FaultKind::NoShow, LOCKED / 10)]);
        assert!(conducts_in(job).contains(&(late, assay_primitives::Conduct::NoShow)));
    });
}
