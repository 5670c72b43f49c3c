//! Seats that can't get the input: below the limit their slot is filled again, at the limit the job ends.

use super::{
    answer::Answer,
    books::Bill,
    harness::{under, Market},
    network,
};
use assay_primitives::{
    Conduct::{Declined, Neutral, Right},
    JobId, Outcome, Policy,
};
use assay_runtime::Runtime;
use pallet_assay_verification::{Call, Error, Round, Stage};

/// Time enough for all that can be drawn for a slot.
fn patient() -> Policy {
    Policy { commit_blocks: 40, ..network::policy() }
}

/// These seats of one slot decline, one after the other.
fn decline_all(market: &mut Market<'_>, job: JobId, seats: &[u8]) {
    for seat in seats {
        market.draw(job);
        market.decline(job, *seat);
    }
    market.draw(job);
}

#[test]
fn three_that_declined_are_judged_when_the_fourth_can() {
    under(patient(), |market| {
        let truth = Answer::run(1);
        let job = market.post();
        market.draw(job);
        market.commit(job, 0, &truth);
        decline_all(market, job, &[1, 2, 3]);
        assert_eq!(market.stages(job)[1..4], [Stage::Declined; 3]);
        assert!((1..4).all(|seat| market.provider(job, seat).open.contains(&job)), "they keep their places");
        let again = Call::<Runtime>::decline { job, seat: 1, spec: market.case(job).order.spec };
        market.refused(&market.owner(job, 1), again, Error::<Runtime>::SeatClosed);

        market.commit(job, 4, &truth);
        assert_eq!(market.stages(job)[1..4], [Stage::Replaced; 3]);
        assert!(!(1..4).any(|seat| market.provider(job, seat).open.contains(&job)), "they have left");
        market.seal(job, Round::Audit, &[&truth]);
        market.show(job, Round::Audit, &[&truth]);
        market.show(job, Round::First, &[&truth, &truth]);
        let payment = market.terms(job).payment();
        market.settled(Bill::new(job, Outcome::Agreed).pay(&[0, 4, 5], payment));
        assert_eq!(market.conducts(job), [Right, Declined, Declined, Declined, Right, Right]);
    });
}

#[test]
fn four_declines_before_any_commit_are_paid_from_the_bond() {
    under(patient(), |market| {
        let job = market.post();
        decline_all(market, job, &[1, 2, 3, 4]);
        let sixteenth = market.terms(job).bond() / 16;
        assert_eq!(sixteenth, 175_000_000_000, "rounded down");
        let bill = Bill::new(job, Outcome::Unavailable).pay(&[1, 2, 3, 4], sixteenth).lose_bond();
        let receipt = market.settled(bill);
        assert_eq!(receipt.burnt, 560_000_000_001 + 2_100_000_000_003, "half of the fee, rest of the bond");
        assert_eq!(market.conducts(job), [Neutral; 5]);
    });
}

#[test]
fn declines_in_the_other_slot_are_not_paid() {
    under(patient(), |market| {
        let job = market.post();
        decline_all(market, job, &[1, 0]);
        // By the order in which they declined, seat 2 sits in the second slot and seat 3 in the first.
        assert_eq!(market.sitting(job, Round::First), [3, 2]);
        decline_all(market, job, &[2, 4, 5]);
        let sixteenth = market.terms(job).bond() / 16;
        let bill = Bill::new(job, Outcome::Unavailable).pay(&[1, 2, 4, 5], sixteenth).lose_bond();
        market.settled(bill);
        assert_eq!(market.conducts(job), [Neutral; 6]);
    });
}

#[test]
fn four_declines_after_a_commit_cost_the_bond_as_well() {
    under(patient(), |market| {
        let truth = Answer::run(1);
        let job = market.post();
        market.draw(job);
        market.commit(job, 0, &truth);
        decline_all(market, job, &[1, 2, 3, 4]);
        let sixteenth = market.terms(job).bond() / 16;
        market.settled(Bill::new(job, Outcome::Unavailable).pay(&[1, 2, 3, 4], sixteenth).lose_bond());
        assert_eq!(market.conducts(job), [Neutral; 5]);
    });
}
