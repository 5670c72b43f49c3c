//! Fees of transactions: what is burnt, what the treasury gets, what the author of the block. Amounts in planck. Fees of
//! jobs are [`settlement`](crate::settlement)'s.

use assay_primitives::Balance;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_arithmetic::{traits::Saturating, PerThing, Perbill};

/// The most that the author of a block gets of a fee. So whoever fills its own blocks to make fees rise loses half of
/// what it pays.
pub const MAX_AUTHOR_SHARE: Perbill = Perbill::from_percent(50);

/// Who gets what of a fee. The author of the block gets the rest; a tip is the author's alone.
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
pub struct FeeShares {
    /// Nobody.
    pub burn: Perbill,
    /// The treasury.
    pub treasury: Perbill,
}

/// All of a fee is burnt.
impl Default for FeeShares {
    fn default() -> Self {
        Self { burn: Perbill::one(), treasury: Perbill::zero() }
    }
}

/// Why shares are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeeError {
    /// Together they are above one.
    AboveOne,
    /// They leave the author more than [`MAX_AUTHOR_SHARE`].
    AuthorShare,
}

impl FeeShares {
    /// What the author of the block gets: all that the others don't.
    pub fn author(&self) -> Perbill {
        self.burn.left_from_one().saturating_sub(self.treasury)
    }

    /// Whether fees may be shared so.
    ///
    /// # Errors
    ///
    /// The first of [`FeeError`] that holds, in their order.
    pub fn check(&self) -> Result<(), FeeError> {
        let parts = |share: Perbill| u64::from(share.deconstruct());
        if parts(self.burn).saturating_add(parts(self.treasury)) > parts(Perbill::one()) {
            return Err(FeeError::AboveOne);
        }
        if self.author() > MAX_AUTHOR_SHARE {
            return Err(FeeError::AuthorShare);
        }
        Ok(())
    }
}

/// Where a fee goes. The three sum to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeeSplit {
    /// To nobody.
    pub burnt: Balance,
    /// To the treasury.
    pub treasury: Balance,
    /// To the author of the block.
    pub author: Balance,
}

/// Splits a fee: the treasury's and the author's shares of it, each rounded down; what remains is burnt, so a planck that
/// doesn't divide is. Shares that [`FeeShares::check`] refuses pay the treasury first.
pub fn split_fee(fee: Balance, shares: &FeeShares) -> FeeSplit {
    let treasury = shares.treasury.min(Perbill::one()).mul_floor(fee);
    let rest = fee.saturating_sub(treasury);
    let author = shares.author().mul_floor(fee).min(rest);
    FeeSplit { burnt: rest.saturating_sub(author), treasury, author }
}
