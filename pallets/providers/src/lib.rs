//! Compute providers: who can compute what, on which terms, and how likely each one is to be drawn.
//!
//! * **Machines**: governance lists the hardware and memory that jobs can ask for. Each machine has a price that moves
//!   once a period with its utilisation.
//! * **Draws** ([`Sortition`](assay_primitives::Sortition)): a sum tree of weights for each machine. A provider weighs
//!   as much as its bond, up to a cap, times a factor of its reputation; nothing while it is full, jailed or silent.
//! * **Changes** wait until every draw has run that was due when they were asked for: what a provider asks for, another
//!   bond, the room and the score that come with the end of a seat. Whoever can know a seed can't change whom it draws.
//!   Only what makes a provider weigh nothing counts at once.
//! * **Reputation**: how a provider did in its seats, as verification tells.
//!
//! Not for: bonds and workers (staking), who gets which seat and what it has to do there (verification), payment
//! (escrow). Formulas of weight, score and price are in `assay-rules`.
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
pub use types::{
    Change, Description, GenesisMachine, GenesisProvider, Liquidity, MachineEntry, Parameters, Pending, Pool,
    Provider, Seats, Share, State, Terms, MAX_CAPACITY, MAX_DESCRIPTION, MAX_MACHINES,
};
pub use weights::WeightInfo;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
#[cfg(any(test, feature = "runtime-benchmarks"))]
mod crowd;
mod genesis;
#[cfg(any(test, feature = "try-runtime"))]
mod invariants;
mod machines;
#[cfg(test)]
mod mock;
mod params;
mod queue;
mod seats;
mod terms;
#[cfg(test)]
mod tests;
mod tick;
mod tree;
#[allow(clippy::as_conversions, reason = "derived codecs cast the indices of variants")]
mod types;
mod views;
pub mod weights;

#[cfg(feature = "runtime-benchmarks")]
pub use benchmarking::BenchmarkHelper;

use assay_primitives::{Balance, Machine, PAGE};
use frame_support::{pallet_prelude::ConstU32, BoundedVec};

/// Entries of a node.
pub const ARITY: u32 = 64;

/// Levels of nodes in a tree.
pub const DEPTH: u8 = 3;

/// The most providers in a tree: [`ARITY`] to the power of [`DEPTH`].
pub const MAX_LEAVES: u32 = 262_144;

/// The least cap of a bond, in planck: with less, nobody would weigh anything.
pub const MIN_BOND_CAP: Balance = 2_000_000_000;

/// The highest cap of a bond, in planck: with it a provider weighs less than 2⁴⁰, so that 64 full trees of 2¹⁸ leaves
/// weigh less than 2⁶⁴. More than all ASY of genesis.
pub const MAX_BOND_CAP: Balance = 1_099_511_627_775_000_000_000;

/// A node: the weights of what is below it. Ends with an entry that is not zero.
pub type Node = BoundedVec<u64, ConstU32<ARITY>>;

/// Where a node is: in which tree, on which level, with 0 for the one above the leaves, and how many are before it.
pub type NodeKey = (Machine, u8, u32);

#[allow(
    clippy::as_conversions,
    clippy::expect_used,
    reason = "the macro casts indices and expects pallets to be there"
)]
#[frame_support::pallet]
pub mod pallet {
    use super::*;
    use alloc::vec::Vec;
    use assay_primitives::{Conduct, Endpoint, JobId, MarketBlock, PendingDraws, ProviderBond, Workers};
    use frame_support::{pallet_prelude::*, weights::WeightMeter};
    use frame_system::pallet_prelude::*;
    use sp_runtime::{traits::BlockNumberProvider, Perbill};

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(0);

    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    #[pallet::config]
    pub trait Config: frame_system::Config {
        /// What providers have bonded. Tells this pallet of changes by [`OnBond`](assay_primitives::OnBond).
        type Bonds: ProviderBond<Self::AccountId>;

        /// Who may give a sign of life for whom.
        type Workers: Workers<Self::AccountId>;

        /// The draws that changes wait for.
        type Draws: PendingDraws;

        /// The most blocks of the chain whose randomness makes a seed.
        type DrawBlocks: Get<u32>;

        /// The least collateral that a seat takes, in planck: the cap of bonds has to leave room for it.
        type LeastCollateral: Get<Balance>;

        /// What a period of prices has at least, in blocks of the market clock.
        type LeastPricePeriod: Get<MarketBlock>;

        /// What terms in jail and periods of prices are counted on.
        type Clock: BlockNumberProvider<BlockNumber = MarketBlock>;

        /// Who lists machines and sets [`Params`].
        type GovernanceOrigin: EnsureOrigin<Self::RuntimeOrigin>;

        /// The most changes that one block applies by itself; at least one.
        #[pallet::constant]
        type MaxPerBlock: Get<u32>;

        /// What benchmarks need to be there.
        #[cfg(feature = "runtime-benchmarks")]
        type BenchmarkHelper: BenchmarkHelper<Self::AccountId>;

        /// Weights of this pallet.
        type WeightInfo: WeightInfo;
    }

    /// What governance may change.
    #[pallet::storage]
    pub type Params<T> = StorageValue<_, Parameters, ValueQuery>;

    /// The machines on the lists.
    #[pallet::storage]
    pub type Machines<T> = StorageMap<_, Twox64Concat, Machine, MachineEntry>;

    /// The same in the order in which they take turns.
    #[pallet::storage]
    pub type MachineList<T> = StorageValue<_, BoundedVec<Machine, ConstU32<MAX_MACHINES>>, ValueQuery>;

    /// What the providers of each machine are together.
    #[pallet::storage]
    pub type Pools<T> = StorageMap<_, Twox64Concat, Machine, Pool>;

    /// The providers. Whoever is here has a bond, a seat, or a term in jail.
    #[pallet::storage]
    pub type Providers<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, Provider>;

    /// Where a provider serves blobs. A hint: what is fetched is checked by its hash.
    #[pallet::storage]
    pub type Endpoints<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, Endpoint>;

    /// The nodes of the trees that weigh something.
    #[pallet::storage]
    pub type Nodes<T> = StorageMap<_, Twox64Concat, NodeKey, Node, ValueQuery>;

    /// Whose each leaf of each tree is.
    #[pallet::storage]
    pub type Leaves<T: Config> = StorageMap<_, Twox64Concat, (Machine, u32), T::AccountId>;

    /// What is in play in all trees: what all providers weigh whenever they have room.
    #[pallet::storage]
    pub type TotalInPlay<T> = StorageValue<_, u64, ValueQuery>;

    /// The providers with a change that waits, once for each, in the order in which they came: entry `n` is in page
    /// `n / 64`, in place `n % 64`. A page is kept until its last entry is worked off, so that what comes and goes
    /// together takes one key.
    #[pallet::storage]
    pub type Queue<T: Config> =
        StorageMap<_, Twox64Concat, u64, BoundedVec<T::AccountId, ConstU32<PAGE>>, ValueQuery>;

    /// The number of the first entry of [`Queue`] that waits, and the one that the next entry gets.
    #[pallet::storage]
    #[pallet::whitelist_storage]
    pub type QueueEnds<T> = StorageValue<_, (u64, u64), ValueQuery>;

    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// Somebody wants to become a provider.
        Registered {
            /// Who.
            owner: T::AccountId,
            /// What it offers.
            terms: Terms,
        },
        /// A provider has asked for a change, or another weight is due to it. It waits.
        ChangeAsked {
            /// Who.
            owner: T::AccountId,
            /// What waits.
            pending: Pending,
        },
        /// A change is in force.
        ChangeApplied {
            /// Whose.
            owner: T::AccountId,
            /// What has changed.
            change: Change,
        },
        /// A provider serves blobs elsewhere, or no more.
        EndpointSet {
            /// Who.
            owner: T::AccountId,
            /// Where.
            endpoint: Option<Endpoint>,
        },
        /// A leaf weighs another amount.
        WeightChanged {
            /// Whose it is.
            owner: T::AccountId,
            /// Of which tree.
            machine: Machine,
            /// Which leaf.
            slot: u32,
            /// What it weighs now.
            weight: u64,
        },
        /// A provider is in this tree no more.
        LeafRemoved {
            /// Who.
            owner: T::AccountId,
            /// Of which tree.
            machine: Machine,
            /// Which leaf it was.
            slot: u32,
        },
        /// The last leaf of a tree took the place of one that was removed.
        LeafMoved {
            /// Whose it is.
            owner: T::AccountId,
            /// Of which tree.
            machine: Machine,
            /// Which leaf it was.
            from: u32,
            /// Which leaf it is now.
            to: u32,
        },
        /// Nothing is known of a provider any more.
        Removed {
            /// Who.
            owner: T::AccountId,
        },
        /// A provider got a seat.
        Seated {
            /// Who.
            owner: T::AccountId,
            /// Of which job.
            job: JobId,
            /// How many it has now.
            seats: u32,
        },
        /// A provider has a seat no more.
        Unseated {
            /// Who.
            owner: T::AccountId,
            /// Of which job.
            job: JobId,
            /// How it did.
            conduct: Conduct,
            /// How many it still has.
            seats: u32,
            /// Its score now.
            score: u32,
        },
        /// A provider is in jail.
        Jailed {
            /// Who.
            owner: T::AccountId,
            /// The block of the market clock from which on it may ask for its release.
            until: MarketBlock,
        },
        /// A machine is on the lists, or its entry is another one.
        MachineSet {
            /// Which one.
            machine: Machine,
            /// Its entry.
            entry: MachineEntry,
        },
        /// Jobs can't be posted for a machine any more, and nobody can come to it.
        MachineClosed {
            /// Which one.
            machine: Machine,
        },
        /// A machine is off the lists.
        MachineRemoved {
            /// Which one.
            machine: Machine,
        },
        /// The price of a machine has moved.
        PriceMoved {
            /// Which one.
            machine: Machine,
            /// What a unit did cost, in planck.
            from: Balance,
            /// What it costs now, in planck.
            to: Balance,
            /// What share of its capacity was busy in the period that has ended.
            utilisation: Perbill,
        },
        /// Governance changed the parameters.
        ParamsSet {
            /// What they are now.
            params: Parameters,
        },
    }

    #[pallet::error]
    pub enum Error<T> {
        /// The account has no bond as a provider.
        NoBond,
        /// The account is a provider already: update its terms.
        AlreadyRegistered,
        /// The account is no provider.
        NotRegistered,
        /// No such machine is on the lists.
        NoSuchMachine,
        /// The machine is closed: jobs can't be posted for it, and nobody can come to it.
        MachineClosed,
        /// The machine has as many providers as a tree has leaves.
        ClassFull,
        /// The capacity is zero or above 64 seats.
        BadCapacity,
        /// The reserve is above what the machine can ever cost.
        ReserveTooHigh,
        /// A change waits already: it can't be taken back, and the next one has to wait until it is applied.
        ChangePending,
        /// It is already so.
        NothingToChange,
        /// The signer is neither the provider nor its worker.
        NotItsWorker,
        /// The provider is not silent.
        NotSilent,
        /// The provider is not in jail.
        NotJailed,
        /// The provider's term in jail is not over.
        StillJailed,
        /// No change waits whose time has come.
        NothingToApply,
        /// The provider can't be drawn: it has left, is silent, or in jail.
        NotInPlay,
        /// The provider has a seat of this job already.
        HasSeat,
        /// The provider has as many seats as it can.
        NoRoom,
        /// There are as many machines as there can be.
        TooManyMachines,
        /// The price rule breaks one of its own: see [`PriceRule`](assay_rules::price::PriceRule).
        BadPriceRule,
        /// The machine has providers, or some are on their way to it.
        MachineInUse,
        /// A change could be applied before the draws of its block have a seed.
        DelayTooShort,
        /// The endpoint is not a URL of `http://` or `https://` in visible ASCII.
        BadEndpoint,
        /// A price would stay for no block.
        PricePeriodIsZero,
        /// Jail would end at once.
        JailTermIsZero,
        /// The cap of bonds is too low for anybody to weigh anything, or too high for the weights to be counted.
        BadBondCap,
        /// Less would count of a bond than a seat takes in collateral: nobody could sit in one.
        CapBelowCollateral,
        /// Prices could change more often than [`Config::LeastPricePeriod`] lets them.
        PricePeriodTooShort,
    }

    #[pallet::genesis_config]
    #[derive(frame_support::DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        /// What governance may change later.
        pub params: Parameters,
        /// The machines on the lists.
        pub machines: Vec<GenesisMachine>,
        /// Providers, each with a bond already.
        pub providers: Vec<GenesisProvider<T::AccountId>>,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        /// Panics on a configuration that no chain could run with: genesis has no other way to refuse.
        /// [`Config::DrawBlocks`] and [`Config::LeastCollateral`] are not asked, since what they look at may not be there
        /// yet.
        fn build(&self) {
            if let Err(wrong) = self.put() {
                panic!("providers: {wrong}");
            }
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        /// Pays for what all calls and changes of a block read and write together: the numbers of the queue of changes, its
        /// first page and its last one. Further pages are counted as the block comes to them.
        fn on_initialize(_: BlockNumberFor<T>) -> Weight {
            T::DbWeight::get().reads_writes(3, 3)
        }

        /// Moves a price and applies changes, before the block's transactions and as far as its weight allows.
        fn on_poll(_: BlockNumberFor<T>, meter: &mut WeightMeter) {
            Self::tick(meter);
        }

        fn integrity_test() {
            assert!(T::MaxPerBlock::get() > 0, "providers: MaxPerBlock is zero, so changes would pile up");
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Offers to compute.
        ///
        /// ## Dispatch origin
        ///
        /// Signed, by the owner of a bond as a provider.
        ///
        /// ## Details
        ///
        /// It is drawn once the change is applied: when more blocks than the delay have passed and no draw waits that
        /// was due before. The bond is the deposit for what is stored: without one, a provider leaves by itself.
        ///
        /// ## Errors
        ///
        /// * [`Error::AlreadyRegistered`]: it is a provider.
        /// * [`Error::NoSuchMachine`], [`Error::MachineClosed`], [`Error::ClassFull`]: it can't come to this machine.
        /// * [`Error::BadCapacity`]: the capacity is zero or above [`MAX_CAPACITY`].
        /// * [`Error::ReserveTooHigh`]: the machine will never cost as much.
        /// * [`Error::NoBond`]: nothing is bonded.
        ///
        /// ## Events
        ///
        /// * [`Event::ChangeAsked`], [`Event::Registered`].
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::register())]
        pub fn register(
            origin: OriginFor<T>,
            machine: Machine,
            #[pallet::compact] reserve: Balance,
            #[pallet::compact] capacity: u32,
        ) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::do_register(&owner, Terms { machine, reserve, capacity })
        }

        /// Offers something else.
        ///
        /// ## Dispatch origin
        ///
        /// Signed, by the provider.
        ///
        /// ## Details
        ///
        /// In force once the change is applied; the seats that it has are not affected. One that has left, and still has
        /// seats or a term in jail to serve, comes back.
        ///
        /// ## Errors
        ///
        /// * [`Error::NotRegistered`]: it is no provider.
        /// * [`Error::NothingToChange`]: it offers that already.
        /// * [`Error::NoSuchMachine`], [`Error::MachineClosed`], [`Error::ClassFull`]: it can't come to this machine.
        ///   One that is on a closed machine may change its other terms.
        /// * [`Error::BadCapacity`], [`Error::ReserveTooHigh`], [`Error::NoBond`]: as in [`Call::register`].
        /// * [`Error::ChangePending`]: another change waits.
        ///
        /// ## Events
        ///
        /// * [`Event::ChangeAsked`].
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::update())]
        pub fn update(
            origin: OriginFor<T>,
            machine: Machine,
            #[pallet::compact] reserve: Balance,
            #[pallet::compact] capacity: u32,
        ) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::do_update(&owner, Terms { machine, reserve, capacity })
        }

        /// Gives a sign of life after a no-show.
        ///
        /// ## Dispatch origin
        ///
        /// Signed, by the provider or its worker.
        ///
        /// ## Details
        ///
        /// It is drawn again once the change is applied, unless it has missed another commit by then.
        ///
        /// ## Errors
        ///
        /// * [`Error::NotItsWorker`]: the signer is neither.
        /// * [`Error::NotRegistered`]: the owner is no provider.
        /// * [`Error::NotSilent`]: it is not silent.
        /// * [`Error::ChangePending`]: another change waits.
        ///
        /// ## Events
        ///
        /// * [`Event::ChangeAsked`].
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::heartbeat())]
        pub fn heartbeat(origin: OriginFor<T>, owner: T::AccountId) -> DispatchResult {
            let signer = ensure_signed(origin)?;
            Self::do_heartbeat(&signer, &owner)
        }

        /// Offers nothing any more.
        ///
        /// ## Dispatch origin
        ///
        /// Signed, by the provider.
        ///
        /// ## Details
        ///
        /// It is drawn until the change is applied. It is forgotten, its score too, when it has no seat left and no
        /// term in jail to serve.
        ///
        /// ## Errors
        ///
        /// * [`Error::NotRegistered`]: it is no provider.
        /// * [`Error::NothingToChange`]: it has left already.
        /// * [`Error::ChangePending`]: another change waits.
        ///
        /// ## Events
        ///
        /// * [`Event::ChangeAsked`].
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::retire())]
        pub fn retire(origin: OriginFor<T>) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::do_retire(&owner)
        }

        /// Leaves jail after one's term.
        ///
        /// ## Dispatch origin
        ///
        /// Signed, by the provider.
        ///
        /// ## Details
        ///
        /// It is drawn again once the change is applied, unless it has been found cheating again by then.
        ///
        /// ## Errors
        ///
        /// * [`Error::NotRegistered`]: it is no provider.
        /// * [`Error::NotJailed`]: it is not in jail.
        /// * [`Error::StillJailed`]: its term is not over.
        /// * [`Error::ChangePending`]: another change waits.
        ///
        /// ## Events
        ///
        /// * [`Event::ChangeAsked`].
        #[pallet::call_index(4)]
        #[pallet::weight(T::WeightInfo::release())]
        pub fn release(origin: OriginFor<T>) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::do_release(&owner)
        }

        /// Has a provider weighed anew, after governance has moved the cap of bonds.
        ///
        /// ## Dispatch origin
        ///
        /// Any signed account, which pays the fee.
        ///
        /// ## Details
        ///
        /// Changes of the bond itself, and seats that end, need no call.
        ///
        /// ## Errors
        ///
        /// * [`Error::NotRegistered`]: the owner is no provider.
        /// * [`Error::ChangePending`]: it waits for that already.
        /// * [`Error::NothingToChange`]: as much of its bond counts as is due, or it is in no tree.
        ///
        /// ## Events
        ///
        /// * [`Event::ChangeAsked`].
        #[pallet::call_index(5)]
        #[pallet::weight(T::WeightInfo::reweigh())]
        pub fn reweigh(origin: OriginFor<T>, owner: T::AccountId) -> DispatchResult {
            ensure_signed(origin)?;
            Self::do_reweigh(&owner)
        }

        /// Applies changes whose time has come, in the order in which they were asked for.
        ///
        /// ## Dispatch origin
        ///
        /// Any signed account, which pays the fee.
        ///
        /// ## Details
        ///
        /// Blocks do so themselves as long as they have room. Applies up to `limit` changes and charges for those that
        /// it has applied.
        ///
        /// ## Errors
        ///
        /// * [`Error::NothingToApply`]: none is ready.
        ///
        /// ## Events
        ///
        /// * [`Event::ChangeApplied`] for each.
        #[pallet::call_index(6)]
        #[pallet::weight(T::WeightInfo::apply(*limit))]
        pub fn apply(origin: OriginFor<T>, #[pallet::compact] limit: u32) -> DispatchResultWithPostInfo {
            ensure_signed(origin)?;
            let applied = Self::do_apply(limit)?;
            Ok(Some(T::WeightInfo::apply(applied)).into())
        }

        /// Puts a machine on the lists, or changes its entry.
        ///
        /// ## Dispatch origin
        ///
        /// [`Config::GovernanceOrigin`].
        ///
        /// ## Details
        ///
        /// The price of a new one begins at the floor of its rule; that of another one is moved between floor and
        /// ceiling.
        ///
        /// ## Errors
        ///
        /// * [`Error::BadPriceRule`]: the price rule is not sound.
        /// * [`Error::TooManyMachines`]: there are [`MAX_MACHINES`] already.
        ///
        /// ## Events
        ///
        /// * [`Event::MachineSet`].
        #[pallet::call_index(7)]
        #[pallet::weight(T::WeightInfo::set_machine())]
        pub fn set_machine(origin: OriginFor<T>, machine: Machine, entry: MachineEntry) -> DispatchResult {
            T::GovernanceOrigin::ensure_origin(origin)?;
            Self::do_set_machine(machine, entry)
        }

        /// Closes a machine: jobs can't be posted for it any more, and nobody can come to it.
        ///
        /// ## Dispatch origin
        ///
        /// [`Config::GovernanceOrigin`].
        ///
        /// ## Details
        ///
        /// Those that are there stay and are drawn for the jobs that it has. [`Call::set_machine`] opens it again.
        ///
        /// ## Errors
        ///
        /// * [`Error::NoSuchMachine`]: it is not on the lists.
        /// * [`Error::MachineClosed`]: it is closed.
        ///
        /// ## Events
        ///
        /// * [`Event::MachineClosed`].
        #[pallet::call_index(8)]
        #[pallet::weight(T::WeightInfo::close_machine())]
        pub fn close_machine(origin: OriginFor<T>, machine: Machine) -> DispatchResult {
            T::GovernanceOrigin::ensure_origin(origin)?;
            Self::do_close_machine(machine)
        }

        /// Takes a machine that nobody uses off the lists.
        ///
        /// ## Dispatch origin
        ///
        /// [`Config::GovernanceOrigin`].
        ///
        /// ## Errors
        ///
        /// * [`Error::NoSuchMachine`]: it is not on the lists.
        /// * [`Error::MachineInUse`]: it has providers, or some are on their way to it.
        ///
        /// ## Events
        ///
        /// * [`Event::MachineRemoved`].
        #[pallet::call_index(9)]
        #[pallet::weight(T::WeightInfo::remove_machine())]
        pub fn remove_machine(origin: OriginFor<T>, machine: Machine) -> DispatchResult {
            T::GovernanceOrigin::ensure_origin(origin)?;
            Self::do_remove_machine(machine)
        }

        /// Sets the parameters.
        ///
        /// ## Dispatch origin
        ///
        /// [`Config::GovernanceOrigin`].
        ///
        /// ## Details
        ///
        /// Delay and period hold at once, for what waits and runs too; the term in jail for those jailed from now on;
        /// the cap of bonds for each provider from its next change on, see [`Call::reweigh`].
        ///
        /// ## Errors
        ///
        /// * [`Error::PricePeriodIsZero`], [`Error::JailTermIsZero`], [`Error::BadBondCap`]: see [`Parameters`].
        /// * [`Error::PricePeriodTooShort`]: prices could change faster than [`Config::LeastPricePeriod`] lets them.
        /// * [`Error::DelayTooShort`]: the delay is not above [`Config::DrawBlocks`].
        /// * [`Error::CapBelowCollateral`]: the cap of bonds is below [`Config::LeastCollateral`].
        ///
        /// ## Events
        ///
        /// * [`Event::ParamsSet`].
        #[pallet::call_index(10)]
        #[pallet::weight(T::WeightInfo::set_params())]
        pub fn set_params(origin: OriginFor<T>, params: Parameters) -> DispatchResult {
            T::GovernanceOrigin::ensure_origin(origin)?;
            Self::do_set_params(params)
        }

        /// Tells where a provider serves blobs: the inputs of jobs it has committed to, and results.
        ///
        /// ## Dispatch origin
        ///
        /// Signed, by the provider.
        ///
        /// ## Details
        ///
        /// `None` takes it back. It has no part in draws, so it is in force at once. It goes with its provider, which is
        /// paid for here: whatever ends the last seat of one that has retired is not.
        ///
        /// ## Errors
        ///
        /// * [`Error::NotRegistered`]: it is no provider.
        /// * [`Error::BadEndpoint`]: it is no URL of a server.
        ///
        /// ## Events
        ///
        /// * [`Event::EndpointSet`].
        #[pallet::call_index(11)]
        #[pallet::weight(T::WeightInfo::set_endpoint().saturating_add(T::DbWeight::get().writes(1)))]
        pub fn set_endpoint(origin: OriginFor<T>, endpoint: Option<Endpoint>) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::do_set_endpoint(&owner, endpoint)
        }
    }

    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// What governance has set.
        pub fn params() -> Parameters {
            Params::<T>::get()
        }

        /// A provider.
        pub fn provider(owner: T::AccountId) -> Option<Provider> {
            Providers::<T>::get(owner)
        }

        /// Where a provider serves blobs.
        pub fn endpoint(owner: T::AccountId) -> Option<Endpoint> {
            Endpoints::<T>::get(owner)
        }

        /// What a provider has asked for and what is not in force yet.
        pub fn pending_change(owner: T::AccountId) -> Option<Pending> {
            Providers::<T>::get(owner).and_then(|provider| provider.pending)
        }

        /// The jobs that a provider has a seat of.
        pub fn seats(owner: T::AccountId) -> Seats {
            Providers::<T>::get(owner).map(|provider| provider.open).unwrap_or_default()
        }

        /// How many changes wait.
        pub fn queue_length() -> u64 {
            let (first, next) = QueueEnds::<T>::get();
            next.saturating_sub(first)
        }

        /// Machines on the lists, from the `start`th on, at most `limit`.
        pub fn machines(start: u32, limit: u32) -> Vec<(Machine, MachineEntry)> {
            Self::listed(start, limit)
        }

        /// What the providers of a machine are together. Its sums go up to its last change.
        pub fn pool(machine: Machine) -> Option<Pool> {
            Pools::<T>::get(machine)
        }

        /// How much there is to be had on a machine.
        pub fn liquidity(machine: Machine) -> Option<Liquidity> {
            Self::liquidity_of(machine)
        }
    }
}
