//! What a node's pool says to a transaction.

use crate::ChainError;
use jsonrpsee::types::ErrorObjectOwned;
use sp_runtime::transaction_validity::InvalidTransaction;

/// What became of a transaction that was put into the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooled {
    /// It waits there for a block, now or already before.
    Waits,
    /// Its nonce is used up: the chain has this transaction, or another one of the account.
    Stale,
    /// Another transaction with this nonce waits there.
    Occupied,
    /// The pool can't take it now: it is full, or does not know the newest block yet.
    Full,
}

/// Codes by which nodes refuse transactions, as the SDK's `author` methods define them.
mod code {
    pub(super) const INVALID: i32 = 1010;
    pub(super) const BANNED: i32 = 1012;
    pub(super) const KNOWN: i32 = 1013;
    pub(super) const LOW_PRIORITY: i32 = 1014;
    pub(super) const DROPPED: i32 = 1016;
    pub(super) const UNKNOWN_BLOCK: i32 = 1020;
    pub(super) const TOO_EARLY: i32 = 1021;
}

/// What it means that a node has refused a transaction.
pub(crate) fn judge(error: &ErrorObjectOwned) -> Result<Pooled, ChainError> {
    let data = error.data().map(|data| data.get()).unwrap_or_default();
    let says = |reason: InvalidTransaction| data.contains(<&str>::from(reason));
    match error.code() {
        code::KNOWN => Ok(Pooled::Waits),
        code::LOW_PRIORITY => Ok(Pooled::Occupied),
        code::BANNED | code::DROPPED | code::UNKNOWN_BLOCK | code::TOO_EARLY => Ok(Pooled::Full),
        code::INVALID if says(InvalidTransaction::Stale) => Ok(Pooled::Stale),
        code::INVALID if says(InvalidTransaction::Payment) => {
            Err(ChainError::Invalid("the account can't pay the fee: send it some ASY".into()))
        }
        code::INVALID
            if says(InvalidTransaction::BadProof) || says(InvalidTransaction::AncientBirthBlock) =>
        {
            Err(ChainError::Invalid(
                "the node is on another branch, behind, or just upgraded: try again in a minute".into(),
            ))
        }
        _ => {
            Err(ChainError::Invalid(format!("{} {data}; change it, or ask the node's log", error.message())))
        }
    }
}
