//! Sentence embeddings by a program that was imported from MiniLM.

use std::io::stdin;
use std::path::Path;

use assay_exec::Cpu;
use assay_graph::forward::Executor;
use assay_graph::import::{bert, Tokenizer};
use serde_json::json;

use crate::program::{embed, load, read_ids};
use crate::sampling::seconds;
use crate::Failure;

/// Tokens of each sequence.
const TOKENS: usize = 128;
/// Sequences: the largest batch.
const SEQUENCES: usize = 32;
/// Most tokens of a unit, as the model's own settings have it.
const CONTEXT: u64 = 256;
/// English that everyone has.
const TEXT: &str = include_str!("../../../LICENSE");

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
pub fn serve(cpu: &Cpu, program: &Path) -> Result<(), Failure> {
    let program = load(program)?;
    let weights = program.weights()?;
    let executor = Executor { graph: &program.graph, weights: &weights, backend: cpu };
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
