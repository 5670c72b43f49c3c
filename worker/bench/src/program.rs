//! What a program takes: for its trace, and of memory.

use std::fs;
use std::io::stdin;
use std::path::Path;
use std::time::Duration;

use assay_exec::Cpu;
use assay_graph::cost;
use assay_graph::forward::Executor;
use assay_graph::job::{self, Input, Kind};
use assay_graph::program::Program;
use serde_json::json;

use crate::sampling::take_turns;
use crate::Failure;

const TRACE_BUDGET: Duration = Duration::from_secs(20);

/// Prints the seconds of jobs, and of the same embeddings without recording trace points and hashing.
pub fn trace(cpu: &Cpu, program: &Path) -> Result<(), Failure> {
    let program = load(program)?;
    let sequences = read_ids()?;
    let input = Input::load("input", &Input::pack(Kind::Embed, &Input::sequences(&sequences))?)?;
    let traced = || -> Result<(), Failure> {
        let result = job::run(&program, &input, &[], cpu, 1)?.result;
        result.map(drop).map_err(|trap| format!("{trap:?}").into())
    };
    let untraced = || -> Result<(), Failure> {
        // A job takes the weights out of its program, too.
        let weights = program.weights()?;
        let executor = Executor { graph: &program.graph, weights: &weights, backend: cpu };
        embed(&executor, &sequences).map(drop)
    };
    let samples = take_turns(TRACE_BUDGET, traced, untraced)?;
    let line = json!({
        "path": cpu.path().to_string(),
        "batch": sequences.len(),
        "traced": samples.ours,
        "untraced": samples.peer,
    });
    println!("{line}");
    Ok(())
}

/// Prints what this process takes of memory, and the weights and activations that it cannot do without.
pub fn memory(cpu: &Cpu, program: &Path) -> Result<(), Failure> {
    let program = load(program)?;
    let weights = program.weights()?;
    let graph = &program.graph;
    let loading = status("VmHWM")?;
    // From here on the kernel looks for a new highest mark.
    fs::write("/proc/self/clear_refs", "5")?;
    let executor = Executor { graph, weights: &weights, backend: cpu };
    let sequences = read_ids()?;
    embed(&executor, &sequences)?;
    let tokens = sequences.iter().map(|ids| ids.len() as u64).max().unwrap_or(0);
    // Each thread runs a unit of its own: so many units are live.
    let live = cpu.threads().min(sequences.len()) as u64;
    let line = json!({
        "weights": cost::weights(graph),
        "activations": live * cost::activations(graph, tokens, tokens),
        "loading": loading,
        "running": status("VmHWM")?,
    });
    println!("{line}");
    Ok(())
}

/// Reads a program.
pub fn load(directory: &Path) -> Result<Program, Failure> {
    Ok(Program::open("program", directory)?)
}

/// Lists of ids, from a line of input.
pub fn read_ids() -> Result<Vec<Vec<u32>>, Failure> {
    let mut line = String::new();
    stdin().read_line(&mut line)?;
    Ok(serde_json::from_str(&line)?)
}

/// The embedding of each sequence, as a job computes them.
pub fn embed(executor: &Executor<'_>, sequences: &[Vec<u32>]) -> Result<Vec<Vec<f32>>, Failure> {
    let units: Vec<&[u32]> = sequences.iter().map(Vec::as_slice).collect();
    let all = job::embeddings(executor, &units).map_err(|stop| format!("{stop:?}"))?;
    Ok(all.chunks(all.len() / units.len().max(1)).map(<[f32]>::to_vec).collect())
}

/// A number of bytes that the kernel tells of this process.
fn status(field: &str) -> Result<u64, Failure> {
    let text = fs::read_to_string("/proc/self/status")?;
    let kibibytes = text.lines().find_map(|line| {
        let value = line.strip_prefix(field)?.strip_prefix(':')?;
        value.split_whitespace().next()?.parse::<u64>().ok()
    });
    Ok(1024 * kibibytes.ok_or_else(|| format!("/proc/self/status has no {field}"))?)
}
