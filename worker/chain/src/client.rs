//! What can be asked of a chain.

use crate::{outcome::Included, pool::Pooled, transaction::Signed, ChainError};
use assay_runtime::{
    bonds::{Candidate, Ledger, LockId, Locks, Slash, SlashId, Validator},
    market::{
        Assignment, Estimate, Job, JobClass, JobId, JobSpec, Listing, ListingId, MachineState, MarketBlock,
        Policy, Provider, Receipt, Status,
    },
    network::Network,
    AccountId, Balance, BlockNumber, Hash, Nonce, RuntimeCall,
};
use serde::Deserialize;
use std::future::Future;
use tokio::sync::watch;

/// A block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockId {
    /// Its number.
    pub number: BlockNumber,
    /// Its hash.
    pub hash: Hash,
}

/// Where a chain is, as of one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tip {
    /// The best block.
    pub best: BlockId,
    /// The newest final block.
    pub finalized: BlockId,
}

/// Tells where the chain is whenever that changes. Who is slow is told the latest only.
#[derive(Clone, Debug)]
pub struct Tips(watch::Receiver<Tip>);

impl Tips {
    pub(crate) fn new(mut tips: watch::Receiver<Tip>) -> Self {
        tips.mark_changed();
        Self(tips)
    }

    /// The next tip. The first one is that of the moment; then it waits for a change, as long as it takes, through
    /// lost connections too. `None` when the client is gone.
    pub async fn next(&mut self) -> Option<Tip> {
        self.0.changed().await.ok()?;
        Some(*self.0.borrow_and_update())
    }
}

/// What an account has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// How many of its transactions are in the chain.
    pub nonce: Nonce,
    /// What is free, in planck. Some of it may be frozen.
    pub free: Balance,
    /// What is on hold for bonds, jobs and deposits, in planck.
    pub on_hold: Balance,
    /// What of both can't be spent, in planck.
    pub frozen: Balance,
}

/// Version of the runtime that builds on a block, as far as a signer needs it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    /// Name of the chain's rules.
    pub spec_name: String,
    /// Version of the rules.
    pub spec_version: u32,
    /// Version of the transactions' format.
    pub transaction_version: u32,
}

/// What worker and command line ask of a chain. `at` is the hash of the block as of which the answer is.
///
/// Every answer may be an error: [`ChainError::Unreachable`] where no node answers for ten seconds,
/// [`ChainError::Api`] where it does not know the block or has no state of it any more.
pub trait ChainClient: Clone + Send + Sync + 'static {
    /// Hash of the first block, which no reorganisation changes.
    fn genesis(&self) -> Hash;

    /// Follows the chain.
    fn tips(&self) -> impl Future<Output = Result<Tips, ChainError>> + Send;

    /// Where the chain is.
    fn tip(&self) -> impl Future<Output = Result<Tip, ChainError>> + Send;

    /// Goes on with the next node, where there are several: the one in use says what can't be.
    fn leave_node(&self);

    /// Hash of the block of a number on the node's best chain, `None` where that has none.
    fn block_hash(
        &self,
        number: BlockNumber,
    ) -> impl Future<Output = Result<Option<Hash>, ChainError>> + Send;

    /// The block before a block; of the first one, itself.
    fn parent(&self, block: BlockId) -> impl Future<Output = Result<BlockId, ChainError>> + Send;

    /// Version of the runtime.
    fn version(&self, at: Hash) -> impl Future<Output = Result<Version, ChainError>> + Send;

    /// Where the network stands.
    fn network_at(&self, at: Hash) -> impl Future<Output = Result<Network, ChainError>> + Send;

    /// What the market clock shows.
    fn market_block(&self, at: Hash) -> impl Future<Output = Result<MarketBlock, ChainError>> + Send;

    /// What an account has; nothing where there is none.
    fn account(&self, at: Hash, who: &AccountId) -> impl Future<Output = Result<Account, ChainError>> + Send;

    /// The seats of the provider that an account works for, or is.
    fn seats(
        &self,
        at: Hash,
        signer: &AccountId,
    ) -> impl Future<Output = Result<Vec<Assignment>, ChainError>> + Send;

    /// Where a job stands, `None` if it was never posted, or is pruned.
    fn job(&self, at: Hash, id: JobId) -> impl Future<Output = Result<Option<Job>, ChainError>> + Send;

    /// Addresses of the blob servers that may have a job's content: the job's own, then those of its seats' owners.
    fn sources(&self, at: Hash, id: JobId) -> impl Future<Output = Result<Vec<String>, ChainError>> + Send;

    /// The jobs of a requester that are open or have a receipt, oldest first: those after a number, at most `limit`
    /// and 1,000.
    fn jobs_of(
        &self,
        at: Hash,
        requester: &AccountId,
        after: Option<JobId>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<(JobId, Status)>, ChainError>> + Send;

    /// What is left of a job that has ended.
    fn receipt(
        &self,
        at: Hash,
        id: JobId,
    ) -> impl Future<Output = Result<Option<Receipt>, ChainError>> + Send;

    /// What a job would cost if it were posted now; [`ChainError::Refused`] where it would be refused.
    fn estimate(&self, at: Hash, spec: &JobSpec)
        -> impl Future<Output = Result<Estimate, ChainError>> + Send;

    /// Every machine on the governed lists.
    fn machines(&self, at: Hash) -> impl Future<Output = Result<Vec<MachineState>, ChainError>> + Send;

    /// A provider.
    fn provider(
        &self,
        at: Hash,
        owner: &AccountId,
    ) -> impl Future<Output = Result<Option<Provider>, ChainError>> + Send;

    /// Address of a provider's blob server.
    fn endpoint(
        &self,
        at: Hash,
        owner: &AccountId,
    ) -> impl Future<Output = Result<Option<String>, ChainError>> + Send;

    /// A listing and its newest versions.
    fn listing(
        &self,
        at: Hash,
        id: ListingId,
    ) -> impl Future<Output = Result<Option<Listing>, ChainError>> + Send;

    /// The policy in force for a class, and its version.
    fn policy(
        &self,
        at: Hash,
        class: JobClass,
    ) -> impl Future<Output = Result<Option<(u32, Policy)>, ChainError>> + Send;

    /// What an owner has bonded, `None` if nothing.
    fn ledger(
        &self,
        at: Hash,
        owner: &AccountId,
    ) -> impl Future<Output = Result<Option<Ledger>, ChainError>> + Send;

    /// Some of an owner's locks, from an id on.
    fn locks(
        &self,
        at: Hash,
        owner: &AccountId,
        from: LockId,
        limit: u32,
    ) -> impl Future<Output = Result<Locks, ChainError>> + Send;

    /// The slashes that wait for an owner, or for all, in the order in which they get ready: those after a place, the
    /// block in which the last one known is ready and its number.
    fn pending_slashes(
        &self,
        at: Hash,
        owner: Option<&AccountId>,
        after: Option<(BlockNumber, SlashId)>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<(SlashId, Slash)>, ChainError>> + Send;

    /// The validators of the session.
    fn validators(&self, at: Hash) -> impl Future<Output = Result<Vec<Validator>, ChainError>> + Send;

    /// Who stands in elections, the highest bond first.
    fn candidates(&self, at: Hash) -> impl Future<Output = Result<Vec<Candidate>, ChainError>> + Send;

    /// Whom an account works for.
    fn owner_of(
        &self,
        at: Hash,
        worker: &AccountId,
    ) -> impl Future<Output = Result<Option<AccountId>, ChainError>> + Send;

    /// What a call would cost its signer now, in planck.
    fn fee(
        &self,
        call: &RuntimeCall,
        signer: &AccountId,
    ) -> impl Future<Output = Result<Balance, ChainError>> + Send;

    /// Puts a transaction into the pool. The same one can be put there again: it stays one.
    ///
    /// [`ChainError::Invalid`] where it can't come into a block.
    fn submit(&self, signed: &Signed) -> impl Future<Output = Result<Pooled, ChainError>> + Send;

    /// What a transaction did in a block, `None` where that block does not have it. The inner error is
    /// [`ChainError::Refused`] or [`ChainError::Unread`].
    fn included(
        &self,
        block: BlockId,
        signed: &Signed,
    ) -> impl Future<Output = Result<Option<Result<Included, ChainError>>, ChainError>> + Send;
}
