//! Tests by subject: one file per verb, then what goes through several of them.

mod attacks;
mod expire;
mod invariants;
mod open;
mod random;
mod settle;
mod views;
