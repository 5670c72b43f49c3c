//! Registry: programs (models) and datasets that anybody may use in a job, for a royalty.
//!
//! * **A listing** has an owner, a licence and versions. A version is the root of some content, where its bytes are,
//!   and its royalty: a share of one seat's payment, which never rises.
//! * **A root has one lister**: whoever lists it first, until that listing is delisted.
//! * **Delisted** by its owner or by governance, a listing can't be named by new jobs; then anyone may prune it, and
//!   the owner has its deposit back.
//!
//! Not for: the content itself and whether it is there (blobs), whether a licence is kept (courts), paying royalties
//! (jobs, escrow). A job may use what is not listed. Jobs ask by [`assay_primitives::Listings`] when they are posted
//! and keep the answer, so nothing that happens here touches a job that is under way.
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
pub use types::{DelistedBy, Kind, Licence, Listing, State, Version, MAX_LICENCE, MAX_ROYALTY};
pub use views::MAX_PAGE;
pub use weights::WeightInfo;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod delist;
#[cfg(any(test, feature = "try-runtime"))]
mod invariants;
mod list;
#[cfg(test)]
mod mock;
mod prune;
mod royalty;
#[cfg(test)]
mod tests;
mod transfer;
#[allow(clippy::as_conversions, reason = "derived codecs cast the indices of variants")]
mod types;
mod views;
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
    use assay_primitives::{Balance, BlobRef, Digest, ListedVersion, ListingId};
    use frame_support::{
        pallet_prelude::*,
        traits::fungible::{Inspect, MutateHold},
    };
    use frame_system::pallet_prelude::*;
    use sp_runtime::Perbill;

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(0);

    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    #[pallet::config]
    pub trait Config: frame_system::Config {
        /// What deposits are in.
        type Currency: MutateHold<Self::AccountId, Reason: From<HoldReason>, Balance = Balance>;

        /// Who may delist what others have listed.
        type CurationOrigin: EnsureOrigin<Self::RuntimeOrigin>;

        /// Deposit of a listing in planck, beside that of its licence and its versions; at least the existential
        /// deposit, so that it can always be given back.
        #[pallet::constant]
        type ListingDeposit: Get<Balance>;

        /// Deposit of a byte of the licence, in planck.
        #[pallet::constant]
        type ByteDeposit: Get<Balance>;

        /// Deposit of a version in planck; more than zero.
        #[pallet::constant]
        type VersionDeposit: Get<Balance>;

        /// Weights of this pallet.
        type WeightInfo: WeightInfo;
    }

    /// What money is held for.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// The deposit of a listing and its versions.
        #[codec(index = 0)]
        Listing,
    }

    /// The number that the next listing gets.
    #[pallet::storage]
    pub type NextListing<T> = StorageValue<_, ListingId, ValueQuery>;

    /// What is listed, or was and is not pruned.
    #[pallet::storage]
    pub type Listings<T: Config> = StorageMap<_, Twox64Concat, ListingId, Listing<T::AccountId>>;

    /// The versions of each listing, numbered from 0 on.
    #[pallet::storage]
    pub type Versions<T> = StorageDoubleMap<_, Twox64Concat, ListingId, Twox64Concat, u32, Version>;

    /// Who was last to list a root. The root is free again once that listing is delisted.
    #[pallet::storage]
    pub type Roots<T> = StorageMap<_, Blake2_128Concat, Digest, ListedVersion>;

    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// Something was listed. Its first version follows in [`Event::VersionAdded`].
        Listed {
            /// The listing.
            listing: ListingId,
            /// Whose.
            owner: T::AccountId,
            /// What it is.
            kind: Kind,
            /// Under which licence.
            licence: Licence,
        },
        /// A listing has another version.
        VersionAdded {
            /// Which.
            version: ListedVersion,
            /// Root of its content.
            root: Digest,
            /// Where its content is.
            blob: BlobRef,
            /// The owner's share of one seat's payment.
            royalty: Perbill,
        },
        /// The use of a version costs less from now on.
        RoyaltyLowered {
            /// Which.
            version: ListedVersion,
            /// The owner's share of one seat's payment.
            royalty: Perbill,
        },
        /// An owner offers a listing to somebody, or no longer does.
        Offered {
            /// The listing.
            listing: ListingId,
            /// To whom.
            to: Option<T::AccountId>,
        },
        /// A listing has another owner.
        Transferred {
            /// The listing.
            listing: ListingId,
            /// Whose it was.
            from: T::AccountId,
            /// Whose it is.
            to: T::AccountId,
        },
        /// A listing can't be named by new jobs any more, and its roots may be listed anew.
        Delisted {
            /// The listing.
            listing: ListingId,
            /// By whom, and why.
            by: DelistedBy,
        },
        /// The last versions of a listing were forgotten.
        Pruned {
            /// The listing.
            listing: ListingId,
            /// How many versions are left.
            left: u32,
        },
        /// A listing was forgotten, and its deposit given back.
        Removed {
            /// The listing.
            listing: ListingId,
            /// Whose it was.
            owner: T::AccountId,
            /// The deposit, in planck.
            deposit: Balance,
        },
    }

    #[pallet::error]
    pub enum Error<T> {
        /// There is no such listing.
        NoSuchListing,
        /// The listing has no such version.
        NoSuchVersion,
        /// The listing is somebody else's.
        NotOwner,
        /// The listing was delisted.
        Delisted,
        /// The listing was not delisted.
        NotDelisted,
        /// The root is listed already.
        RootTaken,
        /// The blob has no bytes.
        EmptyBlob,
        /// The licence is empty, or has bytes that no SPDX expression has.
        BadLicence,
        /// The royalty is above [`MAX_ROYALTY`].
        RoyaltyTooHigh,
        /// The royalty is not less than it is already.
        NotLower,
        /// The listing has as many versions as can be counted.
        TooManyVersions,
        /// The listing belongs to the account that it is offered to.
        AlreadyOwner,
        /// The listing is not offered to this account.
        NotOffered,
        /// Pruning no version does nothing.
        ZeroLimit,
        /// The version is neither of that program nor of that dataset.
        OtherRoot,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn integrity_test() {
            assert!(
                T::ListingDeposit::get() >= T::Currency::minimum_balance(),
                "registry: ListingDeposit is below the existential deposit, so it might never be given back"
            );
            assert!(
                T::VersionDeposit::get() > 0,
                "registry: VersionDeposit is zero, so versions cost nothing"
            );
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Lists a program or a dataset with its first version.
        ///
        /// ## Dispatch origin
        ///
        /// Any signed account, which becomes the owner.
        ///
        /// ## Details
        ///
        /// Takes a deposit: [`Config::ListingDeposit`], [`Config::ByteDeposit`] for each byte of the licence, and
        /// [`Config::VersionDeposit`]. Kind and licence never change.
        ///
        /// ## Errors
        ///
        /// * [`Error::BadLicence`]: it is empty, or has bytes that no SPDX expression has.
        /// * [`Error::EmptyBlob`]: the content has no bytes.
        /// * [`Error::RoyaltyTooHigh`]: the royalty is above [`MAX_ROYALTY`].
        /// * [`Error::RootTaken`]: the root is listed already, by anyone.
        /// * What the currency says of a deposit that the account can't pay.
        ///
        /// ## Events
        ///
        /// * [`Event::Listed`], [`Event::VersionAdded`].
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::list(licence.len() as u32))]
        pub fn list(
            origin: OriginFor<T>,
            kind: Kind,
            root: Digest,
            blob: BlobRef,
            licence: Licence,
            royalty: Perbill,
        ) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::do_list(owner, kind, licence, Version { root, blob, royalty })
        }

        /// Adds a version to a listing.
        ///
        /// ## Dispatch origin
        ///
        /// The owner of the listing.
        ///
        /// ## Details
        ///
        /// Takes [`Config::VersionDeposit`]. The versions before it stay as they are, royalty included.
        ///
        /// ## Errors
        ///
        /// * [`Error::NoSuchListing`], [`Error::NotOwner`], [`Error::Delisted`].
        /// * [`Error::EmptyBlob`], [`Error::RoyaltyTooHigh`], [`Error::RootTaken`]: as for [`Pallet::list`].
        /// * [`Error::TooManyVersions`]: there are as many as can be counted.
        /// * What the currency says of a deposit that the account can't pay.
        ///
        /// ## Events
        ///
        /// * [`Event::VersionAdded`].
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::add_version())]
        pub fn add_version(
            origin: OriginFor<T>,
            listing: ListingId,
            root: Digest,
            blob: BlobRef,
            royalty: Perbill,
        ) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::do_add_version(&owner, listing, Version { root, blob, royalty })
        }

        /// Lowers the royalty of a version.
        ///
        /// ## Dispatch origin
        ///
        /// The owner of the listing.
        ///
        /// ## Details
        ///
        /// For jobs posted from now on. It can't be raised again: a job that is posted for one royalty must not meet
        /// another one that is higher. A new version may have any.
        ///
        /// ## Errors
        ///
        /// * [`Error::NoSuchListing`], [`Error::NotOwner`], [`Error::Delisted`], [`Error::NoSuchVersion`].
        /// * [`Error::NotLower`]: it is as low already.
        ///
        /// ## Events
        ///
        /// * [`Event::RoyaltyLowered`].
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::lower_royalty())]
        pub fn lower_royalty(
            origin: OriginFor<T>,
            version: ListedVersion,
            royalty: Perbill,
        ) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::do_lower_royalty(&owner, version, royalty)
        }

        /// Offers a listing to another account, or to nobody any more.
        ///
        /// ## Dispatch origin
        ///
        /// The owner of the listing.
        ///
        /// ## Details
        ///
        /// Nothing changes hands before the other one accepts. A later offer takes the place of an earlier one.
        ///
        /// ## Errors
        ///
        /// * [`Error::NoSuchListing`], [`Error::NotOwner`], [`Error::Delisted`].
        /// * [`Error::AlreadyOwner`]: it is offered to its owner.
        ///
        /// ## Events
        ///
        /// * [`Event::Offered`].
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::offer())]
        pub fn offer(origin: OriginFor<T>, listing: ListingId, to: Option<T::AccountId>) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::do_offer(&owner, listing, to)
        }

        /// Takes over a listing that was offered.
        ///
        /// ## Dispatch origin
        ///
        /// The account that it was offered to.
        ///
        /// ## Details
        ///
        /// The new owner puts up the deposit, and the old one has its own back. Royalties of jobs posted from now on
        /// are the new owner's.
        ///
        /// ## Errors
        ///
        /// * [`Error::NoSuchListing`], [`Error::Delisted`].
        /// * [`Error::NotOffered`]: not to this account.
        /// * What the currency says of a deposit that the account can't pay.
        ///
        /// ## Events
        ///
        /// * [`Event::Transferred`].
        #[pallet::call_index(4)]
        #[pallet::weight(T::WeightInfo::accept())]
        pub fn accept(origin: OriginFor<T>, listing: ListingId) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_accept(who, listing)
        }

        /// Delists a listing: no new job can name it.
        ///
        /// ## Dispatch origin
        ///
        /// The owner of the listing.
        ///
        /// ## Details
        ///
        /// It can't be listed again under its number. [`Pallet::prune`] gives the deposit back.
        ///
        /// ## Errors
        ///
        /// * [`Error::NoSuchListing`], [`Error::NotOwner`].
        /// * [`Error::Delisted`]: it was already.
        ///
        /// ## Events
        ///
        /// * [`Event::Delisted`].
        #[pallet::call_index(5)]
        #[pallet::weight(T::WeightInfo::delist())]
        pub fn delist(origin: OriginFor<T>, listing: ListingId) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::do_delist(&owner, listing)
        }

        /// Delists what somebody else has listed, and says why.
        ///
        /// ## Dispatch origin
        ///
        /// [`Config::CurationOrigin`].
        ///
        /// ## Details
        ///
        /// The reason is the root of a document. The roots are free to be listed by others: by the author, where the
        /// credit was stolen. The owner keeps its claim on the deposit.
        ///
        /// ## Errors
        ///
        /// * [`Error::NoSuchListing`].
        /// * [`Error::Delisted`]: it was already.
        ///
        /// ## Events
        ///
        /// * [`Event::Delisted`].
        #[pallet::call_index(6)]
        #[pallet::weight(T::WeightInfo::delist())]
        pub fn force_delist(origin: OriginFor<T>, listing: ListingId, reason: Digest) -> DispatchResult {
            T::CurationOrigin::ensure_origin(origin)?;
            Self::do_force_delist(listing, reason)
        }

        /// Forgets versions of a delisted listing, the last first, and with the first one the listing itself.
        ///
        /// ## Dispatch origin
        ///
        /// Any signed account, which pays the fee.
        ///
        /// ## Details
        ///
        /// At most `limit` versions at once. The owner has the whole deposit back with the last of them.
        ///
        /// ## Errors
        ///
        /// * [`Error::ZeroLimit`]: nothing would be done.
        /// * [`Error::NoSuchListing`].
        /// * [`Error::NotDelisted`]: it is still listed.
        ///
        /// ## Events
        ///
        /// * [`Event::Pruned`] while versions are left, then [`Event::Removed`].
        #[pallet::call_index(7)]
        #[pallet::weight(T::WeightInfo::prune(*limit))]
        pub fn prune(origin: OriginFor<T>, listing: ListingId, limit: u32) -> DispatchResultWithPostInfo {
            ensure_signed(origin)?;
            let pruned = Self::do_prune(listing, limit)?;
            Ok(Some(T::WeightInfo::prune(pruned)).into())
        }
    }

    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// A listing.
        pub fn listing(id: ListingId) -> Option<Listing<T::AccountId>> {
            Listings::<T>::get(id)
        }

        /// A version of a listing.
        pub fn version(version: ListedVersion) -> Option<Version> {
            Versions::<T>::get(version.listing, version.version)
        }

        /// Listings among a number of ids, at most [`MAX_PAGE`] of them, from one on.
        pub fn listings(from: ListingId, ids: u32) -> Vec<(ListingId, Listing<T::AccountId>)> {
            Self::listings_from(from, ids)
        }

        /// A number of versions of a listing from one on, at most [`MAX_PAGE`].
        pub fn versions(listing: ListingId, from: u32, limit: u32) -> Vec<(u32, Version)> {
            Self::versions_from(listing, from, limit)
        }

        /// Under which listing a root can be used.
        pub fn listed(root: Digest) -> Option<ListedVersion> {
            Self::live(&root)
        }
    }
}
