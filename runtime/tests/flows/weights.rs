//! What a change of sessions takes of a block, apart from the stock session pallet, which puts its own share at a full
//! block; and what reports of equivocations and slashes are charged.

use assay_primitives::{Bonds, OnBond};
use assay_runtime::{
    configs::{BlockWeights, MAX_CANDIDATES, MAX_VALIDATORS},
    AccountId, Providers, Runtime, RuntimeCall,
};
use frame_support::{
    dispatch::{DispatchClass, GetDispatchInfo},
    weights::Weight,
};
use pallet_assay_slashing::WeightInfo as _;
use pallet_assay_staking::WeightInfo as _;

type Staking = <Runtime as pallet_assay_staking::Config>::WeightInfo;
type Slashing = <Runtime as pallet_assay_slashing::Config>::WeightInfo;
type Babe = <Runtime as pallet_babe::Config>::WeightInfo;
type Grandpa = <Runtime as pallet_grandpa::Config>::WeightInfo;

/// As much as one change of sessions may take, of a block's time.
const SHARE: u64 = 4;

/// The share of a block's time, in percent.
fn share(weight: Weight) -> f64 {
    weight.ref_time() as f64 * 100.0 / BlockWeights::get().max_block.ref_time() as f64
}

fn assert_fits(what: &str, weight: Weight) {
    let block = BlockWeights::get().max_block.ref_time();
    println!("{what}: {:.2}% of a block", share(weight));
    assert!(weight.ref_time() > 0, "{what} was measured");
    assert!(weight.ref_time() < block / SHARE, "{what} takes {weight:?}");
}

#[test]
fn change_of_sessions_takes_less_than_a_quarter_of_a_block() {
    let elected = Staking::new_session(MAX_CANDIDATES, 0);
    assert_fits("an election among 1,000 candidates", elected);
    let usual = elected.saturating_add(Staking::start_session(0)).saturating_add(Staking::end_session(2));
    assert_fits("a change of sessions with it", usual);
    // Nobody can be elected, all stay on, all were found out, and as much as can be is forgotten at once.
    let worst = Staking::new_session(MAX_CANDIDATES + MAX_VALIDATORS, MAX_VALIDATORS)
        .saturating_add(Staking::start_session(MAX_VALIDATORS))
        .saturating_add(Staking::end_session(16));
    assert_fits("the worst change of sessions", worst);
}

/// What the stock pallets' own figures and our part make together, for a report in a session with so many validators.
fn reported(stock: Weight, validators: u32) -> Weight {
    stock.saturating_add(Slashing::on_offence(validators))
}

#[test]
fn report_of_an_equivocation_is_charged_with_the_slashes_of_all_who_may_be_in_it() {
    let most = BlockWeights::get().get(DispatchClass::Normal).max_extrinsic.expect("there is a limit");
    for validators in [1, 4, 100, MAX_VALIDATORS] {
        let babe = <Babe as pallet_babe::WeightInfo>::report_equivocation(validators, 0);
        let stock = <() as pallet_babe::WeightInfo>::report_equivocation(validators, 0);
        assert!(babe.all_gte(reported(stock, validators)), "{validators} validators: {babe:?}");
        let grandpa = <Grandpa as pallet_grandpa::WeightInfo>::report_equivocation(validators, 0);
        let stock = <() as pallet_grandpa::WeightInfo>::report_equivocation(validators, 0);
        assert!(grandpa.all_gte(reported(stock, validators)), "{validators} validators: {grandpa:?}");
        println!("a report among {validators}: {:.1}% of a block", share(babe.max(grandpa)));
        assert!(babe.all_lte(most) && grandpa.all_lte(most), "a report fits a block");
    }
}

#[test]
fn slash_is_charged_with_what_the_market_does_about_it() {
    let heard = <Providers as OnBond<AccountId>>::weight();
    assert!(heard.ref_time() > 0);
    assert_eq!(<assay_runtime::Staking as Bonds<AccountId>>::slash_weight(), heard);
    let apply = RuntimeCall::Slashing(pallet_assay_slashing::Call::apply { id: 0 });
    assert_eq!(apply.get_dispatch_info().call_weight, Slashing::apply().saturating_add(heard));
}
