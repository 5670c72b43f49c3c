//! How a job ended, beyond its receipt: what was known of its seats in the block before.

use crate::error::CliError;
use assay_chain::{
    market::{Job, OpenJob, Receipt},
    BlockId, Chain, ChainClient, ChainError,
};
use assay_primitives::JobId;

/// Nodes keep the state of so many blocks unless told otherwise.
const KEPT: u32 = 256;

/// A job that has ended.
pub struct End {
    /// What is left of it.
    pub receipt: Receipt,
    /// What was known before; `None` where no node remembers.
    pub before: Option<Before>,
}

/// What was known of a job before it ended.
pub struct Before {
    /// The block in which it ended.
    pub ended_in: BlockId,
    /// The job in the block before that.
    pub job: OpenJob,
    /// The blob servers of its seats, and its own.
    pub sources: Vec<String>,
}

/// Looks for the end of a job that has ended as of a block.
pub async fn of(chain: &Chain, id: JobId, block: BlockId, receipt: Receipt) -> Result<End, CliError> {
    Ok(End { receipt, before: before(chain, id, block).await? })
}

async fn before(chain: &Chain, id: JobId, mut block: BlockId) -> Result<Option<Before>, CliError> {
    for _ in 0..KEPT.min(block.number) {
        let parent = chain.parent(block).await?;
        match chain.job(parent.hash, id).await {
            Ok(Some(Job::Open(job))) => {
                let sources = chain.sources(parent.hash, id).await?;
                return Ok(Some(Before { ended_in: block, job: *job, sources }));
            }
            Ok(Some(Job::Ended(_))) => block = parent,
            // A node that has no state of that block any more.
            Ok(None) | Err(ChainError::Api(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}
