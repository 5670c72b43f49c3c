//! Tests by subject.

mod advance;
mod attacks;
mod cancel;
mod commit;
mod deadlines;
mod decline;
mod draw;
mod endings;
mod invariants;
mod open;
mod policy;
mod random;
mod reveal;
mod scarcity;
pub mod trace;
mod verdicts;
mod views;
mod weights;
