//! Jobs whose compute units are not those of the specification, and seats that say so.

use super::{
    answer::Answer,
    books::Bill,
    harness::{on, under},
    network, payees,
};
use assay_primitives::{
    Conduct::{Cheated, Right},
    FaultKind, Outcome,
};
use sp_runtime::Perbill;

const UNITS: Answer = Answer::Misdeclared { units: 9 };

#[test]
fn all_say_so_and_are_paid_from_the_bond() {
    on(|market| {
        let mut spec = market.spec();
        spec.listing = Some(payees::list(market, Perbill::from_percent(30)));
        let job = market.post_spec(spec);
        market.play_first(job, [&UNITS, &UNITS], Some(&UNITS));

        let terms = market.terms(job);
        assert!(terms.royalty() > 0, "nothing was computed, so nobody gets it");
        let third = terms.bond() / 3;
        assert_eq!((third, terms.bond() - 3 * third), (933_333_333_334, 1), "one planck is burnt");
        let bill = Bill::new(job, Outcome::Agreed).pay(&[0, 1, 2], third).lose_bond();
        let receipt = market.settled(bill);
        assert_eq!(receipt.claim, Some(UNITS.claim()));
        assert_eq!(market.conducts(job), [Right; 3]);
    });
}

#[test]
fn one_says_so_and_fresh_seats_say_so_too() {
    on(|market| {
        let lie = Answer::run(2);
        let job = market.post();
        market.play_first(job, [&lie, &UNITS], Some(&UNITS));
        market.play_fresh(job, &[&UNITS, &UNITS]);
        let quarter = market.terms(job).bond() / 4;
        let bill = Bill::new(job, Outcome::Decided).pay(&[1, 2, 3, 4], quarter).lose_bond();
        market.settled(bill);
        market.slashed(job, &[0], FaultKind::WrongResult);
        assert_eq!(market.conducts(job), [Cheated, Right, Right, Right, Right]);
    });
}

#[test]
fn one_says_so_and_is_wrong() {
    under(network::seldom_audited(), |market| {
        let truth = Answer::run(1);
        let job = market.post();
        market.play_first(job, [&truth, &UNITS], None);
        market.play_fresh(job, &[&truth, &truth, &UNITS]);
        let payment = market.terms(job).payment();
        let receipt = market.settled(Bill::new(job, Outcome::Decided).pay(&[0, 2, 3], payment));
        assert_eq!(receipt.claim, Some(truth.claim()));
        market.slashed(job, &[1, 4], FaultKind::WrongResult);
        assert_eq!(market.conducts(job), [Right, Cheated, Right, Right, Cheated]);
    });
}

#[test]
fn seats_that_say_different_units_do_not_agree() {
    on(|market| {
        let (truth, other) = (Answer::run(1), Answer::Misdeclared { units: 10 });
        let job = market.post();
        market.play_first(job, [&UNITS, &other], Some(&truth));
        market.play_fresh(job, &[&truth, &other]);
        let payment = market.terms(job).payment();
        market.settled(Bill::new(job, Outcome::Decided).pay(&[2, 3], payment));
        market.slashed(job, &[0, 1, 4], FaultKind::WrongResult);
    });
}
