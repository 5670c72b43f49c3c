//! Scriptable mocks of the traits, for tests of pallets: functions here set what they answer and tell what they were
//! asked. All state is the test thread's own, and no storage layer rolls it back; [`reset`] empties it.
//!
//! Bonds and collateral share one book of ledgers ([`MockBonds`], [`MockCollateral`]); faults and slashes are recorded
//! ([`MockReportFault`], [`MockOnSlash`]). The traits of the market are in [`market`],
//! those of governance in [`governance`].

mod bonds;
pub mod governance;
pub mod market;
mod random;

pub use bonds::*;
pub use random::{operations, Random};

pub use crate::Balance;

/// Accounts of mock runtimes.
pub type AccountId = u64;

/// Forgets everything that was set or recorded.
pub fn reset() {
    bonds::reset();
    governance::reset();
    market::reset();
}
