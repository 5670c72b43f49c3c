//! Bonds and collateral, which share one book of ledgers, and what is reported of faults and slashes.

use super::{AccountId, Balance};
use crate::{Bonds, Collateral, Fault, FaultKind, LockId, OnSlash, ProviderBond, ReportFault, Role, SlashId};
use frame_support::{dispatch::DispatchResult, weights::Weight};
use sp_runtime::DispatchError;
use sp_staking::SessionIndex;
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    marker::PhantomData,
};

/// Refusal of [`MockBonds`]: nothing is bonded there.
pub const NO_LEDGER: DispatchError = DispatchError::Other("mock: no such ledger");
/// Refusal of [`MockBonds`] and [`MockCollateral`]: no such lock.
pub const NO_LOCK: DispatchError = DispatchError::Other("mock: no such lock");
/// Refusal of [`MockBonds`] and [`MockCollateral`]: a slash has the lock.
pub const LOCK_ACCUSED: DispatchError = DispatchError::Other("mock: a slash has the lock");
/// Refusal of [`MockBonds`]: more than [`set_most_accused`] allows would wait.
pub const TOO_MANY_ACCUSED: DispatchError = DispatchError::Other("mock: too many slashes wait");
/// Refusal of [`MockBonds`]: no slash waits.
pub const NOT_ACCUSED: DispatchError = DispatchError::Other("mock: no slash waits");
/// Refusal of [`MockCollateral`]: an amount of zero, above what is available, or more locks than were allowed.
pub const NOT_AVAILABLE: DispatchError = DispatchError::Other("mock: not available");

struct Lock {
    owner: AccountId,
    amount: Balance,
    accused: bool,
}

struct Ledgers {
    bonded: BTreeMap<(AccountId, Role), Balance>,
    exposures: BTreeMap<(AccountId, u32), Balance>,
    sessions_per_era: u32,
    locks: BTreeMap<LockId, Lock>,
    next_lock: LockId,
    accused: BTreeMap<(AccountId, Role), u32>,
    most_accused: u32,
    chilled: BTreeSet<AccountId>,
    slash_weight: Weight,
}

impl Default for Ledgers {
    fn default() -> Self {
        Self {
            bonded: BTreeMap::new(),
            exposures: BTreeMap::new(),
            sessions_per_era: 1,
            locks: BTreeMap::new(),
            next_lock: 0,
            accused: BTreeMap::new(),
            most_accused: u32::MAX,
            chilled: BTreeSet::new(),
            slash_weight: Weight::zero(),
        }
    }
}

#[derive(Default)]
struct Faults {
    taken_in: Vec<Fault<AccountId, Balance>>,
    refusal: Option<DispatchError>,
}

/// What [`MockOnSlash`] heard of one slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeardSlash {
    /// Whose.
    pub owner: AccountId,
    /// In which role.
    pub role: Role,
    /// For what.
    pub kind: FaultKind,
    /// What left the bond, in planck.
    pub taken: Balance,
    /// What was not there to take, in planck.
    pub missing: Balance,
}

thread_local! {
    static LEDGERS: RefCell<Ledgers> = RefCell::default();
    static FAULTS: RefCell<Faults> = RefCell::default();
    static SLASHES: RefCell<Vec<HeardSlash>> = RefCell::default();
}

fn ledgers<R>(f: impl FnOnce(&mut Ledgers) -> R) -> R {
    LEDGERS.with_borrow_mut(f)
}

pub(super) fn reset() {
    LEDGERS.take();
    FAULTS.take();
    SLASHES.take();
}

/// Sets what an owner has bonded in a role, active and unbonding alike.
pub fn set_bond(owner: AccountId, role: Role, amount: Balance) {
    ledgers(|book| book.bonded.insert((owner, role), amount));
}

/// What an owner has bonded in a role.
pub fn bonded(owner: AccountId, role: Role) -> Balance {
    ledgers(|book| book.bonded.get(&(owner, role)).copied().unwrap_or(0))
}

/// How many sessions make an era: one unless set.
pub fn set_sessions_per_era(sessions: u32) {
    ledgers(|book| book.sessions_per_era = sessions);
}

/// Sets what a validator had at stake in an era.
pub fn expose(validator: AccountId, era: u32, amount: Balance) {
    ledgers(|book| book.exposures.insert((validator, era), amount));
}

/// Forgets what was at stake in eras before `era`: their offences are no longer accepted.
pub fn forget_exposures_before(era: u32) {
    ledgers(|book| book.exposures.retain(|(_, of), _| *of >= era));
}

/// How many slashes can wait for an owner in a role: any number unless set.
pub fn set_most_accused(most: u32) {
    ledgers(|book| book.most_accused = most);
}

/// What a slash takes beside the bond: nothing unless set.
pub fn set_slash_weight(weight: Weight) {
    ledgers(|book| book.slash_weight = weight);
}

/// How many slashes wait for an owner in a role, as far as its ledger knows.
pub fn accused(owner: AccountId, role: Role) -> u32 {
    ledgers(|book| book.accused.get(&(owner, role)).copied().unwrap_or(0))
}

/// Whose lock it is.
pub fn owner_of_lock(lock: LockId) -> Option<AccountId> {
    ledgers(|book| book.locks.get(&lock).map(|lock| lock.owner))
}

/// Whether a lock is there, and whether a slash has it.
pub fn lock_is_accused(lock: LockId) -> Option<bool> {
    ledgers(|book| book.locks.get(&lock).map(|lock| lock.accused))
}

/// Whether an owner was chilled.
pub fn is_chilled(owner: AccountId) -> bool {
    ledgers(|book| book.chilled.contains(&owner))
}

/// The faults that [`MockReportFault`] took in, oldest first.
pub fn faults() -> Vec<Fault<AccountId, Balance>> {
    FAULTS.with_borrow(|faults| faults.taken_in.clone())
}

/// Makes [`MockReportFault`] refuse every fault from now on, or take them in again.
pub fn refuse_faults(refusal: Option<DispatchError>) {
    FAULTS.with_borrow_mut(|faults| faults.refusal = refusal);
}

/// The slashes that [`MockOnSlash`] heard of, oldest first.
pub fn heard_slashes() -> Vec<HeardSlash> {
    SLASHES.with_borrow(Vec::clone)
}

/// Where the money is that [`MockBonds`] takes.
pub trait Vault {
    /// Money taken.
    type Credit;

    /// Takes an amount, in planck, that the owner has bonded.
    fn take(owner: &AccountId, amount: Balance) -> Self::Credit;
}

/// No money: what is taken is just a number.
impl Vault for () {
    type Credit = Balance;

    fn take(_: &AccountId, amount: Balance) -> Balance {
        amount
    }
}

/// Bonds as [`set_bond`] and [`expose`] script them, their money in a [`Vault`].
pub struct MockBonds<V = ()>(PhantomData<V>);

impl<V: Vault> Bonds<AccountId> for MockBonds<V> {
    type Balance = Balance;
    type Credit = V::Credit;

    fn exposure(validator: &AccountId, session: SessionIndex) -> Option<Balance> {
        let era = Self::era(session);
        ledgers(|book| book.exposures.get(&(*validator, era)).copied())
    }

    fn era(session: SessionIndex) -> u32 {
        ledgers(|book| session / book.sessions_per_era)
    }

    fn last_session(era: u32) -> SessionIndex {
        ledgers(|book| (era + 1) * book.sessions_per_era - 1)
    }

    fn lock(owner: &AccountId, lock: LockId) -> Option<Balance> {
        ledgers(|book| book.locks.get(&lock).filter(|lock| lock.owner == *owner).map(|lock| lock.amount))
    }

    fn accuse(owner: &AccountId, role: Role, lock: Option<LockId>) -> DispatchResult {
        ledgers(|book| {
            let of = (*owner, role);
            if !book.bonded.contains_key(&of) {
                return Err(NO_LEDGER);
            }
            let accused = book.accused.get(&of).copied().unwrap_or(0);
            if accused >= book.most_accused {
                return Err(TOO_MANY_ACCUSED);
            }
            if let Some(lock) = lock {
                let lock = book.locks.get_mut(&lock).filter(|lock| lock.owner == *owner).ok_or(NO_LOCK)?;
                if lock.accused {
                    return Err(LOCK_ACCUSED);
                }
                lock.accused = true;
            }
            book.accused.insert(of, accused + 1);
            Ok(())
        })
    }

    fn acquit(owner: &AccountId, role: Role, lock: Option<LockId>) -> DispatchResult {
        ledgers(|book| {
            let accused = book.accused.get_mut(&(*owner, role)).filter(|accused| **accused > 0);
            *accused.ok_or(NOT_ACCUSED)? -= 1;
            if let Some(lock) = lock {
                book.locks.remove(&lock);
            }
            Ok(())
        })
    }

    fn slash(owner: &AccountId, role: Role, amount: Balance) -> (V::Credit, Balance) {
        let taken = amount.min(bonded(*owner, role));
        if taken > 0 {
            set_bond(*owner, role, bonded(*owner, role) - taken);
        }
        (V::take(owner, taken), amount - taken)
    }

    fn slash_weight() -> Weight {
        ledgers(|book| book.slash_weight)
    }

    fn chill(owner: &AccountId) {
        ledgers(|book| book.chilled.insert(*owner));
    }
}

impl<V> ProviderBond<AccountId> for MockBonds<V> {
    fn active(owner: &AccountId) -> Balance {
        bonded(*owner, Role::Provider)
    }
}

/// The sum of an owner's locks.
fn locked(owner: AccountId) -> Balance {
    ledgers(|book| book.locks.values().filter(|lock| lock.owner == owner).map(|lock| lock.amount).sum())
}

/// Collateral in the same ledgers: what a provider has bonded, less its locks.
pub struct MockCollateral;

impl Collateral<AccountId> for MockCollateral {
    type Balance = Balance;

    fn available(owner: &AccountId) -> Balance {
        bonded(*owner, Role::Provider).saturating_sub(locked(*owner))
    }

    fn lock(owner: &AccountId, amount: Balance, within: Balance) -> Result<LockId, DispatchError> {
        let most = within.min(bonded(*owner, Role::Provider));
        if amount == 0 || amount > most.saturating_sub(locked(*owner)) {
            return Err(NOT_AVAILABLE);
        }
        Ok(ledgers(|book| {
            let id = book.next_lock;
            book.next_lock += 1;
            book.locks.insert(id, Lock { owner: *owner, amount, accused: false });
            id
        }))
    }

    fn release(owner: &AccountId, lock: LockId) -> DispatchResult {
        ledgers(|book| {
            let of_owner = book.locks.get(&lock).filter(|lock| lock.owner == *owner);
            if of_owner.ok_or(NO_LOCK)?.accused {
                return Err(LOCK_ACCUSED);
            }
            book.locks.remove(&lock);
            Ok(())
        })
    }
}

/// Takes every fault in and numbers the slashes from zero, unless told to refuse.
pub struct MockReportFault;

impl ReportFault<AccountId, Balance> for MockReportFault {
    fn report(fault: Fault<AccountId, Balance>) -> Result<Option<SlashId>, DispatchError> {
        FAULTS.with_borrow_mut(|faults| {
            if let Some(refusal) = faults.refusal {
                return Err(refusal);
            }
            faults.taken_in.push(fault);
            Ok(SlashId::try_from(faults.taken_in.len() - 1).ok())
        })
    }
}

/// Records what it hears.
pub struct MockOnSlash;

impl OnSlash<AccountId, Balance> for MockOnSlash {
    fn on_slash(owner: &AccountId, role: Role, kind: FaultKind, taken: Balance, missing: Balance) {
        let heard = HeardSlash { owner: *owner, role, kind, taken, missing };
        SLASHES.with_borrow_mut(|slashes| slashes.push(heard));
    }
}
