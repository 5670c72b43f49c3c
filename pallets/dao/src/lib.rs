//! Governance: who speaks when token holders have voted, and what only they can do.
//!
//! * **Origins**: one for each track of referenda, so that a vote on a small thing can't do a big one.
//! * **Policies** of verification change after a stated delay, never to one by which cheating pays; those before stay by
//!   version for as long as a job names them.
//! * **Appeals** hold a slash up until the vote, or for as long as can be: without a decision it is upheld. Who appeals
//!   for nothing loses a deposit.
//! * **Curation**: job classes, machines and listings are listed, warned of or delisted, for a reason with a root.
//! * **Pauses** of single calls, which end by themselves.
//! * **Alarms**, by which referenda come to their next step: each in its block or the first one after it that has time.
//!
//! Not for: voting, tracks' values, the treasury (stock pallets, wired in the runtime); what the calls that origins reach
//! do (each pallet's own).
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

pub use alarms::Ring;
pub use origins::{
    DaoOrigin, EnsureTrack, APPEALS, BIG_SPENDER, CURATOR, EMERGENCY_STOP, FELLOWS, PARAMETERS, POLICY,
    REFERENDUM_ADMIN, ROOT, SMALL_SPENDER, UPGRADE,
};
pub use pallet::*;
pub use params::{Blocks, MAX_PAUSE, MIN_APPEAL_SHARE};
pub use types::{Appeal, Change, Note, Parameters, Paused, Ruling, Standing};
pub use weights::WeightInfo;

mod alarms;
mod appeal;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod curation;
#[cfg(any(test, feature = "try-runtime"))]
mod invariants;
#[cfg(test)]
mod mock;
#[allow(clippy::as_conversions, reason = "derived codecs cast the indices of variants")]
mod origins;
mod params;
mod pause;
mod policy;
#[cfg(test)]
mod tests;
mod tick;
#[allow(clippy::as_conversions, reason = "derived codecs cast the indices of variants")]
mod types;
pub mod weights;

#[cfg(feature = "runtime-benchmarks")]
pub use benchmarking::BenchmarkHelper;

use frame_support::traits::TransactionPause;
use frame_system::pallet_prelude::BlockNumberFor;

/// An appeal of this chain.
pub type AppealOf<T> = Appeal<<T as frame_system::Config>::AccountId>;

/// The name of a call of this chain.
pub type CallNameOf<T> = <<T as Config>::Pause as TransactionPause>::CallIdentifier;

/// Where an alarm waits: its block, and its place among the alarms of that block.
pub type AlarmIdOf<T> = (BlockNumberFor<T>, u32);

/// A call of this chain that is paused.
pub type PausedOf<T> = Paused<CallNameOf<T>, BlockNumberFor<T>>;

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
        Balance, Curated, Digest, JobClass, MarketBlock, Policies, Policy, SlashId, Slashes, Subject,
    };
    use frame_support::{pallet_prelude::*, traits::fungible::MutateHold, weights::WeightMeter};
    use frame_system::pallet_prelude::*;
    use sp_runtime::traits::BlockNumberProvider;

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(0);

    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    #[pallet::config]
    pub trait Config: frame_system::Config {
        /// The money that deposits are in.
        type Currency: MutateHold<Self::AccountId, Reason: From<HoldReason>, Balance = Balance>;

        /// What delays and appeals are counted on.
        type Clock: BlockNumberProvider<BlockNumber = MarketBlock>;

        /// The slashes that can be appealed.
        type Slashes: Slashes;

        /// The policies that can be changed.
        type Policies: Policies;

        /// What can be curated.
        type Curated: Curated;

        /// What pauses calls.
        type Pause: TransactionPause<CallIdentifier: Parameter + MaxEncodedLen>;

        /// What referenda are woken by.
        type Alarm: Ring;

        /// Who may set [`Params`].
        type ParamsOrigin: EnsureOrigin<Self::RuntimeOrigin>;

        /// Who decides appeals.
        type AppealOrigin: EnsureOrigin<Self::RuntimeOrigin>;

        /// Who may change policies.
        type PolicyOrigin: EnsureOrigin<Self::RuntimeOrigin>;

        /// Who curates.
        type CurationOrigin: EnsureOrigin<Self::RuntimeOrigin>;

        /// Who may pause calls.
        type StopOrigin: EnsureOrigin<Self::RuntimeOrigin>;

        /// The least that [`Parameters::policy_delay`] can be set to, in blocks of [`Config::Clock`].
        type LeastPolicyDelay: Get<MarketBlock>;

        /// The least that [`Parameters::appeal_deposit`] can be, in planck; more than zero.
        type LeastAppealDeposit: Get<Balance>;

        /// The most that [`Parameters::appeal_deposit`] can be, in planck: [`Config::LeastAppealDeposit`] at least.
        type MostAppealDeposit: Get<Balance>;

        /// The most calls that are paused at once; at least one.
        #[pallet::constant]
        type MaxPauses: Get<u32>;

        /// What benchmarks need to be there.
        #[cfg(feature = "runtime-benchmarks")]
        type BenchmarkHelper: BenchmarkHelper<Self::AccountId, CallNameOf<Self>, Self::Alarm>;

        /// Weights of this pallet.
        type WeightInfo: WeightInfo;
    }

    /// Who speaks when a referendum has passed.
    #[pallet::origin]
    pub type Origin = DaoOrigin;

    /// What of an account's money is on hold here.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// An appeal.
        #[codec(index = 0)]
        Appeal,
    }

    /// What governance sets.
    #[pallet::storage]
    pub type Params<T> = StorageValue<_, Parameters, ValueQuery>;

    /// How many times shorter the periods of governance are than in production. Genesis alone sets it.
    #[pallet::storage]
    pub type Shortening<T> = StorageValue<_, u32, ValueQuery, ConstU32<1>>;

    /// The appeals against slashes that are not over. At most one for each slash; each has taken a deposit.
    #[pallet::storage]
    pub type Appeals<T: Config> = StorageMap<_, Twox64Concat, SlashId, AppealOf<T>>;

    /// The policies that come into force.
    #[pallet::storage]
    pub type Changes<T> = StorageMap<_, Twox64Concat, JobClass, Change>;

    /// The policies that were in force, by version, until somebody has them forgotten that no job names any more.
    #[pallet::storage]
    pub type Retired<T> = StorageDoubleMap<_, Twox64Concat, JobClass, Twox64Concat, u32, Policy>;

    /// What is warned of or delisted. Each note has taken a vote.
    #[pallet::storage]
    pub type Notes<T> = StorageMap<_, Twox64Concat, Subject, Note>;

    /// The calls that are paused for a time.
    #[pallet::storage]
    pub type Pauses<T: Config> = StorageValue<_, BoundedVec<PausedOf<T>, T::MaxPauses>, ValueQuery>;

    /// What is to ring, and in which block. At most one for each referendum that goes on, which has taken a deposit, and one
    /// for each place that a track has.
    #[pallet::storage]
    pub type Alarms<T: Config> =
        StorageDoubleMap<_, Twox64Concat, BlockNumberFor<T>, Twox64Concat, u32, T::Alarm>;

    /// How many alarms were set for a block that has not rung to the end, those that were cancelled included.
    #[pallet::storage]
    pub type AlarmCounts<T: Config> = StorageMap<_, Twox64Concat, BlockNumberFor<T>, u32, ValueQuery>;

    /// The place from which on alarms have not rung.
    #[pallet::storage]
    pub type NextAlarm<T: Config> = StorageValue<_, AlarmIdOf<T>, ValueQuery>;

    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// Somebody appealed against a slash, which is held up.
        Appealed {
            /// Which slash.
            slash: SlashId,
            /// The appeal.
            appeal: AppealOf<T>,
        },
        /// An appeal was decided.
        Decided {
            /// Against which slash.
            slash: SlashId,
            /// How.
            ruling: Ruling,
            /// What was burnt of the deposit, in planck; the rest is free again.
            lost: Balance,
        },
        /// An appeal is over because its slash is.
        Closed {
            /// Which slash.
            slash: SlashId,
            /// What was burnt of the deposit, in planck; the rest is free again.
            lost: Balance,
        },
        /// A policy comes into force.
        PolicyAnnounced {
            /// Of which class.
            class: JobClass,
            /// What, and when.
            change: Change,
        },
        /// A policy does not come into force after all.
        PolicyWithdrawn {
            /// Of which class.
            class: JobClass,
        },
        /// A policy came into force; verification tells which one.
        PolicyEnacted {
            /// Of which class.
            class: JobClass,
        },
        /// A policy was to come into force and breaks a rule now. The one before stays.
        PolicyDropped {
            /// Of which class.
            class: JobClass,
            /// Which rule.
            error: DispatchError,
        },
        /// A policy is kept no longer.
        PolicyForgotten {
            /// Of which class.
            class: JobClass,
            /// Which version.
            version: u32,
        },
        /// Something was curated.
        Curated {
            /// What.
            subject: Subject,
            /// How.
            standing: Standing,
            /// Root of the document that says why.
            reason: Digest,
        },
        /// A call is paused.
        Paused {
            /// Which one.
            call: CallNameOf<T>,
            /// The block of the chain in which it goes on.
            until: BlockNumberFor<T>,
        },
        /// A call goes on that was paused.
        PauseOver {
            /// Which one.
            call: CallNameOf<T>,
        },
        /// Governance set the parameters.
        ParamsSet {
            /// What they are now.
            params: Parameters,
        },
    }

    #[pallet::error]
    pub enum Error<T> {
        /// No slash of that number waits.
        NoSuchSlash,
        /// The slash was appealed against before.
        AlreadyAppealed,
        /// There is no appeal against that slash.
        NoSuchAppeal,
        /// The appeal was decided.
        AlreadyDecided,
        /// The slash still waits: its appeal can't be closed.
        SlashWaits,
        /// The delay of a policy is shorter than the parameters allow.
        DelayTooShort,
        /// The policy would come into force after the end of time.
        DelayTooLong,
        /// Another policy of that class is to come into force: withdraw it first.
        ChangeWaits,
        /// No policy of that class is to come into force.
        NoChange,
        /// That version is in force, forgotten, or was never there.
        NoSuchVersion,
        /// A job still names that version.
        VersionInUse,
        /// There is no such thing to curate.
        NoSuchSubject,
        /// It has that standing.
        SameStanding,
        /// There is no such call.
        NoSuchCall,
        /// The call is paused, and not by this pallet.
        AlreadyPaused,
        /// The call can't be paused.
        NeverPaused,
        /// The pause is longer than the parameters allow.
        PauseTooLong,
        /// As many calls are paused as can be.
        TooManyPauses,
        /// Policies would come into force at once.
        DelayIsZero,
        /// Governance could change policies sooner than the runtime allows: providers would not see it come.
        PolicyDelayTooShort,
        /// An appeal would cost too little: less than [`Config::LeastAppealDeposit`], or a smaller share than
        /// [`MIN_APPEAL_SHARE`].
        AppealTooCheap,
        /// An appeal would cost more than [`Config::MostAppealDeposit`], however little the slash takes: few could appeal.
        AppealTooDear,
        /// The share is above one.
        ShareAboveOne,
        /// The pause would be zero.
        PauseIsZero,
        /// Pauses could last for longer than [`MAX_PAUSE`].
        PauseOutOfRange,
    }

    #[pallet::genesis_config]
    pub struct GenesisConfig<T: Config> {
        /// How many times shorter the periods of governance are than in production; at least one.
        pub shortening: u32,
        /// What governance can set later.
        pub params: Parameters,
        #[serde(skip)]
        #[doc(hidden)]
        pub _config: core::marker::PhantomData<T>,
    }

    impl<T: Config> Default for GenesisConfig<T> {
        fn default() -> Self {
            Self { shortening: 1, params: Default::default(), _config: Default::default() }
        }
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        /// Panics on parameters that break a rule: genesis has no other way to refuse. [`Config::LeastPolicyDelay`] is not
        /// asked: a chain may begin with less, and its votes only make it more.
        fn build(&self) {
            if let Err(wrong) = Pallet::<T>::check(&self.params) {
                panic!("dao.params: {wrong:?}");
            }
            assert!(self.shortening > 0, "dao.shortening is zero");
            Params::<T>::put(self.params);
            Shortening::<T>::put(self.shortening);
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        /// Lifts pauses, puts policies in force and rings alarms, before the block's transactions and as far as its weight
        /// allows.
        fn on_poll(now: BlockNumberFor<T>, meter: &mut WeightMeter) {
            Self::tick(now, meter);
        }

        fn integrity_test() {
            assert!(T::MaxPauses::get() > 0, "dao: MaxPauses is zero, so no call could be paused");
            let (least, most) = (T::LeastAppealDeposit::get(), T::MostAppealDeposit::get());
            assert!(least > 0, "dao: LeastAppealDeposit is zero, so appeals could be free");
            assert!(least <= most, "dao: LeastAppealDeposit is above MostAppealDeposit");
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
        /// For appeals, policies and pauses from now on.
        ///
        /// ## Errors
        ///
        /// * [`Error::DelayIsZero`], [`Error::AppealTooCheap`], [`Error::AppealTooDear`], [`Error::ShareAboveOne`],
        ///   [`Error::PauseIsZero`], [`Error::PauseOutOfRange`]: see [`Parameters`].
        /// * [`Error::PolicyDelayTooShort`]: it is below [`Config::LeastPolicyDelay`].
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

        /// Appeals against a slash that waits. It is held up for as long as can be.
        ///
        /// ## Dispatch origin
        ///
        /// Any signed account: the accused, or anybody for it.
        ///
        /// ## Details
        ///
        /// Takes a deposit: of what the slash takes the share in [`Params`], and no less than the least. It comes back if
        /// the slash is cancelled, reduced, or superseded by another one, and is burnt if the slash is upheld, which it is
        /// without a decision. The decision is a referendum's: see [`Pallet::decide`].
        ///
        /// ## Errors
        ///
        /// * [`Error::NoSuchSlash`]: no slash of that number waits.
        /// * [`Error::AlreadyAppealed`]: a slash can be appealed against once.
        /// * The account can't pay the deposit, or the slash can be held up no longer.
        ///
        /// ## Events
        ///
        /// * [`Event::Appealed`].
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::appeal())]
        pub fn appeal(origin: OriginFor<T>, slash: SlashId, evidence: Digest) -> DispatchResult {
            let appellant = ensure_signed(origin)?;
            Self::do_appeal(appellant, slash, evidence)
        }

        /// Decides an appeal.
        ///
        /// ## Dispatch origin
        ///
        /// [`Config::AppealOrigin`].
        ///
        /// ## Details
        ///
        /// A slash that is reduced or upheld is held up no longer, and can't be appealed against again.
        ///
        /// ## Errors
        ///
        /// * [`Error::NoSuchAppeal`]: there is none against that slash.
        /// * [`Error::AlreadyDecided`]: it was decided before.
        /// * The slash is over, or would not take less.
        ///
        /// ## Events
        ///
        /// * [`Event::Decided`].
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::decide())]
        pub fn decide(origin: OriginFor<T>, slash: SlashId, ruling: Ruling) -> DispatchResult {
            T::AppealOrigin::ensure_origin(origin)?;
            Self::do_decide(slash, ruling)
        }

        /// Forgets the appeal against a slash that is over.
        ///
        /// ## Dispatch origin
        ///
        /// Any signed account, which pays the fee.
        ///
        /// ## Details
        ///
        /// If nobody has decided: the deposit is burnt if the slash was ready by itself, and comes back if the slash ended
        /// before that. So an appellant whose slash was superseded has until then to call this.
        ///
        /// ## Errors
        ///
        /// * [`Error::NoSuchAppeal`]: there is none against that slash.
        /// * [`Error::SlashWaits`]: the slash is not over.
        ///
        /// ## Events
        ///
        /// * [`Event::Closed`].
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::close())]
        pub fn close(origin: OriginFor<T>, slash: SlashId) -> DispatchResult {
            ensure_signed(origin)?;
            Self::do_close(slash)
        }

        /// Announces a policy for jobs of a class.
        ///
        /// ## Dispatch origin
        ///
        /// [`Config::PolicyOrigin`].
        ///
        /// ## Details
        ///
        /// It comes into force `delay` blocks of [`Config::Clock`] from now, for jobs posted from then on. It is checked
        /// now and then.
        ///
        /// ## Errors
        ///
        /// * [`Error::DelayTooShort`], [`Error::DelayTooLong`]: see [`Parameters`].
        /// * [`Error::ChangeWaits`]: another policy of that class was announced.
        /// * The policy breaks a rule of verification: by it cheating would pay, say.
        ///
        /// ## Events
        ///
        /// * [`Event::PolicyAnnounced`]; then [`Event::PolicyEnacted`] or [`Event::PolicyDropped`].
        #[pallet::call_index(4)]
        #[pallet::weight(T::WeightInfo::change_policy())]
        pub fn change_policy(
            origin: OriginFor<T>,
            class: JobClass,
            policy: Policy,
            delay: MarketBlock,
        ) -> DispatchResult {
            T::PolicyOrigin::ensure_origin(origin)?;
            Self::do_change_policy(class, policy, delay)
        }

        /// Takes back a policy that was announced.
        ///
        /// ## Dispatch origin
        ///
        /// [`Config::PolicyOrigin`].
        ///
        /// ## Errors
        ///
        /// * [`Error::NoChange`]: none of that class was.
        ///
        /// ## Events
        ///
        /// * [`Event::PolicyWithdrawn`].
        #[pallet::call_index(5)]
        #[pallet::weight(T::WeightInfo::withdraw_policy())]
        pub fn withdraw_policy(origin: OriginFor<T>, class: JobClass) -> DispatchResult {
            T::PolicyOrigin::ensure_origin(origin)?;
            Self::do_withdraw_policy(class)
        }

        /// Forgets a policy that no job names any more.
        ///
        /// ## Dispatch origin
        ///
        /// Any signed account, which pays the fee.
        ///
        /// ## Errors
        ///
        /// * [`Error::NoSuchVersion`]: that version is not among those that were in force.
        /// * [`Error::VersionInUse`]: a job, open or ended, still names it.
        ///
        /// ## Events
        ///
        /// * [`Event::PolicyForgotten`].
        #[pallet::call_index(6)]
        #[pallet::weight(T::WeightInfo::forget_policy())]
        pub fn forget_policy(origin: OriginFor<T>, class: JobClass, version: u32) -> DispatchResult {
            ensure_signed(origin)?;
            Self::do_forget_policy(class, version)
        }

        /// Lists something, warns of it, or delists it.
        ///
        /// ## Dispatch origin
        ///
        /// [`Config::CurationOrigin`].
        ///
        /// ## Details
        ///
        /// What is delisted takes no new jobs; those under way go on.
        ///
        /// ## Errors
        ///
        /// * [`Error::SameStanding`]: it has that standing.
        /// * [`Error::NoSuchSubject`]: there is no such thing.
        /// * It can't be closed, or not be opened again.
        ///
        /// ## Events
        ///
        /// * [`Event::Curated`].
        #[pallet::call_index(7)]
        #[pallet::weight(T::WeightInfo::curate())]
        pub fn curate(
            origin: OriginFor<T>,
            subject: Subject,
            standing: Standing,
            reason: Digest,
        ) -> DispatchResult {
            T::CurationOrigin::ensure_origin(origin)?;
            Self::do_curate(subject, standing, reason)
        }

        /// Pauses a call for a number of blocks of the chain.
        ///
        /// ## Dispatch origin
        ///
        /// [`Config::StopOrigin`].
        ///
        /// ## Details
        ///
        /// A call that was paused here before is paused for so long from now on, which may be shorter.
        ///
        /// ## Errors
        ///
        /// * [`Error::PauseIsZero`], [`Error::PauseTooLong`]: see [`Parameters`].
        /// * [`Error::NoSuchCall`], [`Error::NeverPaused`], [`Error::AlreadyPaused`]: the call can't be paused.
        /// * [`Error::TooManyPauses`]: [`Config::MaxPauses`] calls are.
        ///
        /// ## Events
        ///
        /// * [`Event::Paused`]; then [`Event::PauseOver`].
        #[pallet::call_index(8)]
        #[pallet::weight(T::WeightInfo::pause(T::MaxPauses::get()))]
        pub fn pause(
            origin: OriginFor<T>,
            call: CallNameOf<T>,
            #[pallet::compact] blocks: u32,
        ) -> DispatchResult {
            T::StopOrigin::ensure_origin(origin)?;
            Self::do_pause(call, blocks)
        }
    }

    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// What governance has set.
        pub fn params() -> Parameters {
            Params::<T>::get()
        }

        /// The appeal against a slash.
        pub fn appeal_against(slash: SlashId) -> Option<AppealOf<T>> {
            Appeals::<T>::get(slash)
        }

        /// What an appeal against a slash takes on deposit, in planck; `None` if no such slash waits.
        pub fn appeal_deposit(slash: SlashId) -> Option<Balance> {
            Self::deposit_for(slash).ok()
        }

        /// The policy of a class that comes into force.
        pub fn change(class: JobClass) -> Option<Change> {
            Changes::<T>::get(class)
        }

        /// The policy of a class by its version: the one in force, or one that was and that a job may name.
        pub fn policy(class: JobClass, version: u32) -> Option<Policy> {
            Self::policy_of(class, version)
        }

        /// Why something is not simply listed; `None` if it is.
        pub fn note(subject: Subject) -> Option<Note> {
            Notes::<T>::get(subject)
        }

        /// The calls that are paused for a time.
        pub fn pauses() -> Vec<PausedOf<T>> {
            Pauses::<T>::get().into_inner()
        }
    }
}
