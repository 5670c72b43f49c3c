//! What is stored.

use assay_primitives::{FaultKind, LockId, Role, SlashId};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_runtime::Perbill;
use sp_staking::SessionIndex;

/// A slash that waits.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Slash<AccountId, Balance, BlockNumber> {
    /// Whose bond it is taken from.
    pub owner: AccountId,
    /// What the owner did.
    pub kind: FaultKind,
    /// What the fault is about, and so which bond answers for it.
    pub subject: Subject,
    /// What is taken at most, in planck; more than zero.
    pub amount: Balance,
    /// Who gets a share of what is taken.
    pub reporter: Option<AccountId>,
    /// The end of the window: the block of [`Config::Clock`](crate::Config::Clock) from which it may be applied.
    pub due: BlockNumber,
    /// Whether an appeal holds it up.
    pub state: State<BlockNumber>,
}

impl<AccountId, Balance, BlockNumber: Copy> Slash<AccountId, Balance, BlockNumber> {
    /// The role in which the fault was committed.
    pub fn role(&self) -> Role {
        match self.subject {
            Subject::Session { .. } => Role::Validator,
            Subject::Seat { .. } => Role::Provider,
        }
    }

    /// The lock that the slash has taken over.
    pub fn lock(&self) -> Option<LockId> {
        match self.subject {
            Subject::Session { .. } => None,
            Subject::Seat { lock } => Some(lock),
        }
    }

    /// The first block of [`Config::Clock`](crate::Config::Clock) in which it may be applied.
    pub fn ready(&self) -> BlockNumber {
        match self.state {
            State::Waiting => self.due,
            State::Suspended { until } => until,
        }
    }
}

/// What a fault is about.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum Subject {
    /// A validator's in a session.
    Session {
        /// When.
        session: SessionIndex,
        /// The era of that session. Of an era's faults, only the highest counts.
        era: u32,
        /// How much of what was at stake the fault costs.
        fraction: Perbill,
    },
    /// A provider's in a seat.
    Seat {
        /// The lock on its bond for that seat.
        lock: LockId,
    },
}

/// How a slash waits.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum State<BlockNumber> {
    /// For the end of its window.
    Waiting,
    /// For an appeal to be decided.
    Suspended {
        /// After the end of its window. Without a decision before that block, the slash is upheld.
        until: BlockNumber,
    },
}

/// What counts against a validator in an era, and what no longer does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct EraRecord<Balance> {
    /// The amounts of slashes that were applied, in planck, whatever was there to take.
    pub applied: Balance,
    /// The slash that waits: of the highest fault, less what was applied.
    pub pending: Option<SlashId>,
    /// Whether a slash of that era was cancelled. Then other offenders of an earlier fault's time slot make that fault
    /// cost nothing more.
    pub cancelled: bool,
}

/// What the queue holds.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub enum Entry<AccountId> {
    /// A pending slash, to be applied.
    Slash,
    /// An era's record of a validator, to be forgotten if no offence of that session is accepted any more.
    Record {
        /// Whose.
        validator: AccountId,
        /// A session of that era.
        session: SessionIndex,
    },
}

/// What governance sets.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Parameters<BlockNumber> {
    /// How long a slash waits before it is applied, in blocks of [`Config::Clock`](crate::Config::Clock): at least one,
    /// and [`Config::WithinUnbonding`](crate::Config::WithinUnbonding).
    pub window: BlockNumber,
    /// How long after the window an appeal can hold a slash up, in blocks of
    /// [`Config::Clock`](crate::Config::Clock).
    pub longest_suspension: BlockNumber,
    /// The most that an equivocation takes of what was at stake; more than zero. See
    /// [`equivocation_fraction`](assay_rules::penalty::equivocation_fraction).
    pub max_equivocation: Perbill,
    /// The reporter's share of what is taken, at most
    /// [`MAX_REPORTER_SHARE`](assay_rules::penalty::MAX_REPORTER_SHARE).
    pub reporter_share: Perbill,
    /// How much of the rest is burnt. What remains goes to the treasury.
    pub burn_share: Perbill,
}

impl<BlockNumber: From<u32>> Default for Parameters<BlockNumber> {
    /// Those of production, whose blocks take three seconds: a window of 7 days, suspended for at most 28 more.
    fn default() -> Self {
        Self {
            window: 201_600_u32.into(),
            longest_suspension: 806_400_u32.into(),
            max_equivocation: Perbill::from_percent(50),
            reporter_share: Perbill::from_percent(5),
            burn_share: Perbill::one(),
        }
    }
}
