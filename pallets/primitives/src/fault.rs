//! Faults and who hears of them.

use crate::{LockId, Role, SlashId};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_runtime::{DispatchError, Perbill};
use sp_staking::SessionIndex;

/// What somebody did wrong.
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
pub enum FaultKind {
    /// A validator signed two blocks for one slot, or two votes in one round.
    Equivocation,
    /// A provider did not commit to a result in time.
    NoShow,
    /// A provider's result was not the one that a majority of fresh seats found.
    WrongResult,
    /// A provider committed and did not reveal, or did not open the leaves of its trace.
    WithheldReveal,
}

/// A fault, as the one who found it reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault<AccountId, Balance> {
    /// Of a validator. The fraction is of what it had at stake in that session; of several faults in one era only the
    /// highest counts.
    Validator {
        /// Who.
        validator: AccountId,
        /// When.
        session: SessionIndex,
        /// What.
        kind: FaultKind,
        /// How much.
        fraction: Perbill,
        /// Who gets a share of what is taken.
        reporter: Option<AccountId>,
    },
    /// Of a provider in a seat. The amount is at most that of the lock. There is no reporter.
    Provider {
        /// Who.
        owner: AccountId,
        /// The lock on its bond for that seat.
        lock: LockId,
        /// What.
        kind: FaultKind,
        /// How much.
        amount: Balance,
    },
}

/// Where faults go.
pub trait ReportFault<AccountId, Balance> {
    /// Takes a fault in; gives the slash that now waits, or `None` if there is nothing to take, or nothing more than
    /// what waits already.
    ///
    /// # Errors
    ///
    /// Nobody was at stake there; there is no such lock; the fault's amount is above the lock's; too many wait.
    fn report(fault: Fault<AccountId, Balance>) -> Result<Option<SlashId>, DispatchError>;
}

impl<AccountId, Balance> ReportFault<AccountId, Balance> for () {
    fn report(_: Fault<AccountId, Balance>) -> Result<Option<SlashId>, DispatchError> {
        Ok(None)
    }
}

/// Who hears that a slash was applied.
pub trait OnSlash<AccountId, Balance> {
    /// `taken` has left the owner's bond in that role; `missing` was not there to take.
    fn on_slash(owner: &AccountId, role: Role, kind: FaultKind, taken: Balance, missing: Balance);
}

impl<AccountId, Balance> OnSlash<AccountId, Balance> for () {
    fn on_slash(_: &AccountId, _: Role, _: FaultKind, _: Balance, _: Balance) {}
}
