//! Our own methods: where the network stands.

use crate::service::{BlockNumber, FullClient, Hash};
use assay_runtime::{
    network::{Network as NetworkState, NetworkApi},
    token, AccountId,
};
use jsonrpsee::{
    core::RpcResult,
    proc_macros::rpc,
    types::{
        error::{INTERNAL_ERROR_CODE, INVALID_PARAMS_CODE},
        ErrorObjectOwned,
    },
};
use sc_client_api::HeaderBackend;
use serde::Serialize;
use sp_api::{Core, ProvideRuntimeApi};
use sp_core::crypto::{Ss58AddressFormat, Ss58Codec};
use std::sync::Arc;

/// Most validators that one call lists.
const MAX_VALIDATORS: u32 = 100;

/// The module `assay`. All of it is safe to expose.
#[rpc(server)]
pub trait AssayApi {
    /// Where the network stands at the best block.
    #[method(name = "assay_networkInfo", blocking)]
    fn network_info(&self) -> RpcResult<NetworkInfo>;

    /// Validators of the current session at the best block, `limit` of them (1 to 100) from the position `start` on.
    #[method(name = "assay_validators", blocking)]
    fn validators(&self, start: u32, limit: u32) -> RpcResult<Validators>;
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
#[derive(Clone, Debug, Serialize)]
pub struct BlockId {
    number: BlockNumber,
    hash: Hash,
}

/// Answer of `assay_validators`.
#[derive(Clone, Debug, Serialize)]
pub struct Validators {
    /// How many there are in all.
    total: usize,
    /// Addresses of those asked for.
    items: Vec<String>,
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

    fn state(&self, at: Hash) -> RpcResult<NetworkState> {
        self.client.runtime_api().network(at).map_err(failed)
    }
}

impl AssayApiServer for Network {
    fn network_info(&self) -> RpcResult<NetworkInfo> {
        let info = self.client.info();
        let state = self.state(info.best_hash)?;
        let version = self.client.runtime_api().version(info.best_hash).map_err(failed)?;
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

    fn validators(&self, start: u32, limit: u32) -> RpcResult<Validators> {
        check_limit(limit)?;
        let validators = self.state(self.client.info().best_hash)?.validators;
        let items = page(&validators, start, limit).iter().map(address).collect();
        Ok(Validators { total: validators.len(), items })
    }
}

fn check_limit(limit: u32) -> RpcResult<()> {
    if (1..=MAX_VALIDATORS).contains(&limit) {
        return Ok(());
    }
    let message = format!("limit is {limit}, and has to be 1 to {MAX_VALIDATORS}: ask for the rest by start");
    Err(ErrorObjectOwned::owned(INVALID_PARAMS_CODE, message, None::<()>))
}

/// At most `limit` items from the position `start` on; none beyond the end.
fn page<T>(items: &[T], start: u32, limit: u32) -> &[T] {
    let position = |number: u32| usize::try_from(number).unwrap_or(usize::MAX).min(items.len());
    &items[position(start)..position(start.saturating_add(limit))]
}

fn address(account: &AccountId) -> String {
    account.to_ss58check_with_version(Ss58AddressFormat::custom(token::SS58_PREFIX))
}

fn failed(error: sp_api::ApiError) -> ErrorObjectOwned {
    ErrorObjectOwned::owned(INTERNAL_ERROR_CODE, error.to_string(), None::<()>)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_one_another_without_gap_or_overlap() {
        let items: Vec<u32> = (0..250).collect();
        let pages: Vec<_> = (0..250).step_by(100).map(|start| page(&items, start, 100)).collect();
        assert_eq!(pages.iter().map(|page| page.len()).collect::<Vec<_>>(), [100, 100, 50]);
        assert_eq!(pages.concat(), items);
    }

    #[test]
    fn a_page_beyond_the_end_is_empty() {
        assert!(page(&[1, 2], 2, 100).is_empty());
        assert!(page(&[1, 2], u32::MAX, u32::MAX).is_empty());
        assert!(page::<u8>(&[], 0, 1).is_empty());
    }

    #[test]
    fn a_limit_out_of_bounds_is_refused_and_says_the_bounds() {
        assert!(check_limit(1).is_ok());
        assert!(check_limit(100).is_ok());
        for limit in [0, 101, u32::MAX] {
            let error = check_limit(limit).unwrap_err();
            assert_eq!(error.code(), INVALID_PARAMS_CODE);
            assert!(error.message().contains("1 to 100"), "{}", error.message());
        }
    }

    #[test]
    fn addresses_have_the_prefix_of_the_chain() {
        let alice = sp_keyring::Sr25519Keyring::Alice.to_account_id();
        assert_eq!(address(&alice), "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY");
    }

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
