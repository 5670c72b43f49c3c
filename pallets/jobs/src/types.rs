//! What is stored, and what clients get.

use assay_primitives::{Balance, Claim, InlineOutput, JobSpec, MarketBlock, Outcome, Royalty};
use assay_rules::settlement::Hold;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_runtime::Perbill;

/// A job that is open.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Job<AccountId> {
    /// Who posted it, and pays.
    pub requester: AccountId,
    /// What is to be computed.
    pub spec: JobSpec,
    /// The version of the policy that it is verified by.
    pub policy: u32,
    /// Who gets how much of one seat's payment, as it was when the job was posted.
    pub royalty: Option<Royalty<AccountId>>,
    /// What is on hold for it, and for what.
    pub hold: Hold,
    /// When it was posted.
    pub posted: MarketBlock,
    /// The last block before anyone may end its escrow, which is far beyond the end of any job.
    pub expires: MarketBlock,
}

/// What is left of a job that has ended: no content beyond roots, references to blobs, and a small result. What was on
/// hold is the sum of paid, burnt, treasury and refunded.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Receipt<AccountId> {
    /// Who posted it, and paid.
    pub requester: AccountId,
    /// What was to be computed.
    pub spec: JobSpec,
    /// The version of the policy that it was verified by.
    pub policy: u32,
    /// How it ended.
    pub outcome: Outcome,
    /// What is true, where that was found.
    pub claim: Option<Claim>,
    /// The result itself, where it is small and a seat put it on the chain.
    pub output: Option<InlineOutput>,
    /// What a unit cost in one seat, in planck; of no meaning where no seat was drawn.
    pub price: Balance,
    /// Whether it was audited.
    pub audited: bool,
    /// Whether those that could be drawn were few: an answer to be trusted less.
    pub thin: bool,
    /// To seats and the listing's owner, in planck.
    pub paid: Balance,
    /// To nobody, in planck.
    pub burnt: Balance,
    /// To the treasury, in planck.
    pub treasury: Balance,
    /// Back to the requester, in planck.
    pub refunded: Balance,
    /// When it was posted.
    pub posted: MarketBlock,
    /// When it ended; it is kept for the retention time from then on.
    pub ended: MarketBlock,
}

/// A job as it is kept, from its post until it is pruned.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub enum Record<AccountId> {
    /// There is no verdict yet.
    #[codec(index = 0)]
    Open(Job<AccountId>),
    /// There is a verdict.
    #[codec(index = 1)]
    Ended(Receipt<AccountId>),
}

impl<AccountId> Record<AccountId> {
    /// A job that is open.
    pub fn open(self) -> Option<Job<AccountId>> {
        match self {
            Self::Open(job) => Some(job),
            Self::Ended(_) => None,
        }
    }

    /// What is left of a job that has ended.
    pub fn receipt(self) -> Option<Receipt<AccountId>> {
        match self {
            Self::Open(_) => None,
            Self::Ended(receipt) => Some(receipt),
        }
    }
}

/// Places of jobs that have ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Queue {
    /// That of the job that ended first, of those whose receipts are not swept.
    pub first: u64,
    /// The one to come.
    pub next: u64,
}

/// Where a job stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum Status {
    /// There is no verdict yet. Verification's own view of the job tells the phase: drawing, committing, revealing.
    #[codec(index = 0)]
    Open,
    /// There is a verdict, everybody was paid, and a receipt tells the rest.
    #[codec(index = 1)]
    Ended(Outcome),
}

/// What a job would cost if it were posted now.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct Estimate {
    /// The version of the policy that it would be verified by.
    pub policy: u32,
    /// What would be on hold, part by part.
    pub hold: Hold,
    /// What would be on hold in all, in planck: the most that it can cost.
    pub total: Balance,
    /// What a unit would cost in one seat if seats were drawn now, in planck: the price index, at most the cap.
    pub price: Balance,
    /// What one seat would be paid at that price, in planck.
    pub seat: Balance,
    /// How much of all weight in play can compute it, full or not. The lower, the less an answer is to be trusted.
    pub share: Perbill,
    /// The last block before anyone may end its escrow, which is far beyond the end of any job.
    pub expires: MarketBlock,
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
    /// How long receipts are kept, in blocks of [`Config::Clock`](crate::Config::Clock); at least one.
    pub retention: MarketBlock,
    /// The most compute units of a job; at least one.
    pub max_units: u64,
    /// The most bytes that a job's bound on its outputs can be, so that blob stores know what they may have to serve;
    /// at least one.
    pub max_output_bytes: u64,
}

impl Default for Parameters {
    /// Those of production, whose blocks take three seconds: 7 days, 10¹⁷ multiply-adds, 16 GiB.
    fn default() -> Self {
        Self { retention: 201_600, max_units: 100_000_000, max_output_bytes: 17_179_869_184 }
    }
}
