//! What the chain of a test answers.

use super::{FakeChain, State, Transaction, World};
use crate::{
    client::{Account, BlockId, ChainClient, Tip, Tips, Version},
    outcome::{outcome, Included},
    pool::Pooled,
    transaction::Signed,
    ChainError,
};
use assay_runtime::{
    bonds::{Candidate, Ledger, LockId, Locks, Slash, SlashId, Validator},
    market::{
        Assignment, Estimate, Job, JobClass, JobId, JobSpec, Listing, ListingId, MachineState, MarketBlock,
        Policy, Provider, Receipt, Status,
    },
    network::Network,
    AccountId, Balance, BlockNumber, Hash, RuntimeCall, UncheckedExtrinsic,
};
use codec::DecodeAll;
use std::sync::MutexGuard;

fn unreachable() -> ChainError {
    ChainError::Unreachable { url: "ws://fake".into(), reason: "the test has cut it off".into() }
}

fn missing(at: Hash) -> ChainError {
    ChainError::Api(format!("there is no block {at:?}"))
}

impl FakeChain {
    fn asked(&self) -> Result<MutexGuard<'_, State>, ChainError> {
        let state = self.state();
        if state.cut {
            return Err(unreachable());
        }
        Ok(state)
    }

    pub(super) fn read<T>(&self, at: Hash, read: impl FnOnce(&World) -> T) -> Result<T, ChainError> {
        let state = self.asked()?;
        let block = state.blocks.get(&at).ok_or_else(|| missing(at))?;
        Ok(read(&block.world))
    }
}

impl State {
    /// What the pool says to a transaction, and takes it where it fits.
    fn pool(&mut self, signed: &Signed) -> Result<Pooled, ChainError> {
        let call = UncheckedExtrinsic::decode_all(&mut signed.bytes())
            .map_err(|error| ChainError::Invalid(error.to_string()))?
            .function;
        if !self.signed.contains(signed) {
            self.signed.push(signed.clone());
        }
        let accounts = &self.blocks[&self.tip.best.hash].world.accounts;
        let nonce = accounts.get(signed.signer()).map_or(0, |account| account.nonce);
        if signed.nonce() < nonce {
            return Ok(Pooled::Stale);
        }
        if signed.death() <= self.tip.best.number + 1 {
            return Err(ChainError::Invalid("it is too old".into()));
        }
        let mut waiting = self.pool.iter().map(|transaction| &transaction.signed);
        let rival =
            waiting.find(|other| (other.signer(), other.nonce()) == (signed.signer(), signed.nonce()));
        match rival {
            Some(other) if other == signed => Ok(Pooled::Waits),
            Some(_) => Ok(Pooled::Occupied),
            None => {
                self.pool.push(Transaction { signed: signed.clone(), call });
                Ok(Pooled::Waits)
            }
        }
    }
}

impl ChainClient for FakeChain {
    fn genesis(&self) -> Hash {
        Hash::repeat_byte(0xaa)
    }

    async fn tips(&self) -> Result<Tips, ChainError> {
        Ok(Tips::new(self.0.tips.subscribe()))
    }

    async fn tip(&self) -> Result<Tip, ChainError> {
        Ok(self.asked()?.tip)
    }

    fn leave_node(&self) {
        self.state().left += 1;
    }

    async fn block_hash(&self, number: BlockNumber) -> Result<Option<Hash>, ChainError> {
        let state = self.asked()?;
        Ok(state.ancestor(state.tip.best.hash, number))
    }

    async fn parent(&self, block: BlockId) -> Result<BlockId, ChainError> {
        let state = self.asked()?;
        let block = state.blocks.get(&block.hash).ok_or_else(|| missing(block.hash))?;
        Ok(state.blocks[&block.parent].id)
    }

    async fn version(&self, _: Hash) -> Result<Version, ChainError> {
        Ok(self.asked()?.version.clone())
    }

    async fn network_at(&self, at: Hash) -> Result<Network, ChainError> {
        self.read(at, |world| Network {
            slot_millis: 1_000,
            epoch_slots: 20,
            epoch: 0,
            market_block: world.market_block,
            market_halted: world.market_halted,
            validators: world.validators.iter().map(|validator| validator.owner.clone()).collect(),
        })
    }

    async fn market_block(&self, at: Hash) -> Result<MarketBlock, ChainError> {
        self.read(at, |world| world.market_block)
    }

    async fn account(&self, at: Hash, who: &AccountId) -> Result<Account, ChainError> {
        self.read(at, |world| world.accounts.get(who).copied().unwrap_or_default())
    }

    async fn seats(&self, at: Hash, signer: &AccountId) -> Result<Vec<Assignment>, ChainError> {
        self.read(at, |world| world.seats.get(signer).cloned().unwrap_or_default())
    }

    async fn job(&self, at: Hash, id: JobId) -> Result<Option<Job>, ChainError> {
        self.read(at, |world| world.jobs.get(&id).cloned())
    }

    async fn sources(&self, at: Hash, id: JobId) -> Result<Vec<String>, ChainError> {
        self.read(at, |world| world.sources.get(&id).cloned().unwrap_or_default())
    }

    async fn jobs_of(
        &self,
        at: Hash,
        requester: &AccountId,
        after: Option<JobId>,
        limit: u32,
    ) -> Result<Vec<(JobId, Status)>, ChainError> {
        self.read(at, |world| {
            let jobs = world.jobs_of.get(requester).into_iter().flatten().copied();
            jobs.filter(|(id, _)| after.is_none_or(|after| *id > after)).take(limit as usize).collect()
        })
    }

    async fn receipt(&self, at: Hash, id: JobId) -> Result<Option<Receipt>, ChainError> {
        self.read(at, |world| world.receipts.get(&id).cloned())
    }

    async fn estimate(&self, at: Hash, _: &JobSpec) -> Result<Estimate, ChainError> {
        let estimate = self.read(at, |world| world.estimate.clone())?;
        let estimate = estimate.ok_or_else(|| ChainError::Api("the test gives no estimate".into()))?;
        Ok(estimate?)
    }

    async fn machines(&self, at: Hash) -> Result<Vec<MachineState>, ChainError> {
        self.read(at, |world| world.machines.clone())
    }

    async fn provider(&self, at: Hash, owner: &AccountId) -> Result<Option<Provider>, ChainError> {
        self.read(at, |world| world.providers.get(owner).cloned())
    }

    async fn endpoint(&self, at: Hash, owner: &AccountId) -> Result<Option<String>, ChainError> {
        self.read(at, |world| world.endpoints.get(owner).cloned())
    }

    async fn listing(&self, at: Hash, id: ListingId) -> Result<Option<Listing>, ChainError> {
        self.read(at, |world| world.listings.get(&id).cloned())
    }

    async fn policy(&self, at: Hash, _: JobClass) -> Result<Option<(u32, Policy)>, ChainError> {
        self.read(at, |world| world.policy)
    }

    async fn ledger(&self, at: Hash, owner: &AccountId) -> Result<Option<Ledger>, ChainError> {
        self.read(at, |world| world.ledgers.get(owner).cloned())
    }

    async fn locks(
        &self,
        at: Hash,
        owner: &AccountId,
        from: LockId,
        limit: u32,
    ) -> Result<Locks, ChainError> {
        self.read(at, |world| {
            let own = world.locks.range(from..).filter(|(_, lock)| lock.owner == *owner);
            let mut items: Vec<_> = own.map(|(id, lock)| (*id, lock.clone())).collect();
            let next = items.get(limit as usize).map(|(id, _)| *id);
            items.truncate(limit as usize);
            Locks { items, next }
        })
    }

    async fn pending_slashes(
        &self,
        at: Hash,
        owner: Option<&AccountId>,
        after: Option<(BlockNumber, SlashId)>,
        limit: u32,
    ) -> Result<Vec<(SlashId, Slash)>, ChainError> {
        self.read(at, |world| {
            let slashes = world.pending_slashes.iter().cloned();
            let own = slashes.filter(|(_, slash)| owner.is_none_or(|owner| slash.owner == *owner));
            let rest = own.filter(|(id, slash)| after.is_none_or(|after| (slash.ready(), *id) > after));
            rest.take(limit as usize).collect()
        })
    }

    async fn validators(&self, at: Hash) -> Result<Vec<Validator>, ChainError> {
        self.read(at, |world| world.validators.clone())
    }

    async fn candidates(&self, at: Hash) -> Result<Vec<Candidate>, ChainError> {
        self.read(at, |world| world.candidates.clone())
    }

    async fn owner_of(&self, at: Hash, worker: &AccountId) -> Result<Option<AccountId>, ChainError> {
        self.read(at, |world| world.owners.get(worker).cloned())
    }

    async fn fee(&self, _: &RuntimeCall, _: &AccountId) -> Result<Balance, ChainError> {
        let best = self.asked()?.tip.best;
        self.read(best.hash, |world| world.fee)
    }

    async fn submit(&self, signed: &Signed) -> Result<Pooled, ChainError> {
        let mut state = self.asked()?;
        state.submissions += 1;
        if let Some(answer) = state.answers.pop_front() {
            return answer;
        }
        let answer = state.pool(signed);
        if state.lost_answers > 0 {
            state.lost_answers -= 1;
            return Err(unreachable());
        }
        answer
    }

    async fn included(
        &self,
        block: BlockId,
        signed: &Signed,
    ) -> Result<Option<Result<Included, ChainError>>, ChainError> {
        let state = self.asked()?;
        let found = state.blocks.get(&block.hash).ok_or_else(|| missing(block.hash))?;
        let done = found.transactions.iter().find(|done| done.transaction.signed == *signed);
        let version = state.version.spec_version;
        Ok(done.map(|done| outcome(found.id, Some(done.events.clone()), version)))
    }
}
