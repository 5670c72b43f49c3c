//! What governance reaches: slashes that wait, the policies of verification, and what is curated. The runtime wires
//! each to the pallets that have it.

use crate::{Balance, Digest, JobClass, ListingId, Machine, MarketBlock, Policy, SlashId};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::dispatch::DispatchResult;
use scale_info::TypeInfo;
use sp_runtime::DispatchError;

/// Slashes that wait, as appeals see them.
pub trait Slashes {
    /// What a slash takes at most, in planck; `None` if none of that number waits.
    fn amount(id: SlashId) -> Option<Balance>;

    /// Holds a slash up for as long as can be; gives the block of the market clock in which it is ready all the same.
    ///
    /// # Errors
    ///
    /// None of that number waits, or it has been held up for that long.
    fn suspend(id: SlashId) -> Result<MarketBlock, DispatchError>;

    /// Ends a suspension.
    ///
    /// # Errors
    ///
    /// None of that number waits, or it is not suspended.
    fn resume(id: SlashId) -> DispatchResult;

    /// Ends a slash that has taken nothing.
    ///
    /// # Errors
    ///
    /// None of that number waits.
    fn cancel(id: SlashId) -> DispatchResult;

    /// Lowers what a slash takes, to an amount in planck.
    ///
    /// # Errors
    ///
    /// None of that number waits, or the amount is zero or not less.
    fn reduce(id: SlashId, amount: Balance) -> DispatchResult;
}

/// No slash ever waits.
impl Slashes for () {
    fn amount(_: SlashId) -> Option<Balance> {
        None
    }

    fn suspend(_: SlashId) -> Result<MarketBlock, DispatchError> {
        Err(DispatchError::Unavailable)
    }

    fn resume(_: SlashId) -> DispatchResult {
        Err(DispatchError::Unavailable)
    }

    fn cancel(_: SlashId) -> DispatchResult {
        Err(DispatchError::Unavailable)
    }

    fn reduce(_: SlashId, _: Balance) -> DispatchResult {
        Err(DispatchError::Unavailable)
    }
}

/// By which rules jobs are verified, as governance changes them.
pub trait Policies {
    /// The policy in force for a class, and its version.
    fn current(class: JobClass) -> Option<(u32, Policy)>;

    /// Says what is wrong with a policy.
    ///
    /// # Errors
    ///
    /// The first rule that it breaks: cheating would pay, say.
    fn check(policy: &Policy) -> DispatchResult;

    /// Puts a policy in force for jobs posted from now on, under the next version. [`OnPolicy`] hears of the one before.
    ///
    /// # Errors
    ///
    /// As for [`Policies::check`].
    fn set(class: JobClass, policy: Policy) -> DispatchResult;

    /// Whether a job, open or ended, still names a version.
    fn is_referenced(class: JobClass, version: u32) -> bool;
}

/// Hears which policies are in force no more.
pub trait OnPolicy {
    /// Another policy of the class is in force. Jobs may still name the version of this one.
    fn replaced(class: JobClass, version: u32, policy: Policy);
}

/// Nobody hears of it.
impl OnPolicy for () {
    fn replaced(_: JobClass, _: u32, _: Policy) {}
}

/// No class has a policy.
impl Policies for () {
    fn current(_: JobClass) -> Option<(u32, Policy)> {
        None
    }

    fn check(_: &Policy) -> DispatchResult {
        Err(DispatchError::Unavailable)
    }

    fn set(_: JobClass, _: Policy) -> DispatchResult {
        Err(DispatchError::Unavailable)
    }

    fn is_referenced(_: JobClass, _: u32) -> bool {
        false
    }
}

/// What curators judge.
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
pub enum Subject {
    /// A class of jobs.
    #[codec(index = 0)]
    JobClass(JobClass),
    /// A hardware class and memory tier.
    #[codec(index = 1)]
    Machine(Machine),
    /// A listing of a program or a dataset.
    #[codec(index = 2)]
    Listing(ListingId),
}

/// What curation reaches.
pub trait Curated {
    /// Whether there is such a thing.
    fn exists(subject: Subject) -> bool;

    /// Opens to new jobs what curation has closed.
    ///
    /// # Errors
    ///
    /// There is no such thing, or what was closed stays so.
    fn open(subject: Subject) -> DispatchResult;

    /// Closes it to new jobs, for a reason whose document has this root.
    ///
    /// # Errors
    ///
    /// There is no such thing, or it is closed.
    fn close(subject: Subject, reason: Digest) -> DispatchResult;
}

/// There is nothing to curate.
impl Curated for () {
    fn exists(_: Subject) -> bool {
        false
    }

    fn open(_: Subject) -> DispatchResult {
        Err(DispatchError::Unavailable)
    }

    fn close(_: Subject, _: Digest) -> DispatchResult {
        Err(DispatchError::Unavailable)
    }
}
