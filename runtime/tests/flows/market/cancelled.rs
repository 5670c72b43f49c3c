//! The requester changes its mind: while seats are assigned and nobody has committed, and at no other time.

use super::{
    answer::Answer,
    books::Bill,
    harness::{on, Market},
    network,
};
use assay_primitives::{
    Conduct::{Cheated, Neutral, NoShow, Right},
    FaultKind, JobId, Outcome,
};
use assay_runtime::Runtime;
use pallet_assay_jobs::{Call, Error as JobsError};
use pallet_assay_verification::{Error, Phase, Round, Stage};
use sp_runtime::DispatchError;

fn cancel(market: &mut Market<'_>, job: JobId) {
    market.submit(&market.requester(), Call::<Runtime>::cancel { id: job }).expect("nobody has committed");
}

fn cannot_cancel(market: &mut Market<'_>, job: JobId, error: impl Into<DispatchError>) {
    market.refused(&market.requester(), Call::<Runtime>::cancel { id: job }, error);
}

#[test]
fn a_job_is_cancelled_once_its_seats_are_drawn() {
    on(|market| {
        let job = market.post();
        for _ in 0..3 {
            cannot_cancel(market, job, Error::<Runtime>::DrawIsDue);
            market.close();
        }
        market.draw(job);
        let stranger = network::account(network::AUTHOR);
        market.refused(&stranger, Call::<Runtime>::cancel { id: job }, JobsError::<Runtime>::NotRequester);
        cancel(market, job);
        let half = market.terms(job).payment() / 2;
        market.settled(Bill::new(job, Outcome::Cancelled).pay(&[0, 1], half));
        assert_eq!(market.conducts(job), [Neutral; 2]);
        cannot_cancel(market, job, JobsError::<Runtime>::NotOpen);
    });
}

#[test]
fn who_declined_a_job_that_is_cancelled_gets_nothing() {
    on(|market| {
        let job = market.post();
        market.draw(job);
        market.decline(job, 1);
        cannot_cancel(market, job, Error::<Runtime>::DrawIsDue);
        market.draw(job);
        cancel(market, job);
        let half = market.terms(job).payment() / 2;
        market.settled(Bill::new(job, Outcome::Cancelled).pay(&[0, 2], half));
        assert_eq!(market.conducts(job), [Neutral; 3]);
    });
}

#[test]
fn who_missed_before_a_job_is_cancelled_has_missed() {
    on(|market| {
        let job = market.post();
        market.draw(job);
        market.lapse(job);
        cannot_cancel(market, job, Error::<Runtime>::DrawIsDue);
        market.draw(job);
        assert_eq!(market.sitting(job, Round::First), [2, 3]);
        cancel(market, job);
        let half = market.terms(job).payment() / 2;
        market.settled(Bill::new(job, Outcome::Cancelled).pay(&[2, 3], half));
        market.slashed(job, &[0, 1], FaultKind::NoShow);
        assert_eq!(market.conducts(job), [NoShow, NoShow, Neutral, Neutral]);
    });
}

#[test]
fn a_job_that_somebody_has_committed_to_is_never_cancelled() {
    on(|market| {
        let (truth, lie) = (Answer::run(1), Answer::run(2));
        let committed = || Error::<Runtime>::JobHasCommit;
        let job = market.post();
        market.draw(job);
        market.commit(job, 0, &truth);
        assert_eq!(market.phase(job), Phase::Committing(Round::First));
        cannot_cancel(market, job, committed());
        market.commit(job, 1, &lie);
        assert!(matches!(market.phase(job), Phase::Lot { .. }));
        cannot_cancel(market, job, committed());
        market.draw(job);
        assert_eq!(market.phase(job), Phase::Committing(Round::Audit));
        cannot_cancel(market, job, committed());
        market.commit(job, 2, &truth);
        assert!(matches!(market.phase(job), Phase::Revealing { .. }));
        cannot_cancel(market, job, committed());

        for (seat, answer) in [(0, &truth), (1, &lie), (2, &truth)] {
            market.reveal(job, seat, answer);
        }
        assert_eq!(market.phase(job), Phase::Committing(Round::Fresh));
        cannot_cancel(market, job, committed());
        market.draw(job);
        assert_eq!(market.stages(job)[3..], [Stage::Assigned; 2]);
        cannot_cancel(market, job, committed());
        market.seal(job, Round::Fresh, &[&truth, &truth]);
        assert!(matches!(market.phase(job), Phase::Leaves { .. }));
        cannot_cancel(market, job, committed());
        market.draw(job);
        assert!(matches!(market.phase(job), Phase::Opening { .. }));
        cannot_cancel(market, job, committed());

        market.show(job, Round::Fresh, &[&truth, &truth]);
        cannot_cancel(market, job, JobsError::<Runtime>::NotOpen);
        let payment = market.terms(job).payment();
        market.settled(Bill::new(job, Outcome::Decided).pay(&[0, 2, 3, 4], payment));
        market.slashed(job, &[1], FaultKind::WrongResult);
        assert_eq!(market.conducts(job), [Right, Cheated, Right, Right, Right]);
    });
}
