//! How an account registers the keys of its node.

use crate::harness::{node::Node, Client, Network};
use assay_runtime::{opaque::SessionKeys, Runtime, RuntimeCall};
use codec::{DecodeAll, Encode};
use jsonrpsee::rpc_params;
use pallet_session::NextKeys;
use sp_core::{crypto::Ss58Codec, Bytes};
use sp_keyring::Sr25519Keyring::Eve;
use sp_runtime::{DispatchError, DispatchResult};
use std::process::Command;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/rotate-keys");

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_registered_with_a_proof_of_their_owner() {
    let mut network = Network::of_validators("test-1", &["alice"]).await;
    network.add("eve", &[]).start().await;
    network.all_finalize_new(2).await;
    let eve = network["eve"].client();

    // The older call generates keys for no owner in particular, and so without a proof that any account could show.
    let keys: Bytes = eve.call("author_rotateKeys", rpc_params![]).await;
    let no_proof: DispatchError = pallet_session::Error::<Runtime>::InvalidProof.into();
    assert_eq!(register(eve, &keys, Bytes(Vec::new())).await, (Err(no_proof), None));

    let printed = rotate_keys(network["eve"].rpc_port());
    let (keys, proof) = (hex_after(&printed, "keys"), hex_after(&printed, "proof"));
    let call = pallet_assay_staking::Call::set_keys { keys: session_keys(&keys), proof: proof.to_vec() };
    assert_eq!(hex_after(&printed, "call").to_vec(), RuntimeCall::Staking(call).encode());
    let registered = register(eve, &keys, proof).await;
    assert_eq!(registered, (Ok(()), Some(session_keys(&keys))));
    assert!(eve.call::<bool>("author_hasSessionKeys", rpc_params![keys]).await);
}

/// Makes session keys for Eve in the keystore of a node, and registers them.
pub async fn register_new(node: &Node) {
    let printed = rotate_keys(node.rpc_port());
    let (keys, proof) = (hex_after(&printed, "keys"), hex_after(&printed, "proof"));
    let registered = register(node.client(), &keys, proof).await;
    assert_eq!(registered, (Ok(()), Some(session_keys(&keys))));
}

/// What the script that operators use prints for Eve and the node that listens on this port.
fn rotate_keys(port: u16) -> String {
    let owner = Eve.to_account_id().to_ss58check();
    let output = Command::new(SCRIPT)
        .args([owner, "--rpc".into(), format!("http://127.0.0.1:{port}")])
        .output()
        .expect("the script can be run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("the script prints text")
}

/// The value on the line that begins with a word.
fn hex_after(printed: &str, word: &str) -> Bytes {
    let line = printed.lines().find_map(|line| line.strip_prefix(word));
    line.and_then(|value| value.trim().parse().ok()).unwrap_or_else(|| panic!("no {word} in {printed}"))
}

/// Registers keys for Eve; returns the outcome and the keys that Eve then has.
async fn register(node: &Client, keys: &Bytes, proof: Bytes) -> (DispatchResult, Option<SessionKeys>) {
    let call = pallet_assay_staking::Call::set_keys { keys: session_keys(keys), proof: proof.0 };
    let receipt = node.execute(Eve, RuntimeCall::Staking(call)).await;
    let key = NextKeys::<Runtime>::hashed_key_for(Eve.to_account_id());
    (receipt.result(), node.storage(&key, receipt.block).await)
}

fn session_keys(mut encoded: &[u8]) -> SessionKeys {
    SessionKeys::decode_all(&mut encoded).expect("session keys are two public keys")
}
