//! The real chain, asked through its nodes.

use crate::{
    client::{Account, BlockId, ChainClient, Tip, Tips, Version},
    link::Link,
    outcome::{done, events_of, outcome, Done, Included},
    pool::{judge, Pooled},
    transaction::{draft, Signed},
    ChainError,
};
use assay_runtime::{
    bonds::{Candidate, Ledger, LockId, Locks, Slash, SlashId, Validator},
    market::{
        Assignment, Estimate, Job, JobClass, JobId, JobSpec, Listing, ListingId, MachineState, MarketBlock,
        Policy, Provider, Receipt, Refusal, Status,
    },
    network::Network,
    AccountId, Balance, BlockNumber, Hash, Header, Nonce, Runtime, RuntimeCall,
};
use codec::{Decode, DecodeAll, Encode};
use frame_support::storage::storage_prefix;
use jsonrpsee::rpc_params;
use pallet_assay_jobs::Parameters;
use pallet_transaction_payment::RuntimeDispatchInfo;
use serde::Deserialize;
use sp_core::Bytes;
use std::sync::Arc;

/// A chain, through whichever of its nodes answers. Clones share one connection.
#[derive(Clone)]
pub struct Chain {
    link: Link,
    genesis: Hash,
    network: Arc<Network>,
}

impl Chain {
    /// Connects to the first of some nodes that answers, such as `ws://127.0.0.1:9944`. When it is lost, the others are
    /// tried in turn, in the background; from then on only nodes of the same genesis are taken.
    ///
    /// Runs on a tokio runtime.
    ///
    /// # Errors
    ///
    /// Why the last one is of no use: [`ChainError::NoNode`], [`ChainError::Unreachable`],
    /// [`ChainError::WrongChain`], [`ChainError::OldClient`].
    pub async fn connect(urls: &[String]) -> Result<Self, ChainError> {
        let (link, genesis) = Link::open(urls).await?;
        let tip = link.tip().await?;
        let network = Arc::new(call(&link, "NetworkApi_network", Vec::new(), Some(tip.best.hash)).await?);
        Ok(Self { link, genesis, network })
    }

    /// Hash of the first block.
    pub fn genesis(&self) -> Hash {
        self.genesis
    }

    /// Where the network stood when the program connected: what never changes in it can be taken from here.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// What jobs may be, as governance has set it.
    ///
    /// # Errors
    ///
    /// [`ChainError::Unreachable`], [`ChainError::Api`].
    pub async fn job_limits(&self, at: Hash) -> Result<Parameters, ChainError> {
        let key = pallet_assay_jobs::Params::<Runtime>::hashed_key().to_vec();
        let stored = self.stored(key, at).await?;
        stored.map_or_else(|| Ok(Parameters::default()), |stored| decode("the limits of jobs", &stored))
    }

    /// The signed transactions of a block whose calls went through, in order. Those that this program can't read are
    /// left out.
    ///
    /// # Errors
    ///
    /// [`ChainError::Unreachable`]; [`ChainError::Api`] where the node does not have the block or its state any more.
    pub async fn done_in(&self, block: BlockId) -> Result<Vec<Done>, ChainError> {
        let extrinsics = self.extrinsics(block).await?;
        let events = self.stored(storage_prefix(b"System", b"Events").to_vec(), block.hash).await?;
        Ok(events.map_or_else(Vec::new, |events| done(&extrinsics, &events)))
    }

    async fn extrinsics(&self, block: BlockId) -> Result<Vec<Bytes>, ChainError> {
        let found: Option<SignedBlock> = self.link.request("chain_getBlock", rpc_params![block.hash]).await?;
        Ok(found.ok_or_else(|| unknown(block))?.block.extrinsics)
    }

    /// Asks a runtime API at a block.
    pub(crate) async fn ask<R: Decode>(
        &self,
        api: &str,
        arguments: impl Encode,
        at: Hash,
    ) -> Result<R, ChainError> {
        call(&self.link, api, arguments.encode(), Some(at)).await
    }

    async fn stored(&self, key: Vec<u8>, at: Hash) -> Result<Option<Bytes>, ChainError> {
        self.link.request("state_getStorage", rpc_params![Bytes(key), at]).await
    }
}

/// Calls a runtime API at a block, or at the best one.
async fn call<R: Decode>(
    link: &Link,
    api: &str,
    arguments: Vec<u8>,
    at: Option<Hash>,
) -> Result<R, ChainError> {
    let answer: Bytes = link.request("state_call", rpc_params![api, Bytes(arguments), at]).await?;
    decode(api, &answer)
}

fn decode<R: Decode>(what: &str, bytes: &[u8]) -> Result<R, ChainError> {
    R::decode_all(&mut &bytes[..])
        .map_err(|error| ChainError::Api(format!("{what} is of another version than this program: {error}")))
}

fn unknown(block: BlockId) -> ChainError {
    ChainError::Api(format!("it does not have block {} {:?}", block.number, block.hash))
}

/// The part of a block that matters here.
#[derive(Deserialize)]
struct SignedBlock {
    block: Body,
}

#[derive(Deserialize)]
struct Body {
    extrinsics: Vec<Bytes>,
}

impl ChainClient for Chain {
    fn genesis(&self) -> Hash {
        self.genesis
    }

    async fn tips(&self) -> Result<Tips, ChainError> {
        Ok(Tips::new(self.link.tips()))
    }

    async fn tip(&self) -> Result<Tip, ChainError> {
        self.link.tip().await
    }

    fn leave_node(&self) {
        self.link.leave();
    }

    async fn block_hash(&self, number: BlockNumber) -> Result<Option<Hash>, ChainError> {
        self.link.request("chain_getBlockHash", rpc_params![number]).await
    }

    async fn parent(&self, block: BlockId) -> Result<BlockId, ChainError> {
        let header: Option<Header> = self.link.request("chain_getHeader", rpc_params![block.hash]).await?;
        let header = header.ok_or_else(|| unknown(block))?;
        match header.number.checked_sub(1) {
            Some(number) => Ok(BlockId { number, hash: header.parent_hash }),
            None => Ok(block),
        }
    }

    async fn version(&self, at: Hash) -> Result<Version, ChainError> {
        self.link.request("state_getRuntimeVersion", rpc_params![at]).await
    }

    async fn network_at(&self, at: Hash) -> Result<Network, ChainError> {
        self.ask("NetworkApi_network", (), at).await
    }

    async fn market_block(&self, at: Hash) -> Result<MarketBlock, ChainError> {
        Ok(self.network_at(at).await?.market_block)
    }

    async fn account(&self, at: Hash, who: &AccountId) -> Result<Account, ChainError> {
        type Info = frame_system::AccountInfo<Nonce, pallet_balances::AccountData<Balance>>;
        let key = frame_system::Account::<Runtime>::hashed_key_for(who);
        let Some(stored) = self.stored(key, at).await? else { return Ok(Account::default()) };
        let Info { nonce, data, .. } = decode("an account", &stored)?;
        Ok(Account { nonce, free: data.free, on_hold: data.reserved, frozen: data.frozen })
    }

    async fn seats(&self, at: Hash, signer: &AccountId) -> Result<Vec<Assignment>, ChainError> {
        self.ask("MarketApi_seats", signer, at).await
    }

    async fn job(&self, at: Hash, id: JobId) -> Result<Option<Job>, ChainError> {
        self.ask("MarketApi_job", id, at).await
    }

    async fn sources(&self, at: Hash, id: JobId) -> Result<Vec<String>, ChainError> {
        let sources: Vec<Vec<u8>> = self.ask("MarketApi_sources", id, at).await?;
        // The chain takes any bytes for an address. Those that are no text lead nowhere.
        Ok(sources.into_iter().filter_map(|source| String::from_utf8(source).ok()).collect())
    }

    async fn jobs_of(
        &self,
        at: Hash,
        requester: &AccountId,
        after: Option<JobId>,
        limit: u32,
    ) -> Result<Vec<(JobId, Status)>, ChainError> {
        self.ask("MarketApi_jobs_of", (requester, after, limit), at).await
    }

    async fn receipt(&self, at: Hash, id: JobId) -> Result<Option<Receipt>, ChainError> {
        self.ask("MarketApi_receipt", id, at).await
    }

    async fn estimate(&self, at: Hash, spec: &JobSpec) -> Result<Estimate, ChainError> {
        let estimate: Result<Estimate, Refusal> = self.ask("MarketApi_estimate", spec, at).await?;
        Ok(estimate?)
    }

    async fn machines(&self, at: Hash) -> Result<Vec<MachineState>, ChainError> {
        self.ask("MarketApi_machines", (), at).await
    }

    async fn provider(&self, at: Hash, owner: &AccountId) -> Result<Option<Provider>, ChainError> {
        self.ask("MarketApi_provider", owner, at).await
    }

    async fn endpoint(&self, at: Hash, owner: &AccountId) -> Result<Option<String>, ChainError> {
        let key = pallet_assay_providers::Endpoints::<Runtime>::hashed_key_for(owner);
        let Some(stored) = self.stored(key, at).await? else { return Ok(None) };
        let endpoint: Vec<u8> = decode("an endpoint", &stored)?;
        // The chain takes visible ASCII only.
        Ok(String::from_utf8(endpoint).ok())
    }

    async fn listing(&self, at: Hash, id: ListingId) -> Result<Option<Listing>, ChainError> {
        self.ask("MarketApi_listing", id, at).await
    }

    async fn policy(&self, at: Hash, class: JobClass) -> Result<Option<(u32, Policy)>, ChainError> {
        self.ask("MarketApi_policy", class, at).await
    }

    async fn ledger(&self, at: Hash, owner: &AccountId) -> Result<Option<Ledger>, ChainError> {
        self.ask("BondsApi_ledger", owner, at).await
    }

    async fn locks(
        &self,
        at: Hash,
        owner: &AccountId,
        from: LockId,
        limit: u32,
    ) -> Result<Locks, ChainError> {
        self.ask("BondsApi_locks", (owner, from, limit), at).await
    }

    async fn pending_slashes(
        &self,
        at: Hash,
        owner: Option<&AccountId>,
        after: Option<(BlockNumber, SlashId)>,
        limit: u32,
    ) -> Result<Vec<(SlashId, Slash)>, ChainError> {
        self.ask("BondsApi_pending_slashes", (owner, after, limit), at).await
    }

    async fn validators(&self, at: Hash) -> Result<Vec<Validator>, ChainError> {
        self.ask("BondsApi_validators", (), at).await
    }

    async fn candidates(&self, at: Hash) -> Result<Vec<Candidate>, ChainError> {
        self.ask("BondsApi_candidates", (), at).await
    }

    async fn owner_of(&self, at: Hash, worker: &AccountId) -> Result<Option<AccountId>, ChainError> {
        let key = pallet_assay_staking::Workers::<Runtime>::hashed_key_for(worker);
        let stored = self.stored(key, at).await?;
        stored.map(|stored| decode("a worker", &stored)).transpose()
    }

    async fn fee(&self, call: &RuntimeCall, signer: &AccountId) -> Result<Balance, ChainError> {
        let mut arguments = draft(call.clone(), signer.clone());
        let length = u32::try_from(arguments.len())
            .map_err(|_| ChainError::Invalid("the call is above 4 GiB: send less at a time".into()))?;
        length.encode_to(&mut arguments);
        let api = "TransactionPaymentApi_query_info";
        let info: RuntimeDispatchInfo<Balance> = self::call(&self.link, api, arguments, None).await?;
        Ok(info.partial_fee)
    }

    async fn submit(&self, signed: &Signed) -> Result<Pooled, ChainError> {
        let params = rpc_params![Bytes(signed.bytes().to_vec())];
        // Once: an answer to a second attempt says nothing about the first.
        let answer = self.link.request_once::<Hash>("author_submitExtrinsic", params).await?;
        answer.map_or_else(|error| judge(&error), |_| Ok(Pooled::Waits))
    }

    async fn included(
        &self,
        block: BlockId,
        signed: &Signed,
    ) -> Result<Option<Result<Included, ChainError>>, ChainError> {
        let extrinsics = self.extrinsics(block).await?;
        let mut numbered = (0_u32..).zip(&extrinsics);
        let Some((index, _)) = numbered.find(|(_, extrinsic)| ***extrinsic == *signed.bytes()) else {
            return Ok(None);
        };
        let stored = self.stored(storage_prefix(b"System", b"Events").to_vec(), block.hash).await?;
        let events = stored.and_then(|stored| events_of(&stored, index));
        let version = self.version(block.hash).await?.spec_version;
        Ok(Some(outcome(block, events, version)))
    }
}
