//! What clients may call, and what they are told.

use crate::harness::{address, until, Client, Network};
use assay_runtime::{token, Balance};
use jsonrpsee::{
    core::{params::ArrayParams, ClientError},
    rpc_params,
    types::error::INVALID_PARAMS_CODE,
};
use serde_json::{json, Value};
use sp_core::Bytes;
use sp_keyring::Sr25519Keyring::{Alice, Bob, Charlie, Ferdie};

/// What each validator of the preset has bonded.
const BOND: Balance = 1_000_000 * token::ASY;

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
    lists_validators_and_candidates_by_pages(node).await;
    tells_what_is_bonded(node).await;
    tells_of_an_empty_market(node).await;
    tells_what_a_job_would_cost(node).await;
    refuses_what_it_cannot_answer(node).await;
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

async fn lists_validators_and_candidates_by_pages(node: &Client) {
    let bond = BOND.to_string();
    let page: Value = node.call("assay_validators", rpc_params![1, 2]).await;
    let validators =
        [Bob, Charlie].map(|owner| json!({ "address": address(owner), "bond": bond, "disabled": false }));
    assert_eq!(page, json!({ "total": 4, "items": validators }));
    let page: Value = node.call("assay_candidates", rpc_params![1, 2]).await;
    let candidates = [Bob, Charlie].map(|owner| json!({ "address": address(owner), "bond": bond }));
    assert_eq!(page, json!({ "total": 4, "items": candidates }));
}

async fn tells_what_is_bonded(node: &Client) {
    let ledger: Value = node.call("assay_ledger", rpc_params![address(Alice)]).await;
    let nothing = json!({ "active": "0", "unbonding": [], "accused": 0 });
    let expected = json!({
        "validator": { "active": BOND.to_string(), "unbonding": [], "accused": 0 },
        "provider": nothing,
        "locked": "0",
        "available": "0",
        "worker": null,
        "status": { "hasKeys": true, "candidate": true, "queued": true, "active": true },
    });
    assert_eq!(ledger, expected);
    assert_eq!(node.call::<Value>("assay_ledger", rpc_params![address(Ferdie)]).await, json!(null));
    let end = json!({ "items": [], "next": null });
    assert_eq!(node.call::<Value>("assay_locks", rpc_params![address(Alice), 0, 100]).await, end);
    assert_eq!(node.call::<Value>("assay_pendingSlashes", rpc_params![(), (), 100]).await, end);
}

/// Nobody computes and nobody has posted: what there is are the terms.
async fn tells_of_an_empty_market(node: &Client) {
    for method in ["assay_job", "assay_receipt", "assay_listing"] {
        assert_eq!(node.call::<Value>(method, rpc_params![0]).await, json!(null), "{method}");
    }
    assert_eq!(node.call::<Value>("assay_provider", rpc_params![address(Alice)]).await, json!(null));
    assert_eq!(node.call::<Value>("assay_seats", rpc_params![address(Alice)]).await, json!([]));
    assert_eq!(node.call::<Value>("assay_sources", rpc_params![0]).await, json!([]));
    let jobs: Value = node.call("assay_jobs", rpc_params![address(Alice), (), 100]).await;
    assert_eq!(jobs, json!({ "items": [], "next": null }));
    let policy: Value = node.call("assay_policy", rpc_params!["exact-v1"]).await;
    assert_eq!((&policy["version"], &policy["collateral"]), (&json!(0), &json!(10)));
    let machines: Value = node.call("assay_machines", rpc_params![]).await;
    let machines = machines.as_array().expect("a list");
    let small = json!({ "hardware": 0, "memory": 0 });
    let small = machines.iter().find(|state| state["machine"] == small).expect("it is on the lists");
    assert_eq!((&small["enabled"], &small["price"]), (&json!(true), &json!("1000000")));
    assert_eq!((&small["providers"], &small["drawable"]), (&json!(0), &json!(0)));
}

async fn tells_what_a_job_would_cost(node: &Client) {
    let blob = |digits: &str| json!({ "blake3": format!("0x{}", digits.repeat(32)), "size": 1_000 });
    let spec = |units: u64| {
        json!({
            "class": "exact-v1",
            "program": format!("0x{}", "11".repeat(32)),
            "programBlob": blob("22"),
            "input": format!("0x{}", "33".repeat(32)),
            "inputBlob": blob("44"),
            "outputBytes": 4_096,
            "seed": format!("0x{}", "55".repeat(32)),
            "units": units,
            "machine": { "hardware": 0, "memory": 0 },
            "priceCap": "2000000",
            "deadline": 1_000,
            "listing": null,
        })
    };
    let estimate: Value = node.call("assay_estimate", rpc_params![spec(100)]).await;
    // Five seats at the cap, and of the first two of them 2% as a fee and 5% as the bond.
    let hold = json!({ "seats": "1000000000", "royalty": "0", "fee": "8000000", "bond": "20000000" });
    assert_eq!((&estimate["hold"], &estimate["total"]), (&hold, &json!("1028000000")));
    assert_eq!((&estimate["price"], &estimate["seat"]), (&json!("1000000"), &json!("100000000")));
    match node.try_call::<Value>("assay_estimate", rpc_params![spec(0)]).await {
        Err(ClientError::Call(error)) => {
            let says = "the chain would refuse it: Jobs.NoUnits";
            assert_eq!((error.code(), error.message()), (20_001, says));
        }
        other => panic!("a job of nothing has an estimate: {other:?}"),
    }
}

async fn refuses_what_it_cannot_answer(node: &Client) {
    for (method, params, says) in [
        ("assay_validators", rpc_params![0, 101], "limit is 101, and has to be a number of 1 to 100"),
        ("assay_candidates", rpc_params![-1, 10], "start is -1, and has to be a number of 0 to 4294967295"),
        ("assay_ledger", rpc_params!["Alice"], "owner is \"Alice\", and has to be an address in SS58 form"),
        (
            "assay_locks",
            rpc_params![address(Alice), "first", 10],
            "from is \"first\", and has to be a number",
        ),
        ("assay_pendingSlashes", rpc_params![(), 7, 10], "after is 7, and has to be null or the \"next\""),
        ("assay_job", rpc_params!["first"], "id is \"first\", and has to be a number"),
        ("assay_seats", rpc_params!["Alice"], "worker is \"Alice\", and has to be an address in SS58 form"),
        ("assay_policy", rpc_params!["exact-v2"], "class is \"exact-v2\", and has to be \"exact-v1\""),
        ("assay_estimate", rpc_params![json!({ "units": 1 })], "spec.class is missing, and has to be"),
    ] {
        let told = refusal(node, method, params).await;
        assert!(told.starts_with(says), "{method} refuses, but says {told}");
    }
}

/// What a node says where a parameter is wrong.
async fn refusal(node: &Client, method: &str, params: ArrayParams) -> String {
    match node.try_call::<Value>(method, params).await {
        Err(ClientError::Call(error)) => {
            assert_eq!(error.code(), INVALID_PARAMS_CODE);
            serde_json::from_str(error.data().expect("the error says more").get()).expect("in words")
        }
        other => panic!("{method} answers {other:?}"),
    }
}

async fn refuses_what_is_unsafe(node: &Client) {
    let owner = Bytes(Alice.to_raw_public_vec());
    let refused = node.try_call::<Value>("author_rotateKeysWithOwner", rpc_params![owner]).await.unwrap_err();
    assert!(refused.to_string().contains("unsafe"), "{refused}");
}
