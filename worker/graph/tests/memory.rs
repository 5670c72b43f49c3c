//! What a job takes of memory is within what is said of it before: counted by the allocator, in a process of its own.

#[path = "../../exec/tests/counting/mod.rs"]
mod counting;

use assay_exact::Precision;
use assay_exec::Reference;
use assay_graph::decoder::{Decoder, Recipe};
use assay_graph::job::{memory, run, Generate, Input, Kind, Sampling, Train};
use assay_graph::package::Package;
use assay_graph::program::Program;
use assay_graph::tensor::{Tensor, Tensors};
use assay_graph::train::State;
use counting::counted;

const DECODER: Decoder =
    Decoder { layers: 2, width: 64, heads: 4, kv_heads: 2, hidden: 160, vocabulary: 256, context: 128 };

/// Runs a job; gives the bytes it took at most, as counted and as said.
fn measured(program: &Program, kind: Kind, tensors: &Tensors) -> (u64, u64) {
    let input = Input::load("input", &Input::pack(kind, tensors).unwrap()).unwrap();
    let (outcome, most, _) = counted(|| run(program, &input, b"memory", &Reference, 1).unwrap());
    assert!(outcome.result.is_ok());
    (most as u64, memory(program, &input).unwrap())
}

/// Reads a program from its files: its blobs are in memory once, and so are its weights.
fn opened(package: &Package) -> Program {
    let directory = tempfile::tempdir().unwrap();
    package.write(directory.path()).unwrap();
    let blobs: usize = package.blobs.iter().map(Vec::len).sum();
    let (program, most, _) = counted(|| Program::open("program", directory.path()).unwrap());
    println!("open: {most} bytes for blobs of {blobs}");
    assert!(most < 2 * blobs, "{most} bytes for blobs of {blobs}");
    let (_, most, _) = counted(|| program.weights().unwrap());
    assert!(most < blobs / 4, "weights copy {most} bytes of {blobs}");
    program
}

/// One test: others in the same process would be counted too.
#[test]
fn a_job_takes_no_more_memory_than_it_says() {
    let mut recipe = Recipe::new(2, 96, 4, 0.01);
    recipe.every = 2;
    let training = Program::load("training", &DECODER.training(&recipe).unwrap()).unwrap();
    let data: Vec<u8> = (0..4_000u32).map(|i| (i * i % 251) as u8).collect();
    let data = Tensors::from([("data".into(), Tensor::u8(&[4_000], data))]);
    let parameters = State::from_seed(&training, b"memory").parameters;
    let package = DECODER.inference(&parameters, Precision::I8).unwrap();
    let program = opened(&package);
    let prompts = Input::sequences(&[vec![1; 90], vec![2; 3], vec![3; 40]]);
    let generate = Generate { sampling: Sampling::Greedy, stop: vec![], tokens: 30 };
    for (what, program, kind, tensors) in [
        ("embed", &program, Kind::Embed, &prompts),
        ("generate", &program, Kind::Generate(generate), &prompts),
        ("train", &training, Kind::Train(Train { from: 0, to: 4 }), &data),
    ] {
        let (counted, said) = measured(program, kind, tensors);
        println!("{what}: {counted} bytes of {said}");
        assert!(counted <= said, "{what}: {counted} bytes, and {said} were said");
        assert!(said <= 4 * counted, "{what}: {said} is no estimate of {counted}");
    }
}
