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
use frame_support::{
    dispatch::DispatchResult,
    traits::{
        schedule::{
            v3::{Anon, Named, TaskName},
            DispatchTime, Period, Priority,
        },
        Bounded, ConstU16, ConstU32,
    },
};
use frame_system::{EnsureRoot, EnsureRootWithSuccess};
use pallet_assay_dao::{Blocks, FELLOWS, REFERENDUM_ADMIN, UPGRADE};
use sp_runtime::{traits::Convert, DispatchError};

/// The scheduler, with names of tasks apart from those of the token holders' referenda. Both name the enactment of a
/// referendum by its number alone, and of two tasks with one name the scheduler refuses the second: a referendum that
/// was approved would never be enacted.
pub struct FellowshipScheduler;

/// Where the scheduler has put a task.
type Address = <Agendas as Anon<BlockNumber, RuntimeCall, OriginCaller>>::Address;
/// A call, or how to find it.
type BoundedCall = Bounded<RuntimeCall, BlakeTwo256>;

/// The name of a task of the fellowship.
fn own(name: TaskName) -> TaskName {
    sp_io::hashing::blake2_256(&(*b"fellowship", name).encode())
}

impl Anon<BlockNumber, RuntimeCall, OriginCaller> for FellowshipScheduler {
    type Address = Address;
    type Hasher = BlakeTwo256;

    fn schedule(
        when: DispatchTime<BlockNumber>,
        periodic: Option<Period<BlockNumber>>,
        priority: Priority,
        origin: OriginCaller,
        call: BoundedCall,
    ) -> Result<Address, DispatchError> {
        <Agendas as Anon<BlockNumber, RuntimeCall, OriginCaller>>::schedule(
            when, periodic, priority, origin, call,
        )
    }

    fn cancel(address: Address) -> DispatchResult {
        <Agendas as Anon<BlockNumber, RuntimeCall, OriginCaller>>::cancel(address)
    }

    fn reschedule(address: Address, when: DispatchTime<BlockNumber>) -> Result<Address, DispatchError> {
        <Agendas as Anon<BlockNumber, RuntimeCall, OriginCaller>>::reschedule(address, when)
    }

    fn next_dispatch_time(address: Address) -> Result<BlockNumber, DispatchError> {
        <Agendas as Anon<BlockNumber, RuntimeCall, OriginCaller>>::next_dispatch_time(address)
    }
}

impl Named<BlockNumber, RuntimeCall, OriginCaller> for FellowshipScheduler {
    type Address = Address;
    type Hasher = BlakeTwo256;

    fn schedule_named(
        name: TaskName,
        when: DispatchTime<BlockNumber>,
        periodic: Option<Period<BlockNumber>>,
        priority: Priority,
        origin: OriginCaller,
        call: BoundedCall,
    ) -> Result<Address, DispatchError> {
        <Agendas as Named<BlockNumber, RuntimeCall, OriginCaller>>::schedule_named(
            own(name),
            when,
            periodic,
            priority,
            origin,
            call,
        )
    }

    fn cancel_named(name: TaskName) -> DispatchResult {
        <Agendas as Named<BlockNumber, RuntimeCall, OriginCaller>>::cancel_named(own(name))
    }

    fn reschedule_named(name: TaskName, when: DispatchTime<BlockNumber>) -> Result<Address, DispatchError> {
        <Agendas as Named<BlockNumber, RuntimeCall, OriginCaller>>::reschedule_named(own(name), when)
    }

    fn next_dispatch_time(name: TaskName) -> Result<BlockNumber, DispatchError> {
        <Agendas as Named<BlockNumber, RuntimeCall, OriginCaller>>::next_dispatch_time(own(name))
    }
}

/// The referenda of the fellowship.
pub type OfFellowship = pallet_referenda::Instance1;

impl pallet_referenda::Config<OfFellowship> for Runtime {
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
