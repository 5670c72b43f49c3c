//! Jobs: what requesters want computed, from the post to the receipt.
//!
//! * **Posted**: the specification is checked field by field, the royalty and the version of the policy are pinned, the
//!   money is put on hold by escrow, and verification gets its order.
//! * **Open** for as long as verification draws, commits and reveals: its own views tell the phase. The requester may
//!   [`cancel`](Call::cancel) where verification lets it.
//! * **Ended** by a verdict ([`OnVerdict`](assay_primitives::OnVerdict)): escrow pays and refunds, and what is left of
//!   the job is a [`Receipt`], kept for the retention time and pruned after it by blocks with room to spare, or by
//!   anyone.
//!
//! Not for: how much is held and who is paid what (`assay-rules`), the money (escrow), seats and verdicts
//! (verification), who can compute (providers), listings (registry).
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

pub use pallet::*;
pub use types::{Estimate, Job, Parameters, Queue, Receipt, Record, Status};
pub use weights::WeightInfo;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod cancel;
#[cfg(any(test, feature = "try-runtime"))]
mod invariants;
#[cfg(test)]
mod mock;
mod params;
mod post;
mod prune;
mod settle;
#[cfg(test)]
mod tests;
#[allow(clippy::as_conversions, reason = "derived codecs cast the indices of variants")]
mod types;
mod views;
pub mod weights;

#[cfg(feature = "runtime-benchmarks")]
pub use benchmarking::BenchmarkHelper;

/// A job of this chain.
pub type JobOf<T> = Job<<T as frame_system::Config>::AccountId>;

/// A job of this chain, open or ended.
pub type RecordOf<T> = Record<<T as frame_system::Config>::AccountId>;

/// A receipt of this chain.
pub type ReceiptOf<T> = Receipt<<T as frame_system::Config>::AccountId>;

/// The most that one answer of [`Pallet::jobs_of`] holds.
pub const MAX_PAGE: u32 = 1_000;

/// The most jobs that one block looks at to prune their receipts.
pub const MAX_SWEPT: usize = 64;

#[allow(
    clippy::as_conversions,
    clippy::expect_used,
    reason = "the macro casts indices and expects pallets to be there"
)]
#[frame_support::pallet]
pub mod pallet {
    use super::*;
    use alloc::{boxed::Box, vec::Vec};
    use assay_primitives::{
        Balance, Digest, Endpoint, Escrow, JobClass, JobId, JobSpec, Listings, MarketBlock, Sortition,
        Verification, PAGE,
    };
    use frame_support::{pallet_prelude::*, weights::WeightMeter};
    use frame_system::pallet_prelude::*;
    use sp_runtime::traits::BlockNumberProvider;

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(0);

    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    #[pallet::config]
    pub trait Config: frame_system::Config {
        /// Holds, pays and refunds the requesters' money.
        type Escrow: Escrow<Self::AccountId>;

        /// Knows who gets a royalty.
        type Listings: Listings<Self::AccountId>;

        /// Draws seats, judges them, and tells this pallet the verdict.
        type Verification: Verification<Self::AccountId>;

        /// Knows what machines there are, and what they cost now.
        type Providers: Sortition<Self::AccountId>;

        /// What deadlines and the retention time are counted on.
        type Clock: BlockNumberProvider<BlockNumber = MarketBlock>;

        /// Who may set [`Params`].
        type ParamsOrigin: EnsureOrigin<Self::RuntimeOrigin>;

        /// What benchmarks need to be there.
        #[cfg(feature = "runtime-benchmarks")]
        type BenchmarkHelper: BenchmarkHelper<Self::AccountId>;

        /// Weights of this pallet.
        type WeightInfo: WeightInfo;
    }

    /// What governance sets.
    #[pallet::storage]
    pub type Params<T> = StorageValue<_, Parameters, ValueQuery>;

    /// The number that the next job gets.
    #[pallet::storage]
    #[pallet::whitelist_storage]
    pub type NextJob<T> = StorageValue<_, JobId, ValueQuery>;

    /// The jobs that are open, each with money on hold, fee and bond included; and what is left of jobs that have ended,
    /// until it is pruned.
    #[pallet::storage]
    pub type Jobs<T: Config> = StorageMap<_, Twox64Concat, JobId, RecordOf<T>>;

    /// Where the requester serves a job's program and input. A hint: what is fetched is checked by its hash.
    #[pallet::storage]
    pub type Sources<T> = StorageMap<_, Twox64Concat, JobId, Endpoint>;

    /// Whose jobs and receipts there are. The number of the job is big-endian and unhashed, so that each requester's
    /// jobs are in the order in which they were posted.
    #[pallet::storage]
    pub type JobsOf<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, T::AccountId, Identity, [u8; 8], (), OptionQuery>;

    /// Jobs in the order in which they ended, whose receipts are pruned in that order: place `n` is in page `n / 64`,
    /// there the `n % 64`th. A receipt that somebody has pruned by its number leaves its place here until its turn
    /// comes; a page is kept until the turn of its last place.
    #[pallet::storage]
    pub type Ended<T> = StorageMap<_, Twox64Concat, u64, BoundedVec<JobId, ConstU32<PAGE>>, ValueQuery>;

    /// How many jobs, open or ended, name each version of a policy. Kept while there is one.
    #[pallet::storage]
    pub type PolicyJobs<T> = StorageDoubleMap<_, Twox64Concat, JobClass, Twox64Concat, u32, u64>;

    /// Which places there are.
    #[pallet::storage]
    #[pallet::whitelist_storage]
    pub type EndedQueue<T> = StorageValue<_, Queue, ValueQuery>;

    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A job was posted and waits for its seats to be drawn.
        Posted {
            /// Its number.
            id: JobId,
            /// Whose it is, what is to be computed, and on what terms.
            job: JobOf<T>,
            /// Hash of the specification, as it is in every commitment.
            spec_hash: Digest,
            /// Where program and input can be had.
            source: Option<Endpoint>,
        },
        /// A job ended. What was on hold for it is the sum of the receipt's paid, burnt, treasury and refunded.
        Ended {
            /// Its number.
            id: JobId,
            /// How, and what it cost.
            receipt: ReceiptOf<T>,
            /// To whom how much is paid, in planck, the royalty included. What can't be delivered goes to the
            /// treasury, which escrow tells.
            payouts: Vec<(T::AccountId, Balance)>,
        },
        /// A receipt was pruned: nothing is left of the job.
        Pruned {
            /// Its number.
            id: JobId,
        },
        /// Governance set the parameters.
        ParamsSet {
            /// What they are now.
            params: Parameters,
        },
    }

    #[pallet::error]
    pub enum Error<T> {
        /// The specification has no compute units.
        NoUnits,
        /// It has more compute units than a job may have.
        TooManyUnits,
        /// The most that a unit may cost is zero.
        NoPrice,
        /// The program's manifest is zero bytes long.
        EmptyProgram,
        /// The input's manifest is zero bytes long.
        EmptyInput,
        /// The bound on the outputs is zero bytes.
        NoOutput,
        /// The bound on the outputs is more bytes than a job may have.
        OutputTooLarge,
        /// No such hardware class or memory tier is on the governed lists.
        UnknownMachine,
        /// The source is not a URL of `http://` or `https://` in visible ASCII.
        BadSource,
        /// There is no policy to verify jobs of this class by.
        NoPolicy,
        /// Units and price cap multiply to more than there can be.
        AmountOverflow,
        /// All numbers of jobs are used up.
        NoNumberLeft,
        /// No job of that number is open.
        NotOpen,
        /// The job is another account's.
        NotRequester,
        /// There is no receipt of that job: it is open, pruned, or was never posted.
        NoReceipt,
        /// The receipt's retention time is not over.
        Retained,
        /// Receipts would not be kept.
        RetentionIsZero,
        /// No job could have a unit to compute.
        MaxUnitsIsZero,
        /// No job could have an output.
        MaxOutputIsZero,
    }

    #[pallet::genesis_config]
    #[derive(frame_support::DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        /// What governance can set later.
        pub params: Parameters,
        #[serde(skip)]
        #[doc(hidden)]
        pub _config: core::marker::PhantomData<T>,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        /// Panics on parameters that break a rule: genesis has no other way to refuse.
        fn build(&self) {
            if let Err(wrong) = Pallet::<T>::check(&self.params) {
                panic!("jobs.params: {wrong:?}");
            }
            Params::<T>::put(self.params);
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        /// Pays for what all posts and ends of a block read and write together: the next job's number; the numbers of the
        /// jobs that have ended, the first page of them and the last one. Further pages are counted as the block comes to
        /// them.
        fn on_initialize(_: BlockNumberFor<T>) -> Weight {
            T::DbWeight::get().reads_writes(4, 4)
        }

        /// Prunes receipts in what a block has left.
        fn on_idle(_: BlockNumberFor<T>, remaining: Weight) -> Weight {
            let mut meter = WeightMeter::with_limit(remaining);
            Self::sweep(&mut meter);
            meter.consumed()
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Sets the parameters.
        ///
        /// ## Dispatch origin
        ///
        /// [`Config::ParamsOrigin`].
        ///
        /// ## Details
        ///
        /// The limits are for jobs to come, the retention time also for receipts that are there.
        ///
        /// ## Errors
        ///
        /// * [`Error::RetentionIsZero`], [`Error::MaxUnitsIsZero`], [`Error::MaxOutputIsZero`]: see [`Parameters`].
        ///
        /// ## Events
        ///
        /// * [`Event::ParamsSet`].
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::set_params())]
        pub fn set_params(origin: OriginFor<T>, params: Parameters) -> DispatchResult {
            T::ParamsOrigin::ensure_origin(origin)?;
            Self::do_set_params(params)
        }

        /// Posts a job: puts the most that it can cost on hold, and makes the draw of its first seats due.
        ///
        /// ## Dispatch origin
        ///
        /// Signed, by the requester, whose money it is.
        ///
        /// ## Details
        ///
        /// `source` is the URL of a server that has the program and the input; without one, providers have to find them
        /// elsewhere. The specification never changes. Policy and royalty stay what they are now, whatever governance and the
        /// listing's owner do later. [`Pallet::estimate`] tells beforehand what would be put on hold.
        ///
        /// ## Errors
        ///
        /// * [`Error::NoUnits`], [`Error::TooManyUnits`], [`Error::NoPrice`], [`Error::EmptyProgram`],
        ///   [`Error::EmptyInput`], [`Error::NoOutput`], [`Error::OutputTooLarge`], [`Error::UnknownMachine`],
        ///   [`Error::NoPolicy`]: a field of the specification is wrong.
        /// * [`Error::BadSource`]: the source is no URL of a server.
        /// * those of [`Config::Listings`]: the listing can't be used, or is of neither program nor input.
        /// * [`Error::AmountOverflow`]: the job would cost more than there can be.
        /// * [`Error::NoNumberLeft`]: all numbers are used up.
        /// * those of [`Config::Verification`]: too few can compute it, a seat would be paid too little, the deadline is
        ///   too near, or too many draws wait.
        /// * those of [`Config::Escrow`]: the requester can't pay for it.
        ///
        /// ## Events
        ///
        /// * [`Event::Posted`].
        #[pallet::call_index(1)]
        #[pallet::weight(Pallet::<T>::most_post_weight(spec, source.as_ref()))]
        pub fn post(
            origin: OriginFor<T>,
            spec: Box<JobSpec>,
            source: Option<Endpoint>,
        ) -> DispatchResultWithPostInfo {
            let requester = ensure_signed(origin)?;
            Self::do_post(requester, *spec, source)
        }

        /// Cancels a job that nobody has committed for.
        ///
        /// ## Dispatch origin
        ///
        /// Signed, by the requester.
        ///
        /// ## Details
        ///
        /// Not while a draw of the job is due. Each seat that was drawn is paid half.
        ///
        /// ## Errors
        ///
        /// * [`Error::NotOpen`]: no job of that number is open.
        /// * [`Error::NotRequester`]: it is another account's.
        /// * those of [`Config::Verification`]: a draw is due, or a seat has committed.
        ///
        /// ## Events
        ///
        /// * [`Event::Ended`].
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::cancel().saturating_add(T::Escrow::locks_weight(None)))]
        pub fn cancel(origin: OriginFor<T>, #[pallet::compact] id: JobId) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_cancel(&who, id)
        }

        /// Prunes a receipt whose retention time is over, without waiting for a block with room to spare.
        ///
        /// ## Dispatch origin
        ///
        /// Any signed account, which pays the fee.
        ///
        /// ## Errors
        ///
        /// * [`Error::NoReceipt`]: there is no receipt of that job.
        /// * [`Error::Retained`]: its retention time is not over.
        ///
        /// ## Events
        ///
        /// * [`Event::Pruned`].
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::prune())]
        pub fn prune(origin: OriginFor<T>, #[pallet::compact] id: JobId) -> DispatchResult {
            ensure_signed(origin)?;
            Self::do_prune(id)
        }
    }

    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// What governance has set.
        pub fn params() -> Parameters {
            Params::<T>::get()
        }

        /// A job that is open.
        pub fn job(id: JobId) -> Option<JobOf<T>> {
            Jobs::<T>::get(id).and_then(Record::open)
        }

        /// Where the requester serves a job's program and input; kept as long as the receipt.
        pub fn source(id: JobId) -> Option<Endpoint> {
            Sources::<T>::get(id)
        }

        /// What is left of a job that has ended.
        pub fn receipt(id: JobId) -> Option<ReceiptOf<T>> {
            Jobs::<T>::get(id).and_then(Record::receipt)
        }

        /// Where a job stands; `None` if it was never posted, or is pruned.
        pub fn status(id: JobId) -> Option<Status> {
            Self::status_of(id)
        }

        /// The jobs of a requester and where they stand, oldest first: those after a number, at most `limit` and
        /// [`MAX_PAGE`]. To go on, give the number of the last one.
        pub fn jobs_of(requester: T::AccountId, after: Option<JobId>, limit: u32) -> Vec<(JobId, Status)> {
            Self::jobs_after(&requester, after, limit)
        }

        /// What a job would cost if it were posted now, or why it would be refused. Doesn't look at whether the
        /// requester has the money, nor at what verification would refuse it for.
        pub fn estimate(spec: JobSpec) -> Result<Estimate, DispatchError> {
            Self::estimate_of(&spec)
        }
    }
}
