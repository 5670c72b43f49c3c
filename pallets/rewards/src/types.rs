//! What rewards are made of.

use crate::{Config, PAGE_SIZE};
use assay_primitives::Balance;
use assay_rules::fees::FeeShares;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
    traits::{fungible::Credit, ConstU32},
    BoundedVec,
};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_runtime::Perbill;

/// Money of a fee, not yet anybody's.
pub type CreditOf<T> = Credit<<T as frame_system::Config>::AccountId, <T as Config>::Currency>;

/// Validators of an era whose places in its set follow each other.
pub type PageOf<T> = BoundedVec<Share<<T as frame_system::Config>::AccountId>, ConstU32<PAGE_SIZE>>;

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
    /// What a year issues, of all the money that there is; at most
    /// [`MAX_INFLATION`](assay_rules::inflation::MAX_INFLATION).
    pub inflation: Perbill,
    /// The treasury's share of that; at most one.
    pub treasury_share: Perbill,
    /// Who gets what of a fee.
    pub fees: FeeShares,
    /// For how many eras after its own a reward can be claimed; from one to
    /// [`Config::MaxExpiry`](crate::Config::MaxExpiry).
    pub expiry: u32,
}

/// Nothing is issued, and fees are burnt.
impl Default for Parameters {
    fn default() -> Self {
        Self {
            inflation: Perbill::zero(),
            treasury_share: Perbill::zero(),
            fees: FeeShares::default(),
            expiry: 1,
        }
    }
}

/// A validator's blocks of an era.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Share<AccountId> {
    /// Whose.
    pub validator: AccountId,
    /// How many; more than none.
    pub blocks: u32,
}

/// An era that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Pot {
    /// How many blocks it had; more than none.
    pub blocks: u32,
    /// What its validators can claim together, in planck.
    pub amount: Balance,
    /// What they have got of it, in planck.
    pub paid: Balance,
}

/// How far counting has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Progress {
    /// The era whose blocks are counted.
    pub era: u32,
    /// How many it has so far.
    pub blocks: u32,
    /// The first era that is kept.
    pub oldest: u32,
}

/// Shares of a block's fees, in planck.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Collected {
    /// The treasury's.
    pub treasury: Balance,
    /// The author's.
    pub author: Balance,
}
