//! What is stored.

use assay_primitives::{Balance, Digest, MarketBlock, Policy};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_runtime::Perbill;

/// An appeal against a slash. It stays until the slash is over, so that no slash is appealed twice.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Appeal<AccountId> {
    /// Who appeals, and has the deposit on hold.
    pub appellant: AccountId,
    /// Root of the documents that say why.
    pub evidence: Digest,
    /// What is on hold for it, in planck; nothing once it was decided.
    pub deposit: Balance,
    /// The block of [`Config::Clock`](crate::Config::Clock) from which the slash is ready all the same. Without a
    /// decision by then it is upheld.
    pub until: MarketBlock,
}

/// How an appeal is decided.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum Ruling {
    /// The slash ends and takes nothing.
    #[codec(index = 0)]
    Cancel,
    /// The slash takes less.
    #[codec(index = 1)]
    Reduce {
        /// What it takes, in planck: more than nothing.
        amount: Balance,
    },
    /// The slash stays as it is.
    #[codec(index = 2)]
    Uphold,
}

/// A policy that comes into force.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Change {
    /// What comes.
    pub policy: Policy,
    /// In which block of [`Config::Clock`](crate::Config::Clock).
    pub at: MarketBlock,
}

/// What curation says of a thing.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum Standing {
    /// Nothing is wrong with it.
    #[codec(index = 0)]
    Listed,
    /// It can be used, and whoever does should read why it is warned of.
    #[codec(index = 1)]
    Warned,
    /// No new job can use it.
    #[codec(index = 2)]
    Delisted,
}

/// Why a thing is not simply listed.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Note {
    /// Warned of, or delisted.
    pub standing: Standing,
    /// Root of the document that says why.
    pub reason: Digest,
    /// Since which block of [`Config::Clock`](crate::Config::Clock).
    pub since: MarketBlock,
}

/// A call that is paused.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Paused<CallName, BlockNumber> {
    /// Which one.
    pub call: CallName,
    /// The block of the chain in which it goes on.
    pub until: BlockNumber,
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
pub struct Parameters {
    /// The least time between the decision on a policy and its coming into force, in blocks of
    /// [`Config::Clock`](crate::Config::Clock); at least one, and set to
    /// [`Config::LeastPolicyDelay`](crate::Config::LeastPolicyDelay) at least.
    pub policy_delay: MarketBlock,
    /// The least deposit of an appeal, in planck; from [`Config::LeastAppealDeposit`](crate::Config::LeastAppealDeposit) to
    /// [`Config::MostAppealDeposit`](crate::Config::MostAppealDeposit).
    pub appeal_deposit: Balance,
    /// The deposit of an appeal as a share of what the slash takes, where that is more; from
    /// [`MIN_APPEAL_SHARE`](crate::MIN_APPEAL_SHARE) to one.
    pub appeal_share: Perbill,
    /// The longest that a call can be paused for at once, in blocks of the chain; from one to
    /// [`MAX_PAUSE`](crate::MAX_PAUSE). The runtime has safe-mode last as long.
    pub longest_pause: u32,
}

impl Default for Parameters {
    /// Those of production, whose blocks take three seconds: 7 days until a policy is in force, appeals for 100 ASY or
    /// a tenth of the slash, pauses of a day.
    fn default() -> Self {
        Self {
            policy_delay: 201_600,
            appeal_deposit: 100_000_000_000_000,
            appeal_share: Perbill::from_percent(10),
            longest_pause: 28_800,
        }
    }
}
