//! What each pallet is told, one file per concern.

mod blocks;
mod consensus;
mod governance;
mod market;
mod money;
mod safety;
mod staking;

pub use blocks::{BlockLength, BlockWeights, SingleBlockMigrations};
pub use consensus::{KeyOwnerProofAge, MAX_CANDIDATES, MAX_REPORT_SESSIONS, MAX_VALIDATORS};
pub use governance::{dynamic_params, RuntimeParameters};
pub use money::{ExistentialDeposit, TransactionByteFee};
pub use staking::{SessionBlocks, Treasury};
