//! What chains start from, and what they refuse to start from.

use crate::chain;
use assay_primitives::{Machine, MACHINES};
use assay_runtime::{
    configs::ExistentialDeposit, genesis, token, Balance, Balances, Providers, Runtime, Session,
};
use serde_json::json;
use sp_keyring::Sr25519Keyring::Alice;

/// What each validator of a preset has bonded.
const BOND: Balance = 1_000_000 * token::ASY;

fn refusal(patch: serde_json::Value) -> String {
    let mut ext = sp_io::TestExternalities::default();
    ext.execute_with(|| {
        let config = serde_json::to_vec(&chain::full(patch)).unwrap();
        genesis::build(config).expect_err("genesis is refused")
    })
}

#[test]
fn presets_differ_in_time_and_validators_only() {
    for (preset, slot, epoch, validators) in
        [(genesis::DEVELOPMENT, 3_000, 20, 1), (genesis::LOCAL, 3_000, 20, 2), (genesis::TEST, 1_000, 20, 4)]
    {
        chain::on(preset, |chain| {
            chain.pass(1);
            assert_eq!(pallet_clock::SlotMillis::<Runtime>::get(), slot);
            assert_eq!(pallet_clock::EpochSlots::<Runtime>::get(), epoch);
            assert_eq!(Session::validators().len(), validators);
            // The treasury's account begins with the least that an account may hold.
            let issuance = 1_000_000_000 * token::ASY + ExistentialDeposit::get();
            assert_eq!(Balances::total_issuance(), issuance);
        });
    }
}

#[test]
fn production_has_no_fellows_and_the_times_of_the_design() {
    let mut preset = genesis::preset(genesis::PRODUCTION).unwrap();
    genesis::validators(&mut preset, 4);
    let owners = preset["staking"]["validators"].as_array().unwrap().iter();
    let balances: Vec<_> = owners.map(|bond| json!([bond[0], 2 * BOND])).collect();
    preset["balances"]["balances"] = json!(balances);
    chain::on_genesis(preset, |chain| {
        chain.pass(2);
        assert_eq!(pallet_clock::SlotMillis::<Runtime>::get(), 3_000);
        assert_eq!(pallet_clock::EpochSlots::<Runtime>::get(), 1_200);
        assert_eq!(pallet_assay_dao::Shortening::<Runtime>::get(), 1);
        assert_eq!(pallet_ranked_collective::Members::<Runtime>::iter().count(), 0);
        assert_eq!(Session::validators().len(), 4);
    });
}

#[test]
fn genesis_says_what_is_wrong_with_it() {
    let without = genesis::preset(genesis::PRODUCTION).unwrap();
    assert!(refusal(without).contains("session.keys names no validator"));

    let mut odd = genesis::preset(genesis::TEST).unwrap();
    odd["clock"]["slotMillis"] = json!(1_001);
    assert!(refusal(odd).contains("clock.slotMillis is odd"));

    let mut twice = genesis::preset(genesis::TEST).unwrap();
    twice["session"]["keys"][1] = twice["session"]["keys"][0].clone();
    assert!(refusal(twice).contains("is named twice"));

    let mut other = genesis::preset(genesis::TEST).unwrap();
    other["session"]["nonAuthorityKeys"] = json!([other["session"]["keys"][0]]);
    assert!(refusal(other).contains("session.nonAuthorityKeys"));

    let mut direct = genesis::preset(genesis::TEST).unwrap();
    direct["grandpa"]["authorities"] = json!([["5FA9nQDVg267DEd8m1ZypXLBnvN7SFxYwV7ndqSYGiN9TTpu", 1]]);
    assert!(refusal(direct).contains("grandpa.authorities is filled in"));

    let mut without_vrf = genesis::preset(genesis::TEST).unwrap();
    without_vrf["babe"]["epochConfig"]["allowed_slots"] = json!("PrimarySlots");
    assert!(refusal(without_vrf).contains("every block has to carry a VRF"));

    let mut poor = genesis::preset(genesis::TEST).unwrap();
    poor["balances"]["balances"][0][1] = json!(1);
    assert!(refusal(poor).contains("is the least"));

    let mut rich = genesis::preset(genesis::TEST).unwrap();
    rich["balances"]["balances"][1] = rich["balances"]["balances"][0].clone();
    assert!(refusal(rich).contains("is named twice"));

    let mut unbonded = genesis::preset(genesis::TEST).unwrap();
    unbonded["staking"]["validators"].as_array_mut().unwrap().pop();
    assert!(refusal(unbonded).contains("in one of session.keys and staking.validators"));

    let mut overdrawn = genesis::preset(genesis::TEST).unwrap();
    overdrawn["balances"]["balances"][0][1] = json!(BOND);
    assert!(refusal(overdrawn).contains("bonds 1000000000000000000 and has 1000000000000000000"));

    let mut dust = genesis::preset(genesis::TEST).unwrap();
    dust["staking"]["validators"][0][1] = json!(token::ASY);
    assert!(refusal(dust).contains("below staking.params.minValidatorBond"));

    let mut hasty = genesis::preset(genesis::TEST).unwrap();
    hasty["staking"]["params"]["unbondingBlocks"] = json!(60);
    assert!(refusal(hasty).contains("unbondingBlocks"));

    let mut long = genesis::preset(genesis::TEST).unwrap();
    long["slashing"]["params"]["window"] = json!(100);
    assert!(refusal(long).contains("unbondingBlocks"));

    let mut endless = genesis::preset(genesis::TEST).unwrap();
    endless["clock"]["epochSlots"] = json!(0);
    assert!(refusal(endless).contains("clock.epochSlots is zero"));
}

/// What is refused of the preset for tests, changed so.
fn refusal_of(change: impl FnOnce(&mut serde_json::Value)) -> String {
    let mut preset = genesis::preset(genesis::TEST).unwrap();
    change(&mut preset);
    refusal(preset)
}

#[test]
fn genesis_says_what_is_wrong_with_its_money() {
    let printing = refusal_of(|preset| preset["rewards"]["params"]["inflation"] = json!(100_000_001));
    assert!(printing.contains("rewards.params: InflationTooHigh"), "{printing}");

    let twice = refusal_of(|preset| {
        let first = preset["vesting"]["vesting"][0].clone();
        preset["vesting"]["vesting"].as_array_mut().unwrap().push(first);
    });
    assert!(twice.contains("vesting.vesting:") && twice.contains("is named twice"), "{twice}");

    let at_once = refusal_of(|preset| preset["vesting"]["vesting"][0][2] = json!(0));
    assert!(at_once.contains("vests in 0 blocks"), "{at_once}");

    let nothing = refusal_of(|preset| {
        preset["vesting"]["vesting"][0][3] = preset["balances"]["balances"][7][1].clone();
    });
    assert!(nothing.contains("of which 0 vests in 1000 blocks"), "{nothing}");
}

#[test]
fn genesis_says_what_is_wrong_with_its_market() {
    let hasty = refusal_of(|preset| preset["verification"]["exactV1"]["drawBlocks"] = json!(3));
    assert!(hasty.contains("providers.params.changeDelay is 3, and has to be above"), "{hasty}");

    let unaudited = refusal_of(|preset| preset["verification"]["exactV1"]["audit"] = json!(0));
    assert!(unaudited.contains("verification.exactV1: the chance of an audit is zero"), "{unaudited}");

    // Ten times a payment of a thousandth of an ASY is a hundredth.
    let capped = refusal_of(|preset| {
        preset["verification"]["exactV1"]["minPayment"] = json!(1_000_000_000_u64);
        preset["providers"]["params"]["maxBond"] = json!(9_999_999_999_u64);
    });
    assert!(capped.contains("takes 10000000000 of collateral, and no more than 9999999999"), "{capped}");

    let careless = refusal_of(|preset| preset["providers"]["params"]["jailBlocks"] = json!(0));
    assert!(careless.contains("providers: JailTermIsZero"), "{careless}");

    let twice = refusal_of(|preset| {
        preset["providers"]["machines"][1] = preset["providers"]["machines"][0].clone();
    });
    assert!(twice.contains("providers: a machine is named twice"), "{twice}");

    let forgetful = refusal_of(|preset| preset["jobs"]["params"]["retention"] = json!(0));
    assert!(forgetful.contains("jobs.params: RetentionIsZero"), "{forgetful}");

    let unbonded = refusal_of(|preset| preset["providers"]["providers"] = json!([provider(0)]));
    assert!(unbonded.contains("providers: a provider has no bond"), "{unbonded}");
}

#[test]
fn genesis_says_what_is_wrong_with_its_governance() {
    let timeless = refusal_of(|preset| preset["dao"]["shortening"] = json!(0));
    assert!(timeless.contains("dao.shortening is zero"), "{timeless}");

    let hasty = refusal_of(|preset| preset["dao"]["params"]["policyDelay"] = json!(0));
    assert!(hasty.contains("dao.params: DelayIsZero"), "{hasty}");
}

/// Alice on a machine of this hardware class, with two seats to give.
fn provider(hardware: u8) -> serde_json::Value {
    let owner = Alice.to_account_id();
    json!({ "owner": owner, "hardware": hardware, "memory": 1, "reserve": 1, "capacity": 2 })
}

#[test]
fn providers_of_genesis_can_be_drawn_from_the_first_block_on() {
    let mut preset = genesis::preset(genesis::TEST).unwrap();
    preset["staking"]["providers"] = json!([[Alice.to_account_id(), BOND]]);
    preset["providers"]["providers"] = json!([provider(1)]);
    chain::on_genesis(preset, |chain| {
        chain.pass(1);
        let liquidity = Providers::liquidity(Machine { hardware: 1, memory: 1 }).expect("it is on the lists");
        assert_eq!((liquidity.drawable, liquidity.providers, liquidity.capacity), (1, 1, 2));
        // Half of the bond, in thousandths of an ASY: nobody has a score yet.
        assert_eq!((liquidity.weight, liquidity.in_play), (500_000_000, 500_000_000));
    });
}

/// A worker would refuse another machine, and could not tell how much memory a job may take there.
#[test]
fn presets_list_the_machines_that_have_a_meaning_and_say_which() {
    for name in [genesis::DEVELOPMENT, genesis::LOCAL, genesis::TEST, genesis::PRODUCTION] {
        let preset = genesis::preset(name).unwrap();
        let listed = preset["providers"]["machines"].as_array().unwrap();
        assert_eq!(listed.len(), MACHINES.len(), "{name}");
        for (listed, (machine, bytes)) in listed.iter().zip(MACHINES) {
            let numbers = [machine.hardware, machine.memory].map(|number| json!(number));
            assert_eq!([&listed["hardware"], &listed["memory"]], numbers.each_ref(), "{name}");
            let description = listed["description"].as_str().unwrap();
            assert!(description.ends_with(&format!(", {} GiB of memory", bytes >> 30)), "{description}");
        }
    }
}
