//! Consensus: BABE, GRANDPA, sessions, authorship, offences.

use crate::*;
use frame_support::{
    parameter_types,
    traits::{ConstU32, ConstU64, Contains, Get, KeyOwnerProofSystem},
    weights::Weight,
};
use pallet_assay_slashing::WeightInfo as _;
use pallet_session::historical::{self, NoteHistoricalRoot};
use sp_consensus_babe::AuthorityId as BabeId;
use sp_core::crypto::KeyTypeId;
use sp_runtime::traits::{Convert, ConvertInto, OpaqueKeys};
use sp_staking::SessionIndex;

/// The most sessions back that an equivocation can be reported: 14 days of production's epochs.
pub const MAX_REPORT_SESSIONS: SessionIndex = 336;
/// Most validators of a session. A report of an equivocation is charged for as many offenders, and has to fit a block.
pub const MAX_VALIDATORS: u32 = 500;
/// Most candidates for their places.
pub const MAX_CANDIDATES: u32 = 1_000;

parameter_types! {
    /// What an account locks up while it has session keys registered.
    pub const KeyDeposit: Balance = token::ASY / 10;
}

/// How long an equivocation can be reported, in slots: BABE and GRANDPA keep a report in the pool for as long.
pub struct KeyOwnerProofAge;

impl Get<u64> for KeyOwnerProofAge {
    fn get() -> u64 {
        u64::from(pallet_assay_staking::Params::<Runtime>::get().report_sessions)
            .saturating_mul(pallet_clock::EpochDuration::<Runtime>::get())
    }
}

/// What BABE's and GRANDPA's calls take. Their own figures know nothing of what follows from the report of an
/// equivocation, and the offences pallet drops the weight that its handler gives for that: so it is added here.
pub struct WithSlashing;

impl WithSlashing {
    /// What follows from a report in a session with so many validators: at worst all of them are offenders of that slot
    /// or round, each of them read and charged with what one more adds.
    fn consequences(validators: u32) -> Weight {
        let reports = <Runtime as frame_system::Config>::DbWeight::get().reads(validators.into());
        weights::slashing::WeightInfo::<Runtime>::on_offence(validators).saturating_add(reports)
    }
}

impl pallet_babe::WeightInfo for WithSlashing {
    fn plan_config_change() -> Weight {
        <() as pallet_babe::WeightInfo>::plan_config_change()
    }

    fn report_equivocation(validators: u32, nominators: u32) -> Weight {
        <() as pallet_babe::WeightInfo>::report_equivocation(validators, nominators)
            .saturating_add(Self::consequences(validators))
    }
}

impl pallet_grandpa::WeightInfo for WithSlashing {
    fn report_equivocation(validators: u32, nominators: u32) -> Weight {
        <() as pallet_grandpa::WeightInfo>::report_equivocation(validators, nominators)
            .saturating_add(Self::consequences(validators))
    }

    fn note_stalled() -> Weight {
        <() as pallet_grandpa::WeightInfo>::note_stalled()
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
    type WeightInfo = WithSlashing;
}

impl pallet_grandpa::Config for Runtime {
    type EquivocationReportSystem =
        pallet_grandpa::EquivocationReportSystem<Self, Offences, Historical, KeyOwnerProofAge>;
    type KeyOwnerProof = sp_session::MembershipProof;
    type MaxAuthorities = ConstU32<MAX_VALIDATORS>;
    type MaxNominators = ConstU32<0>;
    // The session of an offence, the running one, and the set before: see the README of staking, and the flow
    // `a_double_vote_counts_until_the_longest_report_age_and_no_longer`.
    type MaxSetIdSessionEntries = ConstU64<{ MAX_REPORT_SESSIONS as u64 + 3 }>;
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = WithSlashing;
}

impl pallet_authorship::Config for Runtime {
    type EventHandler = ();
    type FindAuthor = pallet_session::FindAccountFromAuthorIndex<Self, Babe>;
}

impl pallet_offences::Config for Runtime {
    type IdentificationTuple = historical::IdentificationTuple<Self>;
    type OnOffenceHandler = Slashing;
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

/// Refuses the session pallet's own ways to change and to remove keys, for everybody: they do not ask whether the keys
/// are in use. `Staking::set_keys` and `Staking::purge_keys` do. Of keys that a validator no longer has, nobody could
/// prove whose they were, and so no equivocation by them.
pub struct KeepKeys;

impl Contains<RuntimeCall> for KeepKeys {
    fn contains(call: &RuntimeCall) -> bool {
        use pallet_session::Call::{purge_keys, set_keys};
        !matches!(call, RuntimeCall::Session(set_keys { .. } | purge_keys {}))
    }
}

impl pallet_session::Config for Runtime {
    type Currency = Balances;
    type DisablingStrategy = pallet_session::disabling::UpToLimitDisablingStrategy;
    type KeyDeposit = KeyDeposit;
    type Keys = opaque::SessionKeys;
    type NextSessionRotation = Babe;
    type RuntimeEvent = RuntimeEvent;
    type SessionHandler = <opaque::SessionKeys as OpaqueKeys>::KeyTypeIdProviders;
    type SessionManager = NoteHistoricalRoot<Self, Staking>;
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
