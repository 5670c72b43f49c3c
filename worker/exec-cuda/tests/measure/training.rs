//! Steps of trainings as jobs run them in the device's memory, from the start of a step to that of the next, and what a point
//! of the trace takes beside them.

use assay_graph::decoder::{Decoder, Recipe};
use assay_graph::job::{Input, Kind, Train};
use assay_graph::program::Program;
use assay_graph::tensor::{Tensor, Tensors};

use super::watched::passes;
use super::{device, median, tell};

/// Of which the first one loads kernels, and the last one's end is not seen.
const STEPS: u64 = 7;
/// The steps behind which the trace has the state, once before the last one.
const TRACED: u64 = 4;
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
    let usual = Recipe::new(units, decoder.context, STEPS, 1e-4);
    let recipe = Recipe { every: TRACED, ..usual };
    let program = Program::load("training", &decoder.training(&recipe).unwrap()).unwrap();
    let data: Vec<u32> = (0..DATA).map(|at| at.wrapping_mul(at) / 7 % decoder.vocabulary as u32).collect();
    let data = Tensors::from([("data".into(), Tensor::u32(&[DATA.into()], data))]);
    let input = Input::pack(Kind::Train(Train { from: 0, to: STEPS }), &data).unwrap();
    let (cuda, input) = (device(), Input::load("input", &input).unwrap());
    let mut steps = passes(&cuda, &program, &input);
    assert_eq!(cuda.fault(), None);
    let traced = steps.remove(TRACED as usize - 1);
    let step = median(steps);
    let rate = operations(&decoder, units * decoder.context) / step / 1e12;
    tell(&format!("training/{shape}"), rate, "TFLOPS", goal);
    // Behind a step that the trace has, the state is hashed where it lies, and the hashes come to the host.
    let share = (traced - step) / (usual.every as f64 * step);
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
