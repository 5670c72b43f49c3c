//! Tests by subject.

mod attacks;
mod cancel;
mod invariants;
mod params;
mod post;
mod prune;
mod random;
mod verdict;
mod views;
mod weights;
