//! What ledgers, locks and sets of validators are made of.

use crate::{Config, Error};
use assay_primitives::{LockId, Role};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
    traits::{fungible, DefensiveSaturating},
    BoundedVec, CloneNoBound, DebugNoBound, DefaultNoBound, EqNoBound, PartialEqNoBound,
};
use frame_system::pallet_prelude::BlockNumberFor;
use scale_info::TypeInfo;
use sp_runtime::{
    traits::{CheckedAdd, CheckedSub, Zero},
    ArithmeticError, DispatchError,
};
use sp_staking::{offence::OffenceSeverity, SessionIndex};

/// Amounts in planck.
pub type BalanceOf<T> =
    <<T as Config>::Currency as fungible::Inspect<<T as frame_system::Config>::AccountId>>::Balance;

/// Money taken from a bond, not yet anybody's.
pub type CreditOf<T> = fungible::Credit<<T as frame_system::Config>::AccountId, <T as Config>::Currency>;

/// The parameters of a runtime.
pub type StakingParamsOf<T> = StakingParams<BalanceOf<T>, BlockNumberFor<T>>;

/// A lock of a runtime.
pub type LockOf<T> = Lock<<T as frame_system::Config>::AccountId, BalanceOf<T>>;

/// An owner and its bond in a runtime.
pub type StakerOf<T> = Staker<<T as frame_system::Config>::AccountId, BalanceOf<T>>;

/// Candidates, or the set of an era.
pub type Stakers<T> = BoundedVec<StakerOf<T>, <T as Config>::MaxCandidates>;

/// Validators found out.
pub type OffenderList<T> =
    BoundedVec<Offender<<T as frame_system::Config>::AccountId>, <T as Config>::MaxCandidates>;

/// A part of a bond on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Chunk<Balance, BlockNumber> {
    /// How much, in planck.
    pub value: Balance,
    /// From which block on it can be withdrawn.
    pub at: BlockNumber,
}

/// An owner's bond in one role.
#[derive(
    CloneNoBound,
    DebugNoBound,
    DefaultNoBound,
    EqNoBound,
    PartialEqNoBound,
    Encode,
    Decode,
    MaxEncodedLen,
    TypeInfo,
)]
#[scale_info(skip_type_params(T))]
#[codec(mel_bound(T: Config))]
pub struct Stake<T: Config> {
    /// What counts, in planck: in elections, and in draws.
    pub active: BalanceOf<T>,
    /// What is on its way out, the earliest first. Until it is withdrawn, a slash reaches it and it is collateral.
    pub unbonding: BoundedVec<Chunk<BalanceOf<T>, BlockNumberFor<T>>, T::MaxChunks>,
    /// Slashes that wait for this owner in this role.
    pub accused: u32,
}

impl<T: Config> Stake<T> {
    /// Whether anything is bonded in the role, or a slash waits in it.
    pub fn is_bonded(&self) -> bool {
        !self.active.is_zero() || !self.unbonding.is_empty() || self.accused > 0
    }

    /// All that a slash can reach, in planck.
    pub fn total(&self) -> BalanceOf<T> {
        self.unbonding.iter().fold(self.active, |sum, chunk| sum.defensive_saturating_add(chunk.value))
    }

    /// Puts an amount on its way out, and says from which block on it can be withdrawn: never before what left
    /// earlier, even where the unbonding period has become shorter since, so that the earliest stays first.
    pub(crate) fn leave(
        &mut self,
        value: BalanceOf<T>,
        at: BlockNumberFor<T>,
    ) -> Result<BlockNumberFor<T>, DispatchError> {
        let at = self.unbonding.last().map_or(at, |last| last.at.max(at));
        match self.unbonding.last_mut() {
            Some(last) if last.at == at => {
                last.value = last.value.checked_add(&value).ok_or(ArithmeticError::Overflow)?;
            }
            _ => {
                self.unbonding.try_push(Chunk { value, at }).map_err(|_| Error::<T>::TooManyChunks)?;
            }
        }
        Ok(at)
    }

    /// Lets nothing that is on its way out be withdrawn before a block.
    pub(crate) fn hold_back(&mut self, at: BlockNumberFor<T>) {
        self.unbonding.iter_mut().for_each(|chunk| chunk.at = chunk.at.max(at));
    }

    /// What has been on its way out for long enough at a block, in planck.
    pub(crate) fn matured(&self, now: BlockNumberFor<T>) -> BalanceOf<T> {
        let matured = self.unbonding.iter().take_while(|chunk| chunk.at <= now);
        matured.fold(BalanceOf::<T>::zero(), |sum, chunk| sum.defensive_saturating_add(chunk.value))
    }

    /// Takes up to an amount of what is on its way out, the earliest first.
    pub(crate) fn take_earliest(&mut self, amount: BalanceOf<T>) {
        let mut wanted = amount;
        self.unbonding.iter_mut().for_each(|chunk| take(&mut chunk.value, &mut wanted));
        self.unbonding.retain(|chunk| !chunk.value.is_zero());
    }

    /// Takes up to an amount of what is on its way out, the latest first; gives what was taken.
    pub(crate) fn take_latest(&mut self, amount: BalanceOf<T>) -> BalanceOf<T> {
        let mut wanted = amount;
        while let Some(last) = self.unbonding.last_mut().filter(|_| !wanted.is_zero()) {
            take(&mut last.value, &mut wanted);
            if last.value.is_zero() {
                self.unbonding.pop();
            }
        }
        amount.defensive_saturating_sub(wanted)
    }

    /// Takes up to an amount, active first, then what is on its way out, the latest first; gives what was taken.
    pub(crate) fn take(&mut self, amount: BalanceOf<T>) -> BalanceOf<T> {
        let mut wanted = amount;
        take(&mut self.active, &mut wanted);
        let active = amount.defensive_saturating_sub(wanted);
        active.defensive_saturating_add(self.take_latest(wanted))
    }
}

/// Takes as much as is there and wanted. The lesser of two is never more than either, so nothing saturates here.
fn take<Balance: Copy + Ord + DefensiveSaturating>(there: &mut Balance, wanted: &mut Balance) {
    let taken = (*there).min(*wanted);
    *there = (*there).defensive_saturating_sub(taken);
    *wanted = (*wanted).defensive_saturating_sub(taken);
}

/// All an owner has bonded.
#[derive(
    CloneNoBound,
    DebugNoBound,
    DefaultNoBound,
    EqNoBound,
    PartialEqNoBound,
    Encode,
    Decode,
    MaxEncodedLen,
    TypeInfo,
)]
#[scale_info(skip_type_params(T))]
#[codec(mel_bound(T: Config))]
pub struct Ledger<T: Config> {
    /// Bond as a validator.
    pub validator: Stake<T>,
    /// Bond as a provider.
    pub provider: Stake<T>,
    /// Locks on the bond as a provider that no slash waits for.
    pub locks: BoundedVec<OpenLock<BalanceOf<T>>, T::MaxLocks>,
    /// Sum of all locks on the bond as a provider, in planck, those included that slashes wait for.
    pub locked: BalanceOf<T>,
    /// The hot account that works for a provider: it commits and reveals, and moves no money.
    pub worker: Option<T::AccountId>,
}

impl<T: Config> Ledger<T> {
    /// The bond in a role.
    pub fn stake(&self, role: Role) -> &Stake<T> {
        match role {
            Role::Validator => &self.validator,
            Role::Provider => &self.provider,
        }
    }

    pub(crate) fn stake_mut(&mut self, role: Role) -> &mut Stake<T> {
        match role {
            Role::Validator => &mut self.validator,
            Role::Provider => &mut self.provider,
        }
    }

    /// The amount of a lock that no slash waits for, in planck.
    pub(crate) fn open_lock(&self, id: LockId) -> Option<BalanceOf<T>> {
        self.locks.iter().find(|lock| lock.id == id).map(|lock| lock.amount)
    }

    /// What of the bond as a provider is not locked, in planck, what is on its way out included. Nothing while a slash
    /// has been taken and the lock it was about has not ended yet.
    pub fn available(&self) -> BalanceOf<T> {
        self.provider.total().checked_sub(&self.locked).unwrap_or_default()
    }

    /// What can still be locked, in planck, if no more than `within` may be in all.
    pub(crate) fn room(&self, within: BalanceOf<T>) -> BalanceOf<T> {
        self.provider.total().min(within).checked_sub(&self.locked).unwrap_or_default()
    }

    /// Whether nothing is left.
    pub(crate) fn is_empty(&self) -> bool {
        !self.validator.is_bonded() && !self.provider.is_bonded() && self.locked.is_zero()
    }
}

/// Collateral of an open seat, as its owner's ledger has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct OpenLock<Balance> {
    /// Its id.
    pub id: LockId,
    /// How much, in planck.
    pub amount: Balance,
}

/// Collateral locked for one seat of a job, as clients get it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct Lock<AccountId, Balance> {
    /// Whose bond it is on.
    pub owner: AccountId,
    /// How much, in planck.
    pub amount: Balance,
    /// Whether a slash waits for it: then only that slash ends it.
    pub accused: bool,
}

/// An owner and its active bond as a validator.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Staker<AccountId, Balance> {
    /// Who.
    pub owner: AccountId,
    /// How much, in planck.
    pub bond: Balance,
}

/// A validator found out, which neither authors nor votes any more in sets that were elected before that.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Offender<AccountId> {
    /// Who.
    pub validator: AccountId,
    /// The worst it has done.
    pub severity: OffenceSeverity,
    /// The last era in which it is disabled.
    pub until: u32,
}

/// Why an owner is no candidate any more.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum ChillReason {
    /// It asked for it.
    Asked,
    /// Governance wanted it.
    Forced,
    /// Its bond was below the minimum, or it had no session keys.
    Unfit,
    /// The list was full, and another one bonded more.
    OutBid,
    /// A slash left less than the minimum.
    Slashed,
    /// It did something that costs a slash.
    Offence,
}

/// What an owner is to the validator set.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct ValidatorStatus<Balance> {
    /// Its active bond as a validator, in planck.
    pub bond: Balance,
    /// Whether it has session keys.
    pub has_keys: bool,
    /// Whether it stands in elections.
    pub candidate: bool,
    /// Whether it validates in the next session.
    pub queued: bool,
    /// Whether it validates in this session.
    pub active: bool,
}

/// What governance may change.
#[derive(
    Clone,
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
pub struct StakingParams<Balance, BlockNumber> {
    /// The least bond of a validator in planck; at least the existential deposit.
    pub min_validator_bond: Balance,
    /// The least bond of a provider in planck; at least the existential deposit.
    pub min_provider_bond: Balance,
    /// The most validators of an era.
    pub max_validators: u32,
    /// The fewest validators of an era: where fewer can be elected, some of the era before stay on. At least one.
    pub min_validators: u32,
    /// For how many blocks of the clock a bond is on its way out. Changes for what is unbonded from then on.
    pub unbonding_blocks: BlockNumber,
    /// For how many sessions after its own an offence can still be reported.
    pub report_sessions: SessionIndex,
}
