//! All claim the same.

use super::{
    answer::Answer,
    books::Bill,
    harness::{on, under},
    network,
};
use assay_primitives::{Conduct::Right, FaultKind, InlineOutput, Outcome};
use assay_runtime::Runtime;
use codec::Encode;
use pallet_assay_verification::{Error, Phase, Round};

#[test]
fn terms_of_a_usual_job_are_these() {
    on(|market| {
        let truth = Answer::run(1);
        let job = market.post();
        let terms = market.terms(job);
        assert_eq!(terms.payment(), 21_000_000_000_049);
        assert_eq!(terms.fee(), 1_120_000_000_001, "2% of 56.000000000042 ASY, rounded up");
        assert_eq!(terms.bond(), 2_800_000_000_003, "5% of it, rounded up");
        assert_eq!(terms.hold(), 143_920_000_000_109);
        assert_eq!(terms.lock(), 210_000_000_000_490);
        assert_eq!(terms.cost(FaultKind::NoShow), 21_000_000_000_049);

        market.play_first(job, [&truth, &truth], Some(&truth));
        let receipt = market.settled(Bill::new(job, Outcome::Agreed).pay(&[0, 1, 2], 21_000_000_000_049));
        assert_eq!(receipt.paid, 63_000_000_000_147);
        assert_eq!((receipt.burnt, receipt.treasury), (560_000_000_001, 560_000_000_000));
        assert_eq!(receipt.refunded, 79_799_999_999_961);
    });
}

#[test]
fn first_seats_and_the_audit_agree() {
    on(|market| {
        let truth = Answer::run(1);
        let job = market.post();
        market.seal_first(job, [&truth, &truth], Some(&truth));
        assert!(matches!(market.phase(job), Phase::Revealing { .. }));
        assert!(market.case(job).seats.iter().all(|seat| seat.collateral == market.terms(job).lock()));

        market.show(job, Round::Audit, &[&truth]);
        market.show(job, Round::First, &[&truth, &truth]);
        let payment = market.terms(job).payment();
        let receipt = market.settled(Bill::new(job, Outcome::Agreed).pay(&[0, 1, 2], payment));
        assert_eq!((receipt.claim, receipt.output), (Some(truth.claim()), None));
        assert_eq!((receipt.price, receipt.audited, receipt.thin), (network::PRICE, true, false));
        assert_eq!(market.conducts(job), [Right; 3]);
        assert_eq!([0, 1, 2].map(|seat| market.provider(job, seat).score), [1; 3]);
    });
}

#[test]
fn first_seats_agree_without_an_audit() {
    under(network::seldom_audited(), |market| {
        let truth = Answer::run(1);
        let job = market.post();
        market.play_first(job, [&truth, &truth], None);
        let payment = market.terms(job).payment();
        let receipt = market.settled(Bill::new(job, Outcome::Agreed).pay(&[0, 1], payment));
        assert!(!receipt.audited);
        assert_eq!(market.conducts(job), [Right; 2]);
    });
}

#[test]
fn a_job_costs_no_more_than_its_cap() {
    on(|market| {
        let truth = Answer::run(1);
        let mut spec = market.spec();
        spec.price_cap = network::PRICE - 1_000;
        let job = market.post_spec(spec);
        market.play_first(job, [&truth, &truth], Some(&truth));
        let payment = u128::from(network::UNITS) * (network::PRICE - 1_000);
        let receipt = market.settled(Bill::new(job, Outcome::Agreed).pay(&[0, 1, 2], payment));
        assert_eq!(receipt.price, network::PRICE - 1_000);
    });
}

#[test]
fn a_small_result_stays_on_the_chain() {
    on(|market| {
        let file = vec![(b"logits".to_vec(), 0_u8, vec![2_u64], vec![5_u8, 6])].encode();
        let file: InlineOutput = file.try_into().expect("a small file");
        let (shown, kept) = (Answer::with_output(1, file.clone()), file);
        let job = market.post();
        market.play_first(job, [&shown, &shown], Some(&shown));
        let payment = market.terms(job).payment();
        let receipt = market.settled(Bill::new(job, Outcome::Agreed).pay(&[0, 1, 2], payment));
        assert_eq!(receipt.output, Some(kept));
    });
}

#[test]
fn a_worker_signs_and_its_owner_is_paid() {
    on(|market| {
        let truth = Answer::run(1);
        let job = market.post();
        market.draw(job);
        let (owner, worker) = (market.owner(job, 0), network::account(network::WORKER));
        let commit = market.commit_call(job, 0, &truth);
        market.refused(&worker, commit.clone(), Error::<Runtime>::NotYourSeat);
        let set = pallet_assay_staking::Call::<Runtime>::set_worker { worker: Some(worker.clone()) };
        market.submit(&owner, set).expect("nobody else's worker");
        market.submit(&worker, commit).expect("it acts for the owner");
        market.commit(job, 1, &truth);
        market.seal(job, Round::Audit, &[&truth]);

        market.show(job, Round::Audit, &[&truth]);
        let reveal = market.reveal_call(job, 0, &truth);
        market.submit(&worker, reveal).expect("it acts for the owner");
        market.reveal(job, 1, &truth);
        let payment = market.terms(job).payment();
        market.settled(Bill::new(job, Outcome::Agreed).pay(&[0, 1, 2], payment));
    });
}
