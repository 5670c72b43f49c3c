//! What clients may call, and what they are told.

use crate::harness::{until, Client, Network};
use jsonrpsee::rpc_params;
use serde_json::Value;
use sp_core::{crypto::Ss58Codec, Bytes};
use sp_keyring::Sr25519Keyring::{Alice, Bob, Charlie, Dave};

#[tokio::test(flavor = "multi_thread")]
async fn clients_get_the_standard_methods_and_ours_but_no_unsafe_ones() {
    let mut network = Network::new("test");
    let options = ["--alice", "--force-authoring", "--rpc-methods=safe", "--state-pruning=archive"];
    network.add("alice", &options).start().await;
    let node = network["alice"].client();

    let methods: Value = node.call("rpc_methods", rpc_params![]).await;
    let offered: Vec<_> =
        methods["methods"].as_array().expect("a list").iter().flat_map(Value::as_str).collect();
    for method in [
        "archive_v1_storage",
        "author_submitAndWatchExtrinsic",
        "babe_epochAuthorship",
        "chainHead_v1_follow",
        "grandpa_proveFinality",
        "payment_queryInfo",
        "state_getMetadata",
        "system_accountNextIndex",
        "transaction_v1_broadcast",
    ] {
        assert!(offered.contains(&method), "{method} is not among {offered:?}");
    }
    tells_where_the_network_stands(node).await;
    lists_validators_by_pages(node).await;
    refuses_what_is_unsafe(node).await;
}

async fn tells_where_the_network_stands(node: &Client) {
    // One validator of four authors every fourth block or so, and finalizes none.
    until("a block", async || (node.best().await > 0).then_some(())).await;
    let info: Value = node.call("assay_networkInfo", rpc_params![]).await;
    assert_eq!(info["chain"], "Assay Test");
    assert_eq!(info["specVersion"], 100);
    assert_eq!((&info["slotMillis"], &info["epochSlots"]), (&1_000.into(), &20.into()));
    assert_eq!((&info["validatorCount"], &info["finalized"]["number"]), (&4.into(), &0.into()));
    assert_eq!(info["marketBlock"], info["best"]["number"]);
}

async fn lists_validators_by_pages(node: &Client) {
    let mut all = [Alice, Bob, Charlie, Dave].map(|key| key.to_account_id());
    all.sort();
    let all = all.map(|account| account.to_ss58check());
    let page: Value = node.call("assay_validators", rpc_params![1, 2]).await;
    assert_eq!(page["total"], 4);
    assert_eq!(page["items"], Value::from(all[1..3].to_vec()));
    let refused = node.try_call::<Value>("assay_validators", rpc_params![0, 101]).await.unwrap_err();
    assert!(refused.to_string().contains("1 to 100"), "{refused}");
}

async fn refuses_what_is_unsafe(node: &Client) {
    let owner = Bytes(Alice.to_raw_public_vec());
    let refused = node.try_call::<Value>("author_rotateKeysWithOwner", rpc_params![owner]).await.unwrap_err();
    assert!(refused.to_string().contains("unsafe"), "{refused}");
}
