//! How a job ended, beyond its receipt: what was known of its seats in the block before, and what their workers signed.

use crate::error::CliError;
use assay_chain::{
    market::{Job, OpenJob, Receipt, Stage},
    AccountId, BlockId, Chain, ChainClient, ChainError, Done, RuntimeCall, Signature,
};
use assay_primitives::JobId;
use pallet_assay_verification::Call;

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
    /// What was signed for each of its seats; nothing before [`End::with_signatures`].
    pub signed: Vec<Signed>,
}

/// What a worker has signed for a seat.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signed {
    /// The commit.
    pub commit: Option<Act>,
    /// The reveal.
    pub reveal: Option<Act>,
}

/// A transaction that went through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// Where it is.
    pub block: BlockId,
    /// Who signed it.
    pub signer: AccountId,
    /// What with.
    pub signature: Signature,
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
                return Ok(Some(Before { ended_in: block, job: *job, sources, signed: Vec::new() }));
            }
            Ok(Some(Job::Ended(_))) => block = parent,
            // A node that has no state of that block any more.
            Ok(None) | Err(ChainError::Api(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

impl End {
    /// The same with what the workers of its seats have signed, as far as the node remembers: every block of the job is
    /// looked at.
    pub async fn with_signatures(mut self, chain: &Chain, id: JobId) -> Result<Self, CliError> {
        if let Some(before) = &mut self.before {
            let signed = signed(chain, id, before).await?;
            before.signed = signed;
        }
        Ok(self)
    }
}

async fn signed(chain: &Chain, id: JobId, before: &Before) -> Result<Vec<Signed>, CliError> {
    let seats = &before.job.case.seats;
    let mut signed = vec![Signed::default(); seats.len()];
    let mut block = before.ended_in;
    for _ in 0..KEPT.min(block.number) {
        match chain.done_in(block).await {
            Ok(all) => all.into_iter().for_each(|done| note(&mut signed, id, block, done)),
            // A node that has no state of that block any more.
            Err(ChainError::Api(_)) => break,
            Err(error) => return Err(error.into()),
        }
        // A commit comes before everything else that is signed for a seat.
        let is_known = |(place, stage): (usize, &Stage)| !is_sealed(stage) || signed[place].commit.is_some();
        if seats.iter().map(|seat| &seat.stage).enumerate().all(is_known) {
            break;
        }
        block = chain.parent(block).await?;
    }
    Ok(signed)
}

fn is_sealed(stage: &Stage) -> bool {
    matches!(stage, Stage::Committed(_) | Stage::Revealed(_) | Stage::Withheld)
}

/// Notes a transaction of a block if it is a commit or a reveal for a job.
fn note(signed: &mut [Signed], id: JobId, block: BlockId, done: Done) {
    let Done { signer, signature, call: RuntimeCall::Verification(call) } = done else { return };
    let act = Act { block, signer, signature };
    match call {
        Call::commit { job, seat, .. } if job == id => {
            if let Some(signed) = signed.get_mut(usize::from(seat)) {
                signed.commit = Some(act);
            }
        }
        Call::reveal { job, seat, .. } if job == id => {
            if let Some(signed) = signed.get_mut(usize::from(seat)) {
                signed.reveal = Some(act);
            }
        }
        _ => (),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_chain::{market::Claim, Hash};
    use sp_core::sr25519;

    #[test]
    fn commits_and_reveals_of_a_job_are_noted_for_their_seats() {
        let act = |number: u8| Act {
            block: BlockId { number: number.into(), hash: Hash::repeat_byte(number) },
            signer: AccountId::from([number; 32]),
            signature: sr25519::Signature::from_raw([number; 64]).into(),
        };
        let commit = |job, seat| {
            let (spec, commitment) = ([1; 32], [2; 32]);
            RuntimeCall::Verification(Call::commit { job, seat, spec, commitment })
        };
        let reveal = |job, seat| {
            let (claim, salt) = (Claim::Misdeclared { units: 1 }, [3; 32]);
            RuntimeCall::Verification(Call::reveal { job, seat, claim, salt, output: None, opening: None })
        };
        let mut signed = vec![Signed::default(); 2];
        let calls = [(1, reveal(7, 1)), (2, commit(7, 1)), (3, commit(8, 0)), (4, commit(7, 5))];
        for (number, call) in calls {
            let Act { block, signer, signature } = act(number);
            note(&mut signed, 7, block, Done { signer, signature, call });
        }
        let second = Signed { commit: Some(act(2)), reveal: Some(act(1)) };
        assert_eq!(signed, [Signed::default(), second], "nothing of another job or of no seat");
    }
}
