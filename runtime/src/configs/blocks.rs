//! Blocks: their limits and prices, time, migrations.

use super::consensus::KeepKeys;
use crate::*;
use frame_support::{
    derive_impl,
    dispatch::DispatchClass,
    migrations::{FailedMigrationHandler, FailedMigrationHandling},
    parameter_types,
    traits::{ConstU32, Get, InsideBoth, SafeMode as SafeModeApi},
    weights::{
        constants::{ParityDbWeight, WEIGHT_REF_TIME_PER_SECOND},
        Weight,
    },
};
use sp_runtime::Perbill;

/// Share of a block that ordinary transactions may fill; the rest is for governance and consensus.
const NORMAL_RATIO: Perbill = Perbill::from_percent(75);
/// Bytes of transactions in a block.
const BLOCK_BYTES: u32 = 5 * 1024 * 1024;

/// One-block migrations of this version, oldest first.
pub type SingleBlockMigrations = ();
/// Migrations of this version that take more than one block, oldest first.
#[cfg(not(any(feature = "next-version", feature = "runtime-benchmarks")))]
pub type MultiBlockMigrations = ();
#[cfg(feature = "next-version")]
pub type MultiBlockMigrations = (crate::rehearsal::RewriteVrfs,);
#[cfg(all(feature = "runtime-benchmarks", not(feature = "next-version")))]
pub type MultiBlockMigrations = pallet_migrations::mock_helpers::MockedMigrations;

parameter_types! {
    /// Hashes of this many blocks are kept, which also bounds how long a mortal transaction lives.
    pub const BlockHashCount: BlockNumber = 4_096;
    /// The version, for the system pallet.
    pub const Version: RuntimeVersion = VERSION;
    /// One second of compute per block.
    pub BlockWeights: frame_system::limits::BlockWeights =
        frame_system::limits::BlockWeights::with_sensible_defaults(
            Weight::from_parts(WEIGHT_REF_TIME_PER_SECOND, u64::MAX),
            NORMAL_RATIO,
        );
    /// Five mebibytes per block.
    pub BlockLength: frame_system::limits::BlockLength = frame_system::limits::BlockLength::builder()
        .max_length(BLOCK_BYTES)
        .modify_max_length_for_class(DispatchClass::Normal, |bytes| *bytes = NORMAL_RATIO * *bytes)
        .build();
    /// Address prefix.
    pub const Ss58Prefix: u16 = token::SS58_PREFIX;
    /// Share of a block that a multi-block migration may take.
    pub MaxMigrationWeight: Weight = Perbill::from_percent(50) * BlockWeights::get().max_block;
}

#[derive_impl(frame_system::config_preludes::SolochainDefaultConfig)]
impl frame_system::Config for Runtime {
    type AccountData = pallet_balances::AccountData<Balance>;
    type BaseCallFilter = InsideBoth<KeepKeys, InsideBoth<SafeMode, TxPause>>;
    type Block = Block;
    type BlockHashCount = BlockHashCount;
    type BlockLength = BlockLength;
    type BlockWeights = BlockWeights;
    type DbWeight = ParityDbWeight;
    type ExtensionsWeightInfo = weights::system_extensions::WeightInfo<Runtime>;
    type MaxConsumers = ConstU32<64>;
    type MultiBlockMigrator = Migrations;
    type SS58Prefix = Ss58Prefix;
    type SingleBlockMigrations = SingleBlockMigrations;
    type SystemWeightInfo = frame_system::weights::SubstrateWeight<Runtime>;
    type Version = Version;
}

impl pallet_timestamp::Config for Runtime {
    type MinimumPeriod = pallet_clock::MinimumPeriod<Runtime>;
    type Moment = Moment;
    type OnTimestampSet = Babe;
    type WeightInfo = pallet_timestamp::weights::SubstrateWeight<Runtime>;
}

/// The VRF of the block under construction, if its own pre-digest carries one: BABE's value goes stale on a block
/// without.
pub struct OwnBlockVrf;

impl Get<Option<pallet_clock::Randomness>> for OwnBlockVrf {
    fn get() -> Option<pallet_clock::Randomness> {
        use sp_consensus_babe::digests::{CompatibleDigestItem, PreDigest};
        let carries_vrf = System::digest()
            .logs
            .iter()
            .find_map(<sp_runtime::DigestItem as CompatibleDigestItem>::as_babe_pre_digest)
            .is_some_and(|pre_digest: PreDigest| pre_digest.vrf_signature().is_some());
        if carries_vrf {
            pallet_babe::AuthorVrfRandomness::<Runtime>::get()
        } else {
            None
        }
    }
}

/// Whether providers can't be served in this block: what they send is refused, or, where a session ends, has no room
/// beside the stock session pallet, which declares the whole block.
pub struct MarketHalted;

impl Get<bool> for MarketHalted {
    fn get() -> bool {
        use frame_support::migrations::MultiStepMigrator;
        use pallet_session::ShouldEndSession;
        SafeMode::is_entered()
            || <Migrations as MultiStepMigrator>::ongoing()
            || Babe::should_end_session(System::block_number())
    }
}

impl pallet_clock::Config for Runtime {
    type BlockVrf = OwnBlockVrf;
    type FreezeOrigin = frame_system::EnsureRoot<AccountId>;
    type MarketHalted = MarketHalted;
    type OldestDraw = Verification;
    type VrfHistory = ConstU32<1_024>;
    type WeightInfo = weights::clock::WeightInfo<Runtime>;
}

/// What happens when a multi-block migration fails: nobody but governance may touch a half-migrated state, and
/// governance must be able to, which it could not while the migrations count as stuck.
pub struct EnterSafeMode;

impl FailedMigrationHandler for EnterSafeMode {
    fn failed(_: Option<u32>) -> FailedMigrationHandling {
        let closed = SafeMode::is_entered() || <SafeMode as SafeModeApi>::enter(BlockNumber::MAX).is_ok();
        if closed {
            FailedMigrationHandling::ForceUnstuck
        } else {
            FailedMigrationHandling::KeepStuck
        }
    }
}

impl pallet_migrations::Config for Runtime {
    type CursorMaxLen = ConstU32<65_536>;
    type FailedMigrationHandler = EnterSafeMode;
    type IdentifierMaxLen = ConstU32<256>;
    type MaxServiceWeight = MaxMigrationWeight;
    type MigrationStatusHandler = ();
    type Migrations = MultiBlockMigrations;
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = pallet_migrations::weights::SubstrateWeight<Runtime>;
}
