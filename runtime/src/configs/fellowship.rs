//! The technical fellowship: its members have a vote each, and can do nothing but whitelist calls, which token holders
//! may then have dispatched on a fast track.

use super::{
    agenda::Agendas,
    governance::RootOr,
    tracks::{FellowshipTracks, DAY},
    voting::SubmissionDeposit,
};
use crate::*;
use codec::Encode;
use frame_support::traits::{schedule::v3::TaskName, ConstU16, ConstU32};
use frame_system::{EnsureRoot, EnsureRootWithSuccess};
use pallet_assay_dao::{Blocks, FELLOWS, REFERENDUM_ADMIN, UPGRADE};
use pallet_referenda::Instance1;
use sp_runtime::traits::Convert;

/// Names of the fellowship's tasks, apart from those of the token holders' referenda.
pub struct FellowshipNames;

impl Convert<TaskName, TaskName> for FellowshipNames {
    fn convert(name: TaskName) -> TaskName {
        sp_io::hashing::blake2_256(&(*b"fellowship", name).encode())
    }
}

/// What schedules for the fellowship's referenda.
pub type FellowshipScheduler = Agendas<FellowshipNames>;

impl pallet_referenda::Config<Instance1> for Runtime {
    type AlarmInterval = ConstU32<1>;
    type BlockNumberProvider = System;
    type CancelOrigin = RootOr<REFERENDUM_ADMIN>;
    type Currency = Balances;
    type KillOrigin = RootOr<REFERENDUM_ADMIN>;
    type MaxQueued = ConstU32<100>;
    type Preimages = Preimage;
    type RuntimeCall = RuntimeCall;
    type RuntimeEvent = RuntimeEvent;
    type Scheduler = FellowshipScheduler;
    type Slash = Treasury;
    type SubmissionDeposit = SubmissionDeposit;
    type SubmitOrigin = pallet_ranked_collective::EnsureMember<Runtime, (), 0>;
    type Tally = pallet_ranked_collective::TallyOf<Runtime>;
    type Tracks = FellowshipTracks;
    type UndecidingTimeout = Blocks<Runtime, { 14 * DAY }>;
    type Votes = pallet_ranked_collective::Votes;
    type WeightInfo = pallet_referenda::weights::SubstrateWeight<Runtime>;
}

/// All members vote on what the fellowship votes on.
pub struct AnyRank;

impl Convert<u16, pallet_ranked_collective::Rank> for AnyRank {
    fn convert(_: u16) -> pallet_ranked_collective::Rank {
        0
    }
}

/// The highest rank.
type HighestRank = ConstU16<9>;

// Only token holders, by root's track, name fellows. There are none at genesis.
impl pallet_ranked_collective::Config for Runtime {
    type AddOrigin = EnsureRoot<AccountId>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkSetup = ();
    type DemoteOrigin = EnsureRootWithSuccess<AccountId, HighestRank>;
    type ExchangeOrigin = EnsureRoot<AccountId>;
    type MaxMemberCount = ();
    type MemberSwappedHandler = ();
    type MinRankOfClass = AnyRank;
    type Polls = FellowshipReferenda;
    type PromoteOrigin = EnsureRootWithSuccess<AccountId, HighestRank>;
    type RemoveOrigin = EnsureRootWithSuccess<AccountId, HighestRank>;
    type RuntimeEvent = RuntimeEvent;
    type VoteWeight = pallet_ranked_collective::Unit;
    type WeightInfo = pallet_ranked_collective::weights::SubstrateWeight<Runtime>;
}

impl pallet_whitelist::Config for Runtime {
    type BlockNumberProvider = System;
    // What holders have voted for before fellows have whitelisted it waits for them so long.
    type DeferredDispatchExpiration = Blocks<Runtime, { 7 * DAY }>;
    type DispatchWhitelistedOrigin = RootOr<UPGRADE>;
    type Preimages = Preimage;
    type RuntimeCall = RuntimeCall;
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = pallet_whitelist::weights::SubstrateWeight<Runtime>;
    type WhitelistOrigin = RootOr<FELLOWS>;
}
