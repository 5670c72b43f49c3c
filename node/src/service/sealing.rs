//! Sealing, for tests: blocks when they are wanted instead of in their slots.
//!
//! Sealed blocks are ordinary BABE blocks, with the VRF and the seal of a validator's key. Only their time is made up:
//! a block lies in the first slot that is neither past nor its parent's, so a chain sealed faster than its slots runs
//! ahead of the clock. Blocks are final at once, by the word of this node; GRANDPA does not run.

use super::{
    authoring::{proposer, Blocks},
    Block, BlockNumber, FullClient, Hash, Node, TransactionPool,
};
use crate::{cli::Sealing, error::Error};
use assay_runtime::Header;
use futures::{stream, Stream, StreamExt};
use sc_client_api::HeaderBackend;
use sc_consensus::BlockImportParams;
use sc_consensus_babe::{
    authorship, find_pre_digest, BabeIntermediate, BabeLink, CompatibleDigestItem, Epoch, INTERMEDIATE_KEY,
};
use sc_consensus_epochs::{descendent_query, ViableEpochDescriptor};
use sc_consensus_manual_seal::{
    run_manual_seal, ConsensusDataProvider, EngineCommand, Error as SealError, ManualSealParams,
};
use sc_transaction_pool_api::TransactionPool as _;
use sp_api::{ProvideRuntimeApi, StorageProof};
use sp_consensus_babe::{
    inherents::{BabeCreateInherentDataProviders, BabeInherentData, InherentDataProvider},
    BabeApi, Slot, SlotDuration, KEY_TYPE,
};
use sp_core::crypto::ByteArray;
use sp_inherents::InherentData;
use sp_keystore::KeystorePtr;
use sp_runtime::{traits::Header as _, Digest, DigestItem};
use sp_timestamp::Timestamp;
use std::{pin::Pin, sync::Arc};
use tokio::time::MissedTickBehavior;

/// How many transactions that came in during one sealing the next one answers.
const TRANSACTIONS_AT_ONCE: usize = 4_096;

/// Seals blocks from now on.
pub(super) fn start(node: &Node, blocks: Blocks, when: Sealing) -> Result<(), Error> {
    require_all_keys(node)?;
    let digests =
        Seals { client: node.client.clone(), keystore: node.keystore.clone(), babe_link: blocks.babe_link };
    let seal = run_manual_seal(ManualSealParams {
        block_import: blocks.import,
        env: proposer(node),
        client: node.client.clone(),
        pool: node.pool.clone(),
        commands_stream: commands(when, &node.pool),
        select_chain: node.select_chain.clone(),
        consensus_data_provider: Some(Box::new(digests)),
        create_inherent_data_providers: blocks.inherents,
    });
    node.essential_tasks.spawn_blocking("sealing", Some("block-authoring"), seal);
    Ok(())
}

/// Any slot may come up, so the node has to be able to author in all of them.
fn require_all_keys(node: &Node) -> Result<(), Error> {
    if !node.role.is_authority() {
        return Err(Error::Sealing("authors blocks: add --dev, or --validator and its keys".into()));
    }
    let best = node.client.info().best_hash;
    let epoch = node.client.runtime_api().current_epoch(best).map_err(sp_blockchain::Error::from)?;
    let missing = epoch
        .authorities
        .iter()
        .filter(|(authority, _)| !node.keystore.has_keys(&[(authority.to_raw_vec(), KEY_TYPE)]))
        .count();
    if missing > 0 {
        return Err(Error::Sealing(format!(
            "needs the BABE keys of all {} validators, and the keystore lacks {missing}: use a network of one, by \
             --dev or --chain test-1 --alice",
            epoch.authorities.len()
        )));
    }
    Ok(())
}

/// When to seal.
fn commands(
    when: Sealing,
    pool: &TransactionPool,
) -> Pin<Box<dyn Stream<Item = EngineCommand<Hash>> + Send>> {
    match when {
        Sealing::Instant => {
            pool.import_notification_stream().ready_chunks(TRANSACTIONS_AT_ONCE).map(|_| seal()).boxed()
        }
        Sealing::Every(period) => {
            let mut ticks = tokio::time::interval(period);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            stream::unfold(ticks, |mut ticks| async move {
                ticks.tick().await;
                Some((seal(), ticks))
            })
            .boxed()
        }
    }
}

fn seal() -> EngineCommand<Hash> {
    EngineCommand::SealNewBlock { create_empty: true, finalize: true, parent_hash: None, sender: None }
}

/// The times of sealed blocks: each is the start of its slot.
pub(super) fn inherents(
    client: Arc<FullClient>,
    slot_duration: SlotDuration,
) -> BabeCreateInherentDataProviders<Block> {
    Arc::new(move |parent: Hash, ()| {
        let parent_slot = slot_of(&client, parent);
        async move {
            let slot = next_slot(parent_slot?, Timestamp::current(), slot_duration);
            let timestamp = Timestamp::new(*slot * slot_duration.as_millis());
            let timestamp = sp_timestamp::InherentDataProvider::new(timestamp);
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>((InherentDataProvider::new(slot), timestamp))
        }
    })
}

fn slot_of(client: &FullClient, block: Hash) -> Result<Slot, Box<dyn std::error::Error + Send + Sync>> {
    let header = client.header(block)?.ok_or_else(|| format!("block {block:?} is unknown"))?;
    Ok(find_pre_digest::<Block>(&header)?.slot())
}

/// The first slot that is neither past nor the parent's.
fn next_slot(parent: Slot, now: Timestamp, slot_duration: SlotDuration) -> Slot {
    Slot::from_timestamp(now, slot_duration).max(parent + 1)
}

/// Makes the pre-digests and seals of blocks by the keys of the keystore.
struct Seals {
    client: Arc<FullClient>,
    keystore: KeystorePtr,
    babe_link: BabeLink<Block>,
}

impl Seals {
    /// The epoch of a block in this slot, and where BABE keeps it.
    fn epoch(
        &self,
        parent: &Header,
        slot: Slot,
    ) -> Result<(ViableEpochDescriptor<Hash, BlockNumber, Epoch>, Epoch), SealError> {
        let changes = self.babe_link.epoch_changes().shared_data();
        let descriptor = changes
            .epoch_descriptor_for_child_of(
                descendent_query(&*self.client),
                &parent.hash(),
                *parent.number(),
                slot,
            )
            .map_err(|error| SealError::StringError(format!("epoch of slot {slot}: {error}")))?
            .ok_or(sp_consensus::Error::InvalidAuthoritiesSet)?;
        let epoch = changes
            .viable_epoch(&descriptor, |slot| Epoch::genesis(self.babe_link.config(), slot))
            .ok_or(sp_consensus::Error::InvalidAuthoritiesSet)?
            .into_cloned_inner();
        Ok((descriptor, epoch))
    }

    /// The seal of the author that the block's pre-digest names.
    fn seal(&self, header: &Header, epoch: &Epoch) -> Result<DigestItem, SealError> {
        let no_key = || SealError::StringError("the keystore has lost the key of this slot".into());
        let pre_digest =
            find_pre_digest::<Block>(header).map_err(|error| SealError::StringError(error.to_string()))?;
        let index = usize::try_from(pre_digest.authority_index()).map_err(|_| no_key())?;
        let (author, _) = epoch.authorities.get(index).ok_or_else(no_key)?;
        let signature = self
            .keystore
            .sr25519_sign(KEY_TYPE, author.as_ref(), header.hash().as_ref())
            .map_err(|error| SealError::StringError(error.to_string()))?
            .ok_or_else(no_key)?;
        Ok(<DigestItem as CompatibleDigestItem>::babe_seal(signature.into()))
    }
}

impl ConsensusDataProvider<Block> for Seals {
    fn create_digest(&self, parent: &Header, inherents: &InherentData) -> Result<Digest, SealError> {
        let slot = slot(inherents)?;
        let (_, epoch) = self.epoch(parent, slot)?;
        let (pre_digest, _) = authorship::claim_slot(slot, &epoch, &self.keystore).ok_or_else(|| {
            SealError::StringError(format!(
                "slot {slot} belongs to a validator whose key is not in the keystore"
            ))
        })?;
        Ok(Digest { logs: vec![<DigestItem as CompatibleDigestItem>::babe_pre_digest(pre_digest)] })
    }

    fn append_block_import(
        &self,
        parent: &Header,
        params: &mut BlockImportParams<Block>,
        inherents: &InherentData,
        _proof: StorageProof,
    ) -> Result<(), SealError> {
        let (epoch_descriptor, epoch) = self.epoch(parent, slot(inherents)?)?;
        let seal = self.seal(&params.header, &epoch)?;
        params.post_digests.push(seal);
        params.insert_intermediate(INTERMEDIATE_KEY, BabeIntermediate::<Block> { epoch_descriptor });
        Ok(())
    }
}

fn slot(inherents: &InherentData) -> Result<Slot, SealError> {
    inherents
        .babe_inherent_data()?
        .ok_or_else(|| SealError::StringError("no slot among the inherents".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOT: SlotDuration = SlotDuration::from_millis(1_000);

    #[test]
    fn a_sealed_block_lies_in_the_present_slot() {
        assert_eq!(*next_slot(Slot::from(7), Timestamp::new(10_999), SLOT), 10);
    }

    #[test]
    fn blocks_sealed_faster_than_slots_run_ahead_of_the_clock() {
        assert_eq!(*next_slot(Slot::from(10), Timestamp::new(10_001), SLOT), 11);
        assert_eq!(*next_slot(Slot::from(25), Timestamp::new(10_002), SLOT), 26);
    }
}
