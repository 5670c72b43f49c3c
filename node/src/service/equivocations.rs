//! Reports authors who make two blocks in one slot.
//!
//! The SDK has such a check in its own block import, where a header has lost its seal by then (since pull request 9147 of
//! polkadot-sdk), so its proofs lack the signatures and the runtime refuses them. This import, around that one, looks at
//! headers with their seals.

use super::{Block, FullClient, SelectChain};
use assay_runtime::Header;
use sc_consensus::{BlockCheckParams, BlockImport, BlockImportParams, ImportResult};
use sc_consensus_babe::find_pre_digest;
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use sp_api::{ApiExt, ProvideRuntimeApi};
use sp_consensus::{BlockOrigin, Error as ConsensusError, SelectChain as _};
use sp_consensus_babe::{AuthorityId, BabeApi, EquivocationProof, Slot};
use std::{
    collections::BTreeMap,
    error::Error,
    sync::{Arc, Mutex, PoisonError},
};

/// How many slots back two blocks are still compared.
const SLOTS_KEPT: u64 = 1_000;

/// Imports blocks through another import, and reports equivocations among them.
#[derive(Clone)]
pub(super) struct ReportingImport<I> {
    inner: I,
    reporter: Arc<Reporter>,
}

impl<I> ReportingImport<I> {
    /// Reports go into the pool that the factory is of: gossip takes none, so only authors get them into blocks.
    pub(super) fn new(
        inner: I,
        client: Arc<FullClient>,
        select_chain: SelectChain,
        pool: OffchainTransactionPoolFactory<Block>,
    ) -> Self {
        let reporter = Reporter { client, select_chain, pool, seen: Mutex::default() };
        Self { inner, reporter: Arc::new(reporter) }
    }
}

#[async_trait::async_trait]
impl<I> BlockImport<Block> for ReportingImport<I>
where
    I: BlockImport<Block, Error = ConsensusError> + Send + Sync,
{
    type Error = ConsensusError;

    async fn check_block(&self, block: BlockCheckParams<Block>) -> Result<ImportResult, Self::Error> {
        self.inner.check_block(block).await
    }

    async fn import_block(&self, block: BlockImportParams<Block>) -> Result<ImportResult, Self::Error> {
        let header = is_recent(&block).then(|| block.post_header());
        let result = self.inner.import_block(block).await?;
        // Only a block that was taken is known to carry its author's seal.
        if let (ImportResult::Imported(_), Some(header)) = (&result, header) {
            if let Err(error) = self.reporter.compare(header).await {
                log::warn!("a block could not be checked for equivocation: {error}");
            }
        }
        Ok(result)
    }
}

/// Whether a block is part of the chain's present: what a syncing node catches up with was reported by others.
fn is_recent(block: &BlockImportParams<Block>) -> bool {
    matches!(block.origin, BlockOrigin::NetworkBroadcast | BlockOrigin::ConsensusBroadcast | BlockOrigin::Own)
        && !block.with_state()
}

struct Reporter {
    client: Arc<FullClient>,
    select_chain: SelectChain,
    pool: OffchainTransactionPoolFactory<Block>,
    seen: Mutex<Seen>,
}

impl Reporter {
    /// Compares a block that has just been imported with others of its slot, and reports its author if there are any.
    async fn compare(&self, header: Header) -> Result<(), Box<dyn Error + Send + Sync>> {
        let pre_digest = find_pre_digest::<Block>(&header)?;
        let (slot, hash) = (pre_digest.slot(), header.hash());
        let epoch = self.client.runtime_api().current_epoch(hash)?;
        let index = usize::try_from(pre_digest.authority_index())?;
        let Some((author, _)) = epoch.authorities.get(index) else { return Ok(()) };
        let other = {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.other_block(slot, author, &header)
        };
        let Some(first_header) = other else { return Ok(()) };
        let proof = EquivocationProof { offender: author.clone(), slot, first_header, second_header: header };
        // After the block itself, so that a block which opens a session is proven by that session's keys.
        let owner = self.client.runtime_api().generate_key_ownership_proof(hash, slot, author.clone())?;
        let Some(owner) = owner else { return Ok(()) };

        let best = self.select_chain.best_chain().await?.hash();
        let mut api = self.client.runtime_api();
        api.register_extension(self.pool.offchain_transaction_pool(best));
        match api.submit_report_equivocation_unsigned_extrinsic(best, proof, owner)? {
            Some(()) => log::info!("reported {author} for two blocks in slot {slot}"),
            None => log::debug!("{author} is reported already for two blocks in slot {slot}"),
        }
        Ok(())
    }
}

/// The first block of each author in each of the last slots.
#[derive(Default)]
struct Seen(BTreeMap<(Slot, AuthorityId), Header>);

impl Seen {
    /// Another block of the author in the slot, if there has been one; remembers this one if not.
    fn other_block(&mut self, slot: Slot, author: &AuthorityId, header: &Header) -> Option<Header> {
        let first = self.0.entry((slot, author.clone())).or_insert_with(|| header.clone()).clone();
        self.forget_old();
        (first.hash() != header.hash()).then_some(first)
    }

    fn forget_old(&mut self) {
        let newest = self.0.last_key_value().map_or(0, |((slot, _), _)| **slot);
        let oldest_kept = Slot::from(newest.saturating_sub(SLOTS_KEPT));
        while self.0.first_key_value().is_some_and(|((slot, _), _)| *slot < oldest_kept) {
            self.0.pop_first();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sp_keyring::Sr25519Keyring::{Alice, Bob};
    use sp_runtime::traits::Header as _;

    fn header(number: u32) -> Header {
        Header::new(number, Default::default(), Default::default(), Default::default(), Default::default())
    }

    #[test]
    fn two_blocks_of_one_author_in_one_slot_are_seen() {
        let mut seen = Seen::default();
        assert_eq!(seen.other_block(7.into(), &Alice.public().into(), &header(1)), None);
        assert_eq!(seen.other_block(7.into(), &Alice.public().into(), &header(2)), Some(header(1)));
    }

    #[test]
    fn neither_the_same_block_nor_another_slot_or_author_counts() {
        let mut seen = Seen::default();
        assert_eq!(seen.other_block(7.into(), &Alice.public().into(), &header(1)), None);
        assert_eq!(seen.other_block(7.into(), &Alice.public().into(), &header(1)), None);
        assert_eq!(seen.other_block(8.into(), &Alice.public().into(), &header(2)), None);
        assert_eq!(seen.other_block(7.into(), &Bob.public().into(), &header(3)), None);
    }

    #[test]
    fn old_slots_are_forgotten() {
        let mut seen = Seen::default();
        for slot in 0..3 * SLOTS_KEPT {
            seen.other_block(slot.into(), &Alice.public().into(), &header(1));
        }
        assert_eq!(seen.0.len() as u64, SLOTS_KEPT + 1);
        assert_eq!(seen.other_block(0.into(), &Alice.public().into(), &header(2)), None);
    }
}
