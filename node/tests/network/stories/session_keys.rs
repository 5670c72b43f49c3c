//! How an account registers the keys of its node.

use crate::harness::{Client, Network};
use assay_runtime::{opaque::SessionKeys, Runtime, RuntimeCall};
use codec::{DecodeAll, Encode};
use jsonrpsee::rpc_params;
use pallet_session::NextKeys;
use sc_rpc::author::GeneratedSessionKeys;
use sp_core::Bytes;
use sp_keyring::Sr25519Keyring::Eve;
use sp_runtime::{DispatchError, DispatchResult};

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

    let owner = Bytes(Eve.to_account_id().encode());
    let generated: GeneratedSessionKeys = eve.call("author_rotateKeysWithOwner", rpc_params![owner]).await;
    let proof = generated.proof.expect("this runtime proves ownership");
    let registered = register(eve, &generated.keys, proof).await;
    assert_eq!(registered, (Ok(()), Some(session_keys(&generated.keys))));
    assert!(eve.call::<bool>("author_hasSessionKeys", rpc_params![generated.keys]).await);
}

/// Registers keys for Eve; returns the outcome and the keys that Eve then has.
async fn register(node: &Client, keys: &Bytes, proof: Bytes) -> (DispatchResult, Option<SessionKeys>) {
    let call = pallet_session::Call::set_keys { keys: session_keys(keys), proof: proof.0 };
    let receipt = node.execute(Eve, RuntimeCall::Session(call)).await;
    let key = NextKeys::<Runtime>::hashed_key_for(Eve.to_account_id());
    (receipt.result(), node.storage(&key, receipt.block).await)
}

fn session_keys(mut encoded: &[u8]) -> SessionKeys {
    SessionKeys::decode_all(&mut encoded).expect("session keys are two public keys")
}
