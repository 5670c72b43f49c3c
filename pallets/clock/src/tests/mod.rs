//! Tests by subject.

mod chance;
mod genesis;
mod market;
mod vrf;
