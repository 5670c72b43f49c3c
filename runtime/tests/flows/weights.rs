//! What a change of sessions takes of a block, apart from the stock session pallet, which puts its own share at a full
//! block.

use assay_runtime::{
    configs::{BlockWeights, MAX_VALIDATORS},
    Runtime,
};
use frame_support::weights::Weight;
use pallet_assay_staking::WeightInfo;

type Staking = <Runtime as pallet_assay_staking::Config>::WeightInfo;

/// As much as one change of sessions may take, of a block's time.
const SHARE: u64 = 4;

fn assert_fits(what: &str, weight: Weight) {
    let block = BlockWeights::get().max_block.ref_time();
    println!("{what}: {:.2}% of a block", weight.ref_time() as f64 * 100.0 / block as f64);
    assert!(weight.ref_time() > 0, "{what} was measured");
    assert!(weight.ref_time() < block / SHARE, "{what} takes {weight:?}");
}

#[test]
fn change_of_sessions_takes_less_than_a_quarter_of_a_block() {
    let elected = Staking::new_session(MAX_VALIDATORS, 0);
    assert_fits("an election among 1,000 candidates", elected);
    let usual = elected.saturating_add(Staking::start_session(0)).saturating_add(Staking::end_session(2));
    assert_fits("a change of sessions with it", usual);
    // Nobody can be elected, all stay on, a third is found out, and as much as can be is forgotten at once.
    let worst = Staking::new_session(2 * MAX_VALIDATORS, MAX_VALIDATORS)
        .saturating_add(Staking::start_session(MAX_VALIDATORS / 3))
        .saturating_add(Staking::end_session(16));
    assert_fits("the worst change of sessions", worst);
}
