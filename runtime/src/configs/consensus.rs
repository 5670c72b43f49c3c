//! Consensus: BABE, GRANDPA, sessions, authorship, offences.

use crate::*;
use alloc::vec::Vec;
use frame_support::{
    parameter_types,
    traits::{ConstU32, ConstU64, Contains, Get, KeyOwnerProofSystem},
};
use pallet_session::historical::{self, NoteHistoricalRoot};
use sp_consensus_babe::AuthorityId as BabeId;
use sp_core::crypto::KeyTypeId;
use sp_runtime::traits::{Convert, ConvertInto, OpaqueKeys};
use sp_staking::SessionIndex;

/// How many sessions back an equivocation can be reported: 14 days of production's epochs.
pub const REPORT_SESSIONS: SessionIndex = 336;
/// Most validators of a session.
pub const MAX_VALIDATORS: u32 = 1_000;

parameter_types! {
    /// What an account locks up while it has session keys registered.
    pub const KeyDeposit: Balance = token::ASY / 10;
}

/// How long an equivocation can be reported, in slots: BABE and GRANDPA keep a report in the pool for as long.
pub struct KeyOwnerProofAge;

impl Get<u64> for KeyOwnerProofAge {
    fn get() -> u64 {
        u64::from(REPORT_SESSIONS).saturating_mul(pallet_clock::EpochDuration::<Runtime>::get())
    }
}

impl pallet_babe::Config for Runtime {
    type DisabledValidators = Session;
    type EpochChangeTrigger = pallet_babe::ExternalTrigger;
    type EpochDuration = pallet_clock::EpochDuration<Runtime>;
    type EquivocationReportSystem =
        pallet_babe::EquivocationReportSystem<Self, Offences, Historical, KeyOwnerProofAge>;
    type ExpectedBlockTime = pallet_clock::SlotDuration<Runtime>;
    type KeyOwnerProof = <Historical as KeyOwnerProofSystem<(KeyTypeId, BabeId)>>::Proof;
    type MaxAuthorities = ConstU32<MAX_VALIDATORS>;
    type MaxNominators = ConstU32<0>;
    type WeightInfo = ();
}

impl pallet_grandpa::Config for Runtime {
    type EquivocationReportSystem =
        pallet_grandpa::EquivocationReportSystem<Self, Offences, Historical, KeyOwnerProofAge>;
    type KeyOwnerProof = sp_session::MembershipProof;
    type MaxAuthorities = ConstU32<MAX_VALIDATORS>;
    type MaxNominators = ConstU32<0>;
    type MaxSetIdSessionEntries = ConstU64<{ REPORT_SESSIONS as u64 }>;
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = ();
}

impl pallet_authorship::Config for Runtime {
    type EventHandler = ();
    type FindAuthor = pallet_session::FindAccountFromAuthorIndex<Self, Babe>;
}

// Reports are recorded and shown; what an offence costs is decided by staking.
impl pallet_offences::Config for Runtime {
    type IdentificationTuple = historical::IdentificationTuple<Self>;
    type OnOffenceHandler = ();
    type RuntimeEvent = RuntimeEvent;
}

/// The identification of an offender is the validator itself: anything that could change within a session would let one
/// offence be punished twice.
pub struct ByAccountOnly;

impl Convert<AccountId, Option<()>> for ByAccountOnly {
    fn convert(_: AccountId) -> Option<()> {
        Some(())
    }
}

impl historical::Config for Runtime {
    type FullIdentification = ();
    type FullIdentificationOf = ByAccountOnly;
    type RuntimeEvent = RuntimeEvent;
}

/// The validators of genesis, for as long as there is no staking to elect others.
///
/// Never answers with an empty set, and on a chain with validators, which genesis insists on, never with `None` either:
/// that would neither clear disabled validators nor store a historical root, without which no later equivocation could
/// be proven.
pub struct GenesisValidators;

impl pallet_session::SessionManager<AccountId> for GenesisValidators {
    fn new_session(_: SessionIndex) -> Option<Vec<AccountId>> {
        Some(pallet_session::Validators::<Runtime>::get()).filter(|validators| !validators.is_empty())
    }

    fn new_session_genesis(_: SessionIndex) -> Option<Vec<AccountId>> {
        let mut validators: Vec<_> = pallet_session::NextKeys::<Runtime>::iter_keys().collect();
        validators.sort();
        Some(validators).filter(|validators| !validators.is_empty())
    }

    fn start_session(_: SessionIndex) {}

    fn end_session(ended: SessionIndex) {
        Historical::prune_up_to(ended.saturating_sub(REPORT_SESSIONS));
    }
}

impl historical::SessionManager<AccountId, ()> for GenesisValidators {
    fn new_session(index: SessionIndex) -> Option<Vec<(AccountId, ())>> {
        identified(<Self as pallet_session::SessionManager<AccountId>>::new_session(index))
    }

    fn new_session_genesis(index: SessionIndex) -> Option<Vec<(AccountId, ())>> {
        identified(<Self as pallet_session::SessionManager<AccountId>>::new_session_genesis(index))
    }

    fn start_session(index: SessionIndex) {
        <Self as pallet_session::SessionManager<AccountId>>::start_session(index)
    }

    fn end_session(index: SessionIndex) {
        <Self as pallet_session::SessionManager<AccountId>>::end_session(index)
    }
}

/// Refuses calls that would take a validator's keys away. The set is that of genesis and nobody could replace a validator
/// that leaves, so the chain would end with the last one; and without the keys, no equivocation of a session that is
/// still running could be proven.
pub struct KeepKeys;

impl Contains<RuntimeCall> for KeepKeys {
    fn contains(call: &RuntimeCall) -> bool {
        !matches!(call, RuntimeCall::Session(pallet_session::Call::purge_keys {}))
    }
}

fn identified(validators: Option<Vec<AccountId>>) -> Option<Vec<(AccountId, ())>> {
    validators.map(|validators| validators.into_iter().map(|validator| (validator, ())).collect())
}

impl pallet_session::Config for Runtime {
    type Currency = Balances;
    type DisablingStrategy = pallet_session::disabling::UpToLimitDisablingStrategy;
    type KeyDeposit = KeyDeposit;
    type Keys = opaque::SessionKeys;
    type NextSessionRotation = Babe;
    type RuntimeEvent = RuntimeEvent;
    type SessionHandler = <opaque::SessionKeys as OpaqueKeys>::KeyTypeIdProviders;
    type SessionManager = NoteHistoricalRoot<Self, GenesisValidators>;
    type ShouldEndSession = Babe;
    type ValidatorId = AccountId;
    type ValidatorIdOf = ConvertInto;
    type WeightInfo = pallet_session::weights::SubstrateWeight<Runtime>;
}

// Equivocation reports enter the pool as bare extrinsics of the node that saw the equivocation.
impl<LocalCall> frame_system::offchain::CreateTransactionBase<LocalCall> for Runtime
where
    RuntimeCall: From<LocalCall>,
{
    type Extrinsic = UncheckedExtrinsic;
    type RuntimeCall = RuntimeCall;
}

impl<LocalCall> frame_system::offchain::CreateBare<LocalCall> for Runtime
where
    RuntimeCall: From<LocalCall>,
{
    fn create_bare(call: RuntimeCall) -> UncheckedExtrinsic {
        UncheckedExtrinsic::new_bare(call)
    }
}
