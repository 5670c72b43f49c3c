//! What chains start from, and what they refuse to start from.

use crate::chain;
use assay_runtime::{genesis, Balances, Runtime, Session};
use serde_json::json;
use sp_keyring::Sr25519Keyring::Alice;

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
            assert_eq!(Balances::total_issuance(), 1_000_000_000 * assay_runtime::token::ASY);
            assert_eq!(pallet_sudo::Key::<Runtime>::get(), Some(Alice.to_account_id()));
        });
    }
}

#[test]
fn production_has_no_root_and_the_times_of_the_design() {
    let mut preset = genesis::preset(genesis::PRODUCTION).unwrap();
    preset["session"]["keys"] = genesis::session_keys(3);
    chain::on_genesis(preset, |chain| {
        chain.pass(2);
        assert_eq!(pallet_clock::SlotMillis::<Runtime>::get(), 3_000);
        assert_eq!(pallet_clock::EpochSlots::<Runtime>::get(), 1_200);
        assert_eq!(pallet_sudo::Key::<Runtime>::get(), None);
        assert_eq!(Session::validators().len(), 3);
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
    other["session"]["nonAuthorityKeys"] = genesis::session_keys(1);
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

    let mut endless = genesis::preset(genesis::TEST).unwrap();
    endless["clock"]["epochSlots"] = json!(0);
    assert!(refusal(endless).contains("clock.epochSlots is zero"));
}
