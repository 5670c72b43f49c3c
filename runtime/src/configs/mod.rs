//! What each pallet is told, one file per concern.

mod blocks;
mod consensus;
mod governance;
mod money;
mod safety;

pub use blocks::{BlockLength, BlockWeights, SingleBlockMigrations};
pub use consensus::{KeyOwnerProofAge, MAX_VALIDATORS, REPORT_SESSIONS};
pub use governance::{dynamic_params, RuntimeParameters};
pub use money::{ExistentialDeposit, TransactionByteFee};
