//! Prints, as rows for the benchmark table, how much more the steps of a job cost among a hundred thousand providers and
//! open jobs than among a hundred. All that was measured goes to a file, as JSON, for `scripts/picture`.
//!
//! Time is that of the runtime's WASM on a state in memory, of many jobs side by side, so that it stands out. Keys are
//! those of one job alone, so that none counts for two. What an empty block takes is not counted, and stands beside.

#[path = "../market_cost/chain.rs"]
mod chain;
#[path = "../market_cost/cost.rs"]
mod cost;
#[path = "../market_cost/crowd.rs"]
mod crowd;
#[path = "../market_cost/jobs.rs"]
mod jobs;
#[path = "../../tests/flows/wallet.rs"]
mod wallet;

use chain::Chain;
use cost::{Cost, Share};
use jobs::JOBS;
use serde_json::json;
use std::{env, fs, process::ExitCode};

/// Providers, and open jobs.
const SIZES: [u32; 3] = [100, 10_000, 100_000];
/// How much more the largest may cost than the smallest: as much as their logarithms differ.
const MOST: f64 = 2.5;

/// What a step of one job takes among so many providers and open jobs.
struct Point {
    step: &'static str,
    size: u32,
    cost: Share,
}

impl Point {
    /// Keys read and changed, those of trees included.
    fn keys(&self) -> f64 {
        self.cost.reads + self.cost.writes + self.cost.trees
    }

    fn json(&self) -> serde_json::Value {
        let Share { micros, declared, reads, writes, trees } = self.cost;
        json!({
            "step": self.step,
            "size": self.size,
            "micros": micros,
            "declared": declared,
            "reads": reads,
            "writes": writes + trees,
        })
    }
}

/// An empty block, the steps of a job, and all of them together.
fn measure(size: u32) -> Vec<Point> {
    let mut chain = Chain::new(jobs::genesis());
    let keys = chain.state(|| crowd::fill(size));
    let idle = chain.idle();
    let alone = jobs::play(&mut chain, &keys, 1);
    let many = jobs::play(&mut chain, &keys, JOBS);

    let mut points = vec![Point { step: "empty block", size, cost: Share::of(&[idle], &Cost::default(), 1) }];
    let mut all = Share::default();
    for ((step, alone), (_, many)) in alone.into_iter().zip(many) {
        let (keys, times) = (Share::of(&alone, &idle, 1), Share::of(&many, &idle, JOBS));
        let cost = Share { micros: times.micros, declared: times.declared, ..keys };
        all = all.plus(cost);
        points.push(Point { step: step.name(), size, cost });
    }
    points.push(Point { step: "whole job", size, cost: all });
    points
}

/// How much more something costs at the largest size than at the smallest.
fn print_row(step: &str, what: &str, (largest, smallest): (f64, f64), unit: &str) {
    let [from, .., to] = SIZES;
    let row = json!({
        "name": format!("{step}: {what} among {to} providers and open jobs vs {from} (at most)"),
        "ours": largest,
        "peer": smallest,
        "ratio": largest / smallest,
        "goal": MOST,
        "unit": unit,
    });
    println!("{row}");
}

fn main() -> ExitCode {
    let Some(path) = env::args().nth(1) else {
        eprintln!("market_growth: name a file for what is measured");
        return ExitCode::from(2);
    };
    let sizes = SIZES.map(measure);
    let [smallest, .., largest] = &sizes;
    for (from, to) in smallest.iter().zip(largest) {
        print_row(from.step, "time in WASM", (to.cost.micros, from.cost.micros), "µs");
        print_row(from.step, "keys read and written", (to.keys(), from.keys()), "keys");
    }
    let points: Vec<_> = sizes.iter().flatten().map(Point::json).collect();
    match fs::write(&path, format!("{}\n", json!(points))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("market_growth: {path} can't be written: {error}");
            ExitCode::FAILURE
        }
    }
}
