//! Tests by subject: one file per verb, then what goes through several of them.

mod add_version;
mod attacks;
mod delist;
mod invariants;
mod list;
mod lower_royalty;
mod prune;
mod random;
mod royalty;
mod transfer;
mod views;
