//! What a change of sessions takes of a block, apart from the stock pallet's share, which it puts at a full block.

use crate::{mock::*, WeightInfo};
use assay_primitives::Role::{Provider, Validator};
use frame_support::{dispatch::GetDispatchInfo, weights::constants::WEIGHT_REF_TIME_PER_SECOND};

/// A quarter of a block of one second.
const SHARE: u64 = WEIGHT_REF_TIME_PER_SECOND / 4;

#[test]
fn election_among_a_thousand_candidates_takes_less_than_a_quarter_of_a_block() {
    reset();
    MaxCandidates::set(1_000);
    MaxValidators::set(1_000);
    let mut genesis = staking_genesis();
    genesis.params.max_validators = 1_000;
    genesis.validators = (1..=1_000).map(|owner| (owner, 100 + owner)).collect();
    chain_of(genesis).execute_with(|| {
        System::set_block_number(1);
        advance_to(9);
        let before = block_weight().ref_time();
        advance_to_session(1);
        let taken = block_weight().ref_time() - before;
        assert_eq!(elected(1).len(), 1_000);
        assert!(taken > 1_000 * 8_000_000, "the keys of each candidate are read: {taken}");
        assert!(taken < SHARE, "{taken}");
    });
}

#[test]
fn worst_change_of_sessions_takes_less_than_a_quarter_of_a_block() {
    let most = crate::session::MOST_FORGOTTEN * 2;
    // Nobody can be elected, all stay on, and all were found out.
    let worst = <() as WeightInfo>::new_session(2_000, 1_000)
        .saturating_add(<() as WeightInfo>::start_session(1_000))
        .saturating_add(<() as WeightInfo>::end_session(most));
    assert!(worst.ref_time() < SHARE, "{worst:?}");
}

#[test]
fn each_change_of_sessions_is_accounted_for() {
    run(|| {
        let least = <() as WeightInfo>::new_session(4, 0) + <() as WeightInfo>::end_session(0);
        for session in 1..4 {
            advance_to(u64::from(session) * SESSION_BLOCKS - 1);
            let before = block_weight();
            advance_to_session(session);
            assert_eq!(block_weight(), before + least);
        }
        Staking::note_offender(&1, 3, Default::default());
        advance_to(39);
        let before = block_weight();
        advance_to_session(4);
        assert_eq!(block_weight(), before + least + <() as WeightInfo>::start_session(1));
    });
}

#[test]
fn provider_pays_for_no_list_of_candidates() {
    let weight = |role| {
        reset();
        crate::Call::<Test>::bond_extra { role, amount: 1 }.get_dispatch_info().call_weight
    };
    assert_eq!(weight(Provider), <() as WeightInfo>::bond_extra(0));
    assert_eq!(weight(Validator), <() as WeightInfo>::bond_extra(8));
    assert!(weight(Validator).all_gt(weight(Provider)));
}
