//! What blocks take, and what of it each of the things has taken that were done in them.

use std::time::Duration;

/// What a block takes.
#[derive(Clone, Copy, Default)]
pub struct Cost {
    /// To execute it in WASM, signatures, the state's root and all.
    pub time: Duration,
    /// What it is charged in the end, in picoseconds of reference time: transactions and hooks.
    pub weight: u64,
    /// How many keys of its parent's state it reads.
    pub reads: usize,
    /// How many keys it changes beside those of trees.
    pub writes: usize,
    /// How many nodes of the providers' trees it changes.
    pub trees: usize,
}

/// What one thing takes of the blocks that it was done in.
#[derive(Clone, Copy, Default)]
pub struct Share {
    /// To execute in WASM, in microseconds.
    pub micros: f64,
    /// Reference time that is charged, in microseconds of it.
    pub declared: f64,
    /// Keys read.
    pub reads: f64,
    /// Keys changed beside those of trees.
    pub writes: f64,
    /// Nodes of trees changed.
    pub trees: f64,
}

impl Share {
    /// Of what some blocks take, beyond so many idle ones.
    pub fn of(blocks: &[Cost], idle: &Cost, parts: usize) -> Self {
        let sum = |value: fn(&Cost) -> f64| {
            blocks.iter().map(|cost| value(cost) - value(idle)).sum::<f64>() / parts as f64
        };
        Self {
            micros: sum(|cost| cost.time.as_secs_f64() * 1e6),
            declared: sum(|cost| cost.weight as f64 / 1e6),
            reads: sum(|cost| cost.reads as f64),
            writes: sum(|cost| cost.writes as f64),
            trees: sum(|cost| cost.trees as f64),
        }
    }

    /// Both together.
    pub fn plus(self, other: Self) -> Self {
        Self {
            micros: self.micros + other.micros,
            declared: self.declared + other.declared,
            reads: self.reads + other.reads,
            writes: self.writes + other.writes,
            trees: self.trees + other.trees,
        }
    }
}
