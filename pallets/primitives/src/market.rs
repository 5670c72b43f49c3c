//! The traits between the pallets of the market.
//!
//! Commands go down: jobs ⇒ verification, registry, escrow ⇒ providers ⇒ bonds. Answers come up: [`OnVerdict`],
//! [`OnBond`].

use crate::{
    Balance, Claim, Digest, InlineOutput, JobClass, JobId, ListedVersion, Machine, MarketBlock, Policy,
};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{dispatch::DispatchResult, weights::Weight};
use scale_info::TypeInfo;
use sp_runtime::{DispatchError, Perbill};

/// The randomness of blocks.
pub trait Chance {
    /// blake2b-256 of the first `count` block VRFs after a block, in order of blocks; `None` while there are fewer. A
    /// block without a VRF of its own doesn't count. The VRF of the block under construction is not there yet.
    fn seed_after(block: u32, count: u32) -> Option<Digest>;
}

/// Who is the hot account of whom.
pub trait Workers<AccountId> {
    /// Whether a call signed by `signer` is the provider's: it is its worker, or the owner itself.
    fn acts_for(signer: &AccountId, owner: &AccountId) -> bool;
}

/// A provider's bond has changed: by its owner, or by a slash.
pub trait OnBond<AccountId> {
    /// The active bond is now another one.
    fn bond_changed(owner: &AccountId);

    /// What hearing of it takes.
    fn weight() -> Weight {
        Weight::zero()
    }
}

impl<AccountId> OnBond<AccountId> for () {
    fn bond_changed(_: &AccountId) {}
}

/// A provider's active bond.
pub trait ProviderBond<AccountId> {
    /// In planck, locks included.
    fn active(owner: &AccountId) -> Balance;
}

/// What a provider did in a seat.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum Conduct {
    /// Its claim was right, in a job that earns reputation.
    Right,
    /// Nothing to its credit or discredit: the job ended otherwise, or is thin.
    Neutral,
    /// It declined, and its replacement could do the job.
    Declined,
    /// It did not commit in time. It is drawn no more until it gives a sign of life.
    NoShow,
    /// Its claim was wrong, or it withheld it. It is jailed at once.
    Cheated,
}

/// A provider that a ticket points to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate<AccountId> {
    /// Who.
    pub owner: AccountId,
    /// The least it wants for a unit, in planck.
    pub reserve: Balance,
    /// The stake that its weight counts, in planck.
    pub stake: Balance,
}

/// Those that can compute, as draws see them. Each [`Machine`] has a tree of weights.
///
/// Nothing that is done after a draw's seed can be known makes anybody weigh more in it: what a seat taken back gives
/// (room, reputation) counts only after the draws that were due by then. That somebody weighs nothing counts at once.
pub trait Sortition<AccountId> {
    /// Whether governance has put the machine on its lists.
    fn exists(machine: Machine) -> bool;

    /// Sum of the weights of those that can be drawn for a machine now: the tickets.
    fn weight(machine: Machine) -> u64;

    /// The same with those that are full, at what they weigh when they have room.
    fn in_play(machine: Machine) -> u64;

    /// That over all machines.
    fn total_in_play() -> u64;

    /// How many owners have a weight for a machine now.
    fn drawable(machine: Machine) -> u32;

    /// Whether nothing is left to come into force that was asked for before a block. A draw that became due in that block
    /// has to wait for it: so it sees the same weights whenever it runs, and nobody picks them by working off the one or
    /// the other sooner.
    fn is_settled_before(_block: u32) -> bool {
        true
    }

    /// What a unit costs now, in planck.
    fn price(machine: Machine) -> Balance;

    /// The provider that holds a ticket, from 0 up to the weight of the machine.
    fn holder(machine: Machine, ticket: u64) -> Option<Candidate<AccountId>>;

    /// Gives a provider a seat of a job: one less that it has room for.
    ///
    /// # Errors
    ///
    /// It has no room, or a seat of this job.
    fn seat(owner: &AccountId, job: JobId) -> DispatchResult;

    /// Takes a provider's seat of a job back, and notes how it did. Does nothing where it has none.
    fn unseat(owner: &AccountId, job: JobId, conduct: Conduct);
}

/// The oldest draw that is due and has not run: changes asked for after the block that made it due wait for it.
pub trait PendingDraws {
    /// The block in which the event was that made it due.
    fn oldest() -> Option<u32>;
}

impl PendingDraws for () {
    fn oldest() -> Option<u32> {
        None
    }
}

/// Money that a job pays, in planck.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement<AccountId> {
    /// To whom how much.
    pub payouts: Vec<(AccountId, Balance)>,
    /// To nobody.
    pub burnt: Balance,
    /// To the treasury.
    pub treasury: Balance,
}

/// The requester's money, job by job, on hold on its own account.
pub trait Escrow<AccountId> {
    /// Puts an amount on hold for a job until `expires` at the latest.
    ///
    /// # Errors
    ///
    /// The account can't pay it, or would freeze with it what it votes or vests with; the amount is zero; the job has
    /// an escrow.
    fn open(job: JobId, requester: &AccountId, amount: Balance, expires: MarketBlock) -> DispatchResult;

    /// Pays everybody and gives what is left back. Never fails: what can't be delivered goes to the treasury, and what
    /// the escrow has not is not paid, the last first.
    fn settle(job: JobId, settlement: Settlement<AccountId>);

    /// What is held for a job.
    fn held(job: JobId) -> Balance;

    /// What opening or settling an escrow takes beside, because locks of its account follow it; of any account, at most,
    /// where none is given.
    fn locks_weight(requester: Option<&AccountId>) -> Weight;
}

/// Who gets how much of one seat's payment for the use of a listing.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Royalty<AccountId> {
    /// Who.
    pub owner: AccountId,
    /// The share.
    pub share: Perbill,
}

/// Listings of programs and datasets.
pub trait Listings<AccountId> {
    /// The royalty of a version that can be used, of a program or a dataset with one of these roots.
    ///
    /// # Errors
    ///
    /// There is no such version, it was delisted, or it is of neither root.
    fn royalty(
        version: ListedVersion,
        program: &Digest,
        input: &Digest,
    ) -> Result<Royalty<AccountId>, DispatchError>;
}

/// What a job asks of verification.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Order<AccountId> {
    /// Whose job it is.
    pub requester: AccountId,
    /// Hash of the specification.
    pub spec: Digest,
    /// The rules of the answer.
    pub class: JobClass,
    /// What it runs on.
    pub machine: Machine,
    /// Compute units.
    pub units: u64,
    /// The most that a unit may cost in one seat, in planck.
    pub price_cap: Balance,
    /// When it ends if nobody has committed.
    pub deadline: MarketBlock,
    /// The policy in force when it was posted.
    pub policy: Policy,
}

/// How a job ended.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum Outcome {
    /// All first seats, and the audit's, claimed the same.
    #[codec(index = 0)]
    Agreed,
    /// Fresh seats decided by a majority.
    #[codec(index = 1)]
    Decided,
    /// Fresh seats had no majority, or a slot could not be filled after a commit.
    #[codec(index = 2)]
    Undecided,
    /// Providers could not get the input.
    #[codec(index = 3)]
    Unavailable,
    /// The deadline passed, or the time to fill slots was over, before anybody committed.
    #[codec(index = 4)]
    Expired,
    /// The requester cancelled.
    #[codec(index = 5)]
    Cancelled,
}

/// What a seat gets.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum Pay {
    /// One seat's payment.
    #[codec(index = 0)]
    Whole,
    /// Half of it: the job was cancelled after the seat was drawn, and the rest goes back; or it ended undecided after
    /// the seat had revealed, and the rest is burnt.
    #[codec(index = 1)]
    Half,
    /// A share of the requester's bond, equal to those of the others that get one: the job could not be done, or the
    /// seat declined it and nobody committed.
    #[codec(index = 2)]
    FromBond,
}

/// How verification ended a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict<AccountId> {
    /// How.
    pub outcome: Outcome,
    /// What is true, where that was found.
    pub claim: Option<Claim>,
    /// The result itself, where it is small and somebody put it on the chain.
    pub output: Option<InlineOutput>,
    /// What a unit costs, in planck, once seats were drawn; at most the cap.
    pub price: Balance,
    /// The owners of the seats that are paid.
    pub paid: Vec<(AccountId, Pay)>,
    /// Whether it was audited.
    pub audited: bool,
    /// Whether those that could be drawn were few.
    pub thin: bool,
}

/// Redundant verification.
pub trait Verification<AccountId> {
    /// The policy in force for a class, and its version.
    fn policy(class: JobClass) -> Option<(u32, Policy)>;

    /// Takes a job in; its first draw is due.
    ///
    /// # Errors
    ///
    /// Too few can be drawn for it, a seat would be paid too little, the deadline is too near, or too many draws wait.
    fn open(job: JobId, order: Order<AccountId>) -> DispatchResult;

    /// Ends a job that nobody has committed for yet; [`OnVerdict`] hears of it before this returns.
    ///
    /// # Errors
    ///
    /// There is no such job, a draw of it is due, or a seat has committed.
    fn cancel(job: JobId) -> DispatchResult;
}

/// Who hears how a job ended. Once for each job.
pub trait OnVerdict<AccountId> {
    /// The job ended so. Gives how many can be paid beside those that the verdict names, and what was taken beside.
    fn on_verdict(job: JobId, verdict: Verdict<AccountId>) -> (u32, Weight);

    /// The most that a verdict takes beside.
    fn beside_weight() -> Weight;
}
