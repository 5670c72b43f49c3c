//! The process of a job is held to its limits, whatever the job is.

use crate::harness::Home;
use assay_graph::{
    decoder::{Decoder, Recipe},
    job::{self, Input, Kind, Train},
    program::Program,
    tensor::{Tensor, Tensors},
};
use serde_json::{json, Value};
use std::{
    fs,
    io::Write,
    os::unix::process::ExitStatusExt,
    process::{Command, Output, Stdio},
};

/// More than the job says that it takes, and less than the addresses of the program alone.
const MEMORY: u64 = 16 << 20;
const DISK: u64 = 1 << 20;
/// Their stacks alone are 4 GiB of addresses, where nobody asks for others than the standard library's.
const MANY_THREADS: u64 = 2_000;
/// Less than the result.
const LITTLE_DISK: u64 = 100;
/// Ends a process that makes a file longer than it may.
const SIGXFSZ: i32 = 25;

/// Writes a small training, and what a worker tells the process that is to run it.
fn task(home: &Home, threads: u64, disk: u64) -> Value {
    let decoder =
        Decoder { layers: 1, width: 32, heads: 4, kv_heads: 2, hidden: 48, vocabulary: 256, context: 24 };
    let recipe = Recipe { every: 2, ..Recipe::new(1, 4, 8, 0.01) };
    let data = Tensors::from([("data".into(), Tensor::u8(&[40], (0..40).collect()))]);
    let program = decoder.training(&recipe).unwrap();
    let input = Input::pack(Kind::Train(Train { from: 0, to: 4 }), &data).unwrap();
    program.write(&home.path("program")).unwrap();
    input.write(&home.path("input")).unwrap();
    fs::create_dir(home.path("work")).unwrap();
    let (program, input) =
        (Program::load("program", &program).unwrap(), Input::load("input", &input).unwrap());
    json!({
        "program": home.path("program"),
        "input": home.path("input"),
        "seed": vec![5; 32],
        "units": job::units(&program, &input).unwrap(),
        "output_bytes": 1 << 20,
        "work": home.path("work"),
        "leaves": null,
        "backend": "scalar",
        "device": { "index": 0, "gemm": "auto", "is_trial": false },
        "threads": threads,
        "limits": { "memory": MEMORY, "seconds": 60, "disk": disk },
    })
}

/// Runs it as a worker does, with limits.
fn run(threads: u64, disk: u64) -> Output {
    let home = Home::new();
    let task = task(&home, threads, disk);
    let mut command = Command::new(env!("CARGO_BIN_EXE_assay"));
    command.arg("run-task").env_clear().env("MALLOC_ARENA_MAX", "2");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // As long as this is open the process goes on.
    let mut lifeline = child.stdin.take().unwrap();
    writeln!(lifeline, "{task}").unwrap();
    let output = child.wait_with_output().unwrap();
    drop(lifeline);
    output
}

#[test]
fn a_job_within_its_limits_is_computed_whatever_its_process_takes_beside_it() {
    let output = run(1, DISK);
    assert!(output.status.success(), "{output:?}");
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(answer["report"]["computed"].is_object(), "{answer}");
}

#[test]
fn a_process_that_takes_far_more_memory_ends() {
    let output = run(MANY_THREADS, DISK);
    assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
}

#[test]
fn a_process_that_writes_more_ends() {
    let output = run(1, LITTLE_DISK);
    assert_eq!(output.status.signal(), Some(SIGXFSZ), "{output:?}");
}
