//! Sentence embeddings by a program that was imported from MiniLM.

use std::fs;
use std::io::stdin;
use std::path::Path;
use std::time::Duration;

use assay_exec::{Cpu, Path as CpuPath};
use assay_graph::cost;
use assay_graph::forward::Executor;
use assay_graph::import::{bert, Tokenizer};
use assay_graph::job::{self, Input, Kind};
use assay_graph::program::Program;
use serde_json::json;

use crate::sampling::{seconds, take_turns};
use crate::Failure;

/// Tokens of each sequence.
const TOKENS: usize = 128;
/// Sequences: the largest batch.
const SEQUENCES: usize = 32;
/// Most tokens of a unit, as the model's own settings have it.
const CONTEXT: u64 = 256;
/// English that everyone has.
const TEXT: &str = include_str!("../../../LICENSE");
const TRACE_BUDGET: Duration = Duration::from_secs(40);

/// Makes a program of a model's directory, and prints ids: each sequence begins somewhere else in the first
/// half of the text, and ends where it is full.
pub fn import(model: &Path, program: &Path) -> Result<(), Failure> {
    bert(model, CONTEXT)?.write(program)?;
    let tokenizer = Tokenizer::open(&model.join("tokenizer.json"))?;
    let words: Vec<&str> = TEXT.split_whitespace().collect();
    let mut sequences = Vec::with_capacity(SEQUENCES);
    for i in 0..SEQUENCES {
        let text = words[i * words.len() / (2 * SEQUENCES)..].join(" ");
        let ids = tokenizer.encode(&text, TOKENS)?;
        if ids.len() != TOKENS {
            return Err(format!("sequence {i} has {} tokens, not {TOKENS}", ids.len()).into());
        }
        sequences.push(ids);
    }
    println!("{}", json!(sequences));
    Ok(())
}

/// Prints the embeddings of the sequences on the first line of input, then the seconds of each batch that a
/// further line asks for.
pub fn serve(program: &Path) -> Result<(), Failure> {
    let cpu = Cpu::new(CpuPath::best(), 0)?;
    let program = load(program)?;
    let weights = program.weights()?;
    let executor = Executor { graph: &program.graph, weights: &weights, backend: &cpu };
    let sequences = read_ids()?;
    let embeddings = embed(&executor, &sequences)?;
    let ready = json!({ "path": cpu.path().to_string(), "threads": cpu.threads(), "embeddings": embeddings });
    println!("{ready}");
    for line in stdin().lines() {
        let batch: usize = line?.trim().parse()?;
        let sequences = sequences.get(..batch).ok_or("a batch of more sequences than there are")?;
        let seconds = seconds(|| embed(&executor, sequences).map(drop))?;
        println!("{}", json!({ "seconds": seconds }));
    }
    Ok(())
}

/// Prints the seconds of jobs, and of the same embeddings without recording trace points and hashing.
pub fn trace(program: &Path) -> Result<(), Failure> {
    let cpu = Cpu::new(CpuPath::best(), 0)?;
    let program = load(program)?;
    let sequences = read_ids()?;
    let input = Input::load("input", &Input::pack(Kind::Embed, &Input::sequences(&sequences))?)?;
    let traced = || -> Result<(), Failure> {
        let result = job::run(&program, &input, &[], &cpu, 1)?.result;
        result.map(drop).map_err(|trap| format!("{trap:?}").into())
    };
    let untraced = || -> Result<(), Failure> {
        // A job looks at the weights of its program, too.
        let weights = program.weights()?;
        let executor = Executor { graph: &program.graph, weights: &weights, backend: &cpu };
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
pub fn memory(program: &Path) -> Result<(), Failure> {
    let cpu = Cpu::new(CpuPath::best(), 0)?;
    let program = load(program)?;
    let (graph, weights) = (&program.graph, program.weights()?);
    let executor = Executor { graph, weights: &weights, backend: &cpu };
    embed(&executor, &read_ids()?)?;
    // Each thread runs a unit of its own: so many units are live.
    let live = cpu.threads() as u64;
    let line = json!({
        "weights": cost::weights(graph),
        "activations": live * cost::activations(graph, TOKENS as u64, TOKENS as u64),
        "peak": status("VmHWM")?,
        "resident": status("VmRSS")?,
    });
    println!("{line}");
    Ok(())
}

fn load(directory: &Path) -> Result<Program, Failure> {
    Ok(Program::open("program", directory)?)
}

fn read_ids() -> Result<Vec<Vec<u32>>, Failure> {
    let mut line = String::new();
    stdin().read_line(&mut line)?;
    Ok(serde_json::from_str(&line)?)
}

/// The embedding of each sequence, as a job computes them.
fn embed(executor: &Executor<'_>, sequences: &[Vec<u32>]) -> Result<Vec<Vec<f32>>, Failure> {
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
