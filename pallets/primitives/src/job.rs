//! What a job is: how it is specified, where its content lies, what a seat claims about it.

use crate::Balance;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{pallet_prelude::ConstU32, BoundedVec};
use scale_info::TypeInfo;
use sp_runtime::Perbill;

/// A job. Never used again.
pub type JobId = u64;

/// A listing of a program or a dataset. Never used again.
pub type ListingId = u64;

/// A block of the market clock.
pub type MarketBlock = u32;

/// 32 bytes that stand for content: a root, a BLAKE3 hash, a commitment.
pub type Digest = [u8; 32];

/// The most bytes of a result that the chain itself keeps.
pub const MAX_INLINE_OUTPUT: u32 = 256;

/// A result that fits on the chain: the canonical file of the outputs.
pub type InlineOutput = BoundedVec<u8, ConstU32<MAX_INLINE_OUTPUT>>;

/// The most bytes of an [`Endpoint`].
pub const MAX_ENDPOINT: u32 = 128;

/// The URL of a server of blobs: where content may be had, which what names the content decides the truth of.
pub type Endpoint = BoundedVec<u8, ConstU32<MAX_ENDPOINT>>;

/// Whether an endpoint is a URL that clients go to: `http://` or `https://` and something in visible ASCII.
pub fn is_endpoint(url: &[u8]) -> bool {
    let host = url.strip_prefix(b"http://").or_else(|| url.strip_prefix(b"https://"));
    host.is_some_and(|host| !host.is_empty() && host.iter().all(u8::is_ascii_graphic))
}

/// Content that is kept elsewhere.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct BlobRef {
    /// BLAKE3 of the bytes.
    pub blake3: Digest,
    /// How many bytes; at least one.
    pub size: u64,
}

/// The rules by which a job's answer is right.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum JobClass {
    /// The numeric contract exact-v1: the same bytes on every machine.
    #[codec(index = 0)]
    ExactV1,
}

impl JobClass {
    /// All classes.
    pub const ALL: [Self; 1] = [Self::ExactV1];
}

/// What a job needs to run on: governed lists of hardware classes and of memory tiers give the numbers their meaning.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct Machine {
    /// Hardware class.
    pub hardware: u8,
    /// Memory tier.
    pub memory: u8,
}

/// The machines whose numbers have a meaning, each with the most bytes of memory that a job may take on it: of main
/// memory, and in hardware class 1, a CUDA GPU, of the device's own too. A number never gets another meaning, and
/// governance lists a machine once the programs that people run know it.
pub const MACHINES: [(Machine, u64); 4] = [
    (Machine { hardware: 0, memory: 0 }, 8 << 30),
    (Machine { hardware: 0, memory: 1 }, 32 << 30),
    (Machine { hardware: 1, memory: 1 }, 24 << 30),
    (Machine { hardware: 1, memory: 2 }, 80 << 30),
];

impl Machine {
    /// The most bytes of memory that a job may take on it. `None` where its numbers have no meaning.
    pub fn job_memory(&self) -> Option<u64> {
        MACHINES.iter().find(|(machine, _)| machine == self).map(|(_, bytes)| *bytes)
    }
}

/// A version of a listing.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct ListedVersion {
    /// The listing.
    pub listing: ListingId,
    /// Its version, from 0 on.
    pub version: u32,
}

/// What a requester wants computed, and what for. Fixed once posted; its [`hash`](JobSpec::hash) is in every commitment.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct JobSpec {
    /// The rules of the answer.
    pub class: JobClass,
    /// Root of the program.
    pub program: Digest,
    /// The program's manifest.
    pub program_blob: BlobRef,
    /// Root of the input.
    pub input: Digest,
    /// The input's manifest.
    pub input_blob: BlobRef,
    /// Bound on the bytes of the outputs; at least one.
    pub output_bytes: u64,
    /// Seed of the job's own random numbers. Never that of a draw.
    pub seed: Digest,
    /// Compute units of 10⁹ multiply-adds, as the program and the input give them; at least one.
    pub units: u64,
    /// What it runs on.
    pub machine: Machine,
    /// The most that a unit may cost in one seat, in planck; more than zero.
    pub price_cap: Balance,
    /// The job ends without an answer when no seat has committed before this block of the market clock.
    pub deadline: MarketBlock,
    /// The listing whose owner gets a royalty.
    pub listing: Option<ListedVersion>,
}

impl JobSpec {
    /// blake2b-256 of the tag `assay/spec/v1` and the encoded specification.
    pub fn hash(&self) -> Digest {
        sp_io::hashing::blake2_256(&(b"assay/spec/v1", self).encode())
    }
}

/// What a seat says of a job. Seats agree when their claims are equal.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum Claim {
    /// The program ran, to its end or to a trap.
    #[codec(index = 0)]
    Computed {
        /// Root of the outputs, or of the trap.
        result: Digest,
        /// Root of the trace.
        trace: Digest,
    },
    /// Program and input give other compute units than the specification says. Nothing was run.
    #[codec(index = 1)]
    Misdeclared {
        /// The units that they give.
        units: u64,
    },
}

impl Claim {
    /// Root of the outputs, or of the trap, where it ran.
    pub fn result(&self) -> Option<Digest> {
        match self {
            Self::Computed { result, .. } => Some(*result),
            Self::Misdeclared { .. } => None,
        }
    }
}

/// By which rules a job is verified. A job keeps the policy that it was posted under.
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
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Policy {
    /// The chance that a job is audited by one more seat.
    pub audit: Perbill,
    /// Collateral of a seat as a multiple of its payment.
    pub collateral: u32,
    /// Blocks whose VRFs seed a draw.
    pub draw_blocks: u32,
    /// Blocks of the market clock that a seat has to commit, beside those for computing.
    pub commit_blocks: MarketBlock,
    /// Compute units for which a seat has one block of the market clock more to commit; at least one.
    pub units_per_block: u64,
    /// Blocks of the market clock in which all reveal.
    pub reveal_blocks: MarketBlock,
    /// What a seat loses of its collateral that does not commit in time.
    pub no_show: Perbill,
    /// What a seat loses of its collateral whose claim was wrong.
    pub wrong: Perbill,
    /// What a seat loses of its collateral that committed and did not reveal.
    pub withheld: Perbill,
    /// The requester's bond, of units × cap × seats of the first round.
    pub requester_bond: Perbill,
    /// The fee, of the same.
    pub fee: Perbill,
    /// The least that one seat may be paid for a job, in planck: below it jobs are refused, so that neither capacity
    /// nor reputation can be had for dust. At least one.
    pub min_payment: Balance,
}
