//! What can go wrong between a program and the chain.

use assay_runtime::BlockNumber;

/// Why something could not be asked or done. Each text says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// There is no address to connect to.
    #[error("no node is given: name at least one address, such as ws://127.0.0.1:9944")]
    NoNode,
    /// A node does not answer. What was sent to it may have arrived.
    #[error("no answer from the node at {url} ({reason}): check that it runs there, or name another one")]
    Unreachable {
        /// Its address.
        url: String,
        /// What happened.
        reason: String,
    },
    /// A node serves another chain.
    #[error(
        "the node at {url} is of another chain: it has {found} instead of {expected}; name another node"
    )]
    WrongChain {
        /// Its address.
        url: String,
        /// The name or the genesis of the right chain.
        expected: String,
        /// The name or the genesis of the node's chain.
        found: String,
    },
    /// Transactions that this program signs mean something else on this chain, or nothing.
    #[error("the chain takes transactions of format {theirs}, this program makes format {ours}: update it")]
    OldClient {
        /// The format's version in this program.
        ours: u32,
        /// The format's version on the chain.
        theirs: u32,
    },
    /// A call came into a block and failed: only its fee was taken. Or an estimate was refused.
    #[error("the chain refused it ({pallet}.{error}): {hint}")]
    Refused {
        /// Whose rule it is, as the runtime names its pallets.
        pallet: String,
        /// The rule, as the pallet names its errors.
        error: String,
        /// What to do.
        hint: &'static str,
    },
    /// A transaction was not taken into the pool.
    #[error("the transaction was not accepted: {0}")]
    Invalid(String),
    /// A transaction never came into a block, and can't any more.
    #[error("the transaction never came into a block, and can't any more: send it again")]
    Dropped,
    /// The chain did not say in time what became of a transaction.
    #[error(
        "the chain makes no progress on the transaction: see that it runs, and what the transaction did, before you \
         send it again"
    )]
    Timeout,
    /// A transaction is in a block, but what it did there can't be read.
    #[error(
        "the transaction is in block {block}, but the chain is at version {version} and this program can't read what \
         it did: update the program"
    )]
    Unread {
        /// The block.
        block: BlockNumber,
        /// Version of the runtime.
        version: u32,
    },
    /// A node answered that it can't, or what nobody can read.
    #[error("the node could not answer ({0}): ask again, or name another node")]
    Api(String),
}

impl ChainError {
    /// Whether the same question can have an answer soon.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Api(_))
    }
}
