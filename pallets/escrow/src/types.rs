//! What escrows are made of.

use crate::Config;
use assay_primitives::{Balance, MarketBlock};
use codec::{Decode, Encode, MaxEncodedLen};
use frame_support::traits::fungible::Credit;
use scale_info::TypeInfo;

/// Money taken from a hold, not yet anybody's.
pub type CreditOf<T> = Credit<<T as frame_system::Config>::AccountId, <T as Config>::Currency>;

/// What is held for a job.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Funds<AccountId> {
    /// Whose account it is on.
    pub requester: AccountId,
    /// How much, in planck; more than zero.
    pub amount: Balance,
    /// The last block of the clock before anyone may give it back.
    pub expires: MarketBlock,
}

/// What an account may not spend because it votes or vests with it. Holds may take of it, as far as their owner loses
/// nothing that it could not lose otherwise: an escrow pays others, so it may not.
pub trait FrozenBalance<AccountId> {
    /// The amount below which the account's total, escrow left out, may not fall by its owner's will, in planck.
    fn frozen(who: &AccountId) -> Balance;

    /// What an account has in escrow, all jobs together, has changed, in planck. Locks that count what is on hold as kept
    /// have to keep as much more of what is free.
    fn escrow_changed(_who: &AccountId, _before: Balance, _after: Balance) {}

    /// Whether an account has locks that [`Self::escrow_changed`] changes.
    fn has_locks(_who: &AccountId) -> bool {
        false
    }

    /// Has an account vote and vest with some of what it has: locks follow its escrows from then on.
    #[cfg(feature = "runtime-benchmarks")]
    fn freeze(_who: &AccountId) {}
}

/// Nothing is ever frozen.
impl<AccountId> FrozenBalance<AccountId> for () {
    fn frozen(_: &AccountId) -> Balance {
        0
    }
}
