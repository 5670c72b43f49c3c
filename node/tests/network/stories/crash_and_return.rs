//! Validators that end and come back, and nodes that join late.

use crate::harness::{until, Client, Network};
use assay_runtime::BlockNumber;
use frame_support::storage::storage_prefix;
use jsonrpsee::rpc_params;
use sp_core::Bytes;
use std::{fs, time::Duration};

/// By when votes that were under way have arrived.
const SETTLING: Duration = Duration::from_secs(6);
/// How many blocks finality has to stand still for.
const WITHOUT_FINALITY: BlockNumber = 8;
/// States of how many blocks a node keeps if it is told nothing else.
const KEPT_STATES: BlockNumber = 256;
/// How often warp sync is tried.
const WARP_TRIES: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn finality_survives_one_crash_halts_at_two_and_returns_with_them() {
    let mut network = Network::of_validators("test", &["alice", "bob", "charlie", "dave"]).await;
    network.all_finalize(3).await;

    network["dave"].kill();
    network.all_finalize_new(3).await;

    network["charlie"].stop().await;
    blocks_go_on_without_finality(network["alice"].client()).await;

    network["charlie"].start().await;
    network["dave"].start().await;
    network.all_finalize_new(3).await;

    join_by_full_sync(&mut network).await;
    join_by_warp_sync(&mut network).await;
}

async fn blocks_go_on_without_finality(node: &Client) {
    tokio::time::sleep(SETTLING).await;
    let (finalized, best) = (node.finalized().await, node.best().await);
    let target = best + WITHOUT_FINALITY;
    until("blocks of half of the validators", async || (node.best().await >= target).then_some(())).await;
    assert_eq!(node.finalized().await, finalized, "half of the validators can't finalize");
}

/// A node that executes every block since genesis and keeps every state.
async fn join_by_full_sync(network: &mut Network) {
    network.add("full", &["--sync=full", "--state-pruning=archive"]).start().await;
    agrees_on_the_state(network, "full").await;
    assert!(has_first_state(network, "full").await, "full sync executes every block");
}

/// A node that jumps to a finalized state and has never executed the blocks before it.
async fn join_by_warp_sync(network: &mut Network) {
    network.add("warp", &["--sync=warp"]);
    warp(network, "warp").await;
    agrees_on_the_state(network, "warp").await;
    assert!(network["warp"].client().best().await < KEPT_STATES, "no state is gone because of its age");
    assert!(!has_first_state(network, "warp").await, "warp sync executes no old block");
}

/// Starts a node until it has got a state, as its operator would: the stock client sometimes fails to import it and stays
/// at block 1 then, until it begins anew without its database (its own test of warp sync fails as well: issue 8868 of
/// paritytech/polkadot-sdk).
async fn warp(network: &mut Network, name: &str) {
    let database = network.base_path(name);
    for failures in 0..WARP_TRIES {
        network[name].start().await;
        let log = network[name].log().to_owned();
        let has_state = until("a state, or that there is none", async || {
            let log = fs::read_to_string(&log).expect("the log can be read");
            let failed = log.matches("State sync failed").count() > failures;
            (failed || log.contains("State sync is complete")).then_some(!failed)
        })
        .await;
        if has_state {
            return;
        }
        network[name].stop().await;
        fs::remove_dir_all(&database).expect("the database can be deleted");
    }
    panic!("{name} got no state in {WARP_TRIES} tries");
}

/// Checks that the node finalizes what the network does and that the state it holds is the one that the network's header
/// of that block commits to.
async fn agrees_on_the_state(network: &Network, name: &str) {
    let height = network.all_finalize_new(3).await;
    let (validator, joined) = (network["alice"].client(), network[name].client());
    let block = validator.hash(height).await;
    let root = validator.header(block).await.state_root;
    assert_eq!(joined.header(block).await.state_root, root);
    assert!(joined.holds_state(&storage_prefix(b"System", b"Number"), block).await, "{name} holds the state");
}

/// Whether the node can tell the state of the first block.
async fn has_first_state(network: &Network, name: &str) -> bool {
    let block = network["alice"].client().hash(1).await;
    let key = Bytes(storage_prefix(b"System", b"Number").to_vec());
    let params = rpc_params![key, block];
    let answer = network[name].client().try_call::<Option<Bytes>>("state_getStorage", params).await;
    answer.is_ok_and(|value| value.is_some())
}
