//! What a node is built of before it joins a network; commands on the database need no more than that.

use super::{
    database, equivocations::ReportingImport, executor, genesis, sealing, Block, BlockImport, Executor,
    FullBackend, FullClient, GrandpaLink, ImportQueue, Options, SelectChain, TransactionPool,
};
use crate::error::Error;
use sc_consensus_babe::{BabeLink, BabeWorkerHandle, ImportQueueParams};
use sc_service::{Configuration, KeystoreContainer, PartialComponents, TaskManager};
use sc_telemetry::{Telemetry, TelemetryHandle, TelemetryWorker};
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use sp_consensus_babe::inherents::{BabeCreateInherentDataProviders, InherentDataProvider};
use std::sync::Arc;

/// Least distance in blocks between justifications that are kept, apart from those of authority changes.
pub(super) const JUSTIFICATION_PERIOD: u32 = 512;

/// How many telemetry messages may wait.
const TELEMETRY_BUFFER: usize = 16;

/// A node that has not joined a network.
pub type Partial =
    PartialComponents<FullClient, FullBackend, SelectChain, ImportQueue, TransactionPool, Consensus>;

/// What BABE and GRANDPA work with, and the telemetry that all report to.
pub struct Consensus {
    pub(super) block_import: BlockImport,
    pub(super) babe_link: BabeLink<Block>,
    pub(super) babe_worker: BabeWorkerHandle<Block>,
    pub(super) grandpa_link: GrandpaLink,
    pub(super) inherents: BabeCreateInherentDataProviders<Block>,
    pub(super) telemetry: Option<Telemetry>,
}

/// Opens the database and builds everything around it.
pub fn partial(config: &Configuration, options: &Options) -> Result<Partial, Error> {
    let telemetry = telemetry(config)?;
    let handle = telemetry.as_ref().map(|(_, telemetry)| telemetry.handle());
    let (client, backend, keystore_container, task_manager) = client(config, options, handle)?;
    let telemetry = telemetry.map(|(worker, telemetry)| {
        task_manager.spawn_handle().spawn("telemetry", None, worker.run());
        telemetry
    });
    let select_chain = SelectChain::new(backend.clone());
    let transaction_pool = Arc::new(
        sc_transaction_pool::Builder::new(
            task_manager.spawn_essential_handle(),
            client.clone(),
            config.role.is_authority().into(),
        )
        .with_options(config.transaction_pool.clone())
        .with_prometheus(config.prometheus_registry())
        .build(),
    );
    let (import_queue, other) = consensus(
        config,
        options,
        &task_manager,
        (client.clone(), select_chain.clone(), transaction_pool.clone()),
        telemetry,
    )?;
    Ok(PartialComponents {
        client,
        backend,
        task_manager,
        keystore_container,
        select_chain,
        import_queue,
        transaction_pool,
        other,
    })
}

type Client = (Arc<FullClient>, Arc<FullBackend>, KeystoreContainer, TaskManager);

/// The client on a database that is sound and belongs to the chain specification.
fn client(
    config: &Configuration,
    options: &Options,
    telemetry: Option<TelemetryHandle>,
) -> Result<Client, Error> {
    let cache = options.cache(config)?;
    let executor: Executor = executor::new(&config.executor, &cache.join("wasm"));
    // Before the database, so that a new one does not stay without its genesis while this is built.
    let storage = genesis::storage(config.chain_spec.as_ref(), &cache.join("genesis"))?;
    let backend = database::open(config)?;
    let expected = genesis::hash(storage.clone(), backend.clone(), executor.clone())?;
    database::check_genesis(config, &backend, expected)?;
    let builder = genesis::builder(storage, !config.no_genesis(), backend.clone(), executor.clone())?;
    let (client, backend, keystore, task_manager) = sc_service::new_full_parts_with_genesis_builder(
        config, telemetry, executor, backend, builder, false,
    )?;
    Ok((Arc::new(client), backend, keystore, task_manager))
}

fn telemetry(config: &Configuration) -> Result<Option<(TelemetryWorker, Telemetry)>, Error> {
    let Some(endpoints) = config.telemetry_endpoints.clone().filter(|endpoints| !endpoints.is_empty()) else {
        return Ok(None);
    };
    let worker = TelemetryWorker::new(TELEMETRY_BUFFER).map_err(sc_service::Error::from)?;
    let telemetry = worker.handle().new_telemetry(endpoints);
    Ok(Some((worker, telemetry)))
}

/// Block import through BABE and GRANDPA, and the queue that feeds it.
fn consensus(
    config: &Configuration,
    options: &Options,
    task_manager: &TaskManager,
    (client, select_chain, pool): (Arc<FullClient>, SelectChain, Arc<TransactionPool>),
    telemetry: Option<Telemetry>,
) -> Result<(ImportQueue, Consensus), Error> {
    let handle = telemetry.as_ref().map(|telemetry| telemetry.handle());
    let (grandpa_import, grandpa_link) = sc_consensus_grandpa::block_import(
        client.clone(),
        JUSTIFICATION_PERIOD,
        &client,
        select_chain.clone(),
        handle.clone(),
    )?;
    let babe_config = sc_consensus_babe::configuration(&*client)?;
    let slot_duration = babe_config.slot_duration();
    let inherents = match options.sealing {
        None => by_the_clock(slot_duration),
        Some(_) => sealing::inherents(client.clone(), slot_duration),
    };
    let (block_import, babe_link) = sc_consensus_babe::block_import(
        babe_config,
        grandpa_import.clone(),
        client.clone(),
        inherents.clone(),
        select_chain.clone(),
        OffchainTransactionPoolFactory::new(pool.clone()),
    )?;
    let block_import = ReportingImport::new(
        block_import,
        client.clone(),
        select_chain,
        OffchainTransactionPoolFactory::new(pool),
    );
    let (import_queue, babe_worker) = sc_consensus_babe::import_queue(ImportQueueParams {
        link: babe_link.clone(),
        block_import: block_import.clone(),
        justification_import: Some(Box::new(grandpa_import)),
        client,
        slot_duration,
        spawner: &task_manager.spawn_essential_handle(),
        registry: config.prometheus_registry(),
        telemetry: handle,
    })?;
    let consensus = Consensus { block_import, babe_link, babe_worker, grandpa_link, inherents, telemetry };
    Ok((import_queue, consensus))
}

/// The time of a block is that of the machine's clock, its slot the one that the time lies in.
fn by_the_clock(slot_duration: sp_consensus_babe::SlotDuration) -> BabeCreateInherentDataProviders<Block> {
    Arc::new(move |_, ()| async move {
        let timestamp = sp_timestamp::InherentDataProvider::from_system_time();
        let slot = InherentDataProvider::from_timestamp_and_slot_duration(*timestamp, slot_duration);
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>((slot, timestamp))
    })
}
