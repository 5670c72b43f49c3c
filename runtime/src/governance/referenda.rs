//! What is voted on.

use super::{Body, MAX_ITEMS};
use crate::{
    configs::{FellowshipTracks, Tracks},
    AccountId, Balance, BlockNumber, Hash, OriginCaller, Preimage, Runtime, RuntimeCall, System,
};
use alloc::{borrow::Cow, boxed::Box, vec::Vec};
use codec::{Decode, Encode};
use core::fmt::Debug;
use frame_support::traits::{
    schedule::{v3::Named, DispatchTime},
    Bounded, Get, QueryPreimage, VoteTally,
};
use pallet_referenda::{
    Instance1, ReferendumCount, ReferendumInfo, ReferendumInfoFor, ReferendumStatus, TrackInfo, TracksInfo,
};
use pallet_scheduler::TaskAddress;
use scale_info::TypeInfo;
use sp_runtime::{
    traits::{BlakeTwo256, Hash as _},
    Perbill, SaturatedConversion,
};

/// The largest call that is shown among others, in bytes.
const MAX_LISTED_CALL: u32 = 1_024;
/// The largest call that is shown by itself, in bytes.
pub(super) const MAX_CALL: u32 = 256 * 1_024;

type BoundedCall = Bounded<RuntimeCall, BlakeTwo256>;
type Address = TaskAddress<BlockNumber>;
type Held = pallet_referenda::Deposit<AccountId, Balance>;
type Info<T> = ReferendumInfo<u16, OriginCaller, BlockNumber, BoundedCall, Balance, T, AccountId, Address>;
type Status<T> =
    ReferendumStatus<u16, OriginCaller, BlockNumber, BoundedCall, Balance, T, AccountId, Address>;

/// A referendum.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub enum Referendum {
    /// It can be voted on.
    #[codec(index = 0)]
    Ongoing(Box<Ongoing>),
    /// It can't any more.
    #[codec(index = 1)]
    Ended(Ended),
}

/// A referendum that can be voted on. Times are numbers of blocks.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct Ongoing {
    /// On which track.
    pub track: u16,
    /// What it would do.
    pub proposal: Proposal,
    /// When it would be done, if the track allows it to be so early.
    pub enactment: DispatchTime<BlockNumber>,
    /// When it was submitted.
    pub submitted: BlockNumber,
    /// What its submitter has on deposit.
    pub submission_deposit: Deposit,
    /// What whoever wants it decided has on deposit.
    pub decision_deposit: Option<Deposit>,
    /// Whether it waits for a place among those that the track decides.
    pub queued: bool,
    /// Since when it is decided.
    pub deciding: Option<BlockNumber>,
    /// When it is approved if it still passes then.
    pub confirmed: Option<BlockNumber>,
    /// When it ends if it is not decided by then.
    pub timeout: BlockNumber,
    /// The votes.
    pub tally: Tally,
    /// The share of ayes that it takes now, or when its decision begins.
    pub approval_needed: Perbill,
    /// The support that it takes now, or when its decision begins.
    pub support_needed: Perbill,
}

/// What a referendum would do.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct Proposal {
    /// Hash of the encoded call.
    pub hash: Hash,
    /// Bytes of the encoded call, where they are known.
    pub len: Option<u32>,
    /// The encoded call, where the chain has it and it is not too large.
    pub call: Option<Vec<u8>>,
}

/// Somebody's money that a referendum holds.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct Deposit {
    /// Whose.
    pub who: AccountId,
    /// How much, in planck.
    pub amount: Balance,
}

impl From<Held> for Deposit {
    fn from(deposit: Held) -> Self {
        Self { who: deposit.who, amount: deposit.amount }
    }
}

/// The votes of a referendum.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct Tally {
    /// Ayes: planck times conviction, or fellows.
    pub ayes: Balance,
    /// Nays, likewise.
    pub nays: Balance,
    /// What supports it: planck without conviction, or fellows.
    pub backing: Balance,
    /// Ayes of ayes and nays.
    pub approval: Perbill,
    /// Backing of all there can be.
    pub support: Perbill,
}

impl Tally {
    fn of_holders(tally: &pallet_conviction_voting::TallyOf<Runtime>, track: u16) -> Self {
        Self {
            ayes: tally.ayes,
            nays: tally.nays,
            backing: tally.support,
            approval: VoteTally::<Balance, u16>::approval(tally, track),
            support: VoteTally::<Balance, u16>::support(tally, track),
        }
    }

    fn of_fellows(tally: &pallet_ranked_collective::TallyOf<Runtime>, track: u16) -> Self {
        // The fields are private: heads that are for it, then votes for and against.
        let (heads, ayes, nays) = <(u32, u32, u32)>::decode(&mut &tally.encode()[..]).unwrap_or_default();
        Self {
            ayes: ayes.into(),
            nays: nays.into(),
            backing: heads.into(),
            approval: VoteTally::<u32, u16>::approval(tally, track),
            support: VoteTally::<u32, u16>::support(tally, track),
        }
    }
}

/// A referendum that can't be voted on any more.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct Ended {
    /// How it ended.
    pub outcome: Outcome,
    /// In which block.
    pub at: BlockNumber,
    /// What its submitter has on deposit and, if it was approved or cancelled, can have back.
    pub submission_deposit: Option<Deposit>,
    /// What whoever wanted it decided has on deposit, and can have back.
    pub decision_deposit: Option<Deposit>,
    /// The block in which its call is to be made, while that is to come.
    pub enactment: Option<BlockNumber>,
}

/// How a referendum ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub enum Outcome {
    /// It passed for long enough.
    #[codec(index = 0)]
    Approved,
    /// It did not pass in time.
    #[codec(index = 1)]
    Rejected,
    /// A vote has ended it; deposits come back.
    #[codec(index = 2)]
    Cancelled,
    /// It was not decided in time.
    #[codec(index = 3)]
    TimedOut,
    /// A vote has ended it; deposits are lost.
    #[codec(index = 4)]
    Killed,
}

impl Referendum {
    /// A referendum by itself.
    pub(crate) fn of(body: Body, index: u32) -> Option<Self> {
        Self::get(body, index, MAX_CALL)
    }

    /// The referenda of a body before a number, newest first.
    pub(crate) fn before(body: Body, before: Option<u32>, limit: u32) -> Vec<(u32, Self)> {
        let count = match body {
            Body::Holders => ReferendumCount::<Runtime>::get(),
            Body::Fellowship => ReferendumCount::<Runtime, Instance1>::get(),
        };
        let indices = (0..before.unwrap_or(count).min(count)).rev();
        let found = indices.filter_map(|index| Some((index, Self::get(body, index, MAX_LISTED_CALL)?)));
        found.take(limit.min(MAX_ITEMS).saturated_into()).collect()
    }

    fn get(body: Body, index: u32, max_call: u32) -> Option<Self> {
        match body {
            Body::Holders => {
                let info = ReferendumInfoFor::<Runtime>::get(index)?;
                let timeout = <Runtime as pallet_referenda::Config>::UndecidingTimeout::get();
                let enactment = scheduled::<<Runtime as pallet_referenda::Config>::Scheduler>(index);
                Self::new(info, max_call, timeout, enactment, Tally::of_holders, Tracks::info)
            }
            Body::Fellowship => {
                let info = ReferendumInfoFor::<Runtime, Instance1>::get(index)?;
                let timeout = <Runtime as pallet_referenda::Config<Instance1>>::UndecidingTimeout::get();
                let enactment =
                    scheduled::<<Runtime as pallet_referenda::Config<Instance1>>::Scheduler>(index);
                Self::new(info, max_call, timeout, enactment, Tally::of_fellows, FellowshipTracks::info)
            }
        }
    }

    /// `None` where there is no such track.
    fn new<T: Eq + Debug + Encode + Decode + TypeInfo + Clone>(
        info: Info<T>,
        max_call: u32,
        timeout: BlockNumber,
        enactment: Option<BlockNumber>,
        count: impl Fn(&T, u16) -> Tally,
        track: impl Fn(u16) -> Option<Cow<'static, TrackInfo<Balance, BlockNumber>>>,
    ) -> Option<Self> {
        let ended = |outcome, at, submission: Option<Held>, decision: Option<Held>| {
            Self::Ended(Ended {
                outcome,
                at,
                submission_deposit: submission.map(Deposit::from),
                decision_deposit: decision.map(Deposit::from),
                enactment: enactment.filter(|_| outcome == Outcome::Approved),
            })
        };
        Some(match info {
            ReferendumInfo::Ongoing(status) => {
                let tally = count(&status.tally, status.track);
                let track = track(status.track)?;
                Self::Ongoing(Box::new(Ongoing::new(status, tally, max_call, timeout, &track)))
            }
            ReferendumInfo::Approved(at, submission, decision) => {
                ended(Outcome::Approved, at, submission, decision)
            }
            ReferendumInfo::Rejected(at, submission, decision) => {
                ended(Outcome::Rejected, at, submission, decision)
            }
            ReferendumInfo::Cancelled(at, submission, decision) => {
                ended(Outcome::Cancelled, at, submission, decision)
            }
            ReferendumInfo::TimedOut(at, submission, decision) => {
                ended(Outcome::TimedOut, at, submission, decision)
            }
            ReferendumInfo::Killed(at) => ended(Outcome::Killed, at, None, None),
        })
    }
}

impl Ongoing {
    fn new<T: Eq + Debug + Encode + Decode + TypeInfo + Clone>(
        status: Status<T>,
        tally: Tally,
        max_call: u32,
        timeout: BlockNumber,
        track: &TrackInfo<Balance, BlockNumber>,
    ) -> Self {
        let since = status.deciding.as_ref().map(|deciding| deciding.since);
        let elapsed = since.map_or(0, |since| System::block_number().saturating_sub(since));
        let over = Perbill::from_rational(elapsed.min(track.decision_period), track.decision_period);
        Self {
            track: status.track,
            proposal: Proposal::new(&status.proposal, max_call),
            enactment: status.enactment,
            submitted: status.submitted,
            submission_deposit: status.submission_deposit.into(),
            decision_deposit: status.decision_deposit.map(Deposit::from),
            queued: status.in_queue,
            deciding: since,
            confirmed: status.deciding.and_then(|deciding| deciding.confirming),
            timeout: status.submitted.saturating_add(timeout),
            tally,
            approval_needed: track.min_approval.threshold(over),
            support_needed: track.min_support.threshold(over),
        }
    }
}

impl Proposal {
    fn new(call: &BoundedCall, max: u32) -> Self {
        let bytes = match call {
            Bounded::Inline(bytes) => Some(bytes.to_vec()),
            Bounded::Lookup { hash, len } if *len <= max => {
                <Preimage as QueryPreimage>::fetch(hash, Some(*len)).ok().map(Cow::into_owned)
            }
            _ => None,
        };
        Self { hash: call.hash(), len: call.len(), call: bytes }
    }
}

/// The block in which the call of an approved referendum is to be made: its scheduler knows it by the name that referenda
/// give it.
fn scheduled<S: Named<BlockNumber, RuntimeCall, OriginCaller>>(index: u32) -> Option<BlockNumber> {
    let name = BlakeTwo256::hash_of(&(*b"assembly", "enactment", index));
    S::next_dispatch_time(name.0).ok()
}
