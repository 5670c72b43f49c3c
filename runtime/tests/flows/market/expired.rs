//! The job's own deadline, which only a commit outruns.

use super::{
    answer::Answer,
    books::Bill,
    harness::{on, post_call, Market},
    network,
};
use assay_primitives::{
    Conduct::{Neutral, NoShow, Right},
    FaultKind, MarketBlock, Outcome,
};
use assay_runtime::Runtime;
use pallet_assay_verification::{Error, Round, Stage, DEADLINE_MARGIN};

/// The first deadline of a usual job that is posted in this block: time for a draw and for a commit, and a margin.
fn earliest(market: &mut Market<'_>) -> MarketBlock {
    market.open();
    let policy = network::policy();
    let computing = network::UNITS.div_ceil(policy.units_per_block) as MarketBlock;
    market.clock() + 1 + policy.commit_blocks + computing + policy.draw_blocks + DEADLINE_MARGIN
}

#[test]
fn a_job_that_nobody_has_committed_to_expires() {
    on(|market| {
        let truth = Answer::run(1);
        let mut spec = market.spec();
        spec.deadline = earliest(market) - 1;
        market.refused(&market.requester(), post_call(spec), Error::<Runtime>::DeadlineTooNear);
        spec.deadline += 1;
        let job = market.post_spec(spec);
        market.draw(job);
        market.lapse(job);
        market.draw(job);
        let missed = [Stage::Missed, Stage::Missed, Stage::Assigned, Stage::Assigned];
        assert_eq!(market.stages(job), missed);

        // The deadline takes no time from those who were drawn before it.
        market.pass(spec.deadline - market.clock());
        assert_eq!(market.stages(job), missed);
        let late = market.commit_call(job, 2, &truth);
        market.lapse(job);
        market.refused(&market.owner(job, 2), late, Error::<Runtime>::NoSuchJob);
        let receipt = market.settled(Bill::new(job, Outcome::Expired));
        assert!(receipt.ended > spec.deadline);
        market.slashed(job, &[0, 1, 2, 3], FaultKind::NoShow);
        assert_eq!(market.conducts(job), [NoShow; 4]);
    });
}

#[test]
fn an_early_deadline_does_not_dodge_the_bond() {
    on(|market| {
        let mut spec = market.spec();
        spec.deadline = earliest(market);
        let job = market.post_spec(spec);
        market.draw(job);
        market.pass(3);
        market.decline(job, 0);
        market.decline(job, 1);
        market.draw(job);
        // Those in their place miss; by then there is no time to draw others.
        market.lapse(job);
        market.pass(4);

        let sixteenth = market.terms(job).bond() / 16;
        assert_eq!(sixteenth, 175_000_000_000, "rounded down");
        market.settled(Bill::new(job, Outcome::Expired).pay(&[0, 1], sixteenth));
        market.slashed(job, &[2, 3], FaultKind::NoShow);
        assert_eq!(market.conducts(job), [Neutral, Neutral, NoShow, NoShow]);
    });
}

#[test]
fn a_commit_outruns_the_deadline() {
    on(|market| {
        let truth = Answer::run(1);
        let mut spec = market.spec();
        spec.deadline = earliest(market);
        let job = market.post_spec(spec);
        market.draw(job);
        market.lapse(job);
        market.draw(job);
        market.commit(job, 2, &truth);
        market.lapse(job);
        assert!(market.clock() >= spec.deadline);
        market.draw(job);
        market.commit(job, 4, &truth);
        market.seal(job, Round::Audit, &[&truth]);
        market.show(job, Round::Audit, &[&truth]);
        market.show(job, Round::First, &[&truth, &truth]);

        let payment = market.terms(job).payment();
        market.settled(Bill::new(job, Outcome::Agreed).pay(&[2, 4, 5], payment));
        market.slashed(job, &[0, 1, 3], FaultKind::NoShow);
        assert_eq!(market.conducts(job), [NoShow, NoShow, Right, NoShow, Right, Right]);
    });
}
