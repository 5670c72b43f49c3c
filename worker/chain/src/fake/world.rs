//! What a chain of a test knows in one block.

use super::Governance;
use crate::client::Account;
use assay_runtime::{
    bonds::{Candidate, Ledger, Lock, LockId, Slash, SlashId, Validator},
    market::{
        Assignment, Estimate, Job, JobId, Listing, ListingId, MachineState, MarketBlock, Policy, Provider,
        Receipt, Refusal, Status,
    },
    AccountId, Balance,
};
use std::collections::BTreeMap;

/// The state of a block, as far as it can be asked for. Empty until a test fills it.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// What the market clock shows. It goes on by one with each block, unless it is halted.
    pub market_block: MarketBlock,
    /// Whether the market clock stands still.
    pub market_halted: bool,
    /// Accounts. Each transaction adds one to its signer's nonce.
    pub accounts: BTreeMap<AccountId, Account>,
    /// Seats, by who may sign for them.
    pub seats: BTreeMap<AccountId, Vec<Assignment>>,
    /// Jobs.
    pub jobs: BTreeMap<JobId, Job>,
    /// Addresses of blob servers, by job.
    pub sources: BTreeMap<JobId, Vec<String>>,
    /// Lists of jobs, by requester.
    pub jobs_of: BTreeMap<AccountId, Vec<(JobId, Status)>>,
    /// Receipts.
    pub receipts: BTreeMap<JobId, Receipt>,
    /// What every estimate says.
    pub estimate: Option<Result<Estimate, Refusal>>,
    /// Machines.
    pub machines: Vec<MachineState>,
    /// Providers, by owner.
    pub providers: BTreeMap<AccountId, Provider>,
    /// Addresses of providers' blob servers.
    pub endpoints: BTreeMap<AccountId, String>,
    /// Listings.
    pub listings: BTreeMap<ListingId, Listing>,
    /// The policy of every class.
    pub policy: Option<(u32, Policy)>,
    /// Ledgers, by owner.
    pub ledgers: BTreeMap<AccountId, Ledger>,
    /// Locks.
    pub locks: BTreeMap<LockId, Lock>,
    /// Slashes that wait, in the order in which they get ready.
    pub pending_slashes: Vec<(SlashId, Slash)>,
    /// Validators.
    pub validators: Vec<Validator>,
    /// Candidates.
    pub candidates: Vec<Candidate>,
    /// Owners, by worker.
    pub owners: BTreeMap<AccountId, AccountId>,
    /// What is voted on, and what becomes of it.
    pub governance: Governance,
    /// What every transaction costs, in planck.
    pub fee: Balance,
}
