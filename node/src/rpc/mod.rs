//! The RPC methods that the SDK leaves to the node: nonces, fees, BABE, GRANDPA, and our own.
//!
//! chainHead, transaction, archive, author, state, system and the rest of the standard set the SDK serves by itself.

mod answers;
mod bonds;
mod market;
mod network;
mod params;

use crate::service::{Block, BlockNumber, FullBackend, FullClient, Hash, SelectChain, TransactionPool};
use assay_runtime::{AccountId, Balance, Nonce};
use bonds::{Bonds, BondsRpcServer};
use jsonrpsee::RpcModule;
use market::{Assignments, AssignmentsRpcServer, Market, MarketRpcServer};
use network::{Network, NetworkRpcServer};
use pallet_transaction_payment_rpc::{TransactionPayment, TransactionPaymentApiServer};
use pallet_transaction_payment_rpc_runtime_api::RuntimeDispatchInfo;
use sc_consensus_babe::BabeWorkerHandle;
use sc_consensus_babe_rpc::{Babe, BabeApiServer};
use sc_consensus_grandpa::{
    FinalityProofProvider, GrandpaJustificationStream, SharedAuthoritySet, SharedVoterState,
};
use sc_consensus_grandpa_rpc::{Grandpa, GrandpaApiServer};
use sc_rpc::SubscriptionTaskExecutor;
use sp_keystore::KeystorePtr;
use std::{error::Error, sync::Arc};
use substrate_frame_rpc_system::{System, SystemApiServer};

/// What the methods answer from.
pub struct Sources {
    /// Name of the chain.
    pub chain: String,
    /// The chain.
    pub client: Arc<FullClient>,
    /// Transactions that wait.
    pub pool: Arc<TransactionPool>,
    /// The node's keys.
    pub keystore: KeystorePtr,
    /// Which chain is the best.
    pub select_chain: SelectChain,
    /// Answers for BABE's epochs.
    pub babe_worker: BabeWorkerHandle<Block>,
    /// GRANDPA's authorities.
    pub authority_set: SharedAuthoritySet<Hash, BlockNumber>,
    /// GRANDPA's rounds.
    pub voter_state: SharedVoterState,
    /// GRANDPA's justifications as they are made.
    pub justifications: GrandpaJustificationStream<Block>,
    /// GRANDPA's proofs of finality.
    pub finality_proofs: Arc<FinalityProofProvider<FullBackend, Block>>,
}

/// The methods as one module; subscriptions run on the executor.
pub fn module(
    sources: &Sources,
    executor: SubscriptionTaskExecutor,
) -> Result<RpcModule<()>, Box<dyn Error + Send + Sync>> {
    let client = &sources.client;
    let mut module = RpcModule::new(());
    let system = System::<_, _, Block>::new(client.clone(), sources.pool.clone());
    module.merge(SystemApiServer::<Hash, AccountId, Nonce>::into_rpc(system))?;
    let payment = TransactionPayment::<_, Block>::new(client.clone());
    module.merge(TransactionPaymentApiServer::<Hash, RuntimeDispatchInfo<Balance>>::into_rpc(payment))?;
    let babe = Babe::new(
        client.clone(),
        sources.babe_worker.clone(),
        sources.keystore.clone(),
        sources.select_chain.clone(),
    );
    module.merge(babe.into_rpc())?;
    let grandpa = Grandpa::new(
        executor,
        sources.authority_set.clone(),
        sources.voter_state.clone(),
        sources.justifications.clone(),
        sources.finality_proofs.clone(),
    );
    module.merge(grandpa.into_rpc())?;
    module.merge(Network::new(sources.chain.clone(), client.clone()).into_rpc())?;
    module.merge(Bonds::new(client.clone()).into_rpc())?;
    module.merge(Market::new(client.clone()).into_rpc())?;
    module.merge(Assignments::new(client.clone()).into_rpc())?;
    Ok(module)
}
