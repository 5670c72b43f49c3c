//! What a change of sessions takes of a block, apart from the stock session pallet, which puts its own share at a full
//! block; what reports of equivocations and slashes are charged; and what pays for draws.

use assay_primitives::{Balance, Bonds, OnBond, Policy};
use assay_rules::{
    policy::{FIRST_SEATS, FRESH_SEATS, MAX_DECLINES, MAX_SLOTS},
    settlement,
};
use assay_runtime::{
    configs::{BlockWeights, MAX_CANDIDATES, MAX_VALIDATORS},
    genesis, token, AccountId, Providers, Runtime, RuntimeCall, TransactionPayment,
};
use frame_support::{
    dispatch::{DispatchClass, GetDispatchInfo},
    traits::{Get, Hooks},
    weights::{constants::ParityDbWeight, Weight},
};
use pallet_assay_slashing::WeightInfo as _;
use pallet_assay_staking::WeightInfo as _;
use pallet_assay_verification::WeightInfo as _;

type Staking = <Runtime as pallet_assay_staking::Config>::WeightInfo;
type Slashing = <Runtime as pallet_assay_slashing::Config>::WeightInfo;
type Verification = <Runtime as pallet_assay_verification::Config>::WeightInfo;
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

/// Keys that all calls of a block write together are in no call's weight: each block pays for them.
#[test]
fn blocks_pay_for_what_their_calls_share() {
    let keys = |count| ParityDbWeight::get().reads_writes(count, count);
    // The numbers of the queue of draws, and how far deadlines are worked off.
    assert_eq!(<assay_runtime::Verification as Hooks<u32>>::on_initialize(1), keys(2));
    // Those of the queue of changes, and two pages.
    assert_eq!(<Providers as Hooks<u32>>::on_initialize(1), keys(3));
    // Those of the jobs that have ended, two pages, and the next job's number.
    assert_eq!(<assay_runtime::Jobs as Hooks<u32>>::on_initialize(1), keys(4));
    // The treasury's account.
    assert_eq!(<assay_runtime::Escrow as Hooks<u32>>::on_initialize(1), keys(1));
}

/// What a draw of so many seats takes: for each seat two tickets, one of which gives none, and each seat leaves its
/// provider no room.
fn draw_of(policy: &Policy, seats: u8) -> Weight {
    let (seed, tickets) = (Verification::seed(policy.draw_blocks), 2 * u32::from(seats));
    let drawn = Verification::draw(tickets).saturating_add(Verification::fill(seats.into()));
    seed.saturating_add(drawn)
}

/// What it would cost if it were a transaction's, in planck.
fn price_of_draw(policy: &Policy, seats: u8) -> Balance {
    TransactionPayment::weight_to_fee(draw_of(policy, seats))
}

/// The policy of a preset.
fn policy_of(preset: &str) -> Policy {
    let terms = genesis::preset(preset).expect("the preset exists")["verification"]["exactV1"].clone();
    serde_json::from_value(terms).expect("a policy")
}

#[test]
fn draws_of_first_seats_that_a_block_works_off_fit_its_hook() {
    let most: u32 = <Runtime as pallet_assay_verification::Config>::MaxPerBlock::get();
    let draws = draw_of(&policy_of(genesis::PRODUCTION), FIRST_SEATS).saturating_mul(most.into());
    println!("{most} draws of {FIRST_SEATS} seats: {:.1}% of a block", share(draws));
    assert!(draws.all_lte(<Runtime as pallet_assay_verification::Config>::MaxTickWeight::get()));
}

/// Blocks run draws beside the transactions that are charged for. Each job burns half of its fee, however it ends: the
/// least that this can be is more than what the draws cost that each job has.
#[test]
fn least_job_burns_more_than_its_draws_cost() {
    for preset in [genesis::PRODUCTION, genesis::DEVELOPMENT] {
        let policy = policy_of(preset);
        let fee = settlement::hold(1, policy.min_payment, &policy, None).expect("little money").fee;
        let burnt = fee - fee / 2;
        // The first seats, and the lot with an audit's seat.
        let draws = price_of_draw(&policy, FIRST_SEATS) + price_of_draw(&policy, 1);
        let dispute = price_of_draw(&policy, FRESH_SEATS) + price_of_draw(&policy, 0);
        let declines = Balance::from((MAX_DECLINES - 1) * MAX_SLOTS) * price_of_draw(&policy, 1);
        let asy = |amount: Balance| amount as f64 / token::ASY as f64;
        let [burns, costs] = [burnt, draws].map(asy);
        println!("{preset}: a job burns {burns:.6} ASY at least, and its draws would cost {costs:.6}");
        let [disputed, declined] = [dispute, declines].map(asy);
        println!("beside them: {disputed:.6} for a dispute, {declined:.6} after 18 declines");
        // On a development network jobs are meant to cost next to nothing.
        assert!(burnt > draws || preset == genesis::DEVELOPMENT, "{preset}");
    }
}
