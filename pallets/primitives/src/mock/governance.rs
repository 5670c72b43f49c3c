//! What governance reaches: slashes that wait ([`MockSlashes`]), policies ([`MockPolicies`]), what is curated
//! ([`MockCurated`]).

use super::Balance;
use crate::{Curated, Digest, JobClass, MarketBlock, Policies, Policy, SlashId, Slashes, Subject};
use frame_support::dispatch::DispatchResult;
use sp_runtime::DispatchError;
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

/// Refusal of [`MockSlashes`]: no such slash.
pub const NO_SLASH: DispatchError = DispatchError::Other("mock: no such slash waits");
/// Refusal of [`MockSlashes`]: it can be held up no longer.
pub const HELD_UP: DispatchError = DispatchError::Other("mock: held up for as long as can be");
/// Refusal of [`MockSlashes`]: nothing holds it up.
pub const NOT_HELD_UP: DispatchError = DispatchError::Other("mock: not suspended");
/// Refusal of [`MockSlashes`]: the amount is zero, or not less.
pub const NOT_LESS: DispatchError = DispatchError::Other("mock: not less");
/// Refusal of [`MockPolicies`]: cheating would pay, or whatever rule it stands for.
pub const CHEATING_PAYS: DispatchError = DispatchError::Other("mock: cheating pays");
/// Refusal of [`MockCurated`]: no such thing.
pub const NO_SUBJECT: DispatchError = DispatchError::Other("mock: no such thing");
/// Refusal of [`MockCurated`]: a listing that was closed stays so.
pub const STAYS_CLOSED: DispatchError = DispatchError::Other("mock: stays closed");

/// A slash that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitingSlash {
    /// What it takes, in planck.
    pub amount: Balance,
    /// The block in which it is ready if nothing holds it up.
    pub due: MarketBlock,
    /// The last block to which it can be held up.
    pub latest: MarketBlock,
    /// Whether it is held up.
    pub suspended: bool,
}

impl WaitingSlash {
    /// The block in which it is ready.
    pub fn ready(&self) -> MarketBlock {
        if self.suspended {
            self.latest
        } else {
            self.due
        }
    }
}

#[derive(Default)]
struct Book {
    slashes: BTreeMap<SlashId, WaitingSlash>,
    policies: BTreeMap<JobClass, (u32, Policy)>,
    referenced: BTreeSet<(JobClass, u32)>,
    least_collateral: u32,
    subjects: BTreeSet<Subject>,
    closed: BTreeMap<Subject, Digest>,
}

thread_local! {
    static BOOK: RefCell<Book> = RefCell::default();
}

fn book<R>(with: impl FnOnce(&mut Book) -> R) -> R {
    BOOK.with_borrow_mut(with)
}

pub(super) fn reset() {
    book(|book| *book = Book::default());
}

/// Lets a slash wait until `due`, or until `latest` if it is held up.
pub fn add_slash(id: SlashId, amount: Balance, due: MarketBlock, latest: MarketBlock) {
    book(|book| book.slashes.insert(id, WaitingSlash { amount, due, latest, suspended: false }));
}

/// Ends a slash as if it were applied, or superseded.
pub fn end_slash(id: SlashId) {
    book(|book| book.slashes.remove(&id));
}

/// The slash that waits under a number.
pub fn slash(id: SlashId) -> Option<WaitingSlash> {
    book(|book| book.slashes.get(&id).copied())
}

/// The slashes that wait.
pub fn slashes() -> Vec<(SlashId, WaitingSlash)> {
    book(|book| book.slashes.iter().map(|(id, slash)| (*id, *slash)).collect())
}

/// Slashes as [`add_slash`] scripts them.
pub struct MockSlashes;

impl Slashes for MockSlashes {
    fn amount(id: SlashId) -> Option<Balance> {
        slash(id).map(|slash| slash.amount)
    }

    fn suspend(id: SlashId) -> Result<MarketBlock, DispatchError> {
        book(|book| {
            let slash = book.slashes.get_mut(&id).ok_or(NO_SLASH)?;
            if slash.suspended {
                return Err(HELD_UP);
            }
            slash.suspended = true;
            Ok(slash.latest)
        })
    }

    fn resume(id: SlashId) -> DispatchResult {
        book(|book| {
            let slash = book.slashes.get_mut(&id).ok_or(NO_SLASH)?;
            if !slash.suspended {
                return Err(NOT_HELD_UP);
            }
            slash.suspended = false;
            Ok(())
        })
    }

    fn cancel(id: SlashId) -> DispatchResult {
        book(|book| book.slashes.remove(&id)).map(drop).ok_or(NO_SLASH)
    }

    fn reduce(id: SlashId, amount: Balance) -> DispatchResult {
        book(|book| {
            let slash = book.slashes.get_mut(&id).ok_or(NO_SLASH)?;
            if amount == 0 || amount >= slash.amount {
                return Err(NOT_LESS);
            }
            slash.amount = amount;
            Ok(())
        })
    }
}

/// Puts a policy in force, under a version.
pub fn set_current(class: JobClass, version: u32, policy: Policy) {
    book(|book| book.policies.insert(class, (version, policy)));
}

/// Refuses policies whose collateral is below a multiple.
pub fn set_least_collateral(multiple: u32) {
    book(|book| book.least_collateral = multiple);
}

/// Says whether a job names a version.
pub fn set_referenced(class: JobClass, version: u32, is: bool) {
    book(|book| {
        if is {
            book.referenced.insert((class, version));
        } else {
            book.referenced.remove(&(class, version));
        }
    });
}

/// Policies as [`set_current`] and [`set_least_collateral`] script them.
pub struct MockPolicies;

impl Policies for MockPolicies {
    fn current(class: JobClass) -> Option<(u32, Policy)> {
        book(|book| book.policies.get(&class).copied())
    }

    fn check(policy: &Policy) -> DispatchResult {
        if policy.collateral < book(|book| book.least_collateral) {
            return Err(CHEATING_PAYS);
        }
        Ok(())
    }

    fn set(class: JobClass, policy: Policy) -> DispatchResult {
        Self::check(&policy)?;
        let version = Self::current(class).map_or(0, |(version, _)| version + 1);
        set_current(class, version, policy);
        Ok(())
    }

    fn is_referenced(class: JobClass, version: u32) -> bool {
        book(|book| book.referenced.contains(&(class, version)))
    }
}

/// Lets there be a thing to curate.
pub fn add_subject(subject: Subject) {
    book(|book| book.subjects.insert(subject));
}

/// Whether a thing is closed, and for which reason.
pub fn closed(subject: Subject) -> Option<Digest> {
    book(|book| book.closed.get(&subject).copied())
}

/// Things as [`add_subject`] scripts them; a listing that was closed stays so.
pub struct MockCurated;

impl Curated for MockCurated {
    fn exists(subject: Subject) -> bool {
        book(|book| book.subjects.contains(&subject))
    }

    fn open(subject: Subject) -> DispatchResult {
        if matches!(subject, Subject::Listing(_)) {
            return Err(STAYS_CLOSED);
        }
        book(|book| book.closed.remove(&subject)).map(drop).ok_or(NO_SUBJECT)
    }

    fn close(subject: Subject, reason: Digest) -> DispatchResult {
        if !Self::exists(subject) {
            return Err(NO_SUBJECT);
        }
        book(|book| book.closed.insert(subject, reason));
        Ok(())
    }
}
