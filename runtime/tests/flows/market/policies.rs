//! A job keeps the policy that it was posted under.

use super::{answer::Answer, books::Bill, harness::on, network};
use assay_primitives::{
    Conduct::{Cheated, Right},
    FaultKind, JobClass, Outcome, Policy,
};
use assay_runtime::{Runtime, RuntimeCall};
use frame_support::assert_noop;
use frame_system::RawOrigin;
use pallet_assay_providers::Params;
use pallet_assay_verification::{Phase, Round};
use sp_runtime::{traits::Dispatchable, Perbill};

/// What governance sets while a job is under way: other odds, collateral, fines, fees and windows.
fn another() -> Policy {
    Policy {
        wrong: Perbill::from_percent(99),
        requester_bond: Perbill::from_percent(7),
        fee: Perbill::from_percent(3),
        reveal_blocks: 30,
        collateral: 1_800,
        ..network::seldom_audited()
    }
}

#[test]
fn jobs_in_flight_keep_their_policy() {
    on(|market| {
        let (truth, lie) = (Answer::run(1), Answer::run(2));
        let before = market.post();
        market.draw(before);
        market.set_policy(another());
        let after = market.post();
        market.seal(before, Round::First, &[&truth, &lie]);
        market.seal(after, Round::First, &[&lie, &truth]);
        for job in [before, after] {
            let lock = market.terms(job).lock();
            assert!(market.case(job).seats.iter().all(|seat| seat.collateral == lock));
        }
        market.draw(before);
        market.commit(before, 2, &truth);
        let until = market.clock() + 1 + network::policy().reveal_blocks;
        assert_eq!(market.phase(before), Phase::Revealing { until }, "audited, by the policy before");
        for (seat, answer) in [(0, &truth), (1, &lie), (2, &truth)] {
            market.reveal(before, seat, answer);
        }
        market.draw(after);
        assert!(matches!(market.phase(after), Phase::Revealing { .. }), "not audited, by the policy after");
        market.seal(before, Round::Fresh, &[&truth, &truth]);
        market.show(after, Round::First, &[&lie, &truth]);
        market.show(before, Round::Fresh, &[&truth, &truth]);
        market.play_fresh(after, &[&truth, &truth, &truth]);

        let (old, new) = (market.terms(before), market.terms(after));
        assert_ne!((old.fee(), old.bond(), old.lock()), (new.fee(), new.bond(), new.lock()));
        let receipt = market.settled(Bill::new(before, Outcome::Decided).pay(&[0, 2, 3, 4], old.payment()));
        assert_eq!(receipt.policy, 1, "genesis has policy 0");
        let receipt = market.settled(Bill::new(after, Outcome::Decided).pay(&[1, 2, 3, 4], new.payment()));
        assert_eq!(receipt.policy, 2);
        assert_eq!(old.cost(FaultKind::WrongResult), old.lock());
        assert_eq!(new.cost(FaultKind::WrongResult), new.lock() * 99 / 100);
        market.slashed(before, &[1], FaultKind::WrongResult);
        market.slashed(after, &[0], FaultKind::WrongResult);
        assert_eq!(market.conducts(before), [Right, Cheated, Right, Right, Right]);
        assert_eq!(market.conducts(after), [Cheated, Right, Right, Right, Right]);
    });
}

/// Neither of the two calls leaves a chain on which nobody can sit in the smallest seat.
#[test]
fn policy_and_cap_of_bonds_leave_room_for_each_other() {
    on(|market| {
        market.open();
        let cap = Params::<Runtime>::get().max_bond;
        let set_policy = |policy| {
            let class = JobClass::ExactV1;
            let call = pallet_assay_verification::Call::<Runtime>::set_policy { class, policy };
            RuntimeCall::from(call).dispatch(RawOrigin::Root.into())
        };
        let most = Policy { min_payment: cap / 10, collateral: 10, ..network::policy() };
        let above = pallet_assay_verification::Error::<Runtime>::CollateralAboveStakes;
        assert_noop!(set_policy(Policy { min_payment: cap / 10 + 1, ..most }), above);
        set_policy(most).expect("it takes all that counts of a bond");
        let mut params = Params::<Runtime>::get();
        params.max_bond = cap - 1;
        let set_params = pallet_assay_providers::Call::<Runtime>::set_params { params };
        let below = pallet_assay_providers::Error::<Runtime>::CapBelowCollateral;
        assert_noop!(RuntimeCall::from(set_params).dispatch(RawOrigin::Root.into()), below);
    });
}
