//! A validator that signs two blocks in one slot.

use crate::harness::{until, Client, Network};
use assay_runtime::{AccountId, BlockNumber, Hash, Runtime};
use codec::{Decode, DecodeAll};
use frame_support::storage::storage_prefix;
use jsonrpsee::rpc_params;
use pallet_offences::Reports;
use sp_core::Bytes;
use sp_keyring::Sr25519Keyring;
use sp_staking::offence::{Kind, OffenceDetails};
use std::time::{SystemTime, UNIX_EPOCH};

/// What BABE calls two blocks of one author in one slot.
const TWO_BLOCKS_IN_A_SLOT: Kind = *b"babe:equivocatio";

/// An offence as the chain has recorded it.
#[derive(Debug)]
struct Offence {
    kind: Kind,
    slot: u64,
    reports: Vec<Hash>,
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_with_one_key_are_reported_on_chain() {
    let began = unix_seconds();
    let mut network = Network::of_validators("test-2", &["alice", "bob"]).await;
    network.add("twin", &["--bob"]).start().await;
    let alice = network["alice"].client();

    let offence = until("a report of two blocks in one slot", async || {
        offences(alice, best(alice).await)
            .await
            .into_iter()
            .find(|offence| offence.kind == TWO_BLOCKS_IN_A_SLOT)
    })
    .await;
    // Slots of this chain take a second.
    assert!((began..=unix_seconds()).contains(&offence.slot), "{offence:?} is of a slot of this test");

    goes_on(alice, 5).await;
    let block = best(alice).await;
    for report in &offence.reports {
        let key = Reports::<Runtime>::hashed_key_for(report);
        let details: OffenceDetails<AccountId, (AccountId, ())> =
            alice.storage(&key, block).await.expect("an offence in the index has a report");
        assert_eq!(details.offender.0, Sr25519Keyring::Bob.to_account_id());
    }
    assert!(!offence.reports.is_empty());
}

/// The best block: with one validator of two against the rules, nothing may become final any more.
async fn best(node: &Client) -> Hash {
    node.call("chain_getBlockHash", rpc_params![]).await
}

async fn goes_on(node: &Client, blocks: BlockNumber) {
    let target = node.best().await + blocks;
    until("blocks after the report", async || (node.best().await >= target).then_some(())).await;
}

/// All offences that the state of a block knows of.
async fn offences(node: &Client, at: Hash) -> Vec<Offence> {
    let prefix = Bytes(storage_prefix(b"Offences", b"ConcurrentReportsIndex").to_vec());
    let no_start: Option<Bytes> = None;
    let keys: Vec<Bytes> = node.call("state_getKeysPaged", rpc_params![prefix, 100, no_start, at]).await;
    let mut offences = Vec::new();
    for key in keys {
        let (kind, slot) = kind_and_slot(&key);
        let reports = node.storage(&key, at).await.expect("the key was listed");
        offences.push(Offence { kind, slot, reports });
    }
    offences
}

/// What an entry of the index of offences is found by: two keys after the map's prefix, each after its hash.
fn kind_and_slot(key: &[u8]) -> (Kind, u64) {
    const PREFIX: usize = 32;
    const HASH: usize = 8;
    let mut rest = &key[PREFIX + HASH..];
    let kind = Kind::decode(&mut rest).expect("the first key is a kind");
    let slot = Vec::<u8>::decode_all(&mut &rest[HASH..]).expect("the second key is an encoded slot");
    (kind, u64::decode_all(&mut &slot[..]).expect("slots are 64-bit numbers"))
}

fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970").as_secs()
}
