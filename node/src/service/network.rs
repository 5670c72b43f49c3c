//! The node's protocols on the network, warp sync, and offchain workers.

use super::{Block, GrandpaLink, Hash, Node};
use crate::error::Error;
use sc_client_api::{Backend, HeaderBackend};
use sc_consensus_grandpa::warp_proof::NetworkProvider;
use sc_network::{
    config::FullNetworkConfiguration, service::traits::NetworkService, NetworkBackend, NotificationMetrics,
    NotificationService, ProtocolName,
};
use sc_offchain::{OffchainWorkerOptions, OffchainWorkers};
use sc_service::{Configuration, WarpSyncConfig};
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use std::sync::Arc;

/// The protocols of a node that is about to join a network.
pub(super) struct Protocols<N: NetworkBackend<Block, Hash>> {
    pub(super) config: FullNetworkConfiguration<Block, Hash, N>,
    pub(super) metrics: NotificationMetrics,
    pub(super) grandpa: GrandpaProtocol,
}

/// Where GRANDPA's voters talk.
pub(super) struct GrandpaProtocol {
    pub(super) name: ProtocolName,
    pub(super) notifications: Box<dyn NotificationService>,
}

/// Sets up GRANDPA's protocol; the SDK adds the others itself.
pub(super) fn protocols<N: NetworkBackend<Block, Hash>>(config: &Configuration, node: &Node) -> Protocols<N> {
    let metrics = N::register_notification_metrics(node.prometheus.as_ref());
    let mut network =
        FullNetworkConfiguration::<Block, Hash, N>::new(&config.network, node.prometheus.clone());
    let name =
        sc_consensus_grandpa::protocol_standard_name(&node.client.info().genesis_hash, &config.chain_spec);
    let (protocol, notifications) = sc_consensus_grandpa::grandpa_peers_set_config::<Block, N>(
        name.clone(),
        metrics.clone(),
        network.peer_store_handle(),
    );
    network.add_notification_protocol(protocol);
    Protocols { config: network, metrics, grandpa: GrandpaProtocol { name, notifications } }
}

/// Warp sync by proofs of GRANDPA's authority changes, taken and given.
pub(super) fn warp_sync(node: &Node, link: &GrandpaLink) -> WarpSyncConfig<Block> {
    let proofs = NetworkProvider::new(node.backend.clone(), link.shared_authority_set().clone(), Vec::new());
    WarpSyncConfig::WithProvider(Arc::new(proofs))
}

/// Runs the runtime's offchain workers after each block.
pub(super) fn start_offchain_workers(node: &Node, network: Arc<dyn NetworkService>) -> Result<(), Error> {
    let workers = OffchainWorkers::new(OffchainWorkerOptions {
        runtime_api_provider: node.client.clone(),
        keystore: Some(node.keystore.clone()),
        offchain_db: node.backend.offchain_storage(),
        transaction_pool: Some(OffchainTransactionPoolFactory::new(node.pool.clone())),
        network_provider: Arc::new(network),
        is_validator: node.role.is_authority(),
        enable_http_requests: false,
        custom_extensions: |_| Vec::new(),
    })
    .map_err(sc_service::Error::from)?;
    let run = workers.run(node.client.clone(), node.tasks.clone());
    node.tasks.spawn("offchain-workers-runner", Some("offchain-worker"), run);
    Ok(())
}
