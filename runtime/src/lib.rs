//! The state transition function of Assay: which pallets the chain is made of, and its types.
//!
//! This file holds the version, the types every client needs and the table of pallets. What each pallet is told lives in
//! [`configs`], one file per concern; the chain's presets in [`genesis`]; the runtime APIs in [`apis`]. No rule of the
//! market is decided here: the runtime only wires pallets together.
#![cfg_attr(not(feature = "std"), no_std)]
#![recursion_limit = "512"]
// The macros of this crate generate items that nobody can document.
#![allow(missing_docs)]

#[cfg(feature = "std")]
include!(concat!(env!("OUT_DIR"), "/wasm_binary.rs"));

extern crate alloc;

pub mod apis;
#[cfg(feature = "runtime-benchmarks")]
pub mod benchmarks;
pub mod bonds;
pub mod configs;
pub mod genesis;
pub mod governance;
pub mod market;
pub mod network;
#[cfg(feature = "next-version")]
pub mod rehearsal;
pub mod weights;

use alloc::{borrow::Cow, vec::Vec};
use sp_runtime::{
    generic,
    traits::{BlakeTwo256, IdentifyAccount, Verify},
    MultiAddress, MultiSignature,
};
use sp_version::RuntimeVersion;

/// Signs transactions: sr25519, ed25519 or ECDSA.
pub type Signature = MultiSignature;
/// Identifies an account by its public key.
pub type AccountId = <<Signature as Verify>::Signer as IdentifyAccount>::AccountId;
/// Names an account in a call.
pub type Address = MultiAddress<AccountId, ()>;
/// An amount in planck.
pub type Balance = u128;
/// How many transactions an account has signed.
pub type Nonce = u32;
/// Number of a block.
pub type BlockNumber = u32;
/// Hash of a block or of any other thing of the chain.
pub type Hash = sp_core::H256;
/// A time in milliseconds since the Unix epoch.
pub type Moment = u64;
/// Header of a block.
pub type Header = generic::Header<BlockNumber, BlakeTwo256>;
/// A block.
pub type Block = generic::Block<Header, UncheckedExtrinsic>;
/// A transaction or inherent as it is gossiped and stored.
pub type UncheckedExtrinsic = generic::UncheckedExtrinsic<Address, RuntimeCall, Signature, TxExtension>;
/// What the signer of a transaction signs.
pub type SignedPayload = generic::SignedPayload<RuntimeCall, TxExtension>;

/// What every transaction is checked for and charged with, in this order.
pub type TxExtension = (
    frame_system::AuthorizeCall<Runtime>,
    frame_system::CheckNonZeroSender<Runtime>,
    frame_system::CheckSpecVersion<Runtime>,
    frame_system::CheckTxVersion<Runtime>,
    frame_system::CheckGenesis<Runtime>,
    frame_system::CheckEra<Runtime>,
    frame_system::CheckNonce<Runtime>,
    frame_system::CheckWeight<Runtime>,
    pallet_transaction_payment::ChargeTransactionPayment<Runtime>,
    frame_metadata_hash_extension::CheckMetadataHash<Runtime>,
    frame_system::WeightReclaim<Runtime>,
);

/// Executes blocks.
pub type Executive = frame_executive::Executive<
    Runtime,
    Block,
    frame_system::ChainContext<Runtime>,
    Runtime,
    AllPalletsWithSystem,
>;

/// The units of the token ASY.
pub mod token {
    use crate::Balance;

    /// Symbol of the token.
    pub const SYMBOL: &str = "ASY";
    /// Decimal places of one token.
    pub const DECIMALS: u8 = 12;
    /// One ASY in planck.
    pub const ASY: Balance = 1_000_000_000_000;
    /// A thousandth of one ASY in planck.
    pub const MILLI_ASY: Balance = ASY / 1_000;
    /// Prefix of the text form of addresses.
    pub const SS58_PREFIX: u16 = 42;
}

/// Types the node needs that do not change with the runtime.
pub mod opaque {
    use super::*;
    use sp_runtime::impl_opaque_keys;

    /// A transaction of unknown content.
    pub type UncheckedExtrinsic = sp_runtime::OpaqueExtrinsic;
    /// A block whose transactions are not decoded.
    pub type Block = generic::Block<Header, UncheckedExtrinsic>;

    impl_opaque_keys! {
        /// The keys a validator works with.
        pub struct SessionKeys {
            /// Authors blocks.
            pub babe: Babe,
            /// Votes on finality.
            pub grandpa: Grandpa,
        }
    }
}

/// Declares the version with a specification version, which has to be a literal.
macro_rules! version {
    ($spec_version:tt) => {
        /// Version of this runtime.
        #[sp_version::runtime_version]
        pub const VERSION: RuntimeVersion = RuntimeVersion {
            spec_name: Cow::Borrowed("assay"),
            impl_name: Cow::Borrowed("assay-node"),
            authoring_version: 1,
            spec_version: $spec_version,
            impl_version: 1,
            apis: apis::RUNTIME_API_VERSIONS,
            transaction_version: 1,
            system_version: 1,
        };
    };
}

#[cfg(not(feature = "next-version"))]
version!(100);
// What the upgrade tests upgrade to.
#[cfg(feature = "next-version")]
version!(101);

/// How BABE starts: every slot has an author whose pre-digest carries a VRF.
pub const BABE_GENESIS_EPOCH_CONFIG: sp_consensus_babe::BabeEpochConfiguration =
    sp_consensus_babe::BabeEpochConfiguration {
        c: (1, 4),
        allowed_slots: sp_consensus_babe::AllowedSlots::PrimaryAndSecondaryVRFSlots,
    };

#[frame_support::runtime]
mod runtime {
    /// The chain's runtime.
    #[runtime::runtime]
    #[runtime::derive(
        RuntimeCall,
        RuntimeEvent,
        RuntimeError,
        RuntimeOrigin,
        RuntimeFreezeReason,
        RuntimeHoldReason,
        RuntimeSlashReason,
        RuntimeLockId,
        RuntimeTask,
        RuntimeViewFunction
    )]
    pub struct Runtime;

    // Time and blocks. Clock reads the VRF that Babe has just verified, so it stands after it.
    #[runtime::pallet_index(0)]
    pub type System = frame_system;
    #[runtime::pallet_index(1)]
    pub type Timestamp = pallet_timestamp;
    #[runtime::pallet_index(2)]
    pub type Babe = pallet_babe;
    #[runtime::pallet_index(3)]
    pub type Clock = pallet_clock;

    // Money.
    #[runtime::pallet_index(5)]
    pub type Balances = pallet_balances;
    #[runtime::pallet_index(6)]
    pub type TransactionPayment = pallet_transaction_payment;
    // Before bonds: what vests is free when genesis is built.
    #[runtime::pallet_index(7)]
    pub type Vesting = pallet_vesting;

    // Bonds. The index is also the order of hooks and of genesis: the first sets are elected when Session's genesis is
    // built, from balances, bonds and parameters that are there by then.
    #[runtime::pallet_index(8)]
    pub type Slashing = pallet_assay_slashing;
    #[runtime::pallet_index(9)]
    pub type Staking = pallet_assay_staking;

    // Validators.
    #[runtime::pallet_index(10)]
    pub type Authorship = pallet_authorship;
    #[runtime::pallet_index(11)]
    pub type Offences = pallet_offences;
    #[runtime::pallet_index(12)]
    pub type Historical = pallet_session::historical;
    #[runtime::pallet_index(13)]
    pub type Session = pallet_session;
    #[runtime::pallet_index(14)]
    pub type Grandpa = pallet_grandpa;
    // After sessions: a block counts for the era that it may begin.
    #[runtime::pallet_index(15)]
    pub type Rewards = pallet_assay_rewards;

    // The market. Changes of providers are applied before draws run.
    #[runtime::pallet_index(20)]
    pub type Registry = pallet_assay_registry;
    #[runtime::pallet_index(21)]
    pub type Escrow = pallet_assay_escrow;
    #[runtime::pallet_index(22)]
    pub type Providers = pallet_assay_providers;
    #[runtime::pallet_index(23)]
    pub type Verification = pallet_assay_verification;
    #[runtime::pallet_index(24)]
    pub type Jobs = pallet_assay_jobs;

    // Accounts' conveniences.
    #[runtime::pallet_index(30)]
    pub type Utility = pallet_utility;
    #[runtime::pallet_index(31)]
    pub type Multisig = pallet_multisig;
    #[runtime::pallet_index(32)]
    pub type Proxy = pallet_proxy;

    // Governance and its tools.
    #[runtime::pallet_index(40)]
    pub type Preimage = pallet_preimage;
    #[runtime::pallet_index(41)]
    pub type Scheduler = pallet_scheduler;
    #[runtime::pallet_index(42)]
    pub type Parameters = pallet_parameters;
    #[runtime::pallet_index(43)]
    pub type Migrations = pallet_migrations;
    #[runtime::pallet_index(44)]
    pub type SafeMode = pallet_safe_mode;
    #[runtime::pallet_index(45)]
    pub type TxPause = pallet_tx_pause;

    // Votes, and what they reach.
    #[runtime::pallet_index(50)]
    pub type Treasury = pallet_treasury;
    #[runtime::pallet_index(51)]
    pub type Bounties = pallet_bounties;
    #[runtime::pallet_index(52)]
    pub type Referenda = pallet_referenda;
    #[runtime::pallet_index(53)]
    pub type ConvictionVoting = pallet_conviction_voting;
    #[runtime::pallet_index(54)]
    pub type Fellowship = pallet_ranked_collective;
    #[runtime::pallet_index(55)]
    pub type FellowshipReferenda = pallet_referenda<Instance1>;
    #[runtime::pallet_index(56)]
    pub type Whitelist = pallet_whitelist;
    #[runtime::pallet_index(57)]
    pub type Dao = pallet_assay_dao;
}
