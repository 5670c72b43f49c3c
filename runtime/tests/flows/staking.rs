//! Bonds decide who validates, and offences cost them.

use crate::{
    chain::{self, Chain},
    equivocations::{babe_owner, double_block, report_block},
};
use assay_primitives::Role;
use assay_runtime::{
    genesis, opaque::SessionKeys, token, AccountId, Balance, Balances, Runtime, RuntimeCall, Session,
    Slashing, Staking,
};
use codec::Encode;
use frame_support::traits::fungible::InspectHold;
use pallet_assay_slashing::Pending;
use pallet_assay_staking::{HoldReason, Ledgers};
use sp_core::proof_of_possession::statement_of_ownership;
use sp_keyring::{
    Ed25519Keyring,
    Sr25519Keyring::{self, Bob, Charlie, Dave, Eve},
};

/// What each validator of the preset has bonded.
pub const BOND: Balance = 1_000_000 * token::ASY;
/// Half of it: what an equivocation takes at most.
const HALF: Balance = BOND / 2;
/// How long a slash waits, in blocks.
pub const WINDOW: u32 = 20;

pub fn staking(call: pallet_assay_staking::Call<Runtime>) -> RuntimeCall {
    RuntimeCall::Staking(call)
}

pub fn slashing(call: pallet_assay_slashing::Call<Runtime>) -> RuntimeCall {
    RuntimeCall::Slashing(call)
}

fn bonded(owner: Sr25519Keyring) -> Balance {
    Ledgers::<Runtime>::get(owner.to_account_id()).map_or(0, |ledger| ledger.validator.active)
}

fn held(owner: Sr25519Keyring) -> Balance {
    Balances::balance_on_hold(&HoldReason::ValidatorBond.into(), &owner.to_account_id())
}

fn validators() -> Vec<AccountId> {
    Session::validators()
}

/// Registers Eve's session keys with a proof that Eve owns them.
fn register_keys(chain: &mut Chain) {
    let owner = Eve.to_account_id();
    let keys = SessionKeys { babe: Eve.public().into(), grandpa: Ed25519Keyring::Eve.public().into() };
    let statement = statement_of_ownership(&owner.encode());
    let babe: sp_consensus_babe::AuthoritySignature = Eve.sign(&statement).into();
    let grandpa: sp_consensus_grandpa::AuthoritySignature = Ed25519Keyring::Eve.sign(&statement).into();
    let proof = (babe, grandpa).encode();
    let call = RuntimeCall::Staking(pallet_assay_staking::Call::set_keys { keys, proof });
    chain.submit(Eve, call).expect("valid").expect("the keys are Eve's");
}

/// Reports that Bob made two blocks in the newest slot; gives the number of the slash that waits then.
pub fn report_bob(chain: &mut Chain) -> u64 {
    let (proof, owner) = (double_block(chain.slot()), babe_owner());
    chain.open();
    report_block(chain, proof, owner).expect("valid").expect("counts");
    chain.close();
    let (id, slash) = Pending::<Runtime>::iter().next().expect("a slash waits");
    assert_eq!(
        (slash.owner.clone(), slash.role(), slash.amount),
        (Bob.to_account_id(), Role::Validator, HALF)
    );
    id
}

#[test]
fn who_bonds_more_is_elected_and_who_is_outbid_leaves() {
    let mut preset = genesis::preset(genesis::TEST).unwrap();
    preset["staking"]["params"]["maxValidators"] = serde_json::json!(4);
    chain::on_genesis(preset, |chain| {
        chain.open();
        register_keys(chain);
        let bond = pallet_assay_staking::Call::bond { role: Role::Validator, amount: 2 * BOND };
        chain.submit(Eve, staking(bond)).expect("valid").expect("Eve has as much");
        chain.submit(Eve, staking(pallet_assay_staking::Call::validate {})).expect("valid").expect("fit");
        chain.close();
        assert!(!validators().contains(&Eve.to_account_id()), "sets are elected a session ahead");
        chain.pass_to_session(3);
        let elected = validators();
        assert!(elected.contains(&Eve.to_account_id()));
        assert_eq!(elected.len(), 4);
        assert!(!elected.contains(&Dave.to_account_id()), "of equal bonds the last one gives way");
    });
}

#[test]
fn an_equivocation_costs_half_of_the_bond_after_the_window() {
    chain::on_genesis(chain::without_issues(genesis::TEST), |chain| {
        chain.pass(3);
        let issuance = Balances::total_issuance();
        report_bob(chain);
        chain.pass(WINDOW - 1);
        assert_eq!(bonded(Bob), BOND, "the window is not over");
        chain.pass(2);
        assert_eq!((bonded(Bob), held(Bob)), (BOND - HALF, BOND - HALF));
        let share = HALF / 20;
        assert_eq!(
            Balances::total_issuance(),
            issuance - HALF + share,
            "the reporter has its share, the rest is burnt"
        );
        assert_eq!(Pending::<Runtime>::iter().count(), 0);
        chain.pass_to_session(4);
        assert!(!validators().contains(&Bob.to_account_id()), "Bob was taken off the list");
        assert_eq!(validators().len(), 3);
    });
}

#[test]
fn an_honest_restart_is_forgiven_within_the_window() {
    chain::on(genesis::TEST, |chain| {
        chain.pass(3);
        let id = report_bob(chain);
        chain.open();
        chain.root(slashing(pallet_assay_slashing::Call::cancel { id }));
        chain.close();
        chain.pass(2 * WINDOW);
        assert_eq!((bonded(Bob), held(Bob)), (BOND, BOND));
    });
}

#[test]
fn one_who_did_wrong_cannot_take_the_bond_away_before_the_slash() {
    chain::on(genesis::TEST, |chain| {
        chain.pass(3);
        report_bob(chain);
        chain.open();
        let unbond = pallet_assay_staking::Call::unbond { role: Role::Validator, amount: BOND };
        chain.submit(Bob, staking(unbond)).expect("valid").expect("chilled by the offence");
        chain.close();
        chain.pass(WINDOW + 2);
        let ledger =
            Ledgers::<Runtime>::get(Bob.to_account_id()).expect("half of it is still on its way out");
        assert_eq!(ledger.validator.active, 0);
        assert_eq!(ledger.validator.unbonding.iter().map(|chunk| chunk.value).sum::<Balance>(), HALF);
        assert_eq!(held(Bob), HALF);
    });
}

#[test]
fn two_offences_in_an_era_cost_as_much_as_one() {
    chain::on(genesis::TEST, |chain| {
        chain.pass(3);
        report_bob(chain);
        chain.pass(2);
        let (proof, owner) = (double_block(chain.slot()), babe_owner());
        chain.open();
        report_block(chain, proof, owner).expect("valid").expect("counts as an offence");
        chain.close();
        assert_eq!(Pending::<Runtime>::iter().count(), 1);
        chain.pass(2 * WINDOW);
        assert_eq!(bonded(Bob), BOND - HALF);
    });
}

#[test]
fn the_slash_of_a_validator_does_not_reach_its_bond_as_a_provider() {
    chain::on(genesis::TEST, |chain| {
        chain.open();
        let bond = pallet_assay_staking::Call::bond { role: Role::Provider, amount: BOND };
        chain.submit(Bob, staking(bond)).expect("valid").expect("Bob has as much");
        chain.close();
        chain.pass(2);
        report_bob(chain);
        chain.pass(WINDOW + 2);
        let ledger = Ledgers::<Runtime>::get(Bob.to_account_id()).expect("Bob has bonds");
        assert_eq!((ledger.validator.active, ledger.provider.active), (BOND - HALF, BOND));
    });
}

#[test]
fn keys_in_use_are_kept_and_others_go_free() {
    chain::on(genesis::TEST, |chain| {
        chain.open();
        let purge = || staking(pallet_assay_staking::Call::purge_keys {});
        let kept = chain.submit(Charlie, purge()).expect("valid").expect_err("Charlie validates");
        assert_eq!(kept, pallet_assay_staking::Error::<Runtime>::KeysInUse.into());
        register_keys(chain);
        chain.submit(Eve, purge()).expect("valid").expect("Eve does not validate");
        chain.close();
    });
}

#[test]
fn views_show_bonds_and_what_waits_for_them() {
    chain::on(genesis::TEST, |chain| {
        chain.pass(3);
        let id = report_bob(chain);
        assert_eq!(Staking::ledger(Bob.to_account_id()).expect("a ledger").validator.accused, 1);
        let pending = Slashing::pending(Bob.to_account_id());
        assert_eq!(pending.len(), 1);
        assert_eq!(pending[0].0, id);
    });
}
