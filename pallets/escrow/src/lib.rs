//! Escrow: what a requester pays for a job with, from the day it posts it to the day the job ends.
//!
//! * **Opened** for a job: an amount goes on hold on the requester's own account. There is no pot.
//! * **Settled** when the job has ended: payees, fire and treasury get theirs, the requester the rest. Settling never
//!   fails, and one payee that can't be paid stands in nobody else's way.
//! * **Expired**: what nobody has settled in time, anyone may give back.
//!
//! Not for: how much is held and who gets what (`assay-rules`), when (jobs), bonds and deposits (staking, registry).
//! Jobs open and settle by [`assay_primitives::Escrow`].
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
pub use types::{CreditOf, FrozenBalance, Funds};
pub use weights::WeightInfo;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod escrow;
mod expire;
#[cfg(any(test, feature = "try-runtime"))]
mod invariants;
#[cfg(test)]
mod mock;
mod open;
mod settle;
#[cfg(test)]
mod tests;
#[allow(clippy::as_conversions, reason = "derived codecs cast the indices of variants")]
mod types;
pub mod weights;

#[allow(
    clippy::as_conversions,
    clippy::expect_used,
    reason = "the macro casts indices and expects pallets to be there"
)]
#[frame_support::pallet]
pub mod pallet {
    use super::*;
    use alloc::vec::Vec;
    use assay_primitives::{Balance, JobId, MarketBlock};
    use frame_support::{
        pallet_prelude::*,
        traits::fungible::{BalancedHold, MutateHold},
    };
    use frame_system::pallet_prelude::*;
    use sp_runtime::traits::BlockNumberProvider;

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(0);

    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    #[pallet::config]
    pub trait Config: frame_system::Config {
        /// The money of escrows.
        type Currency: MutateHold<Self::AccountId, Reason: From<HoldReason>, Balance = Balance>
            + BalancedHold<Self::AccountId>;

        /// What escrows expire by.
        type Clock: BlockNumberProvider<BlockNumber = MarketBlock>;

        /// What accounts vote or vest with.
        type Frozen: FrozenBalance<Self::AccountId>;

        /// The account that gets the treasury's part, and what can't be delivered to others.
        type Treasury: Get<Self::AccountId>;

        /// Weights of this pallet.
        type WeightInfo: WeightInfo;
    }

    /// What money is held for.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// A job.
        #[codec(index = 0)]
        Job,
    }

    /// The escrows that are open. One for each job that has not ended.
    #[pallet::storage]
    pub type Escrows<T: Config> = StorageMap<_, Twox64Concat, JobId, Funds<T::AccountId>>;

    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// Money is on hold for a job.
        Opened {
            /// The job.
            job: JobId,
            /// Whose account it is on.
            requester: T::AccountId,
            /// How much, in planck.
            amount: Balance,
            /// The last block of the clock before anyone may give it back.
            expires: MarketBlock,
        },
        /// Nobody has settled an escrow in time. What is given back follows in [`Event::Settled`].
        Expired {
            /// The job.
            job: JobId,
        },
        /// A payment could not be delivered. The treasury gets it; what was the treasury's is burnt.
        Undelivered {
            /// The job.
            job: JobId,
            /// Who did not get it.
            payee: T::AccountId,
            /// How much, in planck.
            amount: Balance,
        },
        /// A settlement was for more than the escrow had, or for a job without one. What comes last in it was not paid:
        /// first of all the treasury's part, then what was to be burnt, then payees, the last first.
        Short {
            /// The job.
            job: JobId,
            /// What was not paid, in planck.
            missing: Balance,
        },
        /// An escrow has ended. Payouts, burnt, treasury and refund sum to what it had.
        Settled {
            /// The job.
            job: JobId,
            /// Who had opened it.
            requester: T::AccountId,
            /// What was paid to whom, in planck.
            payouts: Vec<(T::AccountId, Balance)>,
            /// What was burnt, in planck.
            burnt: Balance,
            /// What the treasury got, in planck.
            treasury: Balance,
            /// What the requester got back, in planck.
            refund: Balance,
        },
    }

    #[pallet::error]
    pub enum Error<T> {
        /// The amount is zero.
        ZeroAmount,
        /// The escrow would expire as soon as it is open.
        ExpiresTooSoon,
        /// The job has an escrow already.
        AlreadyOpen,
        /// What the account votes or vests with would pay for jobs.
        Frozen,
        /// The job has no escrow.
        NoEscrow,
        /// The escrow has not expired.
        NotExpired,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        /// Pays for the treasury's account, which all settlements of a block read and write together.
        fn on_initialize(_: BlockNumberFor<T>) -> Weight {
            T::DbWeight::get().reads_writes(1, 1)
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Gives an escrow back that nobody has settled in time.
        ///
        /// ## Dispatch origin
        ///
        /// Any signed account, which pays the fee.
        ///
        /// ## Details
        ///
        /// All of it goes to the requester. A job that ends after that pays nobody.
        ///
        /// ## Errors
        ///
        /// * [`Error::NoEscrow`]: the job has none.
        /// * [`Error::NotExpired`]: the clock has not passed the block until which it was opened.
        ///
        /// ## Events
        ///
        /// * [`Event::Expired`], [`Event::Settled`].
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::expire())]
        pub fn expire(origin: OriginFor<T>, job: JobId) -> DispatchResult {
            ensure_signed(origin)?;
            Self::do_expire(job)
        }
    }

    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// What is held for a job, of whom and until when.
        pub fn escrow(job: JobId) -> Option<Funds<T::AccountId>> {
            Escrows::<T>::get(job)
        }

        /// What an account has in escrow, all jobs together, in planck.
        pub fn total(requester: T::AccountId) -> Balance {
            Self::total_of(&requester)
        }

        /// The most that an account can put into escrow now, in planck.
        pub fn available(requester: T::AccountId) -> Balance {
            Self::available_to(&requester)
        }
    }
}
