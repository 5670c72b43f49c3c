//! What Assay's pallets share: types in calls and events, and the traits by which one pallet asks another. No pallet
//! depends on another one; the runtime puts them together.
//!
//! * **Bonds** ([`Role`], [`Collateral`], [`Bonds`]) and **faults** ([`Fault`]).
//! * **Jobs** ([`JobSpec`], [`Claim`], [`Policy`]) and the traits of the market between them and the money.
//! * What **governance** reaches: [`Slashes`], [`Policies`] and [`OnPolicy`], [`Curated`].
//! * What is hashed, byte for byte, on chain and by workers: [`JobSpec::hash`], [`commitment()`], [`inline_root`],
//!   [`trace_root`]. These bytes never change: `tests/golden.rs` holds them.
//!
//! For: pallets, the runtime that wires them, workers that commit, and tests, which take the mocks of `mock`.
//!
//! Not for: rules (`assay-rules`), storage, anything with a `Config`.
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
    not(test),
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

mod collateral;
mod commitment;
#[allow(clippy::as_conversions, reason = "derived codecs cast the indices of variants")]
mod fault;
#[allow(clippy::as_conversions, reason = "derived codecs cast the indices of variants")]
mod governance;
#[allow(clippy::as_conversions, reason = "derived codecs cast the indices of variants")]
mod job;
#[allow(clippy::as_conversions, reason = "derived codecs cast the indices of variants")]
mod market;
#[cfg(feature = "std")]
#[allow(clippy::arithmetic_side_effects, reason = "for tests only, where an overflow panics")]
pub mod mock;
mod queue;
#[allow(clippy::as_conversions, reason = "derived codecs cast the indices of variants")]
mod role;
mod roots;
pub mod weights;

pub use collateral::{Bonds, Collateral};
pub use commitment::commitment;
pub use fault::{Fault, FaultKind, OnSlash, ReportFault};
pub use governance::{Curated, OnPolicy, Policies, Slashes, Subject};
pub use job::{
    is_endpoint, BlobRef, Claim, Digest, Endpoint, InlineOutput, JobClass, JobId, JobSpec, ListedVersion,
    ListingId, Machine, MarketBlock, Policy, MACHINES, MAX_ENDPOINT, MAX_INLINE_OUTPUT,
};
pub use market::{
    Candidate, Chance, Conduct, Escrow, Listings, OnBond, OnVerdict, Order, Outcome, Pay, PendingDraws,
    ProviderBond, Royalty, Settlement, Sortition, Verdict, Verification, Workers,
};
pub use queue::{has_page, page_of, PAGE};
pub use role::Role;
pub use roots::{inline_root, trace_root};

/// Amounts in planck.
pub type Balance = u128;

/// A lock on a provider's bond. Never used again.
pub type LockId = u64;

/// A slash that waits, or has been applied or cancelled. Never used again.
pub type SlashId = u64;
