//! What is benchmarked, and what benchmarks find on the chain: see `scripts/weights`.

mod authors;
mod governance;
mod market;
mod validators;

use crate::*;
use alloc::{string::String, vec::Vec};
pub use authors::Authors;
use frame_benchmarking::{BenchmarkBatch, BenchmarkConfig, BenchmarkList};
use frame_support::traits::{StorageInfo, StorageInfoTrait, WhitelistedStorageKeys};
pub use governance::Governance;
pub use market::Market;
pub use validators::Validators;

/// What every transaction is checked for by the system pallet.
type SystemExtensions = frame_system_benchmarking::extensions::Pallet<Runtime>;

impl pallet_transaction_payment::BenchmarkConfig for Runtime {}

// Stock pallets too whose weights ours are compared with: in the same units, those of one machine.
frame_benchmarking::define_benchmarks!(
    [frame_system_extensions, SystemExtensions]
    [pallet_balances, Balances]
    [pallet_transaction_payment, TransactionPayment]
    [pallet_clock, Clock]
    [pallet_assay_slashing, Slashing]
    [pallet_assay_staking, Staking]
    [pallet_assay_rewards, Rewards]
    [pallet_assay_registry, Registry]
    [pallet_assay_escrow, Escrow]
    [pallet_assay_providers, Providers]
    [pallet_assay_verification, Verification]
    [pallet_assay_jobs, Jobs]
    [pallet_assay_dao, Dao]
);

/// Lists the benchmarks and the storage that they may touch.
pub fn metadata(extra: bool) -> (Vec<BenchmarkList>, Vec<StorageInfo>) {
    let mut list = Vec::new();
    list_benchmarks!(list, extra);
    (list, AllPalletsWithSystem::storage_info())
}

/// What else all calls of a block write together, so that pallets have their blocks pay for it: the pages at the ends of
/// queues, which are the first ones here, and the treasury's account.
fn shared() -> [Vec<u8>; 3] {
    [
        pallet_assay_providers::Queue::<Runtime>::hashed_key_for(0_u64),
        pallet_assay_jobs::Ended::<Runtime>::hashed_key_for(0_u64),
        frame_system::Account::<Runtime>::hashed_key_for(crate::configs::Treasury::get()),
    ]
}

/// Runs the benchmarks that were asked for. What every block reads and writes anyway is not counted; nor is what a pallet
/// has its blocks pay for, once for all calls that share it.
pub fn dispatch(config: &BenchmarkConfig) -> Result<Vec<BenchmarkBatch>, String> {
    let mut whitelist = AllPalletsWithSystem::whitelisted_storage_keys();
    whitelist.extend(shared().map(Into::into));
    let params = (config, &whitelist);
    let mut batches = Vec::new();
    add_benchmarks!(params, batches);
    Ok(batches)
}
