//! Bonds on running networks: who bonds more validates, and who breaks the rules pays.

use super::session_keys::register_new;
use crate::harness::{address, until, Client, Network};
use assay_primitives::Role;
use assay_runtime::{token, AccountId, Balance, Hash, Runtime, RuntimeCall};
use frame_support::storage::storage_prefix;
use jsonrpsee::rpc_params;
use pallet_assay_dao::{Call as Dao, DaoOrigin, Ruling};
use pallet_assay_slashing::{Slash, State, Subject};
use pallet_assay_staking::{Call as Staking, Ledger, Ledgers, StakingParams};
use serde_json::{json, Value};
use sp_core::Bytes;
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Dave, Eve};

/// What each validator of the preset has bonded.
const BOND: Balance = 1_000_000 * token::ASY;
/// How long a slash waits, in blocks.
const WINDOW: u32 = 20;
/// How long a bond is on its way out, in blocks.
const UNBONDING: u32 = 100;
/// How far finality may be behind while the set changes, in blocks: two sessions, far more than it needs.
const MOST_BEHIND: u32 = 40;

type Pending = Slash<AccountId, Balance, u32>;

#[tokio::test(flavor = "multi_thread")]
async fn a_fifth_validator_is_elected_and_the_outbid_one_leaves() {
    let mut network = Network::of_validators("test", &["alice", "bob", "charlie", "dave"]).await;
    network.add("eve", &["--eve"]).start().await;
    let alice = network["alice"].client();
    only_four(alice).await;
    register_new(&network["eve"]).await;
    let bond = Staking::bond { role: Role::Validator, amount: 2 * BOND };
    for call in [bond, Staking::validate {}] {
        by_eve(network["eve"].client(), call).await;
    }
    tells_who_stands(network["eve"].client()).await;
    until("Eve to be elected and Dave to leave", async || {
        keeps_finalizing(alice).await;
        let validators = alice.network(alice.hash(alice.best().await).await).await.validators;
        (validators.contains(&Eve.to_account_id()) && !validators.contains(&Dave.to_account_id()))
            .then_some(())
    })
    .await;
    tells_who_validates(alice).await;
    until("a block of Eve's", async || {
        keeps_finalizing(alice).await;
        let height = alice.best().await;
        let author = alice.pre_digest(height).await.authority_index();
        let validators = alice.network(alice.hash(height).await).await.validators;
        (validators.get(author as usize) == Some(&Eve.to_account_id())).then_some(())
    })
    .await;
    tells_what_leaves(network["eve"].client()).await;
    network.all_finalize_new(3).await;
}

/// Checks that finality has not stopped.
async fn keeps_finalizing(node: &Client) {
    let (finalized, best) = (node.finalized().await, node.best().await);
    assert!(best < finalized + MOST_BEHIND, "{finalized} is final, {best} is the best block");
}

/// Makes Eve call the pallet, and gives the block in which that was done.
async fn by_eve(node: &Client, call: Staking<Runtime>) -> Hash {
    let receipt = node.execute(Eve, RuntimeCall::Staking(call)).await;
    assert_eq!(receipt.result(), Ok(()));
    receipt.block
}

/// Checks that Eve, who bonds more than the four of the preset, is told first.
async fn tells_who_stands(node: &Client) {
    let first: Value = node.call("assay_candidates", rpc_params![0, 2]).await;
    assert_eq!(first["total"], 5);
    let expected = [(Eve, 2 * BOND), (Alice, BOND)]
        .map(|(owner, bond)| json!({ "address": address(owner), "bond": bond.to_string() }));
    assert_eq!(first["items"], json!(expected));
    let ledger = ledger(node, Eve).await;
    assert_eq!(ledger["validator"]["active"], (2 * BOND).to_string());
    assert_eq!((&ledger["status"]["hasKeys"], &ledger["status"]["candidate"]), (&json!(true), &json!(true)));
}

/// Checks that Eve is told among the validators, with what it had at stake, and Dave is not.
async fn tells_who_validates(node: &Client) {
    let all: Value = node.call("assay_validators", rpc_params![0, 100]).await;
    assert_eq!(all["total"], 4);
    let eve = json!({ "address": address(Eve), "bond": (2 * BOND).to_string(), "disabled": false });
    assert_eq!(all["items"][0], eve);
    assert!(entry(&all, "address", address(Dave)).is_none(), "{all}");
    assert_eq!(ledger(node, Eve).await["status"]["active"], true);
    assert_eq!(ledger(node, Dave).await["status"]["active"], false);
}

/// Unbonds some of Eve's bond, and checks that the node tells when it is free.
async fn tells_what_leaves(node: &Client) {
    let call = Staking::unbond { role: Role::Validator, amount: BOND / 2 };
    let block = by_eve(node, call).await;
    let at = node.network(block).await.market_block + UNBONDING;
    let expected = json!({
        "active": (2 * BOND - BOND / 2).to_string(),
        "unbonding": [{ "amount": (BOND / 2).to_string(), "at": at }],
        "accused": 0,
    });
    assert_eq!(ledger(node, Eve).await["validator"], expected);
}

/// What a node tells of an owner's bonds.
async fn ledger(node: &Client, owner: Sr25519Keyring) -> Value {
    node.call("assay_ledger", rpc_params![address(owner)]).await
}

/// The item of a page with this value in a field.
fn entry<'a>(page: &'a Value, field: &str, value: impl Into<Value>) -> Option<&'a Value> {
    let value = value.into();
    page["items"].as_array().expect("pages have items").iter().find(|item| item[field] == value)
}

/// Makes four the most validators of an era, so that a fifth one has to take somebody's place.
async fn only_four(node: &Client) {
    let params = StakingParams {
        min_validator_bond: 10_000 * token::ASY,
        min_provider_bond: 1_000 * token::ASY,
        max_validators: 4,
        min_validators: 1,
        unbonding_blocks: UNBONDING,
        report_sessions: 2,
    };
    let call = RuntimeCall::Staking(Staking::set_params { params });
    node.enact_as_root(call).await;
}

/// Starts a second node with Bob's keys, and stops it when a slash waits for Bob.
async fn equivocating_bob(network: &mut Network) -> Vec<(u64, Pending)> {
    network.add("twin", &["--bob"]).start().await;
    let alice = network["alice"].client();
    until("a slash to wait for Bob", async || (!pending(alice).await.is_empty()).then_some(())).await;
    until("Bob to be disabled", async || {
        let all: Value = alice.call("assay_validators", rpc_params![0, 100]).await;
        (entry(&all, "address", address(Bob))?["disabled"] == true).then_some(())
    })
    .await;
    network["twin"].stop().await;
    let alice = network["alice"].client();
    let waiting = pending(alice).await;
    assert!(waiting.iter().all(|(_, slash)| slash.owner == Bob.to_account_id() && slash.amount == BOND / 2));
    tells_what_waits_for_bob(alice, &waiting).await;
    waiting
}

/// Checks that a node tells of the slashes that are stored, of all that wait and of Bob's. Another one may have come in
/// since.
async fn tells_what_waits_for_bob(node: &Client, waiting: &[(u64, Pending)]) {
    for owner in [None, Some(address(Bob))] {
        let told: Value = node.call("assay_pendingSlashes", rpc_params![owner, (), 100]).await;
        for (id, slash) in waiting {
            let item = entry(&told, "id", *id).unwrap_or_else(|| panic!("no slash {id} in {told}"));
            assert_eq!((&item["owner"], &item["role"]), (&json!(address(Bob)), &json!("validator")));
            assert_eq!((&item["kind"], &item["state"]), (&json!("equivocation"), &json!("waiting")));
            assert_eq!(item["amount"], (BOND / 2).to_string());
            assert_eq!((&item["due"], &item["ready"]), (&json!(slash.due), &json!(slash.due)));
            let Subject::Session { session, era, .. } = slash.subject else { panic!("{slash:?}") };
            assert_eq!((&item["session"], &item["era"]), (&json!(session), &json!(era)));
        }
    }
    let accused = ledger(node, Bob).await["validator"]["accused"].as_u64().expect("a number");
    assert!(accused >= waiting.len() as u64, "{accused} of {waiting:?}");
}

/// Checks that a node tells of no slash for Bob, and of what Bob has bonded.
async fn tells_what_is_left_of_bob(node: &Client, bond: Balance) {
    let told: Value = node.call("assay_pendingSlashes", rpc_params![address(Bob), (), 100]).await;
    assert_eq!(told, json!({ "items": [], "next": null }));
    let expected = json!({ "active": bond.to_string(), "unbonding": [], "accused": 0 });
    assert_eq!(ledger(node, Bob).await["validator"], expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_equivocator_loses_half_of_its_bond_after_the_window() {
    let mut network = Network::of_validators("test", &["alice", "bob", "charlie", "dave"]).await;
    let waiting = equivocating_bob(&mut network).await;
    let alice = network["alice"].client();
    assert_eq!(active(alice, Bob).await, BOND, "the window has just begun");
    let last = waiting.iter().map(|(_, slash)| slash.due).max().expect("one waits");
    until("the slash to be applied", async || pending(alice).await.is_empty().then_some(())).await;
    assert!(alice.market().await.market_block >= last);
    let expected = waiting.iter().map(|(_, slash)| slash.amount).sum::<Balance>().min(BOND);
    assert_eq!(active(alice, Bob).await, BOND - expected);
    tells_what_is_left_of_bob(alice, BOND - expected).await;
    network.all_finalize_new(3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_honest_restart_is_forgiven_by_governance() {
    let mut network = Network::of_validators("test", &["alice", "bob", "charlie", "dave"]).await;
    equivocating_bob(&mut network).await;
    let alice = network["alice"].client();
    let now = alice.market().await.market_block;
    until("all that waits for Bob to be held up", async || {
        for (slash, _) in pending(alice).await.iter().filter(|(_, slash)| slash.state == State::Waiting) {
            let appeal = Dao::appeal { slash: *slash, evidence: [7; 32] };
            assert_eq!(alice.execute(Bob, RuntimeCall::Dao(appeal)).await.result(), Ok(()));
        }
        (alice.market().await.market_block > now + WINDOW + 2).then_some(())
    })
    .await;
    let held_up = pending(alice).await;
    assert!(!held_up.is_empty(), "nothing is applied before the vote");
    for (slash, _) in held_up {
        let decide = Dao::decide { slash, ruling: Ruling::Cancel };
        alice.enact(DaoOrigin::Appeals.into(), RuntimeCall::Dao(decide)).await;
    }
    assert_eq!(active(alice, Bob).await, BOND);
    tells_what_is_left_of_bob(alice, BOND).await;
}

/// What an account has bonded as a validator, in the best block.
async fn active(node: &Client, owner: Sr25519Keyring) -> Balance {
    let key = Ledgers::<Runtime>::hashed_key_for(owner.to_account_id());
    let ledger: Option<Ledger<Runtime>> = node.storage(&key, node.hash(node.best().await).await).await;
    ledger.map_or(0, |ledger| ledger.validator.active)
}

/// The slashes that wait, in the best block.
async fn pending(node: &Client) -> Vec<(u64, Pending)> {
    let at = node.hash(node.best().await).await;
    let prefix = Bytes(storage_prefix(b"Slashing", b"Pending").to_vec());
    let no_start: Option<Bytes> = None;
    let keys: Vec<Bytes> = node.call("state_getKeysPaged", rpc_params![prefix, 100, no_start, at]).await;
    let mut slashes = Vec::new();
    for key in keys {
        let id = key[key.len() - 8..].try_into().map(u64::from_le_bytes).expect("eight bytes");
        slashes.push((id, node.storage(&key, at).await.expect("the key was listed")));
    }
    slashes
}
