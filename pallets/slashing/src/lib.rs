//! Slashes: between a fault and the loss of a bond lies a window in which governance can look at it.
//!
//! * **Faults come in** by [`ReportFault`](assay_primitives::ReportFault): of validators from offences (this pallet is
//!   their handler), of providers from verification. Each becomes a [`Slash`] and its ledger is accused: nothing of
//!   that role can be withdrawn until the slash is over. Of several faults of a validator in one era, the highest
//!   counts.
//! * **Appeals**: until a slash is applied, governance may suspend, resume, cancel or reduce it.
//! * **Applied** after the window by a metered hook, in order of time, or by anyone: the bond is taken, the reporter
//!   gets its share, the rest is burnt or goes to the treasury.
//!
//! Not for: judging faults (consensus, verification), bonds and who validates (staking), votes on appeals (dao). What a
//! fault costs and how it is split is in `assay-rules`.
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

pub use offences::Disable;
pub use pallet::*;
pub use params::SlashWindow;
pub use queue::Place;
pub use types::{Entry, EraRecord, Parameters, Slash, State, Subject};
pub use weights::WeightInfo;

mod appeal;
mod apply;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
#[cfg(any(test, feature = "try-runtime"))]
mod invariants;
#[cfg(test)]
mod mock;
mod offences;
mod params;
mod queue;
mod report;
#[cfg(test)]
mod tests;
mod tick;
#[allow(clippy::as_conversions, reason = "derived codecs cast the indices of variants")]
mod types;
mod views;
pub mod weights;

#[cfg(feature = "runtime-benchmarks")]
pub use benchmarking::BenchmarkHelper;

use frame_support::traits::fungible::{Credit, Inspect};
use frame_system::pallet_prelude::BlockNumberFor;

/// Amounts, in planck.
pub type BalanceOf<T> = <<T as Config>::Currency as Inspect<<T as frame_system::Config>::AccountId>>::Balance;

/// Money taken, not yet anybody's.
pub type CreditOf<T> = Credit<<T as frame_system::Config>::AccountId, <T as Config>::Currency>;

/// A slash of this chain.
pub type SlashOf<T> = Slash<<T as frame_system::Config>::AccountId, BalanceOf<T>, BlockNumberFor<T>>;

/// The most that one answer of [`Pallet::pending_by_due`] holds.
pub const MAX_PAGE: u32 = 1_000;

#[allow(
    clippy::as_conversions,
    clippy::expect_used,
    reason = "the macro casts indices and expects pallets to be there"
)]
#[frame_support::pallet]
pub mod pallet {
    use super::*;
    use alloc::vec::Vec;
    use assay_primitives::{Bonds, FaultKind, OnSlash, Role, SlashId};
    use assay_rules::penalty;
    use frame_support::{
        pallet_prelude::*,
        traits::{fungible::Balanced, Contains},
        weights::WeightMeter,
    };
    use frame_system::pallet_prelude::*;
    use sp_runtime::{traits::BlockNumberProvider, Perbill};
    use sp_staking::SessionIndex;

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(0);

    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    #[pallet::config]
    pub trait Config: frame_system::Config {
        /// The money that bonds are in.
        type Currency: Balanced<Self::AccountId>;

        /// The bonds that answer for faults.
        type Bonds: Bonds<Self::AccountId, Balance = BalanceOf<Self>, Credit = CreditOf<Self>>;

        /// What windows and suspensions are counted on.
        type Clock: BlockNumberProvider<BlockNumber = BlockNumberFor<Self>>;

        /// Who may suspend, resume, cancel and reduce slashes.
        type AppealOrigin: EnsureOrigin<Self::RuntimeOrigin>;

        /// Who may set [`Params`].
        type ParamsOrigin: EnsureOrigin<Self::RuntimeOrigin>;

        /// The account that gets what is neither burnt nor the reporter's.
        type Treasury: Get<Self::AccountId>;

        /// Keeps validators that equivocated from authoring and voting.
        type Disable: Disable<Self::AccountId>;

        /// Hears of each slash that was applied.
        type OnSlash: OnSlash<Self::AccountId, BalanceOf<Self>>;

        /// The windows, in blocks of [`Config::Clock`], for which bonds stay in reach even if unbonded right after the
        /// offence, which is then reported as late as can be.
        type WithinUnbonding: Contains<BlockNumberFor<Self>>;

        /// The least window that governance can set, in blocks of [`Config::Clock`]: time to appeal.
        type LeastWindow: Get<BlockNumberFor<Self>>;

        /// The least that governance can set [`Parameters::longest_suspension`] to, in blocks of [`Config::Clock`]: time to
        /// decide an appeal.
        type LeastSuspension: Get<BlockNumberFor<Self>>;

        /// The most entries of the queue that one block works off; at least one.
        #[pallet::constant]
        type MaxPerBlock: Get<u32>;

        /// What benchmarks need to be there.
        #[cfg(feature = "runtime-benchmarks")]
        type BenchmarkHelper: BenchmarkHelper<Self::AccountId>;

        /// Weights of this pallet.
        type WeightInfo: WeightInfo;
    }

    /// What governance sets.
    #[pallet::storage]
    pub type Params<T: Config> = StorageValue<_, Parameters<BlockNumberFor<T>>, ValueQuery>;

    /// The number that the next slash gets.
    #[pallet::storage]
    pub type NextSlash<T> = StorageValue<_, SlashId, ValueQuery>;

    /// The slashes that wait. At most one of a validator in an era, and one of a lock: bounded by the bonds that are at
    /// stake, and by what one ledger can be accused of.
    #[pallet::storage]
    pub type Pending<T: Config> = StorageMap<_, Twox64Concat, SlashId, SlashOf<T>>;

    /// The numbers of the slashes that wait for each owner.
    #[pallet::storage]
    pub type SlashesOf<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, T::AccountId, Twox64Concat, SlashId, ()>;

    /// What is to be done when, in order of time: each pending slash once, in the block in which it is ready.
    #[pallet::storage]
    pub type Queue<T: Config> = StorageMap<_, Identity, Place, Entry<T::AccountId>>;

    /// What counts against each validator in each era of which offences are still accepted, or a slash waits.
    #[pallet::storage]
    pub type EraRecords<T: Config> =
        StorageDoubleMap<_, Twox64Concat, u32, Blake2_128Concat, T::AccountId, EraRecord<BalanceOf<T>>>;

    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A fault was reported and a slash now waits.
        Reported {
            /// Its number.
            id: SlashId,
            /// What waits.
            slash: SlashOf<T>,
            /// The slash of a lower fault of that era that it takes the place of, and that is over.
            supersedes: Option<SlashId>,
        },
        /// An offence was proven and nobody could be charged with it.
        NotCharged {
            /// The offender.
            validator: T::AccountId,
            /// When it offended.
            session: SessionIndex,
            /// Why it isn't charged.
            error: DispatchError,
        },
        /// Governance holds a slash up.
        Suspended {
            /// Which one.
            id: SlashId,
            /// The block of the clock in which it is ready unless governance decides otherwise.
            until: BlockNumberFor<T>,
        },
        /// Governance no longer holds a slash up.
        Resumed {
            /// Which one.
            id: SlashId,
            /// The block of the clock in which it is ready.
            due: BlockNumberFor<T>,
        },
        /// Governance cancelled a slash; it takes nothing.
        Cancelled {
            /// Which one.
            id: SlashId,
            /// Whose.
            owner: T::AccountId,
            /// In which role.
            role: Role,
        },
        /// Governance reduced a slash.
        Reduced {
            /// Which one.
            id: SlashId,
            /// What it would have taken.
            from: BalanceOf<T>,
            /// What it takes now.
            to: BalanceOf<T>,
        },
        /// A slash was applied. What was taken is the sum of reward, burnt and treasury.
        Applied {
            /// Which one.
            id: SlashId,
            /// Whose.
            owner: T::AccountId,
            /// In which role.
            role: Role,
            /// For what.
            kind: FaultKind,
            /// What left the bond.
            taken: BalanceOf<T>,
            /// What was not there to take.
            missing: BalanceOf<T>,
            /// Who reported the fault.
            reporter: Option<T::AccountId>,
            /// What the reporter got: nothing if it could not be paid.
            reward: BalanceOf<T>,
            /// What was burnt.
            burnt: BalanceOf<T>,
            /// What the treasury got.
            treasury: BalanceOf<T>,
        },
        /// Governance set the parameters.
        ParamsSet {
            /// What they are now.
            params: Parameters<BlockNumberFor<T>>,
        },
    }

    #[pallet::error]
    pub enum Error<T> {
        /// The validator had nothing at stake in that session, or its offences are no longer accepted.
        NotAtStake,
        /// There is no such lock on a provider's bond.
        NoSuchLock,
        /// The fault's amount is above that of the lock.
        AboveLock,
        /// No slash of that number waits.
        NoSuchSlash,
        /// The slash is not ready to be applied: its window or its suspension has not ended.
        NotReady,
        /// The suspension would end before the slash is due, or in the past.
        SuspensionTooShort,
        /// The suspension would end later after the window than the parameters allow.
        SuspensionTooLong,
        /// The slash is not suspended.
        NotSuspended,
        /// The amount is not less than what the slash takes.
        NotLess,
        /// The amount is zero: cancel the slash instead.
        NothingLeft,
        /// The window would be zero: there would be no time to appeal.
        WindowIsZero,
        /// The window would be shorter than [`Config::LeastWindow`]: nobody could appeal in time.
        WindowTooShort,
        /// Slashes could not be suspended for [`Config::LeastSuspension`]: appeals would end undecided.
        SuspensionsTooShort,
        /// The window would be longer than unbonding bonds stay in reach.
        WindowTooLong,
        /// An equivocation would cost nothing.
        EquivocationIsFree,
        /// The reporter's share would be above a tenth: reporting one's own fault must not pay.
        ReporterShareTooHigh,
    }

    #[pallet::genesis_config]
    #[derive(frame_support::DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        /// What governance can set later.
        pub params: Parameters<BlockNumberFor<T>>,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        /// Panics on parameters that break a rule: genesis has no other way to refuse. [`Config::WithinUnbonding`]
        /// and the least times are not asked, since what they look at may not be there yet.
        fn build(&self) {
            if let Err(wrong) = Pallet::<T>::check(&self.params) {
                panic!("slashing.params: {wrong:?}");
            }
            Params::<T>::put(self.params);
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        /// Works off what is due, before the block's transactions and as far as its weight allows.
        fn on_poll(_: BlockNumberFor<T>, meter: &mut WeightMeter) {
            Self::tick(meter);
        }

        fn integrity_test() {
            assert!(
                T::MaxPerBlock::get() > 0,
                "slashing: MaxPerBlock is zero, so no slash would ever be applied"
            );
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
        /// Window and cap are for faults reported from now on; the shares also for slashes that wait.
        ///
        /// ## Errors
        ///
        /// * [`Error::WindowIsZero`], [`Error::EquivocationIsFree`], [`Error::ReporterShareTooHigh`]: see
        ///   [`Parameters`].
        /// * [`Error::WindowTooLong`]: the window is not [`Config::WithinUnbonding`].
        /// * [`Error::WindowTooShort`], [`Error::SuspensionsTooShort`]: there would be no time for appeals.
        ///
        /// ## Events
        ///
        /// * [`Event::ParamsSet`].
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::set_params())]
        pub fn set_params(origin: OriginFor<T>, params: Parameters<BlockNumberFor<T>>) -> DispatchResult {
            T::ParamsOrigin::ensure_origin(origin)?;
            Self::do_set_params(params)
        }

        /// Holds a slash up until a block of the clock, for an appeal to be decided.
        ///
        /// ## Dispatch origin
        ///
        /// [`Config::AppealOrigin`].
        ///
        /// ## Details
        ///
        /// Without a decision before that block, the slash is upheld and applied. A suspended slash can be suspended
        /// again, for longer or shorter; the longest suspension counts from the end of the window in any case.
        ///
        /// ## Errors
        ///
        /// * [`Error::NoSuchSlash`]: no slash of that number waits.
        /// * [`Error::SuspensionTooShort`]: `until` is not after the end of the window, or not to come.
        /// * [`Error::SuspensionTooLong`]: `until` is further after the window than the parameters allow.
        ///
        /// ## Events
        ///
        /// * [`Event::Suspended`].
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::suspend())]
        pub fn suspend(origin: OriginFor<T>, id: SlashId, until: BlockNumberFor<T>) -> DispatchResult {
            T::AppealOrigin::ensure_origin(origin)?;
            Self::do_suspend(id, until)
        }

        /// Ends a suspension: the appeal is refused.
        ///
        /// ## Dispatch origin
        ///
        /// [`Config::AppealOrigin`].
        ///
        /// ## Details
        ///
        /// The slash is ready when its window ends, at once if it has ended.
        ///
        /// ## Errors
        ///
        /// * [`Error::NoSuchSlash`]: no slash of that number waits.
        /// * [`Error::NotSuspended`]: it isn't suspended.
        ///
        /// ## Events
        ///
        /// * [`Event::Resumed`].
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::resume())]
        pub fn resume(origin: OriginFor<T>, id: SlashId) -> DispatchResult {
            T::AppealOrigin::ensure_origin(origin)?;
            Self::do_resume(id)
        }

        /// Cancels a slash: the appeal is granted.
        ///
        /// ## Dispatch origin
        ///
        /// [`Config::AppealOrigin`].
        ///
        /// ## Details
        ///
        /// Nothing is taken, and the fault counts for nothing: another fault of that era costs what it costs alone. Nor
        /// does it count again when more offenders of its time slot are found out.
        ///
        /// ## Errors
        ///
        /// * [`Error::NoSuchSlash`]: no slash of that number waits. A slash that another one superseded is over: an
        ///   appeal for a lower fault says nothing about a higher one.
        ///
        /// ## Events
        ///
        /// * [`Event::Cancelled`].
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::cancel())]
        pub fn cancel(origin: OriginFor<T>, id: SlashId) -> DispatchResult {
            T::AppealOrigin::ensure_origin(origin)?;
            Self::do_cancel(id)
        }

        /// Reduces what a slash takes: the appeal is granted in part.
        ///
        /// ## Dispatch origin
        ///
        /// [`Config::AppealOrigin`].
        ///
        /// ## Details
        ///
        /// Another fault of that era that costs more supersedes the slash as reduced.
        ///
        /// ## Errors
        ///
        /// * [`Error::NothingLeft`]: the amount is zero.
        /// * [`Error::NoSuchSlash`]: no slash of that number waits.
        /// * [`Error::NotLess`]: the slash takes no more than that already.
        ///
        /// ## Events
        ///
        /// * [`Event::Reduced`].
        #[pallet::call_index(4)]
        #[pallet::weight(T::WeightInfo::reduce())]
        pub fn reduce(
            origin: OriginFor<T>,
            id: SlashId,
            #[pallet::compact] amount: BalanceOf<T>,
        ) -> DispatchResult {
            T::AppealOrigin::ensure_origin(origin)?;
            Self::do_reduce(id, amount)
        }

        /// Applies a slash that is ready, without waiting for its turn in the queue.
        ///
        /// ## Dispatch origin
        ///
        /// Any signed account, which pays the fee.
        ///
        /// ## Errors
        ///
        /// * [`Error::NoSuchSlash`]: no slash of that number waits.
        /// * [`Error::NotReady`]: its window or its suspension has not ended.
        ///
        /// ## Events
        ///
        /// * [`Event::Applied`].
        #[pallet::call_index(5)]
        #[pallet::weight(T::WeightInfo::apply().saturating_add(T::Bonds::slash_weight()))]
        pub fn apply(origin: OriginFor<T>, id: SlashId) -> DispatchResult {
            ensure_signed(origin)?;
            Self::do_apply(id)
        }
    }

    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// What governance has set.
        pub fn params() -> Parameters<BlockNumberFor<T>> {
            Params::<T>::get()
        }

        /// The slashes that wait for an owner, in both roles, oldest first: as many as its ledger is accused of.
        pub fn pending(owner: T::AccountId) -> Vec<(SlashId, SlashOf<T>)> {
            Self::pending_of(&owner)
        }

        /// The slashes that wait, in the order in which they get ready: those after a place given as block and number,
        /// at most `limit` and [`MAX_PAGE`]. To go on, give the place of the last one: its `ready()` and its number.
        pub fn pending_by_due(
            after: Option<(BlockNumberFor<T>, SlashId)>,
            limit: u32,
        ) -> Vec<(SlashId, SlashOf<T>)> {
            Self::pending_after(after, limit)
        }

        /// What each of `offenders` that equivocate at the same time, of `validators`, has to lose of its stake.
        pub fn equivocation_fraction(offenders: u32, validators: u32) -> Perbill {
            let cap = Params::<T>::get().max_equivocation;
            penalty::equivocation_fraction(offenders, validators, cap)
        }
    }
}
