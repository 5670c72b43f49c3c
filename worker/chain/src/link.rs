//! A connection to one of several nodes, made again when it is lost.

use crate::{
    client::{BlockId, Tip, Version},
    ChainError,
};
use assay_runtime::{Hash, Header, VERSION};
use jsonrpsee::{
    core::{
        client::{ClientT, Subscription, SubscriptionClientT},
        params::ArrayParams,
        ClientError,
    },
    rpc_params,
    types::ErrorObjectOwned,
    ws_client::{PingConfig, WsClient, WsClientBuilder},
};
use serde::de::DeserializeOwned;
use std::{convert::Infallible, mem, sync::Arc, time::Duration};
use tokio::{
    sync::{watch, Notify},
    time::{sleep, timeout, Instant},
};

/// How long a question waits for a connection.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a node may take for one answer.
const ANSWER: Duration = Duration::from_secs(20);
/// A node that tells of no block for so long may have lost its peers: the next one may do better.
const STALL: Duration = Duration::from_secs(60);
/// The least and the most time between attempts to connect.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(15));

/// The node in use, or why there is none.
type State = Result<Arc<Node>, ChainError>;

/// A connection to one of several nodes of one chain. It ends with its last clone.
#[derive(Clone)]
pub(crate) struct Link {
    node: watch::Receiver<State>,
    tip: watch::Receiver<Tip>,
    leave: Arc<Notify>,
}

impl Link {
    /// Connects to the first node that answers. Returns the genesis of its chain too.
    pub(crate) async fn open(urls: &[String]) -> Result<(Self, Hash), ChainError> {
        let (node, genesis) = first(urls, None).await?;
        let (tips, tip) = watch::channel(node.tip().await?);
        let node = Arc::new(node);
        let (nodes, receiver) = watch::channel(Ok(node.clone()));
        let leave = Arc::new(Notify::new());
        tokio::spawn(keep(urls.to_vec(), genesis, node, nodes, tips, leave.clone()));
        Ok((Self { node: receiver, tip, leave }, genesis))
    }

    /// Goes on with the next node, if there is one.
    pub(crate) fn leave(&self) {
        self.leave.notify_waiters();
    }

    /// Where the chain is, whenever that changes.
    pub(crate) fn tips(&self) -> watch::Receiver<Tip> {
        self.tip.clone()
    }

    /// Where the chain is.
    pub(crate) async fn tip(&self) -> Result<Tip, ChainError> {
        self.node().await?.tip().await
    }

    /// Asks the node, and the next one when the connection is lost.
    pub(crate) async fn request<R: DeserializeOwned>(
        &self,
        method: &str,
        params: ArrayParams,
    ) -> Result<R, ChainError> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.request_once(method, params.clone()).await {
                // The keeper notices as well, and looks for another node.
                Err(ChainError::Unreachable { .. }) if Instant::now() < deadline => sleep(PAUSES.0).await,
                answer => return answer?.map_err(|error| unanswered(method, &error)),
            }
        }
    }

    /// Asks the node once; the inner error is its own.
    pub(crate) async fn request_once<R: DeserializeOwned>(
        &self,
        method: &str,
        params: ArrayParams,
    ) -> Result<Result<R, ErrorObjectOwned>, ChainError> {
        let node = self.node().await?;
        match node.client.request(method, params).await {
            Ok(answer) => Ok(Ok(answer)),
            Err(ClientError::Call(error)) => Ok(Err(error)),
            Err(error) => Err(node.error(method, &error)),
        }
    }

    async fn node(&self) -> State {
        let mut nodes = self.node.clone();
        if let Ok(Ok(state)) = timeout(PATIENCE, nodes.wait_for(|state| state.is_ok())).await {
            return state.clone();
        }
        self.node.borrow().clone()
    }
}

/// Follows the node, and looks for another one when it is lost, for as long as somebody holds the link.
async fn keep(
    mut urls: Vec<String>,
    genesis: Hash,
    mut node: Arc<Node>,
    nodes: watch::Sender<State>,
    tips: watch::Sender<Tip>,
    leave: Arc<Notify>,
) {
    loop {
        let end = tokio::select! {
            () = nodes.closed() => return,
            end = node.follow(&tips) => end,
            () = leave.notified(), if urls.len() > 1 => {
                let reason = "it was left for the next one".into();
                Err(ChainError::Unreachable { url: node.url.clone(), reason })
            }
        };
        let Err(lost) = end;
        tracing::warn!("{lost}");
        nodes.send_modify(|state| *state = Err(lost));
        // The others come first now.
        if let Some(index) = urls.iter().position(|url| *url == node.url) {
            urls.rotate_left(index + 1);
        }
        node = tokio::select! {
            () = nodes.closed() => return,
            node = reconnect(&urls, genesis, &nodes) => node,
        };
        tracing::info!("connected to the node at {}", node.url);
        nodes.send_modify(|state| *state = Ok(node.clone()));
    }
}

/// Tries until a node of the chain answers, less and less often.
async fn reconnect(urls: &[String], genesis: Hash, nodes: &watch::Sender<State>) -> Arc<Node> {
    let (mut pause, longest) = PAUSES;
    loop {
        sleep(pause).await;
        match first(urls, Some(genesis)).await {
            Ok((node, _)) => return Arc::new(node),
            Err(error) => nodes.send_modify(|state| *state = Err(error)),
        }
        pause = (pause * 2).min(longest);
    }
}

/// The first node that answers, and its genesis; else why the last one does not.
pub(crate) async fn first(urls: &[String], genesis: Option<Hash>) -> Result<(Node, Hash), ChainError> {
    let mut failure = ChainError::NoNode;
    for url in urls {
        match Node::open(url, genesis).await {
            Ok(found) => return Ok(found),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// A node that answers.
pub(crate) struct Node {
    url: String,
    client: WsClient,
}

impl Node {
    /// Connects to a node and checks that its chain is ours, and the one of this genesis.
    async fn open(url: &str, genesis: Option<Hash>) -> Result<(Self, Hash), ChainError> {
        let client = WsClientBuilder::default()
            .connection_timeout(PATIENCE)
            .request_timeout(ANSWER)
            .enable_ws_ping(PingConfig::new().ping_interval(PATIENCE).inactive_limit(ANSWER))
            .build(url)
            .await
            .map_err(|error| unreachable(url, &error))?;
        let node = Self { url: url.into(), client };
        let version: Version = node.ask("state_getRuntimeVersion", rpc_params![]).await?;
        node.expect(VERSION.spec_name.to_string(), version.spec_name)?;
        let (ours, theirs) = (VERSION.transaction_version, version.transaction_version);
        if ours != theirs {
            return Err(ChainError::OldClient { ours, theirs });
        }
        let found: Hash = node.ask("chain_getBlockHash", rpc_params![0_u32]).await?;
        node.expect(format!("{:?}", genesis.unwrap_or(found)), format!("{found:?}"))?;
        Ok((node, found))
    }

    fn expect(&self, expected: String, found: String) -> Result<(), ChainError> {
        if expected == found {
            return Ok(());
        }
        Err(ChainError::WrongChain { url: self.url.clone(), expected, found })
    }

    /// Publishes where the chain is until the node is lost.
    async fn follow(&self, tips: &watch::Sender<Tip>) -> Result<Infallible, ChainError> {
        let mut best = self.heads("chain_subscribeNewHeads", "chain_unsubscribeNewHeads").await?;
        let mut finalized =
            self.heads("chain_subscribeFinalizedHeads", "chain_unsubscribeFinalizedHeads").await?;
        loop {
            // Heads of the two subscriptions come in any order. Asked together, best and final block fit.
            let tip = self.tip().await?;
            tips.send_if_modified(|known| mem::replace(known, tip) != tip);
            let head = timeout(STALL, async {
                tokio::select! {
                    head = best.next() => head,
                    head = finalized.next() => head,
                }
            });
            let reason = match head.await {
                Ok(Some(Ok(_))) => continue,
                Ok(_) => "the connection was lost".into(),
                Err(_) => format!("no block has come for {STALL:?}"),
            };
            return Err(ChainError::Unreachable { url: self.url.clone(), reason });
        }
    }

    async fn heads(&self, subscribe: &str, unsubscribe: &str) -> Result<Subscription<Header>, ChainError> {
        let heads = self.client.subscribe(subscribe, rpc_params![], unsubscribe).await;
        heads.map_err(|error| self.error(subscribe, &error))
    }

    /// Where the chain is. The final block is asked for first, so that the best one is not before it.
    async fn tip(&self) -> Result<Tip, ChainError> {
        let hash: Hash = self.ask("chain_getFinalizedHead", rpc_params![]).await?;
        let finalized: Header = self.ask("chain_getHeader", rpc_params![hash]).await?;
        let best: Header = self.ask("chain_getHeader", rpc_params![]).await?;
        Ok(Tip {
            best: BlockId { number: best.number, hash: best.hash() },
            finalized: BlockId { number: finalized.number, hash },
        })
    }

    async fn ask<R: DeserializeOwned>(&self, method: &str, params: ArrayParams) -> Result<R, ChainError> {
        self.client.request(method, params).await.map_err(|error| self.error(method, &error))
    }

    fn error(&self, method: &str, error: &ClientError) -> ChainError {
        match error {
            ClientError::Call(error) => unanswered(method, error),
            ClientError::ParseError(error) => ChainError::Api(format!("{method}: {error}")),
            lost => unreachable(&self.url, lost),
        }
    }
}

fn unreachable(url: &str, error: &ClientError) -> ChainError {
    ChainError::Unreachable { url: url.into(), reason: error.to_string() }
}

fn unanswered(method: &str, error: &ErrorObjectOwned) -> ChainError {
    let data = error.data().map(|data| format!(" {}", data.get())).unwrap_or_default();
    ChainError::Api(format!("{method}: {}{data}", error.message()))
}
