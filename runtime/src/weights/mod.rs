//! Weights as `scripts/weights` measured them, one file per pallet.

pub mod clock;
pub mod slashing;
pub mod staking;
