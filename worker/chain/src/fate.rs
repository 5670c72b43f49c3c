//! Finds out from a chain alone what became of a transaction, whoever put it there and when.

use crate::{
    client::{BlockId, ChainClient},
    outcome::Included,
    transaction::Signed,
    ChainError,
};
use assay_runtime::Hash;

/// What became of a transaction on the chain that ends with a block.
#[derive(Debug)]
pub(crate) enum Fate {
    /// Its nonce is unused.
    Waits,
    /// It is in a block, and this came of it.
    Included(Result<Included, ChainError>),
    /// Another transaction of the account has used its nonce.
    Usurped,
}

/// What became of a transaction on the chain that ends with a block: the block in which the account's nonce passed the
/// transaction's has it, or has another one.
pub(crate) async fn fate<C: ChainClient>(
    chain: &C,
    end: BlockId,
    signed: &Signed,
) -> Result<Fate, ChainError> {
    if !is_used(chain, end.hash, signed).await? {
        return Ok(Fate::Waits);
    }
    let mut block = end;
    // The nonce was unused where the transaction was signed, and its birth is not after that.
    while block.number > signed.birth().number {
        let parent = chain.parent(block).await?;
        if !is_used(chain, parent.hash, signed).await? {
            break;
        }
        block = parent;
    }
    Ok(chain.included(block, signed).await?.map_or(Fate::Usurped, Fate::Included))
}

async fn is_used<C: ChainClient>(chain: &C, at: Hash, signed: &Signed) -> Result<bool, ChainError> {
    Ok(chain.account(at, signed.signer()).await?.nonce > signed.nonce())
}
