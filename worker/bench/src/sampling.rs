//! Timing of two things that take turns.

use std::time::{Duration, Instant};

use crate::Failure;

/// Turns at least, however long they take.
const LEAST: usize = 5;
/// Turns at most.
const MOST: usize = 300;

/// The seconds of each turn.
#[derive(Default)]
pub struct Samples {
    pub ours: Vec<f64>,
    pub peer: Vec<f64>,
}

/// Runs both once to warm up, then in turns for about `budget`.
pub fn take_turns(
    budget: Duration,
    mut ours: impl FnMut() -> Result<(), Failure>,
    mut peer: impl FnMut() -> Result<(), Failure>,
) -> Result<Samples, Failure> {
    ours()?;
    peer()?;
    let start = Instant::now();
    let mut samples = Samples::default();
    while samples.ours.len() < LEAST || (samples.ours.len() < MOST && start.elapsed() < budget) {
        samples.ours.push(seconds(&mut ours)?);
        samples.peer.push(seconds(&mut peer)?);
    }
    Ok(samples)
}

/// How long some work takes.
pub fn seconds(work: impl FnOnce() -> Result<(), Failure>) -> Result<f64, Failure> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed().as_secs_f64())
}

/// The upper one of the two in the middle, where they are two.
pub fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples.get(samples.len() / 2).copied().unwrap_or(f64::NAN)
}
