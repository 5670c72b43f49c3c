//! Asks a node what it knows.

use assay_runtime::{network::Network, BlockNumber, Hash, Header};
use codec::{Decode, DecodeAll};
use jsonrpsee::{
    core::{client::ClientT, params::ArrayParams, ClientError},
    rpc_params,
    ws_client::{WsClient, WsClientBuilder},
};
use sc_rpc::state::ReadProof;
use serde::{de::DeserializeOwned, Deserialize};
use sp_consensus_babe::digests::{CompatibleDigestItem, PreDigest};
use sp_core::{crypto::Ss58Codec, Bytes};
use sp_keyring::Sr25519Keyring;
use sp_runtime::traits::{BlakeTwo256, Hash as _};

/// Version of a runtime, as far as a signer needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    /// Version of the rules.
    pub spec_version: u32,
    /// Version of the transactions' format.
    pub transaction_version: u32,
}

/// What `assay_networkInfo` answers about the market clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Market {
    /// What the market clock shows.
    pub market_block: BlockNumber,
    /// Whether it stands still.
    pub market_halted: bool,
}

/// The address of a development account.
pub fn address(account: Sr25519Keyring) -> String {
    account.to_account_id().to_ss58check()
}

/// A connection to a node.
pub struct Client(pub(super) WsClient);

impl Client {
    /// Connects to the node with this port for RPC.
    pub async fn connect(port: u16) -> Result<Self, ClientError> {
        WsClientBuilder::default().build(format!("ws://127.0.0.1:{port}")).await.map(Self)
    }

    /// Calls a method that may fail.
    pub async fn try_call<R: DeserializeOwned>(
        &self,
        method: &str,
        params: ArrayParams,
    ) -> Result<R, ClientError> {
        self.0.request(method, params).await
    }

    /// Calls a method.
    pub async fn call<R: DeserializeOwned>(&self, method: &str, params: ArrayParams) -> R {
        self.try_call(method, params).await.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// Number of the best block.
    pub async fn best(&self) -> BlockNumber {
        self.call::<Header>("chain_getHeader", rpc_params![]).await.number
    }

    /// Number of the newest finalized block.
    pub async fn finalized(&self) -> BlockNumber {
        let hash = self.call("chain_getFinalizedHead", rpc_params![]).await;
        self.header(hash).await.number
    }

    /// Header of a block.
    pub async fn header(&self, hash: Hash) -> Header {
        self.call("chain_getHeader", rpc_params![hash]).await
    }

    /// Hash of the block at a height of the best chain.
    pub async fn hash(&self, height: BlockNumber) -> Hash {
        self.call("chain_getBlockHash", rpc_params![height]).await
    }

    /// What the author of the block at a height claims its slot with.
    pub async fn pre_digest(&self, height: BlockNumber) -> PreDigest {
        let header = self.header(self.hash(height).await).await;
        let pre_digest = header.digest.logs.iter().find_map(|log| log.as_babe_pre_digest());
        pre_digest.unwrap_or_else(|| panic!("block {height} has no pre-digest"))
    }

    /// Version of the runtime that builds on a block.
    pub async fn version(&self, at: Hash) -> Version {
        self.call("state_getRuntimeVersion", rpc_params![at]).await
    }

    /// A value in the state of a block.
    pub async fn storage<T: Decode>(&self, key: &[u8], at: Hash) -> Option<T> {
        let value: Option<Bytes> = self.call("state_getStorage", rpc_params![Bytes(key.to_vec()), at]).await;
        value.map(|value| T::decode_all(&mut &value[..]).expect("the state holds what the runtime says"))
    }

    /// Whether the node has the state of a block: all of it that leads from one key to the root in the block's header.
    pub async fn holds_state(&self, key: &[u8], at: Hash) -> bool {
        let params = rpc_params![[Bytes(key.to_vec())], at];
        let Ok(answer) = self.try_call::<ReadProof<Hash>>("state_getReadProof", params).await else {
            return false;
        };
        let root = self.header(at).await.state_root;
        answer.proof.iter().any(|node| BlakeTwo256::hash(node) == root)
    }

    /// Where the network stood at a block.
    pub async fn network(&self, at: Hash) -> Network {
        let call = rpc_params!["NetworkApi_network", Bytes(Vec::new()), at];
        let answer: Bytes = self.call("state_call", call).await;
        Network::decode_all(&mut &answer[..]).expect("the runtime answers with its own type")
    }

    /// What the market clock shows now.
    pub async fn market(&self) -> Market {
        self.call("assay_networkInfo", rpc_params![]).await
    }
}
