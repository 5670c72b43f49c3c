//! Blocks are charged for what is done in them.

use super::{answer::Answer, books::Bill, harness::on, network};
use assay_primitives::Outcome;
use assay_runtime::{Runtime, System};
use frame_support::{dispatch::DispatchClass, weights::constants::ParityDbWeight};
use pallet_assay_verification::{Round, WeightInfo};

type Weights = <Runtime as pallet_assay_verification::Config>::WeightInfo;

/// What the newest block was charged for a class, in picoseconds of reference time.
fn charged(class: DispatchClass) -> u64 {
    System::block_weight().get(class).ref_time()
}

#[test]
fn block_that_runs_a_draw_is_charged_for_it() {
    on(|market| {
        let truth = Answer::run(1);
        let idle = (0..3).map(|_| {
            market.pass(1);
            charged(DispatchClass::Mandatory)
        });
        let idle = idle.min().expect("there are some");
        let job = market.post();
        let seed = Weights::seed(network::policy().draw_blocks);
        market.draw(job);
        let seats = seed.saturating_add(Weights::draw(2)).ref_time();
        assert!(charged(DispatchClass::Mandatory) >= idle + seats, "the first seats");
        market.seal(job, Round::First, &[&truth, &truth]);
        market.draw(job);
        let audit = seed.saturating_add(Weights::draw(1)).ref_time();
        assert!(charged(DispatchClass::Mandatory) >= idle + audit, "the lot and the audit's seat");

        market.seal(job, Round::Audit, &[&truth]);
        market.show(job, Round::First, &[&truth, &truth]);
        market.show(job, Round::Audit, &[&truth]);
        let payment = market.terms(job).payment();
        market.settled(Bill::new(job, Outcome::Agreed).pay(&[0, 1, 2], payment));
    });
}

#[test]
fn last_reveal_is_charged_for_the_end_of_the_job_and_no_other() {
    on(|market| {
        let truth = Answer::run(1);
        let job = market.post();
        market.seal_first(job, [&truth, &truth], Some(&truth));
        market.close();
        let reveals = [0, 1, 2].map(|seat| {
            market.reveal(job, seat, &truth);
            market.close();
            charged(DispatchClass::Normal)
        });
        let payment = market.terms(job).payment();
        market.settled(Bill::new(job, Outcome::Agreed).pay(&[0, 1, 2], payment));
        assert_eq!(reveals[0], reveals[1]);
        // The case is written once, with the end.
        let end = Weights::end(3) - ParityDbWeight::get().writes(1);
        assert_eq!(reveals[2], reveals[1] + end.ref_time());
    });
}
