//! Jobs from their post to their end, on every path: who is paid what, who loses what, and that nothing is left over.

mod agreed;
mod answer;
mod books;
mod cancelled;
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

pub use invariants::check;
