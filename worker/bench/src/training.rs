//! Steps of a training, beside one that starts from the same parameters and takes the same tokens.

use std::fs;
use std::io::stdin;
use std::path::Path;

use assay_exec::Cpu;
use assay_graph::decoder::{Decoder, Recipe};
use assay_graph::program::Program;
use assay_graph::train::{self, State, Trainer};
use serde_json::{json, Value};

use crate::gemm;
use crate::sampling::seconds;
use crate::Failure;

const SEED: &[u8] = b"training";
/// Of the table of learning rates: more than are ever asked for.
const STEPS: u64 = 1_000;
const RATE: f32 = 1e-3;
/// Bytes that are learnt.
const TEXT: &str = include_str!("../../../LICENSE");

/// The decoder that the tests train, units of a step and tokens of a unit.
const SMALL: (Decoder, u64, u64) = (Decoder::small(), 8, 128);
/// With 10.8 million parameters.
const LARGE: (Decoder, u64, u64) = (
    Decoder { layers: 6, width: 384, heads: 6, kv_heads: 6, hidden: 1024, vocabulary: 256, context: 256 },
    4,
    256,
);

/// Writes the first parameters, little-endian floats one tensor after another, into the file `parameters` of a
/// directory; prints what another trainer has to know; then for each line of input does a step, and prints its seconds
/// and its loss.
pub fn serve(cpu: &Cpu, shape: &str, directory: &Path) -> Result<(), Failure> {
    let (decoder, units, tokens) = match shape {
        "small" => SMALL,
        "10M" => LARGE,
        other => return Err(format!("no shape {other:?}: small or 10M").into()),
    };
    let recipe = Recipe::new(units, tokens, STEPS, RATE);
    let program = Program::load("training", &decoder.training(&recipe)?)?;
    let state = State::from_seed(&program, SEED);
    let floats = state.parameters.values().flatten();
    let bytes: Vec<u8> = floats.flat_map(|value| value.to_le_bytes()).collect();
    fs::write(directory.join("parameters"), bytes)?;
    // One token more than a unit has: there is one place to start from, so every unit is this text.
    let data: Vec<u32> = TEXT.bytes().take(tokens as usize + 1).map(u32::from).collect();
    let mut trainer = Trainer::new(&program, cpu, SEED, &data, state)?;
    let ready = json!({
        "path": cpu.path().to_string(),
        "threads": cpu.threads(),
        "digit_products_per_second": gemm::rate(cpu)?,
        "decoder": sizes(&decoder),
        "recipe": { "units": units, "tokens": tokens, "rate": RATE, "warm_up": recipe.warm_up },
        "parameters": shapes(&program),
        "data": data,
    });
    println!("{ready}");
    for line in stdin().lines() {
        line?;
        let mut loss = Vec::new();
        let seconds = seconds(|| {
            let next = trainer.state().step + 1;
            loss = train::run(&mut trainer, next, 1, &mut |_, _| {})?;
            Ok(())
        })?;
        println!("{}", json!({ "seconds": seconds, "loss": loss[0] }));
    }
    Ok(())
}

fn sizes(decoder: &Decoder) -> Value {
    let Decoder { layers, width, heads, kv_heads, hidden, vocabulary, .. } = *decoder;
    json!({
        "layers": layers, "width": width, "heads": heads, "kv_heads": kv_heads, "hidden": hidden,
        "vocabulary": vocabulary,
    })
}

/// Names and shapes, in the order of the file.
fn shapes(program: &Program) -> Value {
    let parameters = &program.manifest.parameters;
    parameters.iter().map(|(name, parameter)| json!([name, parameter.shape])).collect()
}
