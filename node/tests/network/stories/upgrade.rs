//! A new runtime on a running network.

use super::safe_mode;
use crate::harness::{process::BINARY, transaction::transfer, until, Client, Network};
use assay_runtime::{token, BlockNumber, RuntimeCall, VERSION};
use sp_keyring::Sr25519Keyring::{Alice, Bob};
use sp_maybe_compressed_blob::{compress_weakly, CODE_BLOB_BOMB_LIMIT};
use sp_runtime::traits::{BlakeTwo256, Hash as _};
use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
};

const VALIDATORS: [&str; 3] = ["alice", "bob", "charlie"];
/// How many blocks at least the market has to stand still for: the new version's migration takes several.
const MIGRATION_BLOCKS: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn a_running_network_is_upgraded_and_passes_through_safe_mode() {
    let next = next_runtime();
    let network = Network::of_validators("test-3", &VALIDATORS).await;
    let alice = network["alice"].client();
    network.all_finalize(3).await;

    let upgrade = upgrade(alice, next).await;
    // Transactions wait until the migration of the new version is over.
    let receipt = alice.execute(Bob, transfer(Alice, token::ASY)).await;
    assert_eq!(receipt.result(), Ok(()), "the new runtime takes transactions");
    let migrated = alice.header(receipt.block).await.number;
    market_stood_still_for_the_migration(alice, upgrade, migrated).await;
    let height = authored_by_all(alice, upgrade).await;
    network.all_finalize(height).await;

    safe_mode::is_entered_and_left(&network).await;
}

/// The WASM with the next specification version, compressed as in a release: a development build's is too large for a
/// transaction.
fn next_runtime() -> Vec<u8> {
    let built = Path::new(BINARY).ancestors().nth(2).expect("the binary lies in the target directory");
    let path = env::var_os("ASSAY_NEXT_RUNTIME")
        .map_or_else(|| built.join("runtime/next-version/assay_runtime.wasm"), PathBuf::from);
    let code = fs::read(&path).unwrap_or_else(|error| {
        panic!("{}: {error}; run scripts/runtime-variant next-version", path.display())
    });
    compress_weakly(&code, CODE_BLOB_BOMB_LIMIT).expect("a runtime is within the limit")
}

/// Upgrades to the next version, and returns the height of the last block of the old one.
async fn upgrade(node: &Client, code: Vec<u8>) -> BlockNumber {
    let authorize = frame_system::Call::authorize_upgrade { code_hash: BlakeTwo256::hash(&code) };
    node.enact_as_root(RuntimeCall::System(authorize)).await;
    let apply = frame_system::Call::apply_authorized_upgrade { code };
    let receipt = node.execute(Alice, RuntimeCall::System(apply)).await;
    assert_eq!(receipt.result(), Ok(()));
    let block = node.header(receipt.block).await;
    assert_eq!(node.version(block.parent_hash).await.spec_version, VERSION.spec_version);
    assert_eq!(node.version(receipt.block).await.spec_version, VERSION.spec_version + 1);
    block.number
}

/// Waits until every validator is the author of a finalized block above a height, and returns the height by which all
/// are.
async fn authored_by_all(node: &Client, above: BlockNumber) -> BlockNumber {
    let (mut authors, mut height) = (BTreeSet::new(), above);
    until("a block of every validator by the new runtime", async || {
        let finalized = node.finalized().await;
        while height < finalized {
            height += 1;
            authors.insert(node.pre_digest(height).await.authority_index());
        }
        (authors.len() == VALIDATORS.len()).then_some(height)
    })
    .await
}

/// Checks that from the upgrade on the market clock stood still for as long as the migration took, and ticked again by
/// the block `migrated`.
async fn market_stood_still_for_the_migration(node: &Client, upgrade: BlockNumber, migrated: BlockNumber) {
    let before = node.network(node.hash(upgrade).await).await;
    let mut halted = 0;
    let mut last = before.market_block;
    for height in upgrade + 1..=migrated {
        let network = node.network(node.hash(height).await).await;
        if network.market_halted {
            halted += 1;
            assert_eq!(network.market_block, before.market_block, "block {height} is in the migration");
        }
        last = network.market_block;
    }
    assert!(halted >= MIGRATION_BLOCKS, "the market stood still for {halted} blocks");
    assert!(last > before.market_block, "the market clock goes on");
}
