//! Our own methods: where the network stands.

use super::answers::failed;
use crate::service::{BlockNumber, FullClient, Hash};
use assay_runtime::network::NetworkApi;
use jsonrpsee::{core::RpcResult, proc_macros::rpc};
use sc_client_api::HeaderBackend;
use serde::Serialize;
use sp_api::{Core, ProvideRuntimeApi};
use std::sync::Arc;

/// The methods of the module `assay` about the network. All of them are safe to expose.
#[rpc(server)]
pub trait NetworkRpc {
    /// Where the network stands at the best block.
    #[method(name = "assay_networkInfo", blocking)]
    fn network_info(&self) -> RpcResult<NetworkInfo>;
}

/// Answer of `assay_networkInfo`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NetworkInfo {
    /// Name of the chain.
    chain: String,
    /// Version of the runtime.
    spec_version: u32,
    /// Length of a slot in milliseconds.
    slot_millis: u64,
    /// Length of an epoch in slots.
    epoch_slots: u64,
    /// Index of the epoch.
    epoch: u64,
    /// What the market clock shows, in blocks.
    market_block: BlockNumber,
    /// Whether the market clock stands still.
    market_halted: bool,
    /// The best block.
    best: BlockId,
    /// The last final block.
    finalized: BlockId,
    /// How many validators the session has.
    validator_count: usize,
}

/// A block, by number and hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BlockId {
    /// Its number.
    pub number: BlockNumber,
    /// Its hash.
    pub hash: Hash,
}

/// Answers from the chain.
pub struct Network {
    chain: String,
    client: Arc<FullClient>,
}

impl Network {
    /// Answers from this client about the chain of this name.
    pub fn new(chain: String, client: Arc<FullClient>) -> Self {
        Self { chain, client }
    }
}

impl NetworkRpcServer for Network {
    fn network_info(&self) -> RpcResult<NetworkInfo> {
        let info = self.client.info();
        let api = self.client.runtime_api();
        let state = api.network(info.best_hash).map_err(failed)?;
        let version = api.version(info.best_hash).map_err(failed)?;
        Ok(NetworkInfo {
            chain: self.chain.clone(),
            spec_version: version.spec_version,
            slot_millis: state.slot_millis,
            epoch_slots: state.epoch_slots,
            epoch: state.epoch,
            market_block: state.market_block,
            market_halted: state.market_halted,
            best: BlockId { number: info.best_number, hash: info.best_hash },
            finalized: BlockId { number: info.finalized_number, hash: info.finalized_hash },
            validator_count: state.validators.len(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_info_is_json_in_camel_case() {
        let block = BlockId { number: 7, hash: Hash::repeat_byte(1) };
        let info = NetworkInfo {
            chain: "Assay Test".into(),
            spec_version: 100,
            slot_millis: 1_000,
            epoch_slots: 20,
            epoch: 3,
            market_block: 6,
            market_halted: false,
            best: block.clone(),
            finalized: block,
            validator_count: 4,
        };
        let json = serde_json::to_value(info).unwrap();
        assert_eq!(json["specVersion"], 100);
        assert_eq!(json["marketHalted"], false);
        assert_eq!(json["best"]["hash"], format!("{:?}", Hash::repeat_byte(1)));
        assert_eq!(json["validatorCount"], 4);
    }
}
