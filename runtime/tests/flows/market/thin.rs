//! Machines that few can be drawn for.

use super::{
    answer::Answer,
    books::Bill,
    harness::{post_call, under},
    network,
};
use assay_primitives::{Conduct::Neutral, Machine, Outcome};
use assay_runtime::{token::ASY, Runtime};
use pallet_assay_verification::Error;

const RARE: Machine = Machine { hardware: 0, memory: 1 };

#[test]
fn a_thin_job_is_audited_and_earns_no_reputation() {
    under(network::seldom_audited(), |market| {
        let truth = Answer::run(1);
        market.open_machine(RARE);
        // Three of fifteen: a fifth of all weight. Who has a seat is full, and not drawn again.
        for name in &network::OTHERS[..3] {
            market.enlist(name, RARE, 1, network::BOND);
        }
        market.apply_changes();
        let mut spec = market.spec();
        spec.machine = RARE;
        let job = market.post_spec(spec);
        market.play_first(job, [&truth, &truth], Some(&truth));

        let payment = market.terms(job).payment();
        let receipt = market.settled(Bill::new(job, Outcome::Agreed).pay(&[0, 1, 2], payment));
        assert!(receipt.thin && receipt.audited);
        assert_eq!(market.conducts(job), [Neutral; 3]);
        assert_eq!([0, 1, 2].map(|seat| market.provider(job, seat).score), [0; 3]);
    });
}

#[test]
fn a_job_is_refused_where_next_to_nobody_can_be_drawn() {
    under(network::seldom_audited(), |market| {
        market.open_machine(RARE);
        let mut spec = market.spec();
        spec.machine = RARE;
        market.refused(&market.requester(), post_call(spec), Error::<Runtime>::TooFewProviders);
        // A twentieth of all would be a nineteenth of what the others have: 63,158 ASY.
        market.enlist(network::OTHERS[0], RARE, 1, 63_000 * ASY);
        market.apply_changes();
        market.refused(&market.requester(), post_call(spec), Error::<Runtime>::TooFewProviders);
    });
}
