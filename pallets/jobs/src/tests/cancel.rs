use crate::{mock::*, Error, Event, Status};
use assay_primitives::{mock::market, Outcome};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::DispatchError;

const DRAWING: DispatchError = DispatchError::Other("a draw is due");

#[test]
fn requester_cancels_and_the_verdict_ends_the_job_at_once() {
    run(|| {
        let job = post(spec());
        assert_ok!(cancel(REQUESTER, job));
        assert_eq!(market::cancelled(), [job]);
        assert_eq!(Jobs::status(job), Some(Status::Ended(Outcome::Cancelled)));
        let receipt = receipt(job);
        assert_eq!((receipt.paid, receipt.burnt, receipt.treasury, receipt.refunded), (0, 20, 20, 5_100));
        assert_eq!(last_event(), Event::Ended { id: job, receipt, payouts: Vec::new() });
    });
}

#[test]
fn phase_that_does_not_allow_it_is_verifications_to_refuse() {
    run(|| {
        let job = post(spec());
        market::refuse_cancels(Some(DRAWING));
        assert_noop!(cancel(REQUESTER, job), DRAWING);
        assert_eq!(Jobs::status(job), Some(Status::Open));
        assert_eq!(market::held(job), 5_140);
        market::refuse_cancels(None);
        assert_ok!(cancel(REQUESTER, job));
    });
}

#[test]
fn nobody_else_cancels() {
    run(|| {
        let job = post(spec());
        assert_noop!(cancel(OTHER, job), Error::<Test>::NotRequester);
        assert_noop!(Jobs::cancel(RuntimeOrigin::root(), job), DispatchError::BadOrigin);
        assert_noop!(Jobs::cancel(RuntimeOrigin::none(), job), DispatchError::BadOrigin);
        assert!(market::cancelled().is_empty());
    });
}

#[test]
fn job_that_is_not_open_cannot_be_cancelled() {
    run(|| {
        assert_noop!(cancel(REQUESTER, 0), Error::<Test>::NotOpen);
        assert_noop!(cancel(REQUESTER, u64::MAX), Error::<Test>::NotOpen);
        let job = post(spec());
        end(job, agreed());
        assert_noop!(cancel(REQUESTER, job), Error::<Test>::NotOpen);
        assert!(market::cancelled().is_empty());
    });
}

#[test]
fn job_is_cancelled_once() {
    run(|| {
        let job = post(spec());
        assert_ok!(cancel(REQUESTER, job));
        assert_noop!(cancel(REQUESTER, job), Error::<Test>::NotOpen);
        assert_eq!(market::settlements().len(), 1);
    });
}
