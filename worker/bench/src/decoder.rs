//! A decoder that was imported: its prefill and its tokens one by one.

use std::io::stdin;
use std::path::Path;

use assay_exact::Precision;
use assay_exec::Cpu;
use assay_graph::forward::{Executor, Unit};
use assay_graph::import::llama;
use serde_json::json;

use crate::program::{load, read_ids};
use crate::sampling::seconds;
use crate::Failure;

/// Most tokens of a unit.
const CONTEXT: u64 = 1_024;

/// Makes a program of a model's directory.
pub fn import(model: &Path, program: &Path) -> Result<(), Failure> {
    Ok(llama(model, CONTEXT, Precision::I8)?.write(program)?)
}

/// Reads a prompt and the tokens behind it, two lists of ids; prints the logits behind the prompt, then for each line
/// `prefill` or `decode` the seconds of the prompt's pass, or of a pass for each of the other tokens.
pub fn serve(cpu: &Cpu, program: &Path) -> Result<(), Failure> {
    let program = load(program)?;
    let weights = program.weights()?;
    let executor = Executor { graph: &program.graph, weights: &weights, backend: cpu };
    let lists = read_ids()?;
    let [prompt, later] = &lists[..] else { return Err("a prompt and later tokens are needed".into()) };
    let capacity = prompt.len() + later.len();
    let (_, logits) = prefill(&executor, capacity, prompt)?;
    let ready = json!({ "path": cpu.path().to_string(), "threads": cpu.threads(), "output": logits });
    println!("{ready}");
    for line in stdin().lines() {
        let seconds = match line?.trim() {
            "prefill" => seconds(|| prefill(&executor, capacity, prompt).map(drop))?,
            "decode" => {
                let (mut unit, _) = prefill(&executor, capacity, prompt)?;
                seconds(|| later.iter().try_for_each(|id| pass(&executor, &mut unit, &[*id]).map(drop)))?
            }
            other => return Err(format!("{other:?} is neither prefill nor decode").into()),
        };
        println!("{}", json!({ "seconds": seconds }));
    }
    Ok(())
}

fn prefill(executor: &Executor<'_>, capacity: usize, prompt: &[u32]) -> Result<(Unit, Vec<f32>), Failure> {
    let mut unit = executor.unit(capacity)?;
    let logits = pass(executor, &mut unit, prompt)?;
    Ok((unit, logits))
}

/// The logits of the token behind `ids`.
fn pass(executor: &Executor<'_>, unit: &mut Unit, ids: &[u32]) -> Result<Vec<f32>, Failure> {
    executor.run(unit, ids, &mut ()).map_err(|halt| format!("{halt:?}").into())
}
