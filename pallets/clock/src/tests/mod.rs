//! Tests by subject.

mod genesis;
mod market;
mod vrf;
