//! Connections, to servers in this process.

use crate::{link::first, Account, AccountId, Chain, ChainClient, ChainError, Hash};
use assay_runtime::{network::Network, Header, VERSION};
use codec::Encode;
use jsonrpsee::{
    server::{Server, ServerHandle},
    types::ErrorObjectOwned,
    RpcModule,
};
use serde_json::{json, Value};
use sp_core::Bytes;
use sp_runtime::traits::Header as _;
use std::time::Duration;
use tokio::time::timeout;

const GENESIS: Hash = Hash::repeat_byte(3);
/// An address where nobody answers.
const NOBODY: &str = "ws://127.0.0.1:1";

/// What a node says of its chain.
struct Says {
    name: &'static str,
    format: u32,
    genesis: Hash,
    height: u32,
}

/// A node of the right chain that is at a height.
fn right(height: u32) -> Says {
    Says { name: "assay", format: VERSION.transaction_version, genesis: GENESIS, height }
}

fn answer(module: &mut RpcModule<()>, method: &'static str, value: Value) {
    module.register_method(method, move |_, _, _| Ok::<_, ErrorObjectOwned>(value.clone())).unwrap();
}

fn silence(
    module: &mut RpcModule<()>,
    subscribe: &'static str,
    notify: &'static str,
    unsubscribe: &'static str,
) {
    let silent =
        module.register_subscription(subscribe, notify, unsubscribe, |_, pending, _, _| async move {
            if let Ok(sink) = pending.accept().await {
                sink.closed().await;
            }
        });
    silent.unwrap();
}

/// Starts a node; returns its address and what stops it.
async fn serve(says: Says) -> (String, ServerHandle) {
    let head = Header::new(says.height, Hash::zero(), Hash::zero(), says.genesis, Default::default());
    let network = Network {
        slot_millis: 1_000,
        epoch_slots: 20,
        epoch: 0,
        market_block: says.height,
        market_halted: false,
        validators: Vec::new(),
    };
    let mut module = RpcModule::new(());
    let version = json!({
        "specName": says.name,
        "specVersion": VERSION.spec_version,
        "transactionVersion": says.format,
    });
    answer(&mut module, "state_getRuntimeVersion", version);
    answer(&mut module, "chain_getBlockHash", json!(says.genesis));
    answer(&mut module, "chain_getFinalizedHead", json!(head.hash()));
    answer(&mut module, "chain_getHeader", json!(head));
    answer(&mut module, "state_call", json!(Bytes(network.encode())));
    answer(&mut module, "state_getStorage", Value::Null);
    answer(&mut module, "chain_getBlock", Value::Null);
    silence(&mut module, "chain_subscribeNewHeads", "chain_newHead", "chain_unsubscribeNewHeads");
    let (notify, unsubscribe) = ("chain_finalizedHead", "chain_unsubscribeFinalizedHeads");
    silence(&mut module, "chain_subscribeFinalizedHeads", notify, unsubscribe);
    let server = Server::builder().build("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", server.local_addr().unwrap());
    (url, server.start(module))
}

#[tokio::test]
async fn the_first_node_that_answers_is_asked() {
    let (url, _server) = serve(right(4)).await;
    let chain = Chain::connect(&[NOBODY.into(), url]).await.unwrap();
    assert_eq!(chain.genesis(), GENESIS);
    assert_eq!(chain.network().market_block, 4);
    let tip = chain.tip().await.unwrap();
    assert_eq!((tip.best.number, tip.finalized.number), (4, 4));
    assert_eq!(chain.market_block(tip.best.hash).await, Ok(4));
    let nobody = AccountId::from([0; 32]);
    assert_eq!(chain.account(tip.best.hash, &nobody).await, Ok(Account::default()));
    assert_eq!(chain.endpoint(tip.best.hash, &nobody).await, Ok(None));
    assert_eq!(chain.parent(tip.best).await.unwrap().hash, GENESIS);
}

#[tokio::test]
async fn an_answer_that_does_not_fit_is_an_error_of_the_node() {
    let (url, _server) = serve(right(4)).await;
    let chain = Chain::connect(&[url]).await.unwrap();
    let tip = chain.tip().await.unwrap();
    // The server's only answer is a network.
    let receipt = chain.receipt(tip.best.hash, 1).await;
    assert!(matches!(receipt, Err(ChainError::Api(text)) if text.contains("MarketApi_receipt")));
}

#[tokio::test]
async fn a_lost_connection_is_replaced_by_one_to_the_next_node() {
    let (first, server) = serve(right(1)).await;
    let (second, _server) = serve(right(2)).await;
    let chain = Chain::connect(&[first, second]).await.unwrap();
    let mut tips = chain.tips().await.unwrap();
    assert_eq!(tips.next().await.unwrap().best.number, 1);
    server.stop().unwrap();
    let next = timeout(Duration::from_secs(60), tips.next()).await;
    assert_eq!(next.expect("the next node is found in time").unwrap().best.number, 2);
    assert_eq!(chain.tip().await.unwrap().best.number, 2);
    drop(chain);
    let end = timeout(Duration::from_secs(60), tips.next()).await;
    assert_eq!(end.expect("the connection ends with the chain"), None);
}

#[tokio::test]
async fn a_node_that_is_left_is_replaced_by_the_next_one() {
    let (first, _first) = serve(right(1)).await;
    let (second, _second) = serve(right(2)).await;
    let chain = Chain::connect(&[first, second]).await.unwrap();
    let mut tips = chain.tips().await.unwrap();
    assert_eq!(tips.next().await.unwrap().best.number, 1);
    // Only who follows a node already can leave it.
    tokio::time::sleep(Duration::from_millis(200)).await;
    chain.leave_node();
    let next = timeout(Duration::from_secs(60), tips.next()).await;
    assert_eq!(next.expect("the next node is found in time").unwrap().best.number, 2);
    assert_eq!(chain.block_hash(0).await, Ok(Some(GENESIS)));
}

#[tokio::test]
async fn the_only_node_is_not_left() {
    let (url, _server) = serve(right(1)).await;
    let chain = Chain::connect(&[url]).await.unwrap();
    let mut tips = chain.tips().await.unwrap();
    tips.next().await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    chain.leave_node();
    assert_eq!(chain.tip().await.unwrap().best.number, 1);
    assert!(timeout(Duration::from_secs(1), tips.next()).await.is_err(), "nothing has changed");
}

#[tokio::test]
async fn what_is_no_use_is_refused_by_name() {
    assert!(matches!(Chain::connect(&[]).await, Err(ChainError::NoNode)));
    let nobody = Chain::connect(&[NOBODY.into()]).await.err();
    assert!(matches!(nobody, Some(ChainError::Unreachable { url, .. }) if url == NOBODY));
    let (other, _server) = serve(Says { name: "other", ..right(1) }).await;
    let error = Chain::connect(std::slice::from_ref(&other)).await.err();
    let (expected, found) = ("assay".into(), "other".into());
    assert_eq!(error, Some(ChainError::WrongChain { url: other, expected, found }));
    let ours = VERSION.transaction_version;
    let theirs = ours + 1;
    let (newer, _server) = serve(Says { format: theirs, ..right(1) }).await;
    let error = Chain::connect(&[newer]).await.err();
    assert_eq!(error, Some(ChainError::OldClient { ours, theirs }));
}

#[tokio::test]
async fn a_node_of_another_genesis_does_not_replace_one() {
    let (other, _server) = serve(Says { genesis: Hash::repeat_byte(8), ..right(1) }).await;
    let error = first(&[other], Some(GENESIS)).await.err();
    assert!(matches!(error, Some(ChainError::WrongChain { found, .. }) if found.contains("0808")));
}
