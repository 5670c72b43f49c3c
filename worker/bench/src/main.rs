//! Measures the compute core: raw samples, in seconds and bytes, as JSON lines.
//!
//! For: `scripts/benches/exact`, which makes rows of them, and runs the peers that are not Rust.
//!
//! Not for: correctness; a product that differs from the peer's is an error all the same.

mod attention;
#[cfg(target_arch = "x86_64")]
mod ceilings;
mod decoder;
#[cfg(target_arch = "x86_64")]
mod floors;
mod gemm;
mod kernels;
mod minilm;
mod program;
mod random;
mod sampling;
mod sliced;
mod training;
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
// The only unsafe code: loads of lines, and instructions that the processor was seen to have.
mod units;

use std::path::Path;
use std::process::ExitCode;

use assay_exec::{Cpu, Path as CpuPath};

const USAGE: &str =
    "usage: assay-bench [--path PATH] COMMAND; PATH is scalar, avx2 or vnni, by default the best there is
       import MODEL PROGRAM             make a program of MiniLM; print ids of real text as JSON
       minilm PROGRAM                   read ids; for each further line, a batch, print its seconds
       trace PROGRAM                    read ids; print seconds of jobs and of the same without a trace
       memory PROGRAM                   read ids; print bytes of this process and of what it needs
       gemm                             print seconds of int8 products, ours and the peer's
       sliced                           print seconds of products of floats, ours and the peer's
       attention DIRECTORY              write operands; for each line, a number of tokens, print its seconds
       import-decoder MODEL PROGRAM     make a program of a decoder
       decoder PROGRAM                  read ids; for each line, prefill or decode, print its seconds
       training SHAPE DIRECTORY         write parameters of small or 10M; for each line print a step's seconds
       kernel NAME TIMES                do linear-i8, linear-i15 or attention on one thread, and print nothing
       kernels [--table]                print seconds of each kernel on one thread, and its floors";

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
    let (path, command) = match arguments {
        ["--path", path, command @ ..] => (path.parse::<CpuPath>()?, command),
        command => (CpuPath::best(), command),
    };
    let cpu = || Cpu::new(path, 0).map(Cpu::pinned);
    match command {
        ["import", model, program] => minilm::import(Path::new(model), Path::new(program)),
        ["minilm", program] => minilm::serve(&cpu()?, Path::new(program)),
        ["trace", program] => program::trace(&cpu()?, Path::new(program)),
        ["memory", program] => program::memory(&cpu()?, Path::new(program)),
        ["gemm"] => gemm::run(&cpu()?),
        ["sliced"] => sliced::run(&cpu()?),
        ["attention", directory] => attention::serve(&cpu()?, Path::new(directory)),
        ["import-decoder", model, program] => decoder::import(Path::new(model), Path::new(program)),
        ["decoder", program] => decoder::serve(&cpu()?, Path::new(program)),
        ["training", shape, directory] => training::serve(&cpu()?, shape, Path::new(directory)),
        ["kernel", name, times] => kernels::run(&Cpu::new(path, 1)?, name, times.parse()?),
        #[cfg(target_arch = "x86_64")]
        ["kernels"] => floors::run(&Cpu::new(path, 1)?),
        #[cfg(target_arch = "x86_64")]
        ["kernels", "--table"] => floors::table(&Cpu::new(path, 1)?),
        _ => {
            eprintln!("{USAGE}");
            Err("unknown arguments".into())
        }
    }
}
