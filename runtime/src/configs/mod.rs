//! What each pallet is told, one file per concern.

mod agenda;
mod blocks;
mod consensus;
mod dao;
mod fellowship;
mod governance;
mod market;
mod money;
mod rewards;
mod safety;
mod staking;
mod tracks;
mod treasury;
mod voting;

pub use blocks::{BlockLength, BlockWeights, SingleBlockMigrations};
pub use consensus::{KeyOwnerProofAge, MAX_CANDIDATES, MAX_REPORT_SESSIONS, MAX_VALIDATORS};
pub use fellowship::FellowshipScheduler;
pub use governance::{dynamic_params, PreimageBaseDeposit, PreimageByteDeposit, RuntimeParameters};
pub use money::{ExistentialDeposit, TransactionByteFee, MAX_BYTE_PRICE};
pub use staking::{SessionBlocks, Treasury};
pub use tracks::{FellowshipTracks, Tracks};
pub use voting::VotingBalance;
