//! The way to the chain for whoever is no node: the worker and the command line.
//!
//! * [`Chain`] asks nodes: several addresses, tried in turn, connected again when a connection is lost.
//! * [`ChainClient`] and [`GovernanceClient`] are what can be asked; `fake::FakeChain` (feature `fake`) answers in
//!   tests.
//! * [`Submitter`] signs calls with one key and brings each into the chain exactly once.
//! * [`ChainError`] says what went wrong and what to do.
//!
//! What is asked goes to runtime APIs at a named block, so an answer is of one block, and a reorganisation needs no
//! bookkeeping: ask again at the new best block. Types are those of the runtime itself.
//!
//! Not for: deciding what to send. Whoever needs blocks' content beyond that asks the node directly.

mod chain;
mod client;
mod dispatch;
mod error;
#[cfg(any(test, feature = "fake"))]
pub mod fake;
mod fate;
mod governance_client;
mod hints;
mod link;
mod outcome;
mod pool;
mod submitter;
#[cfg(test)]
mod tests;
mod transaction;

pub use assay_runtime::{
    bonds, governance, market, network, token, AccountId, Balance, BlockNumber, Hash, Nonce, RuntimeCall,
    RuntimeEvent, Signature,
};
pub use chain::Chain;
pub use client::{Account, BlockId, ChainClient, Tip, Tips, Version};
pub use error::ChainError;
pub use governance_client::GovernanceClient;
pub use outcome::{Done, Included};
pub use pallet_assay_jobs::Parameters as JobLimits;
pub use pool::Pooled;
pub use submitter::{Submitter, Wait};
pub use transaction::{Signed, PERIOD};

/// What a key signs with.
pub type Pair = sp_core::sr25519::Pair;
