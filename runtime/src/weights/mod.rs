//! Weights as `scripts/weights` measured them, one file per pallet.

pub mod clock;
pub mod escrow;
pub mod jobs;
pub mod providers;
pub mod registry;
pub mod slashing;
pub mod staking;
pub mod verification;
