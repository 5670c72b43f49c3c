//! Rewards: where new money comes from, and where fees of transactions go.
//!
//! * **Blocks** are counted for those who author them, in pages of validators.
//! * **An era that ends** issues what governed inflation gives for its blocks: a share to the treasury at once, the rest
//!   as a pot that nobody has yet.
//! * **Claims**, by anyone, pay a page of the era's validators out of its pot, by their blocks. Only then is the money
//!   issued. What nobody claims in time never is.
//! * **Fees** are split: burnt, to the treasury, to the author of the block, paid when the block ends.
//!
//! Not for: how much that is (`assay-rules`), who validates and when an era ends (staking, sessions), fees of jobs
//! (escrow). Nothing else on the chain issues money.
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

pub use fees::ShareFees;
pub use pallet::*;
pub use types::{Collected, CreditOf, PageOf, Parameters, Pot, Progress, Share};
pub use views::MAX_ERAS;
pub use weights::WeightInfo;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod blocks;
mod claim;
mod eras;
mod fees;
#[cfg(any(test, feature = "try-runtime"))]
mod invariants;
#[cfg(test)]
mod mock;
mod params;
#[cfg(test)]
mod tests;
#[allow(clippy::as_conversions, reason = "derived codecs cast the indices of variants")]
mod types;
mod views;
pub mod weights;

#[cfg(feature = "runtime-benchmarks")]
pub use benchmarking::BenchmarkHelper;

/// The most validators of a page, which one claim pays.
pub const PAGE_SIZE: u32 = 32;

#[allow(
    clippy::as_conversions,
    clippy::expect_used,
    reason = "the macro casts indices and expects pallets to be there"
)]
#[frame_support::pallet]
pub mod pallet {
    use super::*;
    use alloc::vec::Vec;
    use assay_primitives::Balance;
    use frame_support::{
        pallet_prelude::*,
        traits::fungible::{Balanced, Mutate},
        weights::WeightMeter,
    };
    use frame_system::pallet_prelude::*;

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(0);

    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    #[pallet::config]
    pub trait Config: frame_system::Config {
        /// The money that is issued, and that fees are in.
        type Currency: Mutate<Self::AccountId, Balance = Balance> + Balanced<Self::AccountId>;

        /// The running era. Never falls.
        type Era: Get<u32>;

        /// The author of this block, and its place in the set of the running era. A place is one validator's throughout an
        /// era.
        type Author: Get<Option<(u32, Self::AccountId)>>;

        /// Milliseconds of a slot.
        type SlotMillis: Get<u64>;

        /// The account that gets the treasury's shares.
        type Treasury: Get<Self::AccountId>;

        /// Who may set [`Params`].
        type ParamsOrigin: EnsureOrigin<Self::RuntimeOrigin>;

        /// The most pages of an era: as many as the largest set fills. At least one.
        #[pallet::constant]
        type MaxPages: Get<u32>;

        /// The most eras that [`Parameters::expiry`] may be. At least one.
        #[pallet::constant]
        type MaxExpiry: Get<u32>;

        /// What benchmarks need to be there.
        #[cfg(feature = "runtime-benchmarks")]
        type BenchmarkHelper: BenchmarkHelper<Self::AccountId>;

        /// Weights of this pallet.
        type WeightInfo: WeightInfo;
    }

    /// What governance sets.
    #[pallet::storage]
    pub type Params<T> = StorageValue<_, Parameters, ValueQuery>;

    /// The era whose blocks are counted, how many they are, and the first era that is kept.
    #[pallet::storage]
    pub type Running<T> = StorageValue<_, Progress, ValueQuery>;

    /// Eras that are over and can be claimed: at most [`Parameters::expiry`], and those whose time has passed and that the
    /// next blocks forget, one each.
    #[pallet::storage]
    pub type Pots<T> = StorageMap<_, Twox64Concat, u32, Pot>;

    /// Who has authored how many blocks of an era, by pages of places in its set: of the running era, and of those before
    /// as far as nobody has claimed them. At most [`Config::MaxPages`] for an era.
    #[pallet::storage]
    pub type Pages<T: Config> =
        StorageDoubleMap<_, Twox64Concat, u32, Twox64Concat, u32, PageOf<T>, ValueQuery>;

    /// The author of this block. Never in the state of a block that is over.
    #[pallet::storage]
    #[pallet::whitelist_storage]
    pub type Author<T: Config> = StorageValue<_, T::AccountId>;

    /// What of this block's fees is to be paid when it ends. Never in the state of a block that is over.
    #[pallet::storage]
    #[pallet::whitelist_storage]
    pub type Fees<T> = StorageValue<_, Collected, ValueQuery>;

    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// An era is over.
        EraEnded {
            /// Which one.
            era: u32,
            /// How many blocks it had.
            blocks: u32,
            /// What its validators can claim, in planck.
            pot: Balance,
            /// What the treasury has got, in planck.
            treasury: Balance,
        },
        /// A validator has got its part of an era's pot.
        Rewarded {
            /// Who.
            validator: T::AccountId,
            /// For which era.
            era: u32,
            /// How much, in planck.
            amount: Balance,
            /// What could not be paid, in planck, because the account is gone and this is too little for a new one. It is
            /// never issued.
            missing: Balance,
        },
        /// The time to claim an era has passed.
        EraForgotten {
            /// Which one.
            era: u32,
            /// What was not claimed, in planck. It is never issued.
            unclaimed: Balance,
        },
        /// The fees of a block were paid out. What of them is not here was burnt.
        FeesShared {
            /// What the treasury has got, in planck.
            treasury: Balance,
            /// Who authored the block.
            author: Option<T::AccountId>,
            /// What the author has got, tips included, in planck.
            amount: Balance,
        },
        /// Governance set the parameters.
        ParamsSet {
            /// What they are now.
            params: Parameters,
        },
    }

    #[pallet::error]
    pub enum Error<T> {
        /// The era is not over, was never there, or its time has passed.
        NoSuchPot,
        /// The page is empty: nobody on it authored a block, or it was claimed.
        NothingToClaim,
        /// The inflation is above the highest.
        InflationTooHigh,
        /// Shares are above one.
        ShareAboveOne,
        /// Authors would get more than half of fees.
        AuthorShareTooHigh,
        /// The expiry is zero, or above the longest.
        ExpiryOutOfRange,
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
                panic!("rewards.params: {wrong:?}");
            }
            Params::<T>::put(self.params);
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        /// Ends an era that is over, and counts the block.
        fn on_initialize(_: BlockNumberFor<T>) -> Weight {
            Self::begin_block()
        }

        /// Forgets an era whose time has passed, as far as the block's weight allows.
        fn on_poll(_: BlockNumberFor<T>, meter: &mut WeightMeter) {
            Self::forget_expired(meter);
        }

        /// Pays the fees of the block out.
        fn on_finalize(_: BlockNumberFor<T>) {
            Self::pay_fees();
        }

        fn integrity_test() {
            assert!(T::MaxPages::get() > 0, "rewards: MaxPages is zero, so no block could be counted");
            assert!(T::MaxExpiry::get() > 0, "rewards: MaxExpiry is zero, so nothing could be claimed");
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
        /// Inflation and the treasury's share of it hold for the running era as a whole, the shares of fees from the next
        /// transaction on. A longer expiry gives eras more time that are still there; after a shorter one, those whose
        /// time has passed go one in a block.
        ///
        /// ## Errors
        ///
        /// * [`Error::InflationTooHigh`], [`Error::ShareAboveOne`], [`Error::AuthorShareTooHigh`],
        ///   [`Error::ExpiryOutOfRange`]: see [`Parameters`].
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

        /// Pays a page of an era's validators what they have earned.
        ///
        /// ## Dispatch origin
        ///
        /// Any signed account, which pays the fee.
        ///
        /// ## Details
        ///
        /// Each validator gets the part of the era's pot that its blocks are of all blocks, rounded down. A validator that
        /// stands at place p of the era's set is on page p / [`PAGE_SIZE`]; [`Pallet::unclaimed`] tells.
        ///
        /// ## Errors
        ///
        /// * [`Error::NoSuchPot`]: the era is not over, or its time has passed.
        /// * [`Error::NothingToClaim`]: nobody on that page has authored a block, or it was claimed.
        ///
        /// ## Events
        ///
        /// * [`Event::Rewarded`] for each.
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::claim(PAGE_SIZE))]
        pub fn claim(origin: OriginFor<T>, era: u32, page: u32) -> DispatchResultWithPostInfo {
            ensure_signed(origin)?;
            let paid = Self::do_claim(era, page)?;
            Ok(Some(T::WeightInfo::claim(paid)).into())
        }
    }

    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// The parameters.
        pub fn params() -> Parameters {
            Params::<T>::get()
        }

        /// The running era, how many blocks it has so far, and the first era that is kept.
        pub fn running() -> Progress {
            Running::<T>::get()
        }

        /// What an era has issued to its validators, and what of it was claimed. `None` if it can't be claimed.
        pub fn pot(era: u32) -> Option<Pot> {
            Pots::<T>::get(era)
        }

        /// What a claim of a page would pay whom, in planck.
        pub fn page(era: u32, page: u32) -> Vec<(T::AccountId, Balance)> {
            Self::rewards_of(era, page)
        }

        /// What waits for a validator, as (era, page, planck), in a number of eras, at most [`MAX_ERAS`], from one on.
        pub fn unclaimed(validator: T::AccountId, from: u32, eras: u32) -> Vec<(u32, u32, Balance)> {
            Self::unclaimed_of(&validator, from, eras)
        }
    }
}
