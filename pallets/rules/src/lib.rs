//! Assay's rules: what is decided by arithmetic alone. Each is a pure function with its formula, its units and its
//! rounding written down, and properties tested over random input.
//!
//! For: pallets, which store and move, and ask here how much; clients that want to know beforehand.
//!
//! Not for: storage, money itself, anything of FRAME; who may do what (pallets).
//!
//! * [`draw`]: what the chance of blocks decides: tickets, audits, leaves to open.
//! * [`fees`]: what of a transaction's fee is burnt, and who gets the rest.
//! * [`inflation`]: how much money an era issues, and who gets how much of it.
//! * [`penalty`]: what a validator's fault costs, what several faults of an era cost together, who gets what was taken.
//! * [`policy`]: how many seats a job can have, how long it can take, whether a policy makes lying a loss.
//! * [`price`]: what a unit costs from one hour to the next.
//! * [`reputation`]: how a provider's record changes, and its weight in draws.
//! * [`settlement`]: what is held for a job, and who gets how much of it in the end.
//! * [`trace`]: whether opened leaves belong to a trace.
//! * [`verdict`]: what is true of a job, and what a seat did.
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
    not(test),
    deny(
        missing_docs,
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::unwrap_used
    )
)]

extern crate alloc;

#[allow(clippy::as_conversions, reason = "derived codecs cast the indices of variants")]
pub mod draw;
#[allow(clippy::as_conversions, reason = "derived code casts counts of fields")]
pub mod fees;
pub mod inflation;
pub mod penalty;
pub mod policy;
#[allow(clippy::as_conversions, reason = "derived code casts counts of fields")]
pub mod price;
pub mod reputation;
pub mod settlement;
pub mod trace;
pub mod verdict;
