//! How many transfers a block holds, as their weights declare it.

use assay_runtime::{configs::BlockWeights, Runtime};
use frame_support::{dispatch::DispatchClass, weights::Weight};
use frame_system::ExtensionsWeightInfo;

/// The ceiling at the prices of this runtime.
pub fn ours() -> u64 {
    ceiling::<
        <Runtime as pallet_balances::Config>::WeightInfo,
        <Runtime as frame_system::Config>::ExtensionsWeightInfo,
        <Runtime as pallet_transaction_payment::Config>::WeightInfo,
    >()
}

/// What a transfer declares at the prices of this runtime.
#[allow(dead_code, reason = "the example only prints ceilings")]
pub fn declared() -> Weight {
    transfer::<
        <Runtime as pallet_balances::Config>::WeightInfo,
        <Runtime as frame_system::Config>::ExtensionsWeightInfo,
        <Runtime as pallet_transaction_payment::Config>::WeightInfo,
    >()
}

/// The ceiling at the prices that a runtime gets which names no others: those of RocksDB.
pub fn stock() -> u64 {
    ceiling::<(), (), ()>()
}

/// Transfers that fill the share of a block that ordinary transactions may take.
fn ceiling<
    B: pallet_balances::WeightInfo,
    E: ExtensionsWeightInfo,
    P: pallet_transaction_payment::WeightInfo,
>() -> u64 {
    let limits = BlockWeights::get();
    let class = limits.get(DispatchClass::Normal);
    let share = class.max_total.unwrap_or(limits.max_block).ref_time();
    share / transfer::<B, E, P>().saturating_add(class.base_extrinsic).ref_time()
}

/// What a transfer declares, its extensions included.
fn transfer<
    B: pallet_balances::WeightInfo,
    E: ExtensionsWeightInfo,
    P: pallet_transaction_payment::WeightInfo,
>() -> Weight {
    B::transfer_keep_alive().saturating_add(extensions::<E, P>())
}

/// What a mortal transaction declares for its extensions.
fn extensions<E: ExtensionsWeightInfo, P: pallet_transaction_payment::WeightInfo>() -> Weight {
    [
        E::check_non_zero_sender(),
        E::check_spec_version(),
        E::check_tx_version(),
        // Every transaction reads the same hash, so the proof is not charged again.
        E::check_genesis().set_proof_size(0),
        E::check_mortality_mortal_transaction(),
        E::check_nonce(),
        E::check_weight(),
        P::charge_transaction_payment(),
        E::weight_reclaim(),
    ]
    .into_iter()
    .fold(Weight::zero(), |sum, weight| sum.saturating_add(weight))
}
