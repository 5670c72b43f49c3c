use crate::{mock::*, Error};
use assay_primitives::{Conduct, Outcome, Pay, Verification as _};
use frame_support::{assert_noop, assert_ok};

#[test]
fn cancelled_before_the_first_commit_pays_drawn_seats_half() {
    run(|| {
        let job = post(plain());
        let [one, other] = [owner(job, 0), owner(job, 1)];
        assert_ok!(Verification::cancel(job));
        assert_ended(job, Outcome::Cancelled, &[(one, Pay::Half), (other, Pay::Half)]);
        let verdict = verdict(job);
        assert_eq!((verdict.claim, verdict.output, verdict.price), (None, None, PRICE));
        assert_eq!(conducts_in(job), [(one, Conduct::Neutral), (other, Conduct::Neutral)]);
        assert_eq!((locked(one), locked(other)), (0, 0));
        assert!(faults().is_empty());
    });
}

#[test]
fn cancelled_job_is_forgotten_with_its_deadline() {
    run(|| {
        let job = post(plain());
        assert_ok!(Verification::cancel(job));
        assert_eq!(crate::Deadlines::<Test>::iter().count(), 0);
        assert_noop!(Verification::cancel(job), Error::<Test>::NoSuchJob);
        assert_noop!(Verification::cancel(77), Error::<Test>::NoSuchJob);
    });
}

#[test]
fn cancel_while_a_draw_is_due_is_refused() {
    run(|| {
        let job = try_post(plain()).unwrap();
        assert_noop!(Verification::cancel(job), Error::<Test>::DrawIsDue);
        advance(DRAW - 1);
        // The last VRF is known, the draw has not run.
        assert_noop!(Verification::cancel(job), Error::<Test>::DrawIsDue);
        advance(1);
        assert_ok!(decline(job, 0));
        assert_noop!(Verification::cancel(job), Error::<Test>::DrawIsDue);
        advance(DRAW);
        assert_ok!(Verification::cancel(job));
    });
}

#[test]
fn cancel_pays_nobody_for_declining() {
    run(|| {
        let job = post(plain());
        let [decliner, other] = [owner(job, 0), owner(job, 1)];
        assert_ok!(decline(job, 0));
        advance(DRAW);
        let next = owner(job, 2);
        assert_ok!(Verification::cancel(job));
        assert_ended(job, Outcome::Cancelled, &[(other, Pay::Half), (next, Pay::Half)]);
        assert_eq!(conducts_in(job)[0], (decliner, Conduct::Neutral));
    });
}

#[test]
fn cancel_after_a_commit_is_refused_in_every_phase() {
    run(|| {
        let (right, wrong) = (Run::new(1), Run::new(2));
        let refused = |job| {
            assert_noop!(Verification::cancel(job), Error::<Test>::JobHasCommit);
        };
        let job = post(audited());
        assert_ok!(commit(job, 0, &right.claim()));
        refused(job);
        assert_ok!(commit(job, 1, &wrong.claim()));
        refused(job);
        advance(DRAW);
        refused(job);
        commit_all(job, &right);
        refused(job);
        for (index, run) in [&right, &wrong, &right].into_iter().enumerate() {
            assert_ok!(reveal(job, index as u8, run));
            refused(job);
        }
        advance(DRAW);
        commit_all(job, &right);
        refused(job);
        advance(DRAW);
        refused(job);
        reveal_all(job, &right);
        assert_eq!(verdict(job).outcome, Outcome::Decided);
    });
}

#[test]
fn cancel_is_no_way_around_a_missed_commit() {
    run(|| {
        let job = post(plain());
        // The seats are late, and the hook has not come round to them.
        Now::set(seat(job, 0).commit_by);
        assert_noop!(Verification::cancel(job), Error::<Test>::TooLate);
        Now::set(case(job).order.deadline);
        assert_noop!(Verification::cancel(job), Error::<Test>::TooLate);
    });
}
