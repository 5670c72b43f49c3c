//! Seats that have committed and do not reveal, or do not open their traces.

use super::{
    answer::Answer,
    books::Bill,
    harness::{on, reveal_with},
};
use assay_primitives::{
    Conduct::{Cheated, Neutral, Right},
    FaultKind::{WithheldReveal, WrongResult},
    Outcome,
};
use assay_runtime::Runtime;
use pallet_assay_verification::{Error, Phase, Round, Stage};

#[test]
fn a_first_seat_that_withholds_is_a_mismatch() {
    on(|market| {
        let truth = Answer::run(1);
        let job = market.post();
        market.seal_first(job, [&truth, &truth], Some(&truth));
        market.show(job, Round::Audit, &[&truth]);
        market.reveal(job, 0, &truth);
        market.lapse(job);
        assert_eq!(market.stages(job)[1], Stage::Withheld);
        market.play_fresh(job, &[&truth, &truth]);

        let payment = market.terms(job).payment();
        market.settled(Bill::new(job, Outcome::Decided).pay(&[0, 2, 3, 4], payment));
        market.slashed(job, &[1], WithheldReveal);
        assert_eq!(market.conducts(job), [Right, Cheated, Right, Right, Right]);
    });
}

#[test]
fn an_audit_that_is_withheld_is_replaced_by_a_third_fresh_seat() {
    on(|market| {
        let truth = Answer::run(1);
        let job = market.post();
        market.seal_first(job, [&truth, &truth], Some(&truth));
        market.show(job, Round::First, &[&truth, &truth]);
        market.lapse(job);
        assert_eq!(market.stages(job)[2], Stage::Withheld);
        market.play_fresh(job, &[&truth, &truth, &truth]);

        // As many as can ever be paid.
        let payment = market.terms(job).payment();
        market.settled(Bill::new(job, Outcome::Decided).pay(&[0, 1, 3, 4, 5], payment));
        market.slashed(job, &[2], WithheldReveal);
        assert_eq!(market.conducts(job), [Right, Right, Cheated, Right, Right, Right]);
    });
}

#[test]
fn where_nobody_reveals_fresh_seats_find_the_truth_alone() {
    on(|market| {
        let truth = Answer::run(1);
        let job = market.post();
        market.seal_first(job, [&truth, &truth], Some(&truth));
        market.lapse(job);
        market.play_fresh(job, &[&truth, &truth, &truth]);
        let payment = market.terms(job).payment();
        market.settled(Bill::new(job, Outcome::Decided).pay(&[3, 4, 5], payment));
        market.slashed(job, &[0, 1, 2], WithheldReveal);
        assert_eq!(market.conducts(job), [Cheated, Cheated, Cheated, Right, Right, Right]);
    });
}

#[test]
fn a_fresh_seat_that_withholds_does_not_keep_the_others_from_deciding() {
    on(|market| {
        let (truth, lie) = (Answer::run(1), Answer::run(2));
        let job = market.post();
        market.play_first(job, [&truth, &lie], Some(&truth));
        market.seal(job, Round::Fresh, &[&truth, &lie]);
        market.draw(job);
        market.reveal(job, 3, &truth);
        market.lapse(job);

        let payment = market.terms(job).payment();
        market.settled(Bill::new(job, Outcome::Decided).pay(&[0, 2, 3], payment));
        market.slashed(job, &[1], WrongResult);
        market.slashed(job, &[4], WithheldReveal);
        assert_eq!(market.conducts(job), [Right, Cheated, Right, Right, Cheated]);
    });
}

#[test]
fn fresh_seats_that_all_withhold_spoil_the_verdict_and_the_requester_pays_in_full() {
    on(|market| {
        let (truth, lie) = (Answer::run(1), Answer::run(2));
        let job = market.post();
        market.play_first(job, [&truth, &lie], Some(&truth));
        market.seal(job, Round::Fresh, &[&lie, &lie]);
        market.draw(job);
        market.lapse(job);

        let payment = market.terms(job).payment();
        market.settled(Bill::new(job, Outcome::Undecided).halve(&[0, 1, 2], payment));
        market.slashed(job, &[3, 4], WithheldReveal);
        assert_eq!(market.conducts(job), [Neutral, Neutral, Neutral, Cheated, Cheated]);
    });
}

#[test]
fn a_fresh_seat_that_copies_the_public_answer_cannot_open_its_trace() {
    on(|market| {
        let (truth, lie) = (Answer::run(1), Answer::run(2));
        let copied = Answer::copied(&truth, 3);
        let job = market.post();
        market.play_first(job, [&truth, &lie], Some(&truth));
        market.seal(job, Round::Fresh, &[&truth, &copied]);
        market.draw(job);
        assert!(matches!(market.phase(job), Phase::Opening { .. }));
        market.reveal(job, 3, &truth);
        let (copier, bare) = (market.owner(job, 4), reveal_with(job, 4, &copied, None));
        market.refused(&copier, bare, Error::<Runtime>::OpeningMissing);
        let of_another = market.reveal_call(job, 4, &copied);
        market.refused(&copier, of_another, Error::<Runtime>::WrongOpening);
        market.lapse(job);

        let payment = market.terms(job).payment();
        market.settled(Bill::new(job, Outcome::Decided).pay(&[0, 2, 3], payment));
        market.slashed(job, &[1], WrongResult);
        market.slashed(job, &[4], WithheldReveal);
        assert_eq!(market.conducts(job), [Right, Cheated, Right, Right, Cheated]);
    });
}
