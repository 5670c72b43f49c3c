//! First seats differ, and fresh ones decide.

use super::{
    answer::Answer,
    books::Bill,
    harness::{on, under, Market},
    network,
};
use assay_primitives::{
    Conduct::{self, Cheated, Neutral, Right},
    FaultKind, JobId, Outcome,
};
use pallet_assay_providers::State;
use pallet_assay_verification::{Phase, Round};

/// Fresh seats have decided: these seats were right and paid, those were wrong and lose all that was locked for them.
fn decided(market: &mut Market<'_>, job: JobId, truth: &Answer, right: &[u8], wrong: &[u8]) {
    let terms = market.terms(job);
    let receipt = market.settled(Bill::new(job, Outcome::Decided).pay(right, terms.payment()));
    assert_eq!(receipt.claim, Some(truth.claim()));
    assert_eq!(terms.cost(FaultKind::WrongResult), terms.lock());
    market.slashed(job, wrong, FaultKind::WrongResult);
    let conduct = |seat| if right.contains(&seat) { Right } else { Cheated };
    let conducts: Vec<Conduct> = (0..right.len() + wrong.len()).map(|seat| conduct(seat as u8)).collect();
    assert_eq!(market.conducts(job), conducts);
    for seat in wrong {
        let jailed = market.provider(job, *seat);
        assert!(matches!(jailed.state, State::Jailed { .. }), "seat {seat} is in jail");
        assert_eq!((jailed.weight, jailed.score), (0, 0), "nobody draws it");
    }
}

#[test]
fn fresh_seats_decide_for_the_first_seat() {
    under(network::seldom_audited(), |market| {
        let (truth, lie) = (Answer::run(1), Answer::run(2));
        let job = market.post();
        market.play_first(job, [&truth, &lie], None);
        market.play_fresh(job, &[&truth, &truth, &truth]);
        decided(market, job, &truth, &[0, 2, 3, 4], &[1]);
    });
}

#[test]
fn fresh_seats_decide_for_the_second_seat() {
    under(network::seldom_audited(), |market| {
        let (truth, lie) = (Answer::run(1), Answer::run(2));
        let job = market.post();
        market.play_first(job, [&lie, &truth], None);
        market.play_fresh(job, &[&truth, &truth, &truth]);
        decided(market, job, &truth, &[1, 2, 3, 4], &[0]);
    });
}

#[test]
fn fresh_seats_decide_against_both() {
    under(network::seldom_audited(), |market| {
        let (truth, lie, other) = (Answer::run(1), Answer::run(2), Answer::run(3));
        let job = market.post();
        market.play_first(job, [&lie, &other], None);
        market.play_fresh(job, &[&truth, &truth, &truth]);
        decided(market, job, &truth, &[2, 3, 4], &[0, 1]);
    });
}

#[test]
fn a_fresh_seat_in_the_minority_is_wrong_too() {
    under(network::seldom_audited(), |market| {
        let (truth, lie) = (Answer::run(1), Answer::run(2));
        let job = market.post();
        market.play_first(job, [&truth, &lie], None);
        market.play_fresh(job, &[&truth, &lie, &truth]);
        decided(market, job, &truth, &[0, 2, 4], &[1, 3]);
    });
}

#[test]
fn an_audit_finds_out_first_seats_that_lie_together() {
    on(|market| {
        let (truth, lie) = (Answer::run(1), Answer::run(2));
        let job = market.post();
        market.play_first(job, [&lie, &lie], Some(&truth));
        market.play_fresh(job, &[&truth, &truth]);
        decided(market, job, &truth, &[2, 3, 4], &[0, 1]);
    });
}

#[test]
fn an_audit_that_lies_is_outvoted() {
    on(|market| {
        let (truth, lie) = (Answer::run(1), Answer::run(2));
        let job = market.post();
        market.play_first(job, [&truth, &truth], Some(&lie));
        market.play_fresh(job, &[&truth, &truth]);
        decided(market, job, &truth, &[0, 1, 3, 4], &[2]);
    });
}

#[test]
fn an_audit_and_one_fresh_seat_are_a_majority() {
    on(|market| {
        let (truth, lie) = (Answer::run(1), Answer::run(2));
        let job = market.post();
        market.play_first(job, [&truth, &lie], Some(&truth));
        market.play_fresh(job, &[&lie, &truth]);
        decided(market, job, &truth, &[0, 2, 4], &[1, 3]);
    });
}

#[test]
fn without_a_majority_who_revealed_first_is_paid_half_and_nobody_is_wrong() {
    on(|market| {
        let answers = [1, 2, 3, 4].map(Answer::run);
        let job = market.post();
        market.play_first(job, [&answers[0], &answers[1]], Some(&answers[1]));
        market.seal(job, Round::Fresh, &[&answers[2], &answers[3]]);
        market.draw(job);
        assert!(matches!(market.phase(job), Phase::Opening { .. }));
        market.show(job, Round::Fresh, &[&answers[2], &answers[3]]);
        let payment = market.terms(job).payment();
        let receipt = market.settled(Bill::new(job, Outcome::Undecided).halve(&[0, 1, 2], payment));
        assert_eq!(receipt.claim, None);
        assert_eq!(market.conducts(job), [Neutral; 5]);
    });
}

#[test]
fn three_fresh_seats_without_a_majority_decide_nothing() {
    under(network::seldom_audited(), |market| {
        let answers = [1, 2, 3].map(Answer::run);
        let job = market.post();
        market.play_first(job, [&answers[0], &answers[1]], None);
        market.play_fresh(job, &[&answers[0], &answers[1], &answers[2]]);
        let payment = market.terms(job).payment();
        market.settled(Bill::new(job, Outcome::Undecided).halve(&[0, 1], payment));
        assert_eq!(market.conducts(job), [Neutral; 5]);
    });
}
