//! Measures the compute core: raw samples, in seconds and bytes, as JSON lines.
//!
//! For: `scripts/benches/exact`, which makes rows of them, and runs the peers that are not Rust.
//!
//! Not for: correctness; a product that differs from the peer's is an error all the same.

mod gemm;
mod minilm;
mod sampling;

use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "usage: assay-bench import MODEL PROGRAM   make a program; print ids of real text as JSON
       assay-bench minilm PROGRAM         read ids; for each further line, a batch, print its seconds
       assay-bench trace PROGRAM          read ids; print seconds of jobs and of the same without a trace
       assay-bench memory PROGRAM         read ids; print bytes of this process and of what it needs
       assay-bench gemm                   print seconds of int8 products, ours and the peer's";

/// Why there are no samples; the text is one line.
type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("assay-bench: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> Result<(), Failure> {
    match arguments {
        ["import", model, program] => minilm::import(Path::new(model), Path::new(program)),
        ["minilm", program] => minilm::serve(Path::new(program)),
        ["trace", program] => minilm::trace(Path::new(program)),
        ["memory", program] => minilm::memory(Path::new(program)),
        ["gemm"] => gemm::run(),
        _ => {
            eprintln!("{USAGE}");
            Err("unknown arguments".into())
        }
    }
}
