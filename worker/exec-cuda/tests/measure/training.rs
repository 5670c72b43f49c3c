//! Steps of trainings by the trainer that jobs use, from the end of a step to that of the next, and what a point of the trace
//! takes beside them.

use std::time::Instant;

use assay_graph::decoder::{Decoder, Recipe};
use assay_graph::program::Program;
use assay_graph::train::{self, State, Trainer};

use super::{device, median, tell, SEED};

/// Of which the first one loads kernels.
const STEPS: u64 = 4;
/// Token ids to learn.
const DATA: u32 = 1 << 16;

/// About 110 million numbers are multiplied by.
const SHAPE_100M: Decoder = Decoder {
    layers: 12,
    width: 768,
    heads: 12,
    kv_heads: 12,
    hidden: 2_048,
    vocabulary: 32_000,
    context: 1_024,
};
/// About a billion.
const SHAPE_1B: Decoder = Decoder {
    layers: 16,
    width: 2_048,
    heads: 32,
    kv_heads: 8,
    hidden: 8_192,
    vocabulary: 32_000,
    context: 2_048,
};

/// Operations of a step: six for each number that is multiplied by and each token; those of attention are not counted.
fn operations(decoder: &Decoder, tokens: u64) -> f64 {
    let multiplied = decoder.parameter_count().unwrap() - decoder.vocabulary * decoder.width;
    6.0 * multiplied as f64 * tokens as f64
}

fn measure(shape: &str, decoder: Decoder, units: u64, goal: &str) {
    let recipe = Recipe::new(units, decoder.context, STEPS, 1e-4);
    let program = Program::load("training", &decoder.training(&recipe).unwrap()).unwrap();
    let data: Vec<u32> = (0..DATA).map(|at| at.wrapping_mul(at) / 7 % decoder.vocabulary as u32).collect();
    let cuda = device();
    let state = State::from_seed(&program, SEED);
    let mut trainer = Trainer::new(&program, &cuda, SEED, &data, state).unwrap();
    let mut ends = Vec::new();
    let losses = train::run(&mut trainer, STEPS, 1, &mut |_, _| ends.push(Instant::now())).unwrap();
    assert!(losses.iter().all(|loss| loss.is_finite()), "{losses:?}");
    assert_eq!(cuda.fault(), None);
    let steps = ends.windows(2).map(|pair| pair[1].duration_since(pair[0]).as_secs_f64());
    let step = median(steps.collect());
    let rate = operations(&decoder, units * decoder.context) / step / 1e12;
    tell(&format!("training/{shape}"), rate, "TFLOPS", goal);
    // The trace has the root of the state after every so many steps.
    let start = Instant::now();
    let root = trainer.state().root(&program);
    let share = start.elapsed().as_secs_f64() / (recipe.every as f64 * step);
    assert_ne!(root, [0; 32]);
    tell(&format!("trace/training/{shape}"), 100.0 * share, "%", "ours<=5");
}

// The goals are 10% and 20% of 989.5 TFLOPS, which an H200 has in bf16 by its data sheet.

#[test]
#[ignore = "scripts/gpu-check --bench runs it, on a GPU"]
fn step_100m() {
    measure("100M", SHAPE_100M, 8, "ours>=98.9");
}

#[test]
#[ignore = "scripts/gpu-check --bench runs it, on a GPU"]
fn step_1b() {
    measure("1B", SHAPE_1B, 2, "ours>=197.9");
}
