//! Who holds which ticket.

use crate::mock::*;
use assay_rules::draw;
use frame_support::assert_ok;
use std::collections::BTreeMap;

#[test]
fn each_provider_holds_as_many_tickets_as_it_weighs() {
    run(|| {
        let units = |owner: u64| u128::from(owner * owner % 23);
        for owner in 1..=200 {
            bond(owner, units(owner).max(1));
            assert_ok!(register(owner, CPU, 1));
        }
        advance(DELAY + 200 / PER_BLOCK);
        let mut tickets = BTreeMap::<u64, u128>::new();
        for owner in holders(CPU) {
            *tickets.entry(owner).or_default() += 1;
        }
        let weights: BTreeMap<u64, u128> = (1..=200).map(|owner| (owner, units(owner).max(1))).collect();
        assert_eq!(tickets, weights);
        assert_eq!(holder(CPU, weight(CPU)), None);
        assert_eq!(holder(CPU, u64::MAX), None);
    });
}

#[test]
fn empty_tree_has_no_holder() {
    run(|| {
        assert_eq!((weight(CPU), holder(CPU, 0)), (0, None));
    });
}

/// How far counts are from expectations, in parts of those: chi-square.
fn chi_square(counts: &BTreeMap<u64, u64>, draws: f64, share: impl Fn(u64) -> f64) -> f64 {
    counts
        .iter()
        .map(|(owner, count)| {
            let expected = draws * share(*owner);
            (*count as f64 - expected).powi(2) / expected
        })
        .sum()
}

#[test]
fn draws_fall_on_providers_by_their_weights() {
    const PROVIDERS: u64 = 61;
    const DRAWS: u32 = 100_000;
    run(|| {
        for owner in 1..=PROVIDERS {
            bond(owner, u128::from(owner));
            assert_ok!(register(owner, CPU, 1));
        }
        advance(DELAY + 8);
        let mut counts: BTreeMap<u64, u64> = (1..=PROVIDERS).map(|owner| (owner, 0)).collect();
        let total = weight(CPU);
        for attempt in 0..DRAWS {
            let ticket = draw::ticket(&[7; 32], 0, attempt, total).expect("there is weight");
            let owner = holder(CPU, ticket).expect("each ticket has a holder").owner;
            *counts.get_mut(&owner).expect("it is one of them") += 1;
        }
        // 60 degrees of freedom: the mean is 60, the deviation the root of 120. Seeds are fixed; five deviations.
        let (draws, total) = (f64::from(DRAWS), total as f64);
        let by_weight = chi_square(&counts, draws, |owner| owner as f64 / total);
        println!("chi-square of {DRAWS} draws over {PROVIDERS} providers: {by_weight:.1}");
        assert!(by_weight < 60.0 + 5.0 * 120_f64.sqrt(), "{by_weight}");
        // The test would see another distribution.
        assert!(chi_square(&counts, draws, |_| 1.0 / PROVIDERS as f64) > 10_000.0);
    });
}
