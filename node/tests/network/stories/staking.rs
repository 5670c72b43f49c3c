//! Bonds on running networks: who bonds more validates, and who breaks the rules pays.

use super::session_keys::register_new;
use crate::harness::{transaction::as_root, until, Client, Network};
use assay_primitives::Role;
use assay_runtime::{token, AccountId, Balance, Runtime, RuntimeCall};
use frame_support::storage::storage_prefix;
use jsonrpsee::rpc_params;
use pallet_assay_slashing::{Call as Slashing, Slash};
use pallet_assay_staking::{Call as Staking, Ledger, Ledgers, StakingParams};
use sp_core::Bytes;
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Dave, Eve};

/// What each validator of the preset has bonded.
const BOND: Balance = 1_000_000 * token::ASY;
/// How long a slash waits, in blocks.
const WINDOW: u32 = 20;

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
        let receipt = network["eve"].client().execute(Eve, RuntimeCall::Staking(call)).await;
        assert_eq!(receipt.result(), Ok(()));
    }
    until("Eve to be elected and Dave to leave", async || {
        let validators = alice.network(alice.hash(alice.best().await).await).await.validators;
        (validators.contains(&Eve.to_account_id()) && !validators.contains(&Dave.to_account_id()))
            .then_some(())
    })
    .await;
    until("a block of Eve's", async || {
        let height = alice.best().await;
        let author = alice.pre_digest(height).await.authority_index();
        let validators = alice.network(alice.hash(height).await).await.validators;
        (validators.get(author as usize) == Some(&Eve.to_account_id())).then_some(())
    })
    .await;
    network.all_finalize_new(3).await;
}

/// Makes four the most validators of an era, so that a fifth one has to take somebody's place.
async fn only_four(node: &Client) {
    let params = StakingParams {
        min_validator_bond: 10_000 * token::ASY,
        min_provider_bond: 1_000 * token::ASY,
        max_validators: 4,
        min_validators: 1,
        unbonding_blocks: 100,
        report_sessions: 2,
    };
    let call = RuntimeCall::Staking(Staking::set_params { params });
    let receipt = node.execute(Alice, as_root(call)).await;
    assert_eq!(receipt.root_result(), Ok(()));
}

/// Starts a second node with Bob's keys, and stops it when a slash waits for Bob.
async fn equivocating_bob(network: &mut Network) -> Vec<(u64, Pending)> {
    network.add("twin", &["--bob"]).start().await;
    let alice = network["alice"].client();
    until("a slash to wait for Bob", async || (!pending(alice).await.is_empty()).then_some(())).await;
    network["twin"].stop().await;
    let waiting = pending(network["alice"].client()).await;
    assert!(waiting.iter().all(|(_, slash)| slash.owner == Bob.to_account_id() && slash.amount == BOND / 2));
    waiting
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
    network.all_finalize_new(3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_honest_restart_is_forgiven_by_governance() {
    let mut network = Network::of_validators("test", &["alice", "bob", "charlie", "dave"]).await;
    equivocating_bob(&mut network).await;
    let alice = network["alice"].client();
    let now = alice.market().await.market_block;
    until("nothing to wait for Bob", async || {
        for (id, _) in pending(alice).await {
            let receipt = alice.execute(Alice, as_root(RuntimeCall::Slashing(Slashing::cancel { id }))).await;
            assert_eq!(receipt.root_result(), Ok(()));
        }
        (alice.market().await.market_block > now + WINDOW + 2).then_some(())
    })
    .await;
    assert_eq!(active(alice, Bob).await, BOND);
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
