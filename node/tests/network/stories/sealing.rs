//! Blocks made on demand or at an interval, for tests of other programs.

use crate::harness::{transaction::transfer, until, Client, Network};
use assay_runtime::{token, BlockNumber};
use sp_keyring::Sr25519Keyring::{Alice, Bob};
use std::time::{Duration, Instant};

const INTERVAL: Duration = Duration::from_millis(200);

#[tokio::test(flavor = "multi_thread")]
async fn instant_sealing_makes_a_block_of_each_transaction() {
    let network = sealing("instant").await;
    let node = network["sealer"].client();
    for height in 1..=3 {
        assert_eq!(node.best().await, height - 1, "no block without a transaction");
        node.submit(Alice, transfer(Bob, token::ASY)).await;
        reaches(node, height).await;
        let block = node.hash(height).await;
        let parent = node.header(block).await.parent_hash;
        assert_eq!(node.free(Bob, block).await, node.free(Bob, parent).await + token::ASY);
    }
    every_block_carries_a_vrf(node).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn interval_sealing_makes_a_block_every_so_often() {
    const BLOCKS: u32 = 20;
    let network = sealing(&INTERVAL.as_millis().to_string()).await;
    let node = network["sealer"].client();
    // The first ones come late, since the runtime has to be compiled, and those that were due meanwhile at once.
    reaches(node, BLOCKS).await;
    let (began, first) = (Instant::now(), node.best().await);
    reaches(node, first + BLOCKS).await;
    let (made, took) = (node.best().await - first, began.elapsed());
    // Blocks come late on a busy machine, but not ahead of the interval.
    assert!(took + INTERVAL * 2 >= INTERVAL * made, "{made} blocks in {took:?} are too many");
    assert!(took < INTERVAL * made * 5, "{made} blocks in {took:?} are too few");
    every_block_carries_a_vrf(node).await;
}

async fn sealing(how: &str) -> Network {
    let mut network = Network::new("dev");
    network.add("sealer", &["--dev", &format!("--sealing={how}")]).start().await;
    network
}

async fn reaches(node: &Client, height: BlockNumber) {
    let what = format!("block {height} to be sealed");
    until(&what, async || (node.best().await >= height).then_some(())).await;
}

async fn every_block_carries_a_vrf(node: &Client) {
    for height in 1..=node.best().await {
        let pre_digest = node.pre_digest(height).await;
        assert!(pre_digest.vrf_signature().is_some(), "block {height} carries {pre_digest:?}");
    }
}
