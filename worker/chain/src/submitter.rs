//! Brings calls into the chain, each exactly once.

use crate::{
    client::{BlockId, ChainClient, Tip, Tips},
    fate::{fate, Fate},
    outcome::Included,
    pool::Pooled,
    transaction::{sign, Signed, Terms},
    ChainError, Pair,
};
use assay_runtime::{AccountId, BlockNumber, Nonce, RuntimeCall};
use sp_core::Pair as _;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::{
    sync::{Mutex, MutexGuard},
    time::timeout,
};

/// How often a call is signed anew after its transaction could not come into a block.
const SIGNATURES: u32 = 3;
/// For how many tips a place in the pool is tried to get.
const ATTEMPTS: u32 = 10;
/// After how many blocks a transaction that is in none is put into the pool again.
const RESEND: BlockNumber = 3;
/// A transaction is bound to the final block, which no reorganisation takes away, or, where that is further behind, to
/// the block so many before the best one: bound to the best itself, a short reorganisation would make it invalid, and
/// with it all later ones of the key.
const MAX_LAG: BlockNumber = 16;
/// After how many blocks from its birth a transaction is no longer waited for.
const PATIENCE: BlockNumber = 256;
/// How long the chain may stand still.
const STALL: Duration = Duration::from_secs(120);
/// How many errors of nodes in a row are waited out.
const MAX_FAILURES: u32 = 5;

/// What counts as being in the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// The best chain has it; a reorganisation may take it away.
    Best,
    /// It is final.
    Final,
}

/// Signs and sends with one key. Clones share it; there must be only one for each key in a program.
///
/// Several calls may be on their way at once. They come into the chain in the order in which they were sent.
pub struct Submitter<C>(Arc<Shared<C>>);

impl<C> Clone for Submitter<C> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

struct Shared<C> {
    chain: C,
    pair: Pair,
    account: AccountId,
    /// What was sent and can still come into the chain, or leave it, by nonce.
    sent: Mutex<SentByNonce>,
}

type SentByNonce = BTreeMap<Nonce, Sent>;

struct Sent {
    signed: Signed,
    /// The best block when it was put into the pool last.
    last: BlockNumber,
}

/// What is known about a transaction on its way.
enum Progress {
    Pending,
    Done(Result<Included, ChainError>),
    /// It can't come into the chain any more, whatever happens.
    Lost,
}

impl<C: ChainClient> Submitter<C> {
    /// Sends with a key.
    pub fn new(chain: C, pair: Pair) -> Self {
        let account = pair.public().into();
        Self(Arc::new(Shared { chain, pair, account, sent: Mutex::default() }))
    }

    /// The account of the key.
    pub fn account(&self) -> AccountId {
        self.0.account.clone()
    }

    /// The chain that it sends to.
    pub fn chain(&self) -> &C {
        &self.0.chain
    }

    /// Signs a call, sends it, and waits until it is in the chain. It takes effect at most once: the same transaction
    /// is put into the pool again while it can still come into a block, and the call is signed anew only when that is
    /// out of the question.
    ///
    /// # Errors
    ///
    /// With [`ChainError::Refused`] the call came into a block and failed; with [`ChainError::Invalid`] and
    /// [`ChainError::Dropped`] it has no effect. After any other error, and where the future is dropped, it may still
    /// take effect: look at the chain's state before sending it again.
    pub async fn send(&self, call: RuntimeCall, wait: Wait) -> Result<Included, ChainError> {
        let mut tips = self.0.chain.tips().await?;
        for _ in 0..SIGNATURES {
            let signed = self.0.place(&call, &mut tips).await?;
            if let Some(outcome) = self.0.follow(&signed, wait, &mut tips).await? {
                return outcome;
            }
            tracing::warn!(nonce = signed.nonce(), "a transaction was lost and is signed anew");
        }
        Err(ChainError::Dropped)
    }
}

impl<C: ChainClient> Shared<C> {
    /// Signs a call and gets it into the pool.
    async fn place(&self, call: &RuntimeCall, tips: &mut Tips) -> Result<Signed, ChainError> {
        let mut refusal = Pooled::Full;
        for _ in 0..ATTEMPTS {
            let tip = next(tips).await?;
            let (pooled, signed) = self.try_place(call, tip).await?;
            if pooled == Pooled::Waits {
                return Ok(signed);
            }
            tracing::debug!(nonce = signed.nonce(), ?pooled, "not in the pool yet");
            refusal = pooled;
        }
        Err(ChainError::Invalid(match refusal {
            Pooled::Full => "the pool takes no more: try again later, or name another node".into(),
            _ => "another program sends with the same key all the time: stop it".into(),
        }))
    }

    /// The same, once. Others wait meanwhile, so that nonces come to the pool in order.
    async fn try_place(&self, call: &RuntimeCall, tip: Tip) -> Result<(Pooled, Signed), ChainError> {
        let (mut sent, nonce) = self.unsettled(tip).await?;
        let nonce = (nonce..).find(|nonce| !sent.contains_key(nonce)).unwrap_or(Nonce::MAX);
        let birth = self.birth(tip).await?;
        let version = self.chain.version(tip.best.hash).await?;
        let terms = Terms { nonce, birth, genesis: self.chain.genesis(), version };
        let signed = sign(&self.pair, call.clone(), &terms);
        let pooled = match self.chain.submit(&signed).await {
            // It may have arrived: from here on it has to be followed as if it had.
            Err(ChainError::Unreachable { .. }) => Pooled::Waits,
            answer => answer?,
        };
        if pooled == Pooled::Waits {
            sent.insert(nonce, Sent { signed: signed.clone(), last: tip.best.number });
        }
        Ok((pooled, signed))
    }

    /// The block that a transaction is bound to.
    async fn birth(&self, tip: Tip) -> Result<BlockId, ChainError> {
        if tip.best.number.saturating_sub(tip.finalized.number) <= MAX_LAG {
            return Ok(tip.finalized);
        }
        let mut birth = tip.best;
        for _ in 0..MAX_LAG {
            birth = self.chain.parent(birth).await?;
        }
        Ok(birth)
    }

    /// What was sent, is not in the final chain and can still come into it, and the nonce of the best chain.
    async fn unsettled(&self, tip: Tip) -> Result<(MutexGuard<'_, SentByNonce>, Nonce), ChainError> {
        let mut sent = self.sent.lock().await;
        let settled = self.chain.account(tip.finalized.hash, &self.account).await?.nonce;
        let nonce = self.chain.account(tip.best.hash, &self.account).await?.nonce;
        *sent = sent.split_off(&settled);
        let mut dead = Vec::new();
        for (nonce, sent) in sent.iter() {
            if self.is_dead(&sent.signed, tip).await? {
                dead.push(*nonce);
            }
        }
        sent.retain(|nonce, _| !dead.contains(nonce));
        Ok((sent, nonce))
    }

    /// Whether no block that can still become final can have a transaction: it is too old, or bound to a block of a
    /// branch that was given up. Such a one would keep its nonce from the later ones of the key.
    async fn is_dead(&self, signed: &Signed, tip: Tip) -> Result<bool, ChainError> {
        if is_expired(signed, tip) {
            return Ok(true);
        }
        let (birth, last) = (signed.birth(), tip.finalized);
        // Up to its final block a node's best chain is the final one.
        if birth.number > last.number || self.chain.block_hash(birth.number).await? == Some(birth.hash) {
            return Ok(false);
        }
        // Unless it is another node by now, which knows another chain.
        Ok(self.chain.block_hash(last.number).await? == Some(last.hash))
    }

    /// Waits until a transaction is in the chain; `None` when it can't be any more.
    async fn follow(
        &self,
        signed: &Signed,
        wait: Wait,
        tips: &mut Tips,
    ) -> Result<Option<Result<Included, ChainError>>, ChainError> {
        let mut failures = 0;
        loop {
            let tip = next(tips).await?;
            match self.look(signed, wait, tip).await {
                Ok(Progress::Done(outcome)) => return Ok(Some(outcome)),
                Ok(Progress::Lost) => return Ok(None),
                Ok(Progress::Pending) => failures = 0,
                Err(error) if error.is_passing() && failures < MAX_FAILURES => {
                    tracing::debug!(%error, "asked again at the next block");
                    failures += 1;
                }
                Err(error) => return Err(error),
            }
            if tip.best.number > signed.birth().number.saturating_add(PATIENCE) {
                return Err(ChainError::Timeout);
            }
        }
    }

    /// Looks for a transaction in the chain, and sends it again where it is missing for long.
    async fn look(&self, signed: &Signed, wait: Wait, tip: Tip) -> Result<Progress, ChainError> {
        if wait == Wait::Best {
            if let Fate::Included(outcome) = fate(&self.chain, tip.best, signed).await? {
                return Ok(Progress::Done(outcome));
            }
        }
        // Only the final chain can say that it is lost.
        match fate(&self.chain, tip.finalized, signed).await? {
            Fate::Included(outcome) => Ok(Progress::Done(outcome)),
            Fate::Usurped => Ok(Progress::Lost),
            Fate::Waits => {
                if self.is_dead(signed, tip).await? {
                    return Ok(Progress::Lost);
                }
                self.resend(tip).await?;
                Ok(Progress::Pending)
            }
        }
    }

    /// Puts everything into the pool again that is in no block for some time, in order: a transaction waits for those
    /// before it, whoever waits for them.
    async fn resend(&self, tip: Tip) -> Result<(), ChainError> {
        let (mut sent, nonce) = self.unsettled(tip).await?;
        for (nonce, sent) in sent.range_mut(nonce..) {
            if tip.best.number < sent.last.saturating_add(RESEND) {
                continue;
            }
            sent.last = tip.best.number;
            match self.chain.submit(&sent.signed).await {
                Err(error @ ChainError::Unreachable { .. }) => return Err(error),
                // The chain decides, not what this pool says.
                answer => tracing::debug!(nonce, ?answer, "sent again"),
            }
        }
        Ok(())
    }
}

/// Whether a transaction is too old for all blocks that can still become final.
fn is_expired(signed: &Signed, tip: Tip) -> bool {
    signed.death() <= tip.finalized.number.saturating_add(1)
}

/// The next tip; an error if none comes.
async fn next(tips: &mut Tips) -> Result<Tip, ChainError> {
    timeout(STALL, tips.next()).await.ok().flatten().ok_or(ChainError::Timeout)
}
