//! Random orders of events, from a fixed seed.

mod order;
mod world;

use proptest::prelude::ProptestConfig;
use proptest::test_runner::RngSeed;

/// So many cases, from a fixed seed.
fn seeded(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(6),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}
