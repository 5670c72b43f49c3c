//! Jobs from their post to their end, on every path: who is paid what, who loses what, and that nothing is left over.

mod agreed;
pub mod answer;
mod attacks;
mod books;
mod cancelled;
mod charges;
mod curation;
mod declines;
mod disputes;
mod expired;
mod halted;
mod harness;
mod invariants;
mod missed;
mod network;
mod payees;
mod policies;
mod terms;
mod thin;
mod units;
mod withheld;

pub use invariants::{check, check_locks, check_nothing_is_left};
