//! Weights as `scripts/weights` measured them, one file per pallet: ours, and stock ones that every transaction pays for.

pub mod balances;
pub mod clock;
pub mod dao;
pub mod escrow;
pub mod jobs;
pub mod providers;
pub mod registry;
pub mod rewards;
pub mod slashing;
pub mod staking;
pub mod system_extensions;
pub mod transaction_payment;
pub mod verification;
