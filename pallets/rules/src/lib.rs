//! Assay's rules: what is decided by arithmetic alone. Each is a pure function with its formula, its units and its
//! rounding written down, and properties tested over random input.
//!
//! For: pallets, which store and move, and ask here how much; clients that want to know beforehand.
//!
//! Not for: storage, money itself, anything of FRAME; who may do what (pallets).
//!
//! * [`penalty`]: what a validator's fault costs, what several faults of an era cost together, who gets what was taken.
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

pub mod penalty;
