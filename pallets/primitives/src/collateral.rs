//! Bonds as others see them: collateral for the market, funds to take for slashing.

use crate::{LockId, Role};
use frame_support::{dispatch::DispatchResult, weights::Weight};
use sp_runtime::DispatchError;
use sp_staking::SessionIndex;

/// Locks on providers' bonds, for as long as a seat of a job is open. The sum of an owner's locks is never more than its
/// bond as a provider: what is active and what is on its way out.
pub trait Collateral<AccountId> {
    /// Amounts in planck.
    type Balance;

    /// What of the owner's bond as a provider is not locked, what is on its way out included.
    fn available(owner: &AccountId) -> Self::Balance;

    /// Locks an amount of the owner's own collateral (active and unbonding: what unbonds stays collateral until it is
    /// withdrawn), if with it no more than `within` is locked: the stake that draws count. So between a draw and its
    /// lock an owner can neither unbond its way out of a seat nor bond its way into one.
    ///
    /// # Errors
    ///
    /// Less than that is available; more than `within` would be locked; the amount is zero.
    fn lock(owner: &AccountId, amount: Self::Balance, within: Self::Balance)
        -> Result<LockId, DispatchError>;

    /// Ends a lock of an owner.
    ///
    /// # Errors
    ///
    /// The owner has no such lock, or a pending slash has it.
    fn release(owner: &AccountId, lock: LockId) -> DispatchResult;
}

/// Nobody has any.
impl<AccountId> Collateral<AccountId> for () {
    type Balance = crate::Balance;

    fn available(_: &AccountId) -> Self::Balance {
        0
    }

    fn lock(_: &AccountId, _: Self::Balance, _: Self::Balance) -> Result<LockId, DispatchError> {
        Err(DispatchError::Unavailable)
    }

    fn release(_: &AccountId, _: LockId) -> DispatchResult {
        Err(DispatchError::Unavailable)
    }
}

/// Bonds as slashing sees them.
pub trait Bonds<AccountId> {
    /// Amounts in planck.
    type Balance;
    /// Money taken, not yet anybody's.
    type Credit;

    /// What a validator had at stake in a session: its active bond when that session's era was elected. `None` if it was
    /// not elected then, or if that is longer ago than offences are accepted.
    fn exposure(validator: &AccountId, session: SessionIndex) -> Option<Self::Balance>;

    /// The era of a session.
    fn era(session: SessionIndex) -> u32;

    /// The last session of an era: offences of the era are accepted for as long as those of that session.
    fn last_session(era: u32) -> SessionIndex;

    /// The amount of a lock of an owner.
    fn lock(owner: &AccountId, lock: LockId) -> Option<Self::Balance>;

    /// A slash now waits for the owner in a role: nothing of that role can be withdrawn until it is over. A provider's
    /// slash takes over the lock that it is about.
    ///
    /// # Errors
    ///
    /// There is no such ledger or lock, another slash has the lock, or more wait than one ledger can have.
    fn accuse(owner: &AccountId, role: Role, lock: Option<LockId>) -> DispatchResult;

    /// A slash for the owner in a role is over, taken or not; its lock ends.
    ///
    /// # Errors
    ///
    /// None waits.
    fn acquit(owner: &AccountId, role: Role, lock: Option<LockId>) -> DispatchResult;

    /// Takes up to an amount of what the owner has bonded in a role, active first, then unbonding, latest first. Gives
    /// what was taken and how much was missing.
    fn slash(owner: &AccountId, role: Role, amount: Self::Balance) -> (Self::Credit, Self::Balance);

    /// What [`Bonds::slash`] takes beside the bond itself: those who hear of it.
    fn slash_weight() -> Weight {
        Weight::zero()
    }

    /// Keeps an owner out of elections until it asks for them again.
    fn chill(owner: &AccountId);
}
