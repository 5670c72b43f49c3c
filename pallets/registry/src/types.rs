//! What listings are made of.

use assay_primitives::{Balance, BlobRef, Digest};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use scale_info::TypeInfo;
use sp_runtime::Perbill;

/// The most that an owner may ask for: a share of one seat's payment.
pub const MAX_ROYALTY: Perbill = Perbill::from_percent(30);

/// The most bytes of a licence.
pub const MAX_LICENCE: u32 = 64;

/// A licence as an SPDX expression, such as `Apache-2.0` or `MIT OR Apache-2.0`.
pub type Licence = BoundedVec<u8, ConstU32<MAX_LICENCE>>;

/// What is listed.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum Kind {
    /// What a job runs: a model, with or without weights.
    #[codec(index = 0)]
    Program,
    /// What it runs on.
    #[codec(index = 1)]
    Dataset,
}

/// Who has delisted a listing.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum DelistedBy {
    /// Its owner.
    #[codec(index = 0)]
    Owner,
    /// Governance.
    #[codec(index = 1)]
    Governance {
        /// Root of the document that says why.
        reason: Digest,
    },
}

/// Whether a listing can be named by new jobs.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum State {
    /// It can.
    #[codec(index = 0)]
    Listed,
    /// It can't. Waits to be pruned.
    #[codec(index = 1)]
    Delisted {
        /// By whom, and why.
        by: DelistedBy,
    },
}

/// A program or a dataset that anybody may use.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Listing<AccountId> {
    /// Who gets the royalties.
    pub owner: AccountId,
    /// What it is.
    pub kind: Kind,
    /// Under which terms.
    pub licence: Licence,
    /// How many versions there are; at least one.
    pub versions: u32,
    /// Whether it can be used.
    pub state: State,
    /// What is on hold for it and its versions on the owner's account, in planck.
    pub deposit: Balance,
    /// Who may take it over.
    pub offered_to: Option<AccountId>,
}

/// A version of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Version {
    /// Root of the content: what a job names.
    pub root: Digest,
    /// Where the content is.
    pub blob: BlobRef,
    /// The owner's share of one seat's payment, on top of it; at most [`MAX_ROYALTY`].
    pub royalty: Perbill,
}

/// Whether bytes may be an SPDX expression: letters, digits, `-`, `.`, `+`, `:`, parentheses, and single spaces between
/// them. What the expression means is for its readers.
pub(crate) fn is_licence(bytes: &[u8]) -> bool {
    let part = |byte: &u8| byte.is_ascii_alphanumeric() || b"-.+:()".contains(byte);
    bytes.split(|byte| *byte == b' ').all(|word| !word.is_empty() && word.iter().all(part))
}
