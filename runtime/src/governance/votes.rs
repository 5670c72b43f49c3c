//! Who votes with what, and until when that is locked.

use crate::{configs::Tracks, AccountId, Balance, BlockNumber, Runtime};
use alloc::vec::Vec;
use codec::{Decode, Encode};
use frame_support::traits::Get;
use pallet_conviction_voting::{AccountVote, ClassLocksFor, Conviction, VotingFor};
use pallet_referenda::{ReferendumInfo, ReferendumInfoFor, TracksInfo};
use scale_info::TypeInfo;

/// What an account does on a track.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct Voting {
    /// Which track.
    pub track: u16,
    /// What is locked for it until somebody unlocks it, in planck.
    pub locked: Balance,
    /// What stays locked for votes that were taken back after they had won.
    pub prior: Lock,
    /// What others have delegated to it, in planck times conviction.
    pub received: Balance,
    /// Whether it votes or has others vote.
    pub doing: Doing,
}

/// An amount that stays locked until a block. Both are zero where there is none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Encode, Decode, TypeInfo)]
pub struct Lock {
    /// The block in which it can be unlocked.
    pub until: BlockNumber,
    /// How much, in planck.
    pub amount: Balance,
}

/// How an account votes on a track.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub enum Doing {
    /// By itself.
    #[codec(index = 0)]
    Voting(Vec<Ballot>),
    /// Somebody else votes for it.
    #[codec(index = 1)]
    Delegating(Delegation),
}

/// A vote.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct Ballot {
    /// On which referendum.
    pub referendum: u32,
    /// What it says.
    pub vote: AccountVote<Balance>,
    /// Whether the referendum is over.
    pub ended: bool,
    /// The block in which what it was made with is free, where the referendum is over and the vote has won with
    /// conviction.
    pub until: Option<BlockNumber>,
}

/// Somebody else votes.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct Delegation {
    /// Who.
    pub to: AccountId,
    /// How much, in planck.
    pub amount: Balance,
    /// With which conviction.
    pub conviction: Conviction,
}

impl Voting {
    /// What an account does on every track where it does something.
    pub(crate) fn all(who: &AccountId) -> Vec<Self> {
        let locks = ClassLocksFor::<Runtime>::get(who);
        let tracks = Tracks::tracks().map(|track| {
            let locked = locks.iter().find(|(class, _)| *class == track.id).map_or(0, |(_, amount)| *amount);
            Self::of(who, track.id, locked)
        });
        tracks.filter(Self::is_something).collect()
    }

    fn of(who: &AccountId, track: u16, locked: Balance) -> Self {
        match VotingFor::<Runtime>::get(who, track) {
            pallet_conviction_voting::Voting::Casting(casting) => Self {
                track,
                locked,
                prior: Lock::of(&casting.prior),
                received: casting.delegations.votes,
                doing: Doing::Voting(
                    casting.votes.iter().map(|(index, vote)| Ballot::of(*index, *vote)).collect(),
                ),
            },
            pallet_conviction_voting::Voting::Delegating(delegating) => Self {
                track,
                locked,
                prior: Lock::of(&delegating.prior),
                received: delegating.delegations.votes,
                doing: Doing::Delegating(Delegation {
                    to: delegating.target,
                    amount: delegating.balance,
                    conviction: delegating.conviction,
                }),
            },
        }
    }

    fn is_something(&self) -> bool {
        let idle = matches!(&self.doing, Doing::Voting(ballots) if ballots.is_empty());
        !idle || self.locked > 0 || self.received > 0
    }
}

impl Lock {
    /// The fields of a stock lock are private.
    fn of(prior: &impl Encode) -> Self {
        let (until, amount) = <(BlockNumber, Balance)>::decode(&mut &prior.encode()[..]).unwrap_or_default();
        Self { until, amount }
    }
}

impl Ballot {
    fn of(referendum: u32, vote: AccountVote<Balance>) -> Self {
        let (ended, until) = match ReferendumInfoFor::<Runtime>::get(referendum) {
            Some(ReferendumInfo::Ongoing(_)) => (false, None),
            Some(ReferendumInfo::Approved(at, ..)) => (true, locked_until(vote, true, at)),
            Some(ReferendumInfo::Rejected(at, ..)) => (true, locked_until(vote, false, at)),
            _ => (true, None),
        };
        Self { referendum, vote, ended, until }
    }
}

/// The block in which what a vote was made with is free, if it has won with conviction.
fn locked_until(vote: AccountVote<Balance>, approved: bool, at: BlockNumber) -> Option<BlockNumber> {
    let AccountVote::Standard { vote, .. } = vote else { return None };
    let periods = vote.conviction.lock_periods();
    let period = <Runtime as pallet_conviction_voting::Config>::VoteLockingPeriod::get();
    (vote.aye == approved && periods > 0).then(|| at.saturating_add(period.saturating_mul(periods)))
}
