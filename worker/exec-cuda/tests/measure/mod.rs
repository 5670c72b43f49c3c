//! What a device takes, for `scripts/gpu-check --bench`: medians, by device events or by a clock that looks when the device is
//! done. Nothing is asserted of speed: what was measured is printed, and the script makes a table of it.

mod passes;
mod products;
mod seeded;
mod training;
mod watched;

use assay_exec::{Cpu, Path};

use crate::backend::{Cuda, Options};

const SEED: &[u8] = b"seed of what is measured";

/// Says what was measured; scripts/gpu-check looks for these lines. `goal` is "-" where there is none.
fn tell(name: &str, value: f64, unit: &str, goal: &str) {
    println!("measured: {name} {value:.2} {unit} {goal}");
}

/// Says what a measure of that name is to be held against.
fn tell_peer(name: &str, value: f64, unit: &str) {
    println!("peer: {name} {value:.2} {unit}");
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The device as a worker has it.
fn device() -> Cuda {
    Cuda::open(&Options::default(), Cpu::new(Path::best(), 0).unwrap()).unwrap()
}
