//! Blocks by BABE in their slots, finality by GRANDPA.

use super::{
    network::GrandpaProtocol, partial::JUSTIFICATION_PERIOD, Block, BlockImport, FullClient, GrandpaLink,
};
use super::{Node, TransactionPool};
use crate::error::Error;
use sc_basic_authorship::ProposerFactory;
use sc_consensus_babe::{BabeLink, BabeParams, SlotProportion};
use sc_consensus_grandpa::{GrandpaParams, SharedVoterState, VotingRulesBuilder};
use sc_consensus_slots::BackoffAuthoringOnFinalizedHeadLagging;
use sc_network::service::traits::NetworkService;
use sc_network_sync::SyncingService;
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use sp_consensus_babe::inherents::BabeCreateInherentDataProviders;
use std::{sync::Arc, time::Duration};

/// How long a vote takes to get around the network.
const GOSSIP_DURATION: Duration = Duration::from_millis(333);
/// Share of a slot in which its block is built; the rest is for getting it around.
const PROPOSAL_SHARE: f32 = 0.5;

/// What it takes to author blocks, however their time is set.
pub(super) struct Blocks {
    pub(super) import: BlockImport,
    pub(super) babe_link: BabeLink<Block>,
    pub(super) inherents: BabeCreateInherentDataProviders<Block>,
}

/// Builds blocks from the transaction pool.
pub(super) fn proposer(node: &Node) -> ProposerFactory<TransactionPool, FullClient> {
    ProposerFactory::new(
        node.tasks.clone(),
        node.client.clone(),
        node.pool.clone(),
        node.prometheus.as_ref(),
        node.telemetry.clone(),
    )
}

/// Authors blocks in the slots of the node's keys, if it is an authority.
pub(super) fn start_babe(node: &Node, blocks: Blocks, sync: Arc<SyncingService<Block>>) -> Result<(), Error> {
    if !node.role.is_authority() {
        return Ok(());
    }
    let babe = sc_consensus_babe::start_babe(BabeParams {
        keystore: node.keystore.clone(),
        client: node.client.clone(),
        select_chain: node.select_chain.clone(),
        env: proposer(node),
        block_import: blocks.import,
        sync_oracle: sync.clone(),
        justification_sync_link: sync,
        create_inherent_data_providers: blocks.inherents,
        force_authoring: node.force_authoring,
        // A chain that does not finalize grows ever more slowly, so that forks stay small enough to be kept.
        backoff_authoring_blocks: Some(BackoffAuthoringOnFinalizedHeadLagging::default()),
        babe_link: blocks.babe_link,
        block_proposal_slot_portion: SlotProportion::new(PROPOSAL_SHARE),
        max_block_proposal_slot_portion: None,
        telemetry: node.telemetry.clone(),
    })
    .map_err(sc_service::Error::from)?;
    node.essential_tasks.spawn_blocking("babe-proposer", Some("block-authoring"), babe);
    Ok(())
}

/// Follows GRANDPA's finality, and votes with the node's keys if it is an authority.
pub(super) fn start_grandpa(
    node: &Node,
    link: GrandpaLink,
    protocol: GrandpaProtocol,
    shared_voter_state: SharedVoterState,
    network: Arc<dyn NetworkService>,
    sync: Arc<SyncingService<Block>>,
) -> Result<(), Error> {
    if node.disable_grandpa {
        return Ok(());
    }
    let voter = sc_consensus_grandpa::run_grandpa_voter(GrandpaParams {
        config: sc_consensus_grandpa::Config {
            gossip_duration: GOSSIP_DURATION,
            justification_generation_period: JUSTIFICATION_PERIOD,
            observer_enabled: false,
            local_role: node.role,
            name: Some(node.name.clone()),
            keystore: node.role.is_authority().then(|| node.keystore.clone()),
            telemetry: node.telemetry.clone(),
            protocol_name: protocol.name,
        },
        link,
        network,
        sync,
        notification_service: protocol.notifications,
        voting_rule: VotingRulesBuilder::default().build(),
        prometheus_registry: node.prometheus.clone(),
        shared_voter_state,
        telemetry: node.telemetry.clone(),
        offchain_tx_pool_factory: OffchainTransactionPoolFactory::new(node.pool.clone()),
    })?;
    node.essential_tasks.spawn_blocking("grandpa-voter", None, voter);
    Ok(())
}
