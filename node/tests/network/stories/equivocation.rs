//! A validator that signs two blocks in one slot, or votes twice in one round: which of them is reported first is up to
//! chance, and after that it is in no set any more. Both are crafted in the runtime's tests.

use crate::harness::{until, Client, Network};
use assay_runtime::{AccountId, Hash, Runtime};
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
/// What GRANDPA calls two votes of one voter in one round.
const TWO_VOTES_IN_A_ROUND: Kind = *b"grandpa:equivoca";

/// An offence as the chain has recorded it.
#[derive(Debug)]
struct Offence {
    kind: Kind,
    /// When it happened, encoded as its kind does.
    time: Vec<u8>,
    reports: Vec<Hash>,
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_with_one_key_are_reported_on_chain() {
    let began = unix_seconds();
    let mut network = Network::of_validators("test", &["alice", "bob", "charlie", "dave"]).await;
    network.add("twin", &["--bob"]).start().await;
    let alice = network["alice"].client();

    let offence = recorded(alice).await;
    match offence.kind {
        TWO_BLOCKS_IN_A_SLOT => {
            let slot = u64::decode_all(&mut &offence.time[..]).expect("slots are 64-bit numbers");
            // Slots of this chain take a second.
            assert!((began..=unix_seconds()).contains(&slot), "{offence:?} is of a slot of this test");
        }
        kind => assert_eq!(kind, TWO_VOTES_IN_A_ROUND, "{offence:?}"),
    }

    // Three honest validators of four go on without the one that breaks the rules.
    let target = alice.finalized().await + 5;
    until("blocks to become final", async || (alice.finalized().await >= target).then_some(())).await;
}

/// Waits until the chain has recorded an offence, and checks that Bob is the one who committed it.
async fn recorded(node: &Client) -> Offence {
    let (offence, block) = until("a report of an equivocation", async || {
        let block = best(node).await;
        let offence = offences(node, block).await.into_iter().next()?;
        Some((offence, block))
    })
    .await;
    assert!(!offence.reports.is_empty());
    for report in &offence.reports {
        let key = Reports::<Runtime>::hashed_key_for(report);
        let details: OffenceDetails<AccountId, (AccountId, ())> =
            node.storage(&key, block).await.expect("an offence in the index has a report");
        assert_eq!(details.offender.0, Sr25519Keyring::Bob.to_account_id());
    }
    offence
}

/// The best block, where a report shows first.
async fn best(node: &Client) -> Hash {
    node.call("chain_getBlockHash", rpc_params![]).await
}

/// All offences that the state of a block knows of.
async fn offences(node: &Client, at: Hash) -> Vec<Offence> {
    let prefix = Bytes(storage_prefix(b"Offences", b"ConcurrentReportsIndex").to_vec());
    let no_start: Option<Bytes> = None;
    let keys: Vec<Bytes> = node.call("state_getKeysPaged", rpc_params![prefix, 100, no_start, at]).await;
    let mut offences = Vec::new();
    for key in keys {
        let (kind, time) = kind_and_time(&key);
        let reports = node.storage(&key, at).await.expect("the key was listed");
        offences.push(Offence { kind, time, reports });
    }
    offences
}

/// What an entry of the index of offences is found by: two keys after the map's prefix, each after its hash.
fn kind_and_time(key: &[u8]) -> (Kind, Vec<u8>) {
    const PREFIX: usize = 32;
    const HASH: usize = 8;
    let mut rest = &key[PREFIX + HASH..];
    let kind = Kind::decode(&mut rest).expect("the first key is a kind");
    let time = Vec::<u8>::decode_all(&mut &rest[HASH..]).expect("the second key is an encoded time");
    (kind, time)
}

fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970").as_secs()
}
