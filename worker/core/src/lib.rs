//! What a worker does next with a seat: a state machine without I/O, clocks or chance of its own.
//!
//! For: the daemon, which tells a [`Seat`] what it sees ([`Event`]) and does what that asks for ([`Action`]).
//!
//! Not for: how anything is done (blobs, processes, transactions), nor the secrets of a commitment: what was sealed is
//! known here by its hash alone.
//!
//! In the flow: blocks and ends of tasks → [`Seat::step`] → actions → their ends come back as events. Events may come
//! late, twice or in any order. What holds in every order is in the README, and `tests/random` looks for orders in
//! which it does not.

mod facts;
mod pause;
mod seat;

pub use facts::{Action, Block, Call, Event, Now, Phase, Seal, Seen, Stage, Standing};
pub use seat::{Progress, Seat};
