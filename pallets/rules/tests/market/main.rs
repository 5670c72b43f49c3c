//! The rules of the market: the numbers that the documentation states, golden vectors computed by other code, and
//! properties over random input with a fixed seed.

mod capture;
mod draw;
mod policy;
mod price;
mod reputation;
mod settlement;
mod trace;
mod verdict;

use assay_primitives::{Claim, Policy};
use proptest::{prelude::*, test_runner::RngSeed};
use sp_arithmetic::Perbill;

fn seeded() -> ProptestConfig {
    ProptestConfig {
        cases: 1_024,
        rng_seed: RngSeed::Fixed(5),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn fraction() -> impl Strategy<Value = Perbill> {
    (0..=1_000_000_000_u32).prop_map(Perbill::from_parts)
}

/// The production preset's, with the audits and the collateral asked for; with more units in a block and a smaller least
/// payment, so that amounts in tests are short.
fn policy_of(audit: Perbill, collateral: u32) -> Policy {
    Policy {
        audit,
        collateral,
        draw_blocks: 8,
        commit_blocks: 200,
        units_per_block: 1_000,
        reveal_blocks: 200,
        no_show: Perbill::from_percent(10),
        wrong: Perbill::one(),
        withheld: Perbill::one(),
        requester_bond: Perbill::from_percent(5),
        fee: Perbill::from_percent(2),
        min_payment: 1_000_000_000,
    }
}

/// The same with the production preset's audits and collateral.
fn production() -> Policy {
    policy_of(Perbill::from_percent(20), 10)
}

fn computed(byte: u8) -> Claim {
    Claim::Computed { result: [byte; 32], trace: [byte; 32] }
}

/// A fraction that can't be made by its constructors, but read from a file.
fn above_one() -> Perbill {
    serde_json::from_str("1000000001").expect("a number of parts")
}
