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
        // Five with three fifths of what each of twelve others has: a fifth of all weight. Who has a seat is full, and
        // not drawn again.
        for name in network::OTHERS {
            market.enlist(name, RARE, 1, 60_000 * ASY);
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
        for name in network::OTHERS {
            market.enlist(name, RARE, 1, 12_600 * ASY);
        }
        market.apply_changes();
        market.refused(&market.requester(), post_call(spec), Error::<Runtime>::TooFewProviders);
    });
}

#[test]
fn a_job_is_refused_where_fewer_have_room_than_can_be_paid() {
    under(network::seldom_audited(), |market| {
        market.open_machine(RARE);
        let mut spec = market.spec();
        spec.machine = RARE;
        for name in &network::OTHERS[..4] {
            market.enlist(name, RARE, 1, network::BOND);
        }
        market.apply_changes();
        market.refused(&market.requester(), post_call(spec), Error::<Runtime>::TooFewProviders);
    });
}

#[test]
fn a_job_that_pays_a_seat_too_little_is_refused() {
    under(network::policy(), |market| {
        let mut spec = market.spec();
        // Seven units at 142 planck are 994; the policy asks a thousand.
        spec.price_cap = 142;
        market.refused(&market.requester(), post_call(spec), Error::<Runtime>::PaymentTooSmall);
    });
}
