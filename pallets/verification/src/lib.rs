//! Verification: who does a job, who checks it, and what is true of it.
//!
//! * **Draws**: seats are drawn from the VRFs of blocks that come after what made the draw due, in the order in which
//!   draws became due.
//! * **Rounds**: all seats of a round commit before anybody reveals. An audit's seat is one of the first round's. Where
//!   reveals differ, fresh seats decide, and open leaves of their traces.
//! * **Verdicts**: a case ends once, by a verdict that names who is paid; every seat's collateral is then released or
//!   a fault is reported on it, and every provider has its place back.
//! * **Policies**, by version: a job keeps the one that it was posted under.
//!
//! Not for: amounts and escrow (jobs, escrow), who can be drawn (providers), bonds (staking), the fate of faults
//! (slashing). The rules are in `assay-rules`.
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
    not(any(test, feature = "runtime-benchmarks")),
    deny(
        missing_docs,
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::unwrap_used
    )
)]

extern crate alloc;

pub use cases::DEADLINE_MARGIN;
pub use deadline::Place as DeadlinePlace;
pub use pallet::*;
pub use tick::MAX_SEATED;
pub use types::{
    Backlog, Case, Draw, Outputs, Phase, Place, Queue, Round, Seat, SeatView, Seats, Slot, Slots, Stage,
};
pub use weights::WeightInfo;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod cases;
mod commit;
mod deadline;
mod decline;
mod draw;
#[cfg(any(test, feature = "try-runtime"))]
mod invariants;
#[cfg(test)]
mod mock;
mod policy;
mod reveal;
mod seat;
#[cfg(test)]
mod tests;
mod tick;
#[allow(clippy::as_conversions, reason = "derived codecs cast the indices of variants")]
mod types;
mod verdict;
mod views;
pub mod weights;

#[cfg(feature = "runtime-benchmarks")]
pub use benchmarking::BenchmarkHelper;

/// A case of this chain.
pub type CaseOf<T> = Case<<T as frame_system::Config>::AccountId>;

/// A seat of this chain.
pub type SeatOf<T> = Seat<<T as frame_system::Config>::AccountId>;

/// The most jobs that one answer of [`Pallet::seats_of`] looks at.
pub const MAX_JOBS: u32 = 64;

#[allow(
    clippy::as_conversions,
    clippy::expect_used,
    reason = "the macro casts indices and expects pallets to be there"
)]
#[frame_support::pallet]
pub mod pallet {
    use super::*;
    use alloc::vec::Vec;
    use assay_primitives::{
        Balance, Chance, Claim, Collateral, Digest, InlineOutput, JobClass, JobId, LockId, MarketBlock,
        OnPolicy, OnVerdict, Outcome, Pay, Policy, ReportFault, SlashId, Sortition, Workers,
    };
    use assay_rules::{draw::Purpose, trace::Opening};
    use frame_support::{pallet_prelude::*, weights::WeightMeter};
    use frame_system::pallet_prelude::*;
    use sp_runtime::traits::BlockNumberProvider;

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(0);

    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// The hash of the first block is in every commitment.
    #[pallet::config]
    pub trait Config: frame_system::Config<Hash: Into<Digest>> {
        /// The randomness of draws.
        type Chance: Chance;

        /// Those that can be drawn.
        type Providers: Sortition<Self::AccountId>;

        /// Who signs for providers.
        type Workers: Workers<Self::AccountId>;

        /// What stands for a seat.
        type Collateral: Collateral<Self::AccountId, Balance = Balance>;

        /// Where faults go.
        type Faults: ReportFault<Self::AccountId, Balance>;

        /// Hears how each job ended.
        type Verdicts: OnVerdict<Self::AccountId>;

        /// Hears which policies are in force no more.
        type OnPolicy: OnPolicy;

        /// What deadlines are counted on.
        type Clock: BlockNumberProvider<BlockNumber = MarketBlock>;

        /// Who may set policies.
        type PolicyOrigin: EnsureOrigin<Self::RuntimeOrigin>;

        /// The most blocks that a policy may let a draw wait for: fewer than changes of providers wait.
        type MaxDrawBlocks: Get<u32>;

        /// The most that counts of a provider's bond, in planck: a policy has to leave room for a seat in it.
        type MaxStake: Get<Balance>;

        /// The most draws that can be due when a job is taken in; at least one.
        #[pallet::constant]
        type MaxBacklog: Get<u32>;

        /// The most draws, and the most deadlines, that one block's hook works off; at least one.
        #[pallet::constant]
        type MaxPerBlock: Get<u32>;

        /// The most weight that one block's hook takes.
        #[pallet::constant]
        type MaxTickWeight: Get<Weight>;

        /// What benchmarks need to be there.
        #[cfg(feature = "runtime-benchmarks")]
        type BenchmarkHelper: BenchmarkHelper<Self::AccountId>;

        /// Weights of this pallet.
        type WeightInfo: WeightInfo;
    }

    /// The policy in force for each class, and its version.
    #[pallet::storage]
    pub type Policies<T> = StorageMap<_, Twox64Concat, JobClass, (u32, Policy)>;

    /// The jobs that are being verified. Each is held by an escrow.
    #[pallet::storage]
    pub type Cases<T: Config> = StorageMap<_, Twox64Concat, JobId, CaseOf<T>>;

    /// The draws that are due, by number: at most one for each slot of a case.
    #[pallet::storage]
    pub type Draws<T> = StorageMap<_, Twox64Concat, u64, Draw>;

    /// Which numbers they have.
    #[pallet::storage]
    #[pallet::whitelist_storage]
    pub type DrawQueue<T> = StorageValue<_, Queue, ValueQuery>;

    /// When to look at which case, in order of time: at most one entry for each.
    #[pallet::storage]
    pub type Deadlines<T> = StorageMap<_, Identity, DeadlinePlace, ()>;

    /// How far a block has worked off the deadlines: its number, and a place at and before which none is left. It says
    /// nothing in any other block.
    #[pallet::storage]
    #[pallet::whitelist_storage]
    pub type DeadlineCursor<T> = StorageValue<_, (u32, DeadlinePlace)>;

    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// Governance set the policy of a class, for jobs posted from now on.
        PolicySet {
            /// Of which class.
            class: JobClass,
            /// Its version.
            version: u32,
            /// What it is now.
            policy: Policy,
        },
        /// A draw is due. For a slot that was missed or declined as often as it can be it is the end of the job.
        DrawDue {
            /// Of which job.
            job: JobId,
            /// Which one of that job.
            attempt: u32,
            /// What it decides.
            purpose: Purpose,
            /// The block whose successors' VRFs are its seed.
            after: u32,
        },
        /// A draw whose turn it was gave no seats, and is due again: too much of the machine's weight has no room, or the
        /// job's deadline has passed and nobody had committed.
        Postponed {
            /// Of which job.
            job: JobId,
            /// Which one of that job.
            attempt: u32,
        },
        /// A provider was drawn. It has to commit.
        SeatDrawn {
            /// For which job.
            job: JobId,
            /// The seat's index.
            seat: u8,
            /// The provider.
            owner: T::AccountId,
            /// What the seat is for.
            round: Round,
            /// Index of the slot that it sits in.
            slot: u8,
            /// What a unit is paid, in planck.
            price: Balance,
            /// The lock on the provider's bond.
            lock: LockId,
            /// What is locked, in planck.
            collateral: Balance,
            /// The block of the clock before which it commits.
            commit_by: MarketBlock,
        },
        /// A seat committed.
        Committed {
            /// To which job.
            job: JobId,
            /// The seat's index.
            seat: u8,
            /// The provider.
            owner: T::AccountId,
            /// Its sealed claim.
            commitment: Digest,
        },
        /// A seat declined: its provider can't get the input.
        Declined {
            /// Which job.
            job: JobId,
            /// The seat's index.
            seat: u8,
            /// The provider.
            owner: T::AccountId,
        },
        /// A seat did not commit in time.
        Missed {
            /// To which job.
            job: JobId,
            /// The seat's index.
            seat: u8,
            /// The provider.
            owner: T::AccountId,
            /// The slash that now waits.
            slash: Option<SlashId>,
        },
        /// All first seats have committed, and the lot on an audit was drawn.
        LotDrawn {
            /// Of which job.
            job: JobId,
            /// Whether it is audited.
            audited: bool,
        },
        /// All seats have committed. Now they reveal.
        RevealsOpened {
            /// Of which job.
            job: JobId,
            /// The block of the clock before which they do.
            until: MarketBlock,
        },
        /// Fresh seats open these leaves of their traces when they reveal. Which ones each opens depends on the number
        /// of its leaves: see [`leaves`](assay_rules::draw::leaves).
        LeavesDrawn {
            /// Of which job.
            job: JobId,
            /// The seed.
            seed: Digest,
        },
        /// A seat revealed its claim.
        Revealed {
            /// Of which job.
            job: JobId,
            /// The seat's index.
            seat: u8,
            /// The provider.
            owner: T::AccountId,
            /// What it claims.
            claim: Claim,
        },
        /// A seat committed and did not reveal in time.
        Withheld {
            /// Of which job.
            job: JobId,
            /// The seat's index.
            seat: u8,
            /// The provider.
            owner: T::AccountId,
            /// The slash that now waits.
            slash: Option<SlashId>,
        },
        /// First seats do not agree. Fresh seats decide.
        Disputed {
            /// Which job.
            job: JobId,
            /// How many are drawn.
            fresh: u8,
        },
        /// A seat's claim was wrong.
        Wrong {
            /// Of which job.
            job: JobId,
            /// The seat's index.
            seat: u8,
            /// The provider.
            owner: T::AccountId,
            /// The slash that now waits.
            slash: Option<SlashId>,
        },
        /// A fault could not be reported: it costs nothing.
        NotCharged {
            /// Of which job.
            job: JobId,
            /// The seat's index.
            seat: u8,
            /// Why.
            error: DispatchError,
        },
        /// A seat's collateral could not be released.
        NotReleased {
            /// The lock.
            lock: LockId,
            /// Why.
            error: DispatchError,
        },
        /// A job ended.
        Ended {
            /// Which one.
            job: JobId,
            /// How.
            outcome: Outcome,
            /// What is true, where that was found.
            claim: Option<Claim>,
            /// What a unit costs in one seat, in planck.
            price: Balance,
            /// Who is paid, and what of.
            paid: Vec<(T::AccountId, Pay)>,
            /// Whether it was audited.
            audited: bool,
            /// Whether those that could be drawn were few.
            thin: bool,
        },
    }

    #[pallet::error]
    pub enum Error<T> {
        /// No such job is being verified.
        NoSuchJob,
        /// The job is being verified already.
        JobIsOpen,
        /// Those in play for the machine hold less than a twentieth of all weight in play, or fewer than five have room.
        TooFewProviders,
        /// A seat could not be paid what the policy asks at least: raise the cap.
        PaymentTooSmall,
        /// So many draws are due that another job would wait too long for its own.
        TooManyDraws,
        /// More than half of what computes on this machine has no room: post again later.
        MachineBusy,
        /// The job's deadline leaves no time to draw seats and to commit.
        DeadlineTooNear,
        /// The collateral of a seat would be more than an amount can be.
        CollateralOverflow,
        /// The job has no seat of that index.
        NoSuchSeat,
        /// The signer is neither the owner of the seat nor its worker.
        NotYourSeat,
        /// The seat declined, missed its commit, or withheld its reveal.
        SeatClosed,
        /// The seat has committed.
        AlreadyCommitted,
        /// The seat has not committed.
        NotCommitted,
        /// The seat has revealed.
        AlreadyRevealed,
        /// The time for it is over.
        TooLate,
        /// Not every seat has committed yet.
        RevealsNotOpen,
        /// This is not what the seat committed to.
        WrongCommitment,
        /// The output is not the one that the claim names, or no file of outputs.
        WrongOutput,
        /// The seat has to open leaves of its trace.
        OpeningMissing,
        /// The leaves are not those that were drawn, or not of the trace that the seat committed to.
        WrongOpening,
        /// The seat has no leaves to open.
        OpeningNotAsked,
        /// A draw of the job is due.
        DrawIsDue,
        /// A seat has committed: the job can't be cancelled any more.
        JobHasCommit,
        /// No draw and no deadline can be worked off now.
        NothingDue,
        /// A fraction of the policy is above one.
        FractionAboveOne,
        /// By the policy no job would be audited.
        NoAudit,
        /// By the policy seats would stand for nothing.
        NoCollateral,
        /// The blocks that seed a draw are too few, or too many.
        DrawBlocksOutOfRange,
        /// Draws would wait for as long as changes of providers, or longer.
        DrawsOutlastChanges,
        /// The policy leaves too little time to commit, or to reveal.
        WindowTooShort,
        /// The policy has no units in a block.
        NoUnitsPerBlock,
        /// By the policy a missed commit would cost next to nothing.
        NoShowTooCheap,
        /// By the policy faults don't cost what they should beside each other: no-show < wrong ≤ withheld.
        FaultsOutOfOrder,
        /// By the policy a coalition of a third would gain by lying.
        LyingPays,
        /// By the policy seats could be paid nothing.
        MinPaymentIsZero,
        /// By the policy a seat of the least payment would take more collateral than counts of any bond: nobody could
        /// sit in it.
        CollateralAboveStakes,
        /// The job of this number has another specification: this was signed for another branch of the chain.
        OtherJob,
    }

    #[pallet::genesis_config]
    pub struct GenesisConfig<T: Config> {
        /// The policy of `exact-v1`; without one no job of that class can be posted.
        pub exact_v1: Option<Policy>,
        #[serde(skip)]
        #[doc(hidden)]
        pub _config: core::marker::PhantomData<T>,
    }

    impl<T: Config> Default for GenesisConfig<T> {
        fn default() -> Self {
            Self { exact_v1: None, _config: Default::default() }
        }
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        /// Panics on a policy that breaks a rule: genesis has no other way to refuse.
        fn build(&self) {
            if let Some(policy) = self.exact_v1 {
                if let Err(wrong) = assay_rules::policy::check(&policy) {
                    panic!("verification.exactV1: {wrong}");
                }
                Policies::<T>::insert(JobClass::ExactV1, (0, policy));
            }
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        /// Pays for what all calls, draws and deadlines of a block read and write together: the numbers of the queue of
        /// draws, and how far the block has worked off the deadlines.
        fn on_initialize(_: BlockNumberFor<T>) -> Weight {
            T::DbWeight::get().reads_writes(2, 2)
        }

        /// Works off what is due, before the block's transactions and as far as its weight allows.
        fn on_poll(_: BlockNumberFor<T>, meter: &mut WeightMeter) {
            Self::tick(meter);
        }

        fn integrity_test() {
            assert!(
                T::MaxPerBlock::get() > 0,
                "verification: MaxPerBlock is zero, so nobody would ever be drawn"
            );
            assert!(
                T::MaxBacklog::get() > 0,
                "verification: MaxBacklog is zero, so no job would be taken in"
            );
            assert!(
                Self::tick_weight(1).all_lte(T::MaxTickWeight::get()),
                "verification: MaxTickWeight is less than one draw and one deadline may take"
            );
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Sets the policy by which jobs of a class are verified.
        ///
        /// ## Dispatch origin
        ///
        /// [`Config::PolicyOrigin`].
        ///
        /// ## Details
        ///
        /// It has a version one above that of the policy before. Jobs that are posted already keep theirs.
        ///
        /// ## Errors
        ///
        /// * those of [`PolicyError`](assay_rules::policy::PolicyError): [`Error::FractionAboveOne`],
        ///   [`Error::NoAudit`], [`Error::NoCollateral`], [`Error::DrawBlocksOutOfRange`], [`Error::WindowTooShort`],
        ///   [`Error::NoUnitsPerBlock`], [`Error::NoShowTooCheap`], [`Error::FaultsOutOfOrder`],
        ///   [`Error::LyingPays`], [`Error::MinPaymentIsZero`].
        /// * [`Error::DrawsOutlastChanges`]: a provider's change could be in force before a draw that it knows runs.
        /// * [`Error::CollateralAboveStakes`]: nobody's bond counts for enough to sit in a seat.
        ///
        /// ## Events
        ///
        /// * [`Event::PolicySet`].
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::set_policy())]
        pub fn set_policy(origin: OriginFor<T>, class: JobClass, policy: Policy) -> DispatchResult {
            T::PolicyOrigin::ensure_origin(origin)?;
            Self::do_set_policy(class, policy)
        }

        /// Commits a seat to a claim that stays sealed until every seat has committed.
        ///
        /// ## Dispatch origin
        ///
        /// The owner of the seat, or its worker.
        ///
        /// ## Details
        ///
        /// What to commit to: [`commitment`](assay_primitives::commitment()), with the hash of block 0 as the genesis
        /// and the seat's index as the attempt. A commit is never taken back or replaced. `spec` is the hash of the
        /// job's specification: on another branch of the chain the same number can be another job's, and what was
        /// signed for the one must not count for the other.
        ///
        /// ## Errors
        ///
        /// * [`Error::NoSuchJob`], [`Error::OtherJob`], [`Error::NoSuchSeat`], [`Error::NotYourSeat`].
        /// * [`Error::AlreadyCommitted`]: the first commit counts.
        /// * [`Error::SeatClosed`]: the seat declined, or missed.
        /// * [`Error::TooLate`]: the seat's time is over, or the job's.
        ///
        /// ## Events
        ///
        /// * [`Event::Committed`]; with the last one of a round [`Event::DrawDue`] or [`Event::RevealsOpened`].
        #[pallet::call_index(1)]
        #[pallet::weight(Pallet::<T>::commit_weight())]
        pub fn commit(
            origin: OriginFor<T>,
            job: JobId,
            seat: u8,
            spec: Digest,
            commitment: Digest,
        ) -> DispatchResultWithPostInfo {
            let signer = ensure_signed(origin)?;
            Self::do_commit(&signer, job, seat, &spec, commitment)
        }

        /// Gives a seat back because the input can't be had.
        ///
        /// ## Dispatch origin
        ///
        /// The owner of the seat, or its worker.
        ///
        /// ## Details
        ///
        /// `spec` as for a commit. Its collateral is released and the slot drawn anew. It counts against the provider if the next one can
        /// commit. Four declines in one slot end the job, as soon as the draws have run that are due by then: as
        /// undecided once others have revealed, as unavailable before.
        ///
        /// ## Errors
        ///
        /// * [`Error::NoSuchJob`], [`Error::OtherJob`], [`Error::NoSuchSeat`], [`Error::NotYourSeat`].
        /// * [`Error::AlreadyCommitted`], [`Error::SeatClosed`]: there is nothing left to decline.
        /// * [`Error::TooLate`]: the seat's time is over, or the job's.
        ///
        /// ## Events
        ///
        /// * [`Event::Declined`], [`Event::DrawDue`]: the draw for a slot in which four have declined ends the job.
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::decline().saturating_add(T::WeightInfo::remind()))]
        pub fn decline(origin: OriginFor<T>, job: JobId, seat: u8, spec: Digest) -> DispatchResult {
            let signer = ensure_signed(origin)?;
            Self::do_decline(&signer, job, seat, &spec)
        }

        /// Reveals what a seat committed to.
        ///
        /// ## Dispatch origin
        ///
        /// The owner of the seat, or its worker.
        ///
        /// ## Details
        ///
        /// `output` puts a small result on the chain itself. `opening` shows the leaves of the seat's trace that were
        /// drawn: fresh seats have to, unless they claim that the units are misdeclared. The last reveal closes the
        /// round: the job ends, or fresh seats are drawn.
        ///
        /// ## Errors
        ///
        /// * [`Error::NoSuchJob`], [`Error::NoSuchSeat`], [`Error::NotYourSeat`].
        /// * [`Error::NotCommitted`], [`Error::AlreadyRevealed`], [`Error::SeatClosed`]: there is nothing to reveal.
        /// * [`Error::RevealsNotOpen`]: another seat has still to commit, or a draw is due.
        /// * [`Error::TooLate`]: the time to reveal is over.
        /// * [`Error::WrongCommitment`]: this isn't what was committed to.
        /// * [`Error::WrongOutput`]: the output isn't the one that the claim names.
        /// * [`Error::OpeningMissing`], [`Error::WrongOpening`], [`Error::OpeningNotAsked`].
        ///
        /// ## Events
        ///
        /// * [`Event::Revealed`]; with the last one [`Event::Disputed`] or [`Event::Ended`].
        #[pallet::call_index(3)]
        #[pallet::weight(
            Pallet::<T>::reveal_weight(output.as_ref(), opening.as_ref()).saturating_add(
                Pallet::<T>::end_weight(MAX_SEATED).max(T::WeightInfo::deadline())
            )
        )]
        pub fn reveal(
            origin: OriginFor<T>,
            job: JobId,
            seat: u8,
            claim: Claim,
            salt: Digest,
            output: Option<InlineOutput>,
            opening: Option<Opening>,
        ) -> DispatchResultWithPostInfo {
            let signer = ensure_signed(origin)?;
            Self::do_reveal(&signer, job, seat, (claim, salt), output, opening)
        }

        /// Works off the oldest draws and the deadlines that have passed, as the hook does.
        ///
        /// ## Dispatch origin
        ///
        /// Any signed account, which pays the fee for what was done.
        ///
        /// ## Details
        ///
        /// At most `limit` draws and as many deadlines. Whoever calls it, and when, changes no draw.
        ///
        /// ## Errors
        ///
        /// * [`Error::NothingDue`]: there is nothing to do, or `limit` is zero.
        ///
        /// ## Events
        ///
        /// * Those of what was done.
        #[pallet::call_index(4)]
        #[pallet::weight(Pallet::<T>::tick_weight(*limit))]
        pub fn advance(origin: OriginFor<T>, limit: u32) -> DispatchResultWithPostInfo {
            ensure_signed(origin)?;
            Self::do_advance(limit)
        }
    }

    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// A job that is being verified.
        pub fn case(job: JobId) -> Option<CaseOf<T>> {
            Cases::<T>::get(job)
        }

        /// The seats that an owner has, or had, of these jobs: of the first [`MAX_JOBS`] of them that are still being
        /// verified.
        pub fn seats_of(owner: T::AccountId, jobs: Vec<JobId>) -> Vec<SeatView<T::AccountId>> {
            Self::seats_in(&owner, jobs)
        }

        /// The policy in force for a class, and its version.
        pub fn policy(class: JobClass) -> Option<(u32, Policy)> {
            Policies::<T>::get(class)
        }

        /// The first deadline that a job of so many units could have if it were posted now.
        pub fn earliest_deadline(class: JobClass, units: u64) -> Option<MarketBlock> {
            let (_, policy) = Policies::<T>::get(class)?;
            Some(Self::first_deadline(units, &policy))
        }

        /// What waits to be done.
        pub fn backlog() -> Backlog {
            Self::what_waits()
        }
    }
}
