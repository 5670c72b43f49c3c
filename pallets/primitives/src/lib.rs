//! What Assay's pallets share: types in calls and events, and the traits by which one pallet asks another. No pallet
//! depends on another one; the runtime puts them together.
//!
//! For: pallets, the runtime that wires them, and tests, which take the mocks of [`mock`].
//!
//! Not for: rules (`assay-rules`), storage, anything with a `Config`.
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
    not(test),
    deny(
        missing_docs,
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::unwrap_used
    )
)]

mod collateral;
mod fault;
#[cfg(feature = "std")]
#[allow(clippy::arithmetic_side_effects, reason = "for tests only, where an overflow panics")]
pub mod mock;

pub use collateral::{Bonds, Collateral};
pub use fault::{Fault, FaultKind, OnSlash, ReportFault};

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// What a bond stands for. One account may have both, and a fault in one role never reaches the other's bond.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum Role {
    /// Runs a node that authors blocks and votes on finality.
    Validator,
    /// Computes jobs.
    Provider,
}

/// A lock on a provider's bond. Never used again.
pub type LockId = u64;

/// A slash that waits, or has been applied or cancelled. Never used again.
pub type SlashId = u64;
