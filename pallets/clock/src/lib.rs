//! Time and chance: what the rest of the chain takes as "how long" and "at random".
//!
//! * **Slot and epoch length** live in storage, set at genesis and by nothing else, so that one runtime serves every
//!   preset; BABE and the timestamp read them through [`SlotDuration`], [`MinimumPeriod`] and [`EpochDuration`].
//! * **The market clock** ([`MarketClock`]) counts blocks in which the market was served. Deadlines of jobs are counted
//!   on it: it stands still while safe-mode, a multi-block migration or a freeze by governance is on, and in blocks that
//!   have no room because a session ends, so no provider misses a deadline because of the chain.
//! * **Block VRFs**: the randomness each block's author could not choose, lent as seeds
//!   ([`Chance`](assay_primitives::Chance)); kept for a while, and for as long as a draw waits for them.
//!
//! Not for: wall-clock time (stock timestamp), draws, their order and their purposes (verification). The runtime says where a block's
//! VRF comes from and what halts the market; this pallet knows neither BABE nor safe-mode.
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
pub use weights::WeightInfo;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod chance;
#[cfg(any(test, feature = "try-runtime"))]
mod invariants;
#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;
mod time;
pub mod weights;

pub use time::{EpochDuration, MarketClock, MinimumPeriod, SlotDuration};

/// The output of a block author's VRF.
pub type Randomness = [u8; 32];

/// Slot length where genesis names none, in milliseconds.
pub const DEFAULT_SLOT_MILLIS: u64 = 3_000;

/// Epoch length where genesis names none, in slots.
pub const DEFAULT_EPOCH_SLOTS: u64 = 1_200;

#[allow(
    clippy::as_conversions,
    clippy::expect_used,
    reason = "the macro casts indices and expects pallets to be there"
)]
#[frame_support::pallet]
pub mod pallet {
    use super::*;
    use assay_primitives::PendingDraws;
    use frame_support::pallet_prelude::*;
    use frame_system::pallet_prelude::*;

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(0);

    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    #[pallet::config]
    pub trait Config: frame_system::Config {
        /// The VRF output of the block under construction, `None` where its author gave none. Read when the block is
        /// finalized, after the pallet that verifies it.
        type BlockVrf: Get<Option<Randomness>>;

        /// Whether something other than [`Call::set_frozen`] keeps the market from being served in this block.
        type MarketHalted: Get<bool>;

        /// Who may freeze the market clock.
        type FreezeOrigin: EnsureOrigin<Self::RuntimeOrigin>;

        /// For how many blocks a VRF is kept at least; also the most blocks among which a seed is looked for.
        #[pallet::constant]
        type VrfHistory: Get<BlockNumberFor<Self>>;

        /// The oldest draw that has not run: VRFs of blocks after the one that made it due are kept for it.
        type OldestDraw: PendingDraws;

        /// Weights of this pallet.
        type WeightInfo: WeightInfo;
    }

    /// Where genesis names no slot length.
    #[pallet::type_value]
    pub fn DefaultSlotMillis() -> u64 {
        DEFAULT_SLOT_MILLIS
    }

    /// Where genesis names no epoch length.
    #[pallet::type_value]
    pub fn DefaultEpochSlots() -> u64 {
        DEFAULT_EPOCH_SLOTS
    }

    /// Length of a slot in milliseconds; even, at least [`GenesisConfig::MIN_SLOT_MILLIS`]. Never changes after genesis.
    #[pallet::storage]
    pub type SlotMillis<T> = StorageValue<_, u64, ValueQuery, DefaultSlotMillis>;

    /// Length of an epoch, and so of a session, in slots; at least one. Never changes after genesis.
    #[pallet::storage]
    pub type EpochSlots<T> = StorageValue<_, u64, ValueQuery, DefaultEpochSlots>;

    /// Blocks in which the market was served, this one included.
    #[pallet::storage]
    #[pallet::whitelist_storage]
    pub type MarketBlock<T> = StorageValue<_, BlockNumberFor<T>, ValueQuery>;

    /// Whether governance has frozen the market clock.
    #[pallet::storage]
    pub type Frozen<T> = StorageValue<_, bool, ValueQuery>;

    /// VRF outputs of the last [`Config::VrfHistory`] blocks, and of those before that a draw waits for or that are
    /// still to be forgotten; a block whose author gave none has no entry.
    #[pallet::storage]
    pub type BlockVrfs<T> = StorageMap<_, Twox64Concat, BlockNumberFor<T>, Randomness>;

    /// The oldest block whose VRF is kept: those of all earlier ones are forgotten.
    #[pallet::storage]
    pub type OldestVrf<T> = StorageValue<_, BlockNumberFor<T>, ValueQuery>;

    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// Governance stopped the market clock.
        Froze {
            /// The market block at which it stands.
            at: BlockNumberFor<T>,
        },
        /// Governance let the market clock go on.
        Thawed {
            /// The market block from which it goes on.
            at: BlockNumberFor<T>,
        },
    }

    #[pallet::error]
    pub enum Error<T> {
        /// The market clock is already frozen, or already not.
        NothingToChange,
    }

    #[pallet::genesis_config]
    pub struct GenesisConfig<T: Config> {
        /// Length of a slot in milliseconds.
        pub slot_millis: u64,
        /// Length of an epoch in slots.
        pub epoch_slots: u64,
        #[serde(skip)]
        #[doc(hidden)]
        pub _config: core::marker::PhantomData<T>,
    }

    impl<T: Config> GenesisConfig<T> {
        /// The shortest slot that blocks of one second of compute leave room for.
        pub const MIN_SLOT_MILLIS: u64 = 1_000;

        /// Says what is wrong with these lengths, if anything is.
        pub fn check(slot_millis: u64, epoch_slots: u64) -> Result<(), &'static str> {
            if slot_millis < Self::MIN_SLOT_MILLIS {
                return Err("clock.slotMillis is below 1,000");
            }
            if slot_millis.checked_rem(2) != Some(0) {
                return Err("clock.slotMillis is odd: half a slot must be whole milliseconds");
            }
            if epoch_slots == 0 {
                return Err("clock.epochSlots is zero");
            }
            Ok(())
        }
    }

    impl<T: Config> Default for GenesisConfig<T> {
        fn default() -> Self {
            Self {
                slot_millis: DEFAULT_SLOT_MILLIS,
                epoch_slots: DEFAULT_EPOCH_SLOTS,
                _config: Default::default(),
            }
        }
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        /// Panics on lengths that no chain could run with: genesis has no other way to refuse.
        fn build(&self) {
            if let Err(wrong) = Self::check(self.slot_millis, self.epoch_slots) {
                panic!("{wrong}");
            }
            SlotMillis::<T>::put(self.slot_millis);
            EpochSlots::<T>::put(self.epoch_slots);
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        /// Ticks the market clock, and reserves the weight of `on_finalize`. Nobody who reads the clock pays for it again.
        fn on_initialize(_: BlockNumberFor<T>) -> Weight {
            Self::tick();
            let clock = T::DbWeight::get().reads_writes(1, 1);
            clock.saturating_add(T::WeightInfo::on_initialize()).saturating_add(T::WeightInfo::on_finalize())
        }

        fn on_finalize(now: BlockNumberFor<T>) {
            Self::record_vrf(now);
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Stops the market clock, or lets it go on.
        ///
        /// ## Dispatch origin
        ///
        /// [`Config::FreezeOrigin`].
        ///
        /// ## Details
        ///
        /// A frozen clock stays frozen until it is thawed; other halts neither thaw it nor are lifted by a thaw. The
        /// call takes effect from the next block on.
        ///
        /// ## Errors
        ///
        /// * [`Error::NothingToChange`]: the clock is already as asked.
        ///
        /// ## Events
        ///
        /// * [`Event::Froze`] or [`Event::Thawed`].
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::set_frozen())]
        pub fn set_frozen(origin: OriginFor<T>, frozen: bool) -> DispatchResult {
            T::FreezeOrigin::ensure_origin(origin)?;
            Self::do_set_frozen(frozen)
        }
    }

    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// Whether the market clock stands still in this block, for whatever reason.
        pub fn market_halted() -> bool {
            Frozen::<T>::get() || T::MarketHalted::get()
        }

        /// The VRF output of a recent block.
        pub fn block_vrf(block: BlockNumberFor<T>) -> Option<Randomness> {
            BlockVrfs::<T>::get(block)
        }
    }
}
