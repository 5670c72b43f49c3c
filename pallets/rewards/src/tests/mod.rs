//! Tests by subject: one file per verb, then what goes through several of them.

mod attacks;
mod blocks;
mod claim;
mod eras;
mod fees;
mod invariants;
mod params;
mod random;
mod views;
