//! What a client asks to learn what is bonded, who validates and which slashes wait: the runtime API behind
//! `assay_ledger`, `assay_locks`, `assay_candidates`, `assay_validators` and `assay_pendingSlashes`.
//!
//! It tells what the pallets' view functions tell, in types that a client can decode without knowing the runtime.

use crate::{AccountId, Balance, BlockNumber, Runtime, Session, Slashing, Staking};
use alloc::{collections::BTreeMap, vec::Vec};
use assay_primitives::Bonds;
pub use assay_primitives::{FaultKind, LockId, Role, SlashId};
use codec::{Decode, Encode};
pub use pallet_assay_slashing::{State, Subject};
use scale_info::TypeInfo;
use sp_runtime::SaturatedConversion;

/// A part of a bond on its way out: how much, and from which block of the market clock on it can be withdrawn.
pub type Chunk = pallet_assay_staking::Chunk<Balance, BlockNumber>;

/// A lock on a provider's bond.
pub type Lock = pallet_assay_staking::Lock<AccountId, Balance>;

/// A candidate and its bond.
pub type Candidate = pallet_assay_staking::Staker<AccountId, Balance>;

/// What an owner is to the validator set.
pub type ValidatorStatus = pallet_assay_staking::ValidatorStatus<Balance>;

/// A slash that waits. Its blocks are those of the market clock.
pub type Slash = pallet_assay_slashing::Slash<AccountId, Balance, BlockNumber>;

/// A bond in one role.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct Stake {
    /// What counts, in planck: in elections, and in draws.
    pub active: Balance,
    /// What is on its way out, the earliest first.
    pub unbonding: Vec<Chunk>,
    /// How many slashes wait for it.
    pub accused: u32,
}

impl From<pallet_assay_staking::Stake<Runtime>> for Stake {
    fn from(stake: pallet_assay_staking::Stake<Runtime>) -> Self {
        Self { active: stake.active, unbonding: stake.unbonding.into_inner(), accused: stake.accused }
    }
}

/// All that an owner has bonded.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct Ledger {
    /// Bond as a validator.
    pub validator: Stake,
    /// Bond as a provider.
    pub provider: Stake,
    /// Sum of the locks on the bond as a provider, in planck.
    pub locked: Balance,
    /// What of the bond as a provider is not locked, in planck, what is on its way out included.
    pub available: Balance,
    /// The account that works for the provider.
    pub worker: Option<AccountId>,
    /// What the owner is to the validator set.
    pub status: ValidatorStatus,
}

impl Ledger {
    /// The ledger of an owner, `None` if nothing is bonded.
    pub(crate) fn of(owner: AccountId) -> Option<Self> {
        let ledger = Staking::ledger(owner.clone())?;
        Some(Self {
            available: ledger.available(),
            validator: ledger.validator.into(),
            provider: ledger.provider.into(),
            locked: ledger.locked,
            worker: ledger.worker,
            status: Staking::validator_status(owner)?,
        })
    }
}

/// Some of an owner's locks.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct Locks {
    /// The locks, by id.
    pub items: Vec<(LockId, Lock)>,
    /// From which id on to ask for the rest, `None` at the end.
    pub next: Option<LockId>,
}

impl Locks {
    /// At most `limit` of the owner's locks from an id on.
    pub(crate) fn of(owner: AccountId, from: LockId, limit: u32) -> Self {
        let mut items = Staking::locks(owner, from, limit.saturating_add(1));
        let limit: usize = limit.saturated_into();
        let next = items.get(limit).map(|(left_out, _)| *left_out);
        items.truncate(limit);
        Self { items, next }
    }
}

/// A validator of the current session.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct Validator {
    /// Who.
    pub owner: AccountId,
    /// What it had at stake when the set was elected, in planck: what an offence of this session is charged on.
    pub bond: Balance,
    /// Whether it neither authors nor votes, because it was found out.
    pub disabled: bool,
}

impl Validator {
    /// The validators of the current session, in the order of their election.
    pub(crate) fn all() -> Vec<Self> {
        let era = <Staking as Bonds<AccountId>>::era(Session::current_index());
        let bonds: BTreeMap<_, _> =
            Staking::elected(era).into_iter().map(|staker| (staker.owner, staker.bond)).collect();
        let disabled = Session::disabled_validators();
        let numbered = Session::validators().into_iter().zip(0_u32..);
        numbered
            .map(|(owner, index)| Self {
                bond: bonds.get(&owner).copied().unwrap_or_default(),
                disabled: disabled.contains(&index),
                owner,
            })
            .collect()
    }
}

/// The slashes that wait for an owner, or for all, after a place in the order in which they get ready.
pub(crate) fn pending_slashes(
    owner: Option<AccountId>,
    after: Option<(BlockNumber, SlashId)>,
    limit: u32,
) -> Vec<(SlashId, Slash)> {
    let Some(owner) = owner else { return Slashing::pending_by_due(after, limit) };
    let mut found = Slashing::pending(owner);
    found.retain(|(id, slash)| after.is_none_or(|after| (slash.ready(), *id) > after));
    found.sort_by_key(|(id, slash)| (slash.ready(), *id));
    found.truncate(limit.saturated_into());
    found
}

sp_api::decl_runtime_apis! {
    /// What is bonded, who validates, which slashes wait.
    pub trait BondsApi {
        /// What an owner has bonded, `None` if nothing.
        fn ledger(owner: AccountId) -> Option<Ledger>;

        /// An owner's locks by id, from an id on, at most `limit` of them; `next` of the answer says where to go on.
        fn locks(owner: AccountId, from: LockId, limit: u32) -> Locks;

        /// Who stands in elections, the highest bond first.
        fn candidates() -> Vec<Candidate>;

        /// The validators of the current session, in the order of their election.
        fn validators() -> Vec<Validator>;

        /// The slashes that wait, for an owner in both roles or for all, in the order in which they get ready: at most
        /// `limit` and 1,000 of those after a place. To go on, give the place of the last one: the block in which it
        /// is ready, and its number. For one owner it looks at all of its own.
        fn pending_slashes(
            owner: Option<AccountId>,
            after: Option<(BlockNumber, SlashId)>,
            limit: u32,
        ) -> Vec<(SlashId, Slash)>;
    }
}
