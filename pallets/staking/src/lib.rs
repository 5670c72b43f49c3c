//! Bonds: what validators and providers have to lose, and who validates.
//!
//! * **One ledger per owner**, with two bonds that never mix: as a validator and as a provider. Both are holds on the
//!   owner's account. What is unbonded stays in reach of slashes for the unbonding period.
//! * **Collateral** ([`assay_primitives::Collateral`]): locks on a provider's bond, one for each seat of a job.
//! * **Slashes** ([`assay_primitives::Bonds`]): what others decide to take is taken here, from one role's bond and
//!   never the other's.
//! * **Elections**: candidates are kept in the order of their bonds; at the start of an era the first of them that
//!   have session keys become its set. It is the session manager of the chain.
//!
//! Not for: what a fault costs and when it is taken (slashing), who gets a seat (verification), rewards and
//! delegation. Seats are locked by verification, faults come from slashing, sessions from the stock session pallet; who
//! draws providers by their bonds hears of each change ([`Config::OnBond`]).
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
pub use params::WithinUnbonding;
pub use types::{
    BalanceOf, ChillReason, Chunk, CreditOf, Ledger, Lock, LockOf, Offender, OffenderList, OpenLock, Stake,
    Staker, StakerOf, Stakers, StakingParams, StakingParamsOf, ValidatorStatus,
};
pub use weights::WeightInfo;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod bond;
mod candidates;
mod collateral;
mod election;
mod genesis;
#[cfg(any(test, feature = "try-runtime"))]
mod invariants;
mod keys;
#[cfg(test)]
mod mock;
mod offenders;
mod params;
mod session;
mod slash;
#[cfg(test)]
mod tests;
#[allow(clippy::as_conversions, reason = "derived codecs cast the indices of variants")]
mod types;
mod unbond;
pub mod weights;
mod worker;

#[cfg(feature = "runtime-benchmarks")]
pub use benchmarking::BenchmarkHelper;

use alloc::vec::Vec;
use assay_primitives::{LockId, Role};

#[allow(
    clippy::as_conversions,
    clippy::expect_used,
    reason = "the macro casts indices and expects pallets to be there"
)]
#[frame_support::pallet]
pub mod pallet {
    use super::*;
    use assay_primitives::OnBond;
    use frame_support::{
        pallet_prelude::*,
        traits::fungible::{BalancedHold, MutateHold},
    };
    use frame_system::pallet_prelude::*;
    use sp_runtime::traits::BlockNumberProvider;
    use sp_staking::SessionIndex;

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(0);

    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    #[pallet::config]
    pub trait Config:
        frame_system::Config
        + pallet_session::Config<ValidatorId = <Self as frame_system::Config>::AccountId>
        + pallet_session::historical::Config<FullIdentification = ()>
    {
        /// Where bonds are held.
        type Currency: MutateHold<Self::AccountId, Reason: From<HoldReason>> + BalancedHold<Self::AccountId>;

        /// What periods are counted on.
        type Clock: BlockNumberProvider<BlockNumber = BlockNumberFor<Self>>;

        /// The most blocks that a session can have.
        type SessionBlocks: Get<BlockNumberFor<Self>>;

        /// For how many blocks of the clock a slash waits.
        type SlashWindow: Get<BlockNumberFor<Self>>;

        /// Who hears that a provider's active bond has changed, once the ledger is stored. What it takes is part of the
        /// weights of the calls.
        type OnBond: OnBond<Self::AccountId>;

        /// Who may change the parameters and chill others.
        type GovernanceOrigin: EnsureOrigin<Self::RuntimeOrigin>;

        /// The most candidates.
        #[pallet::constant]
        type MaxCandidates: Get<u32>;

        /// The most validators of a session, candidates at most: a report of an equivocation has to be paid for as if
        /// all of them were in it.
        #[pallet::constant]
        type MaxValidators: Get<u32>;

        /// The most parts of one bond that are on their way out.
        #[pallet::constant]
        type MaxChunks: Get<u32>;

        /// The most locks on one bond that no slash waits for: seats that a provider can have at a time.
        #[pallet::constant]
        type MaxLocks: Get<u32>;

        /// The longest that [`StakingParams::report_sessions`] may be, in sessions: what the chain keeps of the past.
        #[pallet::constant]
        type MaxReportSessions: Get<SessionIndex>;

        /// What benchmarks need to be there.
        #[cfg(feature = "runtime-benchmarks")]
        type BenchmarkHelper: BenchmarkHelper<Self::AccountId, Self::Keys>;

        /// Weights of this pallet.
        type WeightInfo: WeightInfo;
    }

    /// What bonds are held for.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// The bond of a validator.
        #[codec(index = 0)]
        ValidatorBond,
        /// The bond of a provider.
        #[codec(index = 1)]
        ProviderBond,
    }

    /// Where genesis names no parameters.
    #[pallet::type_value]
    pub fn DefaultParams<T: Config>() -> StakingParamsOf<T> {
        Pallet::<T>::default_params()
    }

    /// What governance may change.
    #[pallet::storage]
    pub type Params<T: Config> = StorageValue<_, StakingParamsOf<T>, ValueQuery, DefaultParams<T>>;

    /// How many sessions an era has; at least one. Never changes after genesis.
    #[pallet::storage]
    pub type SessionsPerEra<T> = StorageValue<_, u32, ValueQuery, ConstU32<1>>;

    /// What each owner has bonded.
    #[pallet::storage]
    pub type Ledgers<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, Ledger<T>>;

    /// Whose worker an account is.
    #[pallet::storage]
    pub type Workers<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, T::AccountId>;

    /// Collateral that slashes wait for, by the lock that it was, in planck: one for each slash of a provider. Locks that
    /// no slash waits for are in the ledgers.
    #[pallet::storage]
    pub type Accused<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, T::AccountId, Twox64Concat, LockId, BalanceOf<T>>;

    /// The id of the next lock.
    #[pallet::storage]
    pub type NextLock<T> = StorageValue<_, LockId, ValueQuery>;

    /// Who stands in elections, the highest bond first; of equal ones, who had it first.
    #[pallet::storage]
    pub type Candidates<T: Config> = StorageValue<_, Stakers<T>, ValueQuery>;

    /// Who was elected for an era, with what it had at stake. Kept for as long as offences of that era are accepted.
    #[pallet::storage]
    pub type Elected<T: Config> = StorageMap<_, Twox64Concat, u32, Stakers<T>, ValueQuery>;

    /// The first era of [`Elected`].
    #[pallet::storage]
    pub type OldestEra<T> = StorageValue<_, u32, ValueQuery>;

    /// Validators found out that are still in a set.
    #[pallet::storage]
    pub type Offenders<T: Config> = StorageValue<_, OffenderList<T>, ValueQuery>;

    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// An amount was bonded.
        Bonded {
            /// Whose.
            owner: T::AccountId,
            /// As what.
            role: Role,
            /// How much was added, in planck.
            amount: BalanceOf<T>,
        },
        /// An amount is on its way out.
        Unbonded {
            /// Whose.
            owner: T::AccountId,
            /// As what it was bonded.
            role: Role,
            /// How much, in planck.
            amount: BalanceOf<T>,
            /// From which block of the clock on it can be withdrawn.
            at: BlockNumberFor<T>,
        },
        /// An amount that was on its way out is bonded again.
        Rebonded {
            /// Whose.
            owner: T::AccountId,
            /// As what.
            role: Role,
            /// How much, in planck.
            amount: BalanceOf<T>,
        },
        /// An amount is free again.
        Withdrawn {
            /// Whose.
            owner: T::AccountId,
            /// As what it was bonded.
            role: Role,
            /// How much, in planck.
            amount: BalanceOf<T>,
        },
        /// An owner has another worker, or none any more.
        WorkerSet {
            /// Whose.
            owner: T::AccountId,
            /// The worker.
            worker: Option<T::AccountId>,
        },
        /// An owner stands in elections from now on.
        CandidateEntered {
            /// Who.
            owner: T::AccountId,
            /// Its bond in planck.
            bond: BalanceOf<T>,
        },
        /// An owner stands in elections no more.
        Chilled {
            /// Who.
            owner: T::AccountId,
            /// Why.
            reason: ChillReason,
        },
        /// The set of an era was elected.
        ValidatorsElected {
            /// The era.
            era: u32,
            /// How many validators it has.
            elected: u32,
            /// How many of them were not elected, but kept on.
            kept: u32,
        },
        /// A validator that was not elected validates for another era, because too few were.
        KeptOn {
            /// Who.
            owner: T::AccountId,
            /// From which block of the clock on what is on its way out can be withdrawn.
            at: BlockNumberFor<T>,
        },
        /// A validator was found out.
        OffenderNoted {
            /// Who.
            validator: T::AccountId,
            /// The last era in which it is disabled.
            until: u32,
        },
        /// Collateral was locked.
        Locked {
            /// The lock.
            lock: LockId,
            /// Whose.
            owner: T::AccountId,
            /// How much, in planck.
            amount: BalanceOf<T>,
        },
        /// A lock has ended.
        Released {
            /// The lock.
            lock: LockId,
            /// Whose.
            owner: T::AccountId,
            /// How much it was, in planck.
            amount: BalanceOf<T>,
        },
        /// A slash was taken from a bond.
        Slashed {
            /// Whose.
            owner: T::AccountId,
            /// As what it was bonded.
            role: Role,
            /// What has left the bond, in planck.
            taken: BalanceOf<T>,
            /// What was not there to take, in planck.
            missing: BalanceOf<T>,
        },
        /// Governance changed the parameters.
        ParamsSet {
            /// What they are now.
            params: StakingParamsOf<T>,
        },
    }

    #[pallet::error]
    pub enum Error<T> {
        /// Nothing is bonded there.
        NotBonded,
        /// There is a bond in this role already: add to it.
        AlreadyBonded,
        /// The bond would be, or is, below the minimum of its role.
        BelowMinimum,
        /// The amount is zero.
        ZeroAmount,
        /// Less than that is bonded.
        NotEnoughBonded,
        /// Less than that is on its way out.
        NotEnoughUnbonding,
        /// Too many parts of the bond are on their way out: withdraw first, or wait.
        TooManyChunks,
        /// Locks need this collateral: it has to stay bonded, or at least in reach.
        CollateralLocked,
        /// A candidate cannot take all of its bond away: chill first.
        MustChill,
        /// A slash waits for this bond.
        Accused,
        /// Nothing can be withdrawn yet.
        NothingToWithdraw,
        /// The owner has no session keys.
        NoKeys,
        /// The owner is a candidate already.
        AlreadyCandidate,
        /// The owner is no candidate.
        NotCandidate,
        /// The list of candidates is full, and everybody on it has bonded as much or more.
        OutBid,
        /// The candidate has keys and the minimum bond.
        StillFit,
        /// An account with a bond of its own works for nobody.
        WorkerOwnsBond,
        /// The account works for another owner.
        WorkerTaken,
        /// The account works for nobody.
        NotWorker,
        /// It is already so.
        NothingToChange,
        /// The keys of who validates, or will, have to stay; nor can a candidate go without any.
        KeysInUse,
        /// Less collateral than that is available, or counts.
        NotEnoughCollateral,
        /// As many locks are on this bond as there can be.
        TooManyLocks,
        /// There is no such lock on this bond.
        NoSuchLock,
        /// A slash waits for this lock.
        LockAccused,
        /// No slash waits there.
        NotAccused,
        /// As many slashes wait for this bond as can be counted.
        TooManyAccusations,
        /// The fewest validators are zero, more than the most, or the most are more than candidates.
        BadValidatorCount,
        /// A minimum bond is below the existential deposit.
        MinimumTooSmall,
        /// Offences would be accepted for longer than the chain remembers.
        ReportAgeTooLong,
        /// A bond could be away before an offence of its time is reported and punished.
        UnbondingTooShort,
    }

    #[pallet::genesis_config]
    pub struct GenesisConfig<T: Config> {
        /// How many sessions an era has.
        pub sessions_per_era: u32,
        /// What governance may change later.
        pub params: StakingParamsOf<T>,
        /// Bonds of validators, all of them candidates, in planck.
        pub validators: Vec<(T::AccountId, BalanceOf<T>)>,
        /// Bonds of providers in planck.
        pub providers: Vec<(T::AccountId, BalanceOf<T>)>,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        /// Panics on a configuration that no chain could run with: genesis has no other way to refuse.
        fn build(&self) {
            if let Err(wrong) = self.put() {
                panic!("{wrong}");
            }
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn integrity_test() {
            assert!(T::MaxValidators::get() > 0, "there is room for a validator");
            assert!(T::MaxValidators::get() <= T::MaxCandidates::get(), "each validator is a candidate");
            assert!(T::MaxChunks::get() > 0, "there is room for a part on its way out");
            assert!(T::MaxLocks::get() > 0, "there is room for a lock");
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Bonds an amount in a role in which nothing is bonded.
        ///
        /// ## Dispatch origin
        /// Signed, by the owner.
        ///
        /// ## Details
        /// The amount is put on hold on the owner's account. A worker that bonds for itself works for nobody any more.
        ///
        /// ## Errors
        /// * [`Error::AlreadyBonded`]: something is bonded in this role; see [`Call::bond_extra`].
        /// * [`Error::BelowMinimum`]: the amount is below the minimum of the role.
        /// * those of a hold: the account has less than that.
        ///
        /// ## Events
        /// * [`Event::Bonded`], and [`Event::WorkerSet`] where a worker stopped being one.
        #[pallet::call_index(0)]
        #[pallet::weight(<T as Config>::WeightInfo::bond().saturating_add(T::OnBond::weight()))]
        pub fn bond(origin: OriginFor<T>, role: Role, amount: BalanceOf<T>) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::do_bond(&owner, role, amount)
        }

        /// Adds an amount to a bond.
        ///
        /// ## Dispatch origin
        /// Signed, by the owner.
        ///
        /// ## Details
        /// A candidate takes the place that its bond is now worth. After a slash, or where the minimum has risen, the
        /// bond has to reach the minimum at once.
        ///
        /// ## Errors
        /// * [`Error::NotBonded`]: nothing is bonded in this role; see [`Call::bond`].
        /// * [`Error::ZeroAmount`]: the amount is zero.
        /// * [`Error::BelowMinimum`]: the bond would still be below the minimum of the role.
        /// * those of a hold: the account has less than that.
        ///
        /// ## Events
        /// * [`Event::Bonded`].
        #[pallet::call_index(1)]
        #[pallet::weight(
            <T as Config>::WeightInfo::bond_extra(Pallet::<T>::most_candidates(*role)).saturating_add(T::OnBond::weight())
        )]
        pub fn bond_extra(origin: OriginFor<T>, role: Role, amount: BalanceOf<T>) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::do_bond_extra(&owner, role, amount)
        }

        /// Puts an amount of a bond on its way out.
        ///
        /// ## Dispatch origin
        /// Signed, by the owner.
        ///
        /// ## Details
        /// It counts no more from now on, and can be withdrawn after [`StakingParams::unbonding_blocks`]. Until then it
        /// is in reach of slashes, and collateral of seats that are drawn before the change counts.
        ///
        /// ## Errors
        /// * [`Error::NotBonded`], [`Error::NotEnoughBonded`]: less than that is bonded.
        /// * [`Error::ZeroAmount`]: the amount is zero.
        /// * [`Error::BelowMinimum`]: something, but less than the minimum of the role, would be left.
        /// * [`Error::CollateralLocked`]: what stays active would not cover a provider's locks.
        /// * [`Error::MustChill`]: nothing would be left of a candidate's bond.
        /// * [`Error::TooManyChunks`]: [`Config::MaxChunks`] parts are on their way out.
        ///
        /// ## Events
        /// * [`Event::Unbonded`].
        #[pallet::call_index(2)]
        #[pallet::weight(
            <T as Config>::WeightInfo::unbond(Pallet::<T>::most_candidates(*role)).saturating_add(T::OnBond::weight())
        )]
        pub fn unbond(origin: OriginFor<T>, role: Role, amount: BalanceOf<T>) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::do_unbond(&owner, role, amount)
        }

        /// Takes an amount back that is on its way out, the latest first.
        ///
        /// ## Dispatch origin
        /// Signed, by the owner.
        ///
        /// ## Errors
        /// * [`Error::NotBonded`], [`Error::NotEnoughUnbonding`]: less than that is on its way out.
        /// * [`Error::ZeroAmount`]: the amount is zero.
        /// * [`Error::BelowMinimum`]: the bond would be below the minimum of the role.
        ///
        /// ## Events
        /// * [`Event::Rebonded`].
        #[pallet::call_index(3)]
        #[pallet::weight(
            <T as Config>::WeightInfo::rebond(Pallet::<T>::most_candidates(*role)).saturating_add(T::OnBond::weight())
        )]
        pub fn rebond(origin: OriginFor<T>, role: Role, amount: BalanceOf<T>) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::do_rebond(&owner, role, amount)
        }

        /// Frees what has been on its way out for long enough.
        ///
        /// ## Dispatch origin
        /// Signed, by the owner.
        ///
        /// ## Details
        /// Of a provider's, as much as no lock needs; the rest once locks have ended.
        ///
        /// ## Errors
        /// * [`Error::NotBonded`], [`Error::NothingToWithdraw`]: nothing has been on its way out for long enough.
        /// * [`Error::Accused`]: a slash waits for this bond.
        /// * [`Error::CollateralLocked`]: a provider's locks need all of it.
        ///
        /// ## Events
        /// * [`Event::Withdrawn`], and [`Event::WorkerSet`] where a provider with a worker has left.
        #[pallet::call_index(4)]
        #[pallet::weight(<T as Config>::WeightInfo::withdraw())]
        pub fn withdraw(origin: OriginFor<T>, role: Role) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::do_withdraw(&owner, role)
        }

        /// Stands in elections from now on.
        ///
        /// ## Dispatch origin
        /// Signed, by the owner.
        ///
        /// ## Details
        /// Where the list is full, the candidate with the lowest bond gives way to a higher one.
        ///
        /// ## Errors
        /// * [`Error::NotBonded`], [`Error::BelowMinimum`]: the bond as a validator is below the minimum.
        /// * [`Error::Accused`]: a slash waits for the bond as a validator: what it takes is not at stake any more.
        /// * [`Error::NoKeys`]: no session keys are registered.
        /// * [`Error::AlreadyCandidate`]: the owner stands already.
        /// * [`Error::OutBid`]: the list is full of bonds as high or higher.
        ///
        /// ## Events
        /// * [`Event::CandidateEntered`], and [`Event::Chilled`] of the one that gave way.
        #[pallet::call_index(5)]
        #[pallet::weight(<T as Config>::WeightInfo::validate(T::MaxCandidates::get()))]
        pub fn validate(origin: OriginFor<T>) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::do_validate(&owner)
        }

        /// Stands in elections no more.
        ///
        /// ## Dispatch origin
        /// Signed, by the owner.
        ///
        /// ## Details
        /// A validator goes on validating until the end of the last era for which it was elected, and longer where too
        /// few others can be.
        ///
        /// ## Errors
        /// * [`Error::NotCandidate`]: the owner does not stand.
        ///
        /// ## Events
        /// * [`Event::Chilled`].
        #[pallet::call_index(6)]
        #[pallet::weight(<T as Config>::WeightInfo::chill(T::MaxCandidates::get()))]
        pub fn chill(origin: OriginFor<T>) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::do_chill(&owner, ChillReason::Asked)
        }

        /// Takes a candidate off the list that cannot be elected anyway.
        ///
        /// ## Dispatch origin
        /// Signed, by anyone.
        ///
        /// ## Errors
        /// * [`Error::NotCandidate`]: the account does not stand.
        /// * [`Error::StillFit`]: it has session keys, and its bond is not below the minimum.
        ///
        /// ## Events
        /// * [`Event::Chilled`].
        #[pallet::call_index(7)]
        #[pallet::weight(<T as Config>::WeightInfo::kick(T::MaxCandidates::get()))]
        pub fn kick(origin: OriginFor<T>, candidate: T::AccountId) -> DispatchResult {
            ensure_signed(origin)?;
            Self::do_kick(&candidate)
        }

        /// Takes a candidate off the list.
        ///
        /// ## Dispatch origin
        /// [`Config::GovernanceOrigin`].
        ///
        /// ## Errors
        /// * [`Error::NotCandidate`]: the account does not stand.
        ///
        /// ## Events
        /// * [`Event::Chilled`].
        #[pallet::call_index(8)]
        #[pallet::weight(<T as Config>::WeightInfo::force_chill(T::MaxCandidates::get()))]
        pub fn force_chill(origin: OriginFor<T>, candidate: T::AccountId) -> DispatchResult {
            T::GovernanceOrigin::ensure_origin(origin)?;
            Self::do_chill(&candidate, ChillReason::Forced)
        }

        /// Names the account that works for a provider, or none.
        ///
        /// ## Dispatch origin
        /// Signed, by the owner.
        ///
        /// ## Details
        /// The worker acts in the provider's seats and can do nothing with its bond. It stops being one when it
        /// resigns, when it bonds for itself, and when the provider has withdrawn everything.
        ///
        /// ## Errors
        /// * [`Error::NotBonded`]: nothing is bonded as a provider.
        /// * [`Error::WorkerOwnsBond`]: the worker has a bond itself.
        /// * [`Error::WorkerTaken`]: it works for another owner, and can resign.
        /// * [`Error::NothingToChange`]: it is the worker already.
        ///
        /// ## Events
        /// * [`Event::WorkerSet`].
        #[pallet::call_index(9)]
        #[pallet::weight(<T as Config>::WeightInfo::set_worker())]
        pub fn set_worker(origin: OriginFor<T>, worker: Option<T::AccountId>) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::do_set_worker(&owner, worker)
        }

        /// Works for nobody any more.
        ///
        /// ## Dispatch origin
        /// Signed, by the worker.
        ///
        /// ## Details
        /// Naming an account needs no consent of it: so whoever was named by a stranger can be named by its own
        /// provider again. The provider acts for itself until it names another one.
        ///
        /// ## Errors
        /// * [`Error::NotWorker`]: the account is nobody's worker.
        ///
        /// ## Events
        /// * [`Event::WorkerSet`].
        #[pallet::call_index(13)]
        #[pallet::weight(<T as Config>::WeightInfo::resign())]
        pub fn resign(origin: OriginFor<T>) -> DispatchResult {
            let worker = ensure_signed(origin)?;
            Self::do_resign(&worker)
        }

        /// Registers session keys, or others in their place.
        ///
        /// ## Dispatch origin
        /// Signed, by the account that owns them.
        ///
        /// ## Details
        /// Stands in for the session pallet's call of that name, which the chain filters out for everybody: whoever
        /// changed keys while they are in use could sign with the old ones, and nobody could prove whose they were.
        /// The proof is that call's: each key's signature of the owner.
        ///
        /// ## Errors
        /// * [`Error::KeysInUse`]: the account validates in this session or the next. Chill first, and wait until it has
        ///   left the set. One that is kept on leaves when others are there, or governance lets the set be smaller.
        /// * those of the session pallet: the proof is wrong, a key is another one's, the deposit can't be paid.
        #[pallet::call_index(12)]
        #[pallet::weight(<T as Config>::WeightInfo::set_keys(T::MaxCandidates::get()))]
        pub fn set_keys(origin: OriginFor<T>, keys: T::Keys, proof: Vec<u8>) -> DispatchResult {
            let owner = ensure_signed(origin.clone())?;
            Self::do_set_keys(origin, &owner, keys, proof)
        }

        /// Removes one's session keys.
        ///
        /// ## Dispatch origin
        /// Signed, by the account that registered the keys.
        ///
        /// ## Details
        /// Stands in for the session pallet's call of that name, which the chain filters out for
        /// everybody: that one does not ask whether the keys are in use.
        ///
        /// ## Errors
        /// * [`Error::KeysInUse`]: the account is a candidate, or validates in this session or the next.
        /// * those of the session pallet: there are no keys.
        #[pallet::call_index(10)]
        #[pallet::weight(<T as Config>::WeightInfo::purge_keys(T::MaxCandidates::get()))]
        pub fn purge_keys(origin: OriginFor<T>) -> DispatchResult {
            let owner = ensure_signed(origin.clone())?;
            Self::do_purge_keys(origin, &owner)
        }

        /// Sets the parameters.
        ///
        /// ## Dispatch origin
        /// [`Config::GovernanceOrigin`].
        ///
        /// ## Details
        /// Bonds below a new minimum stay as they are, but are not elected. What is already on its way out keeps its
        /// date.
        ///
        /// ## Errors
        /// * [`Error::BadValidatorCount`], [`Error::MinimumTooSmall`], [`Error::ReportAgeTooLong`],
        ///   [`Error::UnbondingTooShort`]: the parameters don't fit together.
        ///
        /// ## Events
        /// * [`Event::ParamsSet`].
        #[pallet::call_index(11)]
        #[pallet::weight(<T as Config>::WeightInfo::set_params())]
        pub fn set_params(origin: OriginFor<T>, params: StakingParamsOf<T>) -> DispatchResult {
            T::GovernanceOrigin::ensure_origin(origin)?;
            Self::do_set_params(params)
        }
    }

    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// What an owner has bonded.
        pub fn ledger(owner: T::AccountId) -> Option<Ledger<T>> {
            Ledgers::<T>::get(owner)
        }

        /// A lock on an owner's collateral.
        pub fn lock(owner: T::AccountId, id: LockId) -> Option<LockOf<T>> {
            Self::lock_of(&owner, id)
        }

        /// So many of an owner's locks, by id, from one on.
        pub fn locks(owner: T::AccountId, from: LockId, limit: u32) -> Vec<(LockId, LockOf<T>)> {
            Self::locks_of(&owner, from, limit)
        }

        /// A number of candidates from a place on, the highest bond first.
        pub fn candidates(from: u32, limit: u32) -> Vec<StakerOf<T>> {
            Self::candidates_from(from, limit)
        }

        /// Who was elected for an era, with what it had at stake.
        pub fn elected(era: u32) -> Vec<StakerOf<T>> {
            Elected::<T>::get(era).into_inner()
        }

        /// The parameters.
        pub fn params() -> StakingParamsOf<T> {
            Params::<T>::get()
        }

        /// Whose worker an account is.
        pub fn worker_owner(worker: T::AccountId) -> Option<T::AccountId> {
            Workers::<T>::get(worker)
        }

        /// What an owner is to the validator set, `None` if it has no ledger.
        pub fn validator_status(owner: T::AccountId) -> Option<ValidatorStatus<BalanceOf<T>>> {
            Self::status_of(&owner)
        }
    }
}
