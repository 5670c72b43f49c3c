//! Seats that do not commit in time are filled again, three times each.

use super::{
    answer::Answer,
    books::Bill,
    harness::{on, under, Market},
    network,
};
use assay_primitives::{
    Conduct::{Neutral, NoShow, Right},
    FaultKind, JobId, Outcome, Policy,
};
use assay_runtime::Runtime;
use pallet_assay_verification::{Error, Phase, Round, Stage};

/// The shortest time to commit.
fn hasty() -> Policy {
    Policy { commit_blocks: 4, ..network::policy() }
}

/// Four seats after each other miss their commit in the slots that wait for one, which are as many at a time.
fn use_up(market: &mut Market<'_>, job: JobId) {
    for _ in 0..4 {
        market.draw(job);
        market.lapse(job);
    }
}

#[test]
fn a_seat_that_missed_is_filled_again() {
    on(|market| {
        let truth = Answer::run(1);
        let job = market.post();
        market.draw(job);
        market.commit(job, 0, &truth);
        market.lapse(job);
        assert_eq!(market.stages(job)[1], Stage::Missed);
        market.draw(job);
        let late = market.commit_call(job, 1, &truth);
        market.refused(&market.owner(job, 1), late, Error::<Runtime>::SeatClosed);
        assert_eq!(market.sitting(job, Round::First), [0, 2]);
        market.commit(job, 2, &truth);
        market.seal(job, Round::Audit, &[&truth]);
        market.show(job, Round::Audit, &[&truth]);
        market.show(job, Round::First, &[&truth, &truth]);

        let payment = market.terms(job).payment();
        market.settled(Bill::new(job, Outcome::Agreed).pay(&[0, 2, 3], payment));
        market.slashed(job, &[1], FaultKind::NoShow);
        assert_eq!(market.conducts(job), [Right, NoShow, Right, Right]);
    });
}

#[test]
fn one_that_missed_is_drawn_again_after_a_sign_of_life() {
    on(|market| {
        let truth = Answer::run(1);
        let job = market.post();
        market.draw(job);
        market.commit(job, 0, &truth);
        market.lapse(job);
        let missed = market.provider(job, 1);
        assert!(missed.silent);
        assert_eq!(missed.weight, 0, "nobody draws it");

        let owner = market.owner(job, 1);
        let heartbeat = pallet_assay_providers::Call::<Runtime>::heartbeat { owner: owner.clone() };
        market.submit(&owner, heartbeat).expect("it is silent");
        market.apply_changes();
        let awake = market.provider(job, 1);
        assert!(!awake.silent);
        assert!(awake.weight > 0, "it is drawn again");

        market.commit(job, 2, &truth);
        market.seal(job, Round::Audit, &[&truth]);
        market.show(job, Round::Audit, &[&truth]);
        market.show(job, Round::First, &[&truth, &truth]);
        let payment = market.terms(job).payment();
        market.settled(Bill::new(job, Outcome::Agreed).pay(&[0, 2, 3], payment));
        market.slashed(job, &[1], FaultKind::NoShow);
    });
}

#[test]
fn a_job_that_nobody_commits_to_pays_nobody() {
    under(hasty(), |market| {
        let job = market.post();
        use_up(market, job);
        let receipt = market.settled(Bill::new(job, Outcome::Expired));
        assert_eq!(receipt.claim, None);
        market.slashed(job, &[0, 1, 2, 3, 4, 5, 6, 7], FaultKind::NoShow);
        assert_eq!(market.conducts(job), [NoShow; 8]);
    });
}

#[test]
fn a_seat_whose_fellow_is_never_found_is_paid_nothing_for_what_it_has_not_shown() {
    under(hasty(), |market| {
        let truth = Answer::run(1);
        let job = market.post();
        market.draw(job);
        market.commit(job, 0, &truth);
        use_up(market, job);
        market.settled(Bill::new(job, Outcome::Undecided));
        market.slashed(job, &[1, 2, 3, 4], FaultKind::NoShow);
        assert_eq!(market.conducts(job), [Neutral, NoShow, NoShow, NoShow, NoShow]);
    });
}

#[test]
fn an_audit_that_is_never_found_leaves_the_job_undecided() {
    under(hasty(), |market| {
        let truth = Answer::run(1);
        let job = market.post();
        market.seal(job, Round::First, &[&truth, &truth]);
        use_up(market, job);
        let receipt = market.settled(Bill::new(job, Outcome::Undecided));
        assert_eq!(receipt.claim, None, "nobody has revealed");
        market.slashed(job, &[2, 3, 4, 5], FaultKind::NoShow);
        assert_eq!(market.conducts(job), [Neutral, Neutral, NoShow, NoShow, NoShow, NoShow]);
    });
}

#[test]
fn a_fresh_seat_that_is_never_found_leaves_the_first_ones_half() {
    under(hasty(), |market| {
        let (truth, lie) = (Answer::run(1), Answer::run(2));
        let job = market.post();
        market.play_first(job, [&truth, &lie], Some(&truth));
        market.draw(job);
        assert_eq!(market.phase(job), Phase::Committing(Round::Fresh));
        market.commit(job, 3, &truth);
        use_up(market, job);
        let payment = market.terms(job).payment();
        let receipt = market.settled(Bill::new(job, Outcome::Undecided).halve(&[0, 1, 2], payment));
        assert_eq!(receipt.paid, 3 * 10_500_000_000_024, "rounded down");
        assert_eq!(receipt.burnt, 3 * 10_500_000_000_025 + 560_000_000_001, "and half of the fee");
        market.slashed(job, &[4, 5, 6, 7], FaultKind::NoShow);
        let conducts = [Neutral, Neutral, Neutral, Neutral, NoShow, NoShow, NoShow, NoShow];
        assert_eq!(market.conducts(job), conducts);
    });
}
