//! What a worker must not forget: what it has committed to, which seats it has, what it keeps for others.
//!
//! For: the daemon. Before it signs a commitment it asks the [guard](Store::guard), which stores the commitment with
//! its secrets first, and refuses another one for the same seat: whatever restarts, crashes or runs twice, a seat
//! never gets two commitments from here.
//!
//! Not for: content, which lies in the blob store; keys; anything that the chain tells.
//!
//! In the flow: claim of a run → [`Store::guard`] → [`Permit`] → signature. The database is one file of redb; a write
//! is on the disk before the call returns. One process at a time has it.

mod error;
mod guard;
mod kept;
mod log;
mod store;

pub use error::StoreError;
pub use guard::{GuardKey, Permit, Sealed};
pub use kept::Kept;
pub use log::Record;
pub use store::Store;
