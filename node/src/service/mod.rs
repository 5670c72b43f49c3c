//! Puts a running node together: client, network, RPC, authoring, finality.

mod authoring;
mod database;
mod equivocations;
mod executor;
mod genesis;
mod network;
mod partial;
mod preflight;
mod sealing;

use crate::{cli::Sealing, error::Error, rpc};
pub use assay_runtime::{opaque::Block, BlockNumber, Hash};
use authoring::Blocks;
pub use executor::Executor;
use partial::Consensus;
pub use partial::{partial, Partial};
use sc_consensus_grandpa::{FinalityProofProvider, SharedVoterState};
use sc_network::{
    config::{NetworkBackendType, Role},
    service::traits::NetworkService,
    Litep2pNetworkBackend, NetworkBackend, NetworkWorker,
};
use sc_network_sync::SyncingService;
use sc_service::{
    BuildNetworkParams, Configuration, SpawnEssentialTaskHandle, SpawnTaskHandle, SpawnTasksParams,
    TaskManager,
};
use sc_telemetry::TelemetryHandle;
use sp_consensus_babe::inherents::BabeCreateInherentDataProviders;
use sp_keystore::KeystorePtr;
use std::{path::PathBuf, sync::Arc};
use substrate_prometheus_endpoint::Registry;

/// The database behind the client.
pub type FullBackend = sc_service::TFullBackend<Block>;
/// The client: the chain as this node knows it.
pub type FullClient = sc_service::TFullClient<Block, assay_runtime::apis::RuntimeApi, Executor>;
/// Brings blocks into the chain.
pub type ImportQueue = sc_consensus::DefaultImportQueue<Block>;
/// Says which chain is the best.
pub type SelectChain = sc_consensus::LongestChain<FullBackend, Block>;
/// Transactions that wait for a block.
pub type TransactionPool = sc_transaction_pool::TransactionPoolHandle<Block, FullClient>;

type BlockImport = equivocations::ReportingImport<
    sc_consensus_babe::BabeBlockImport<
        Block,
        FullClient,
        sc_consensus_grandpa::GrandpaBlockImport<FullBackend, Block, FullClient, SelectChain>,
        BabeCreateInherentDataProviders<Block>,
        SelectChain,
    >,
>;
type GrandpaLink = sc_consensus_grandpa::LinkHalf<Block, FullClient, SelectChain>;

/// What the parts of a running node share.
struct Node {
    role: Role,
    name: String,
    force_authoring: bool,
    disable_grandpa: bool,
    client: Arc<FullClient>,
    backend: Arc<FullBackend>,
    pool: Arc<TransactionPool>,
    keystore: KeystorePtr,
    select_chain: SelectChain,
    prometheus: Option<Registry>,
    telemetry: Option<TelemetryHandle>,
    tasks: SpawnTaskHandle,
    essential_tasks: SpawnEssentialTaskHandle,
}

impl Node {
    fn new(config: &Configuration, parts: &Partial) -> Self {
        Self {
            role: config.role,
            name: config.network.node_name.clone(),
            force_authoring: config.force_authoring,
            disable_grandpa: config.disable_grandpa,
            client: parts.client.clone(),
            backend: parts.backend.clone(),
            pool: parts.transaction_pool.clone(),
            keystore: parts.keystore_container.keystore(),
            select_chain: parts.select_chain.clone(),
            prometheus: config.prometheus_registry().cloned(),
            telemetry: parts.other.telemetry.as_ref().map(|telemetry| telemetry.handle()),
            tasks: parts.task_manager.spawn_handle(),
            essential_tasks: parts.task_manager.spawn_essential_handle(),
        }
    }
}

/// Our own options, beside those of the SDK.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// When blocks are authored, if not in their slots.
    pub sealing: Option<Sealing>,
    /// Where compiled runtimes and genesis states are kept.
    pub cache_path: Option<PathBuf>,
}

impl Options {
    /// Directory of the cache, absolute.
    fn cache(&self, config: &Configuration) -> Result<PathBuf, Error> {
        let path = self.cache_path.clone().unwrap_or_else(|| config.base_path.path().join("cache"));
        Ok(std::path::absolute(path).map_err(sc_service::Error::from)?)
    }
}

/// Refuses a database that is not there or can't be read.
pub fn check_database(config: &Configuration) -> Result<(), Error> {
    database::check(config)
}

/// Starts a node; what it returns keeps it running.
pub fn start(config: Configuration, options: &Options) -> Result<TaskManager, Error> {
    match config.network.network_backend {
        NetworkBackendType::Litep2p => start_on::<Litep2pNetworkBackend>(config, options),
        NetworkBackendType::Libp2p => start_on::<NetworkWorker<Block, Hash>>(config, options),
    }
}

#[allow(clippy::result_large_err, reason = "the SDK wants its own error of the RPC builder")]
fn start_on<N: NetworkBackend<Block, Hash>>(
    mut config: Configuration,
    options: &Options,
) -> Result<TaskManager, Error> {
    preflight::claim_ports(&mut config)?;
    let mut parts = partial(&config, options)?;
    let node = Node::new(&config, &parts);
    preflight::require_session_keys(&config, &node.keystore)?;

    let protocols = network::protocols::<N>(&config, &node);
    let (network, system_rpc_tx, tx_handler_controller, sync_service, _) =
        sc_service::build_network(BuildNetworkParams {
            config: &config,
            net_config: protocols.config,
            client: node.client.clone(),
            transaction_pool: node.pool.clone(),
            spawn_handle: node.tasks.clone(),
            spawn_essential_handle: node.essential_tasks.clone(),
            import_queue: parts.import_queue,
            block_announce_validator_builder: None,
            warp_sync_config: Some(network::warp_sync(&node, &parts.other.grandpa_link)),
            block_relay: None,
            metrics: protocols.metrics,
            gap_sync_body_policy: None,
        })?;
    if config.offchain_worker.enabled {
        network::start_offchain_workers(&node, network.clone())?;
    }

    let voter_state = SharedVoterState::empty();
    let sources = rpc_sources(&config, &node, &parts.other, voter_state.clone());
    sc_service::spawn_tasks(SpawnTasksParams {
        config,
        client: node.client.clone(),
        backend: node.backend.clone(),
        task_manager: &mut parts.task_manager,
        keystore: node.keystore.clone(),
        transaction_pool: node.pool.clone(),
        rpc_builder: Box::new(move |executor| Ok(rpc::module(&sources, executor)?)),
        network: network.clone(),
        system_rpc_tx,
        tx_handler_controller,
        sync_service: sync_service.clone(),
        telemetry: parts.other.telemetry.as_mut(),
        tracing_execute_block: None,
    })?;

    let net = (network, sync_service);
    start_consensus(&node, parts.other, options.sealing, (protocols.grandpa, voter_state), net)?;
    Ok(parts.task_manager)
}

/// Starts authoring and finality, or sealing in place of both.
fn start_consensus(
    node: &Node,
    consensus: Consensus,
    sealing: Option<Sealing>,
    (protocol, voter_state): (network::GrandpaProtocol, SharedVoterState),
    (network, sync): (Arc<dyn NetworkService>, Arc<SyncingService<Block>>),
) -> Result<(), Error> {
    let Consensus { block_import, babe_link, grandpa_link, inherents, .. } = consensus;
    let blocks = Blocks { import: block_import, babe_link, inherents };
    if let Some(when) = sealing {
        return sealing::start(node, blocks, when);
    }
    authoring::start_grandpa(node, grandpa_link, protocol, voter_state, network, sync.clone())?;
    authoring::start_babe(node, blocks, sync)
}

/// What the RPC methods answer from.
fn rpc_sources(
    config: &Configuration,
    node: &Node,
    consensus: &Consensus,
    voter_state: SharedVoterState,
) -> rpc::Sources {
    let authority_set = consensus.grandpa_link.shared_authority_set().clone();
    rpc::Sources {
        chain: config.chain_spec.name().into(),
        client: node.client.clone(),
        pool: node.pool.clone(),
        keystore: node.keystore.clone(),
        select_chain: node.select_chain.clone(),
        babe_worker: consensus.babe_worker.clone(),
        voter_state,
        justifications: consensus.grandpa_link.justification_stream(),
        finality_proofs: FinalityProofProvider::new_for_service(
            node.backend.clone(),
            Some(authority_set.clone()),
        ),
        authority_set,
    }
}
