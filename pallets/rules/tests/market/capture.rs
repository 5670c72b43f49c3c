//! How often a coalition has its lie paid for: rounds drawn by the rules themselves, against the closed formula.

use crate::{computed, production};
use assay_rules::{
    draw::{audited, seed, ticket, Purpose},
    policy::{FIRST_SEATS, FRESH_SEATS, MAX_TRIES},
    reputation::{weight, MAX_SCORE},
    verdict::{agreed, majority},
};
use sp_arithmetic::Perbill;

const ROUNDS: u64 = 100_000;
const AUDIT: Perbill = Perbill::from_percent(20);

/// Providers, all of the same weight; the coalition's come first.
const OWNERS: u64 = 10_000;
const WEIGHT: u64 = 7;

/// When a coalition lies.
#[derive(Clone, Copy, Debug)]
enum Strategy {
    /// When both first seats are its own.
    WithBothFirst,
    /// In every seat it gets.
    Always,
}

/// Whose seats those of a round are: true for the coalition's. Fresh seats are drawn whether they are needed or not.
struct Round {
    first: Vec<bool>,
    audit: Vec<bool>,
    fresh: Vec<bool>,
}

impl Round {
    fn draw(job: u64, colluders: u64) -> Self {
        let seed = |purpose| seed(&[4; 32], job, 0, purpose);
        let mut taken = Vec::new();
        let mut seats = |purpose, first_slot: u8, count: u8| -> Vec<bool> {
            let seed = seed(purpose);
            let slots = first_slot..first_slot + count;
            slots.map(|slot| owner(&seed, slot, &mut taken) < colluders).collect()
        };
        let first = seats(Purpose::Seats, 0, FIRST_SEATS);
        let audit = seats(Purpose::Audit, 2, u8::from(audited(&seed(Purpose::Lot), AUDIT)));
        let fresh = seats(Purpose::Fresh, 3, FRESH_SEATS);
        Self { first, audit, fresh }
    }

    /// Whether what is found is the coalition's lie.
    fn is_captured(&self, strategy: Strategy) -> bool {
        let lying = match strategy {
            Strategy::WithBothFirst => self.first.iter().all(|colluder| *colluder),
            Strategy::Always => true,
        };
        let (truth, lie) = (computed(0), computed(1));
        let claim = |colluder: &bool| Some(if *colluder && lying { lie } else { truth });
        let sealed: Vec<_> = self.first.iter().chain(&self.audit).map(claim).collect();
        let panel = self.audit.iter().chain(&self.fresh).take(FRESH_SEATS.into());
        let panel: Vec<_> = panel.map(claim).collect();
        agreed(&sealed).or_else(|| majority(&panel)) == Some(lie)
    }

    /// What the coalition gets by its lie in all its seats, in payments of one seat, where a seat stands for so many;
    /// `None` where not both first seats are its own.
    fn gain(&self, collateral: u32) -> Option<f64> {
        if !self.first.iter().all(|colluder| *colluder) {
            return None;
        }
        let disputed = self.audit.contains(&false);
        let fresh = if disputed { usize::from(FRESH_SEATS) - self.audit.len() } else { 0 };
        let seats = self.first.iter().chain(&self.audit).chain(self.fresh.iter().take(fresh));
        let own = seats.filter(|colluder| **colluder).count() as f64;
        Some(if self.is_captured(Strategy::WithBothFirst) { own } else { -own * f64::from(collateral) })
    }
}

/// Who gets a slot: the first ticket whose holder has no seat of this job yet.
fn owner(seed: &[u8; 32], slot: u8, taken: &mut Vec<u64>) -> u64 {
    let holder = |attempt| ticket(seed, slot, attempt, OWNERS * WEIGHT).expect("weight") / WEIGHT;
    let owner = (0..MAX_TRIES).map(holder).find(|owner| !taken.contains(owner)).expect("a free owner");
    taken.push(owner);
    owner
}

/// The chance of a capture, for a coalition of p of the weight and audits of chance a.
///
/// Both first seats its own, p²: captured without an audit, with its own audit, with two fresh seats beside an honest
/// one. Lying always, besides: with one first seat of two, by two of three seats; with none, by an audit and one of two
/// fresh seats.
fn chance_of_capture(p: f64, strategy: Strategy) -> f64 {
    let (a, q) = (f64::from(AUDIT.deconstruct()) / 1e9, 1.0 - p);
    let both = p * p * ((1.0 - a) + a * (p + q * p * p));
    let two_of_three = 3.0 * p * p * q + p * p * p;
    match strategy {
        Strategy::WithBothFirst => both,
        Strategy::Always => both + 2.0 * p * q * two_of_three + q * q * a * p * (1.0 - q * q),
    }
}

#[test]
fn the_capture_probability_of_a_round_is_that_of_the_formula() {
    println!("share of weight | lies          | formula | of {ROUNDS} rounds");
    for percent in [10, 33, 50] {
        let rounds: Vec<_> = (0..ROUNDS).map(|job| Round::draw(job, OWNERS * percent / 100)).collect();
        for strategy in [Strategy::WithBothFirst, Strategy::Always] {
            let captured = rounds.iter().filter(|round| round.is_captured(strategy)).count();
            let (measured, expected) =
                (captured as f64 / ROUNDS as f64, chance_of_capture(percent as f64 / 100.0, strategy));
            let name = format!("{strategy:?}");
            println!("{percent:>14}% | {name:<13} | {expected:.5} | {measured:.5}");
            let deviation = (expected * (1.0 - expected) / ROUNDS as f64).sqrt();
            assert!((measured - expected).abs() < 4.0 * deviation, "{percent}%, {name}: {measured}");
        }
    }
}

/// A record that took years buys weight, and so more rounds in which to lie, but no round in which lying is a gain.
#[test]
fn a_long_clean_record_makes_no_lie_pay() {
    // A fifth of all bonds, each with the best score, beside others that have none: a third of the weight.
    let bonds = |share: u128| share * 1_000_000_000_000_000;
    let (veterans, others) = (weight(bonds(1), u128::MAX, MAX_SCORE), weight(bonds(4), u128::MAX, 0));
    let colluders = OWNERS * veterans / (veterans + others);
    assert_eq!(colluders, OWNERS / 3);
    let rounds: Vec<_> = (0..ROUNDS).map(|job| Round::draw(job, colluders)).collect();
    let mean = |collateral| {
        let gains: Vec<_> = rounds.iter().filter_map(|round| round.gain(collateral)).collect();
        gains.iter().sum::<f64>() / gains.len() as f64
    };
    let (ours, half) = (mean(production().collateral), mean(production().collateral / 2));
    println!("a lie at a third of all weight brings {ours:.2} payments; at half the collateral {half:.2}");
    assert!(ours < -0.5, "{ours}: a lie costs more than it brings");
    assert!(half > 0.0, "{half}: it is the collateral that makes it so");
}
