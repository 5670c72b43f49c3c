//! Traces on the chain: what a worker opens of its run is what the chain's rules accept, and nothing else is.

use std::collections::BTreeSet;

use assay_exact::Precision;
use assay_exec::Reference;
use assay_graph::decoder::{Decoder, Recipe};
use assay_graph::job::{run_keeping, Generate, Input, Kind, Outcome, Sampling, Train};
use assay_graph::package::Package;
use assay_graph::program::Program;
use assay_graph::tensor::{Tensor, Tensors};
use assay_graph::trace::{LeafOpening, Recorder, Trace, Tree};
use assay_rules::draw::{leaves, seed, Purpose};
use assay_rules::trace::{check, Leaf, Opening};

const SEED: &[u8] = b"seed of the traces on chain";

/// More leaves than any run here has.
const ALL: u64 = 1 << 12;

fn decoder() -> Decoder {
    Decoder { layers: 2, width: 32, heads: 4, kv_heads: 2, hidden: 48, vocabulary: 256, context: 24 }
}

fn program(package: Package) -> Program {
    Program::load("program", &package).expect("a program")
}

/// Runs a job and keeps all leaves of its trace.
fn run(program: &Program, kind: Kind, tensors: &Tensors, seed: &[u8]) -> Outcome {
    let input = Input::load("input", &Input::pack(kind, tensors).expect("an input")).expect("an input");
    let all = BTreeSet::from_iter(0..ALL);
    let outcome = run_keeping(program, &input, seed, &Reference, 1, all).expect("an outcome");
    assert!(outcome.trace.leaves < ALL);
    outcome
}

/// Six steps, traced after every second one.
fn train(seed: &[u8]) -> Outcome {
    let mut recipe = Recipe::new(3, 12, 8, 0.01);
    recipe.every = 2;
    let data = b"the quick brown fox jumps over the lazy dog. ".repeat(9);
    let tensors = Tensors::from([("data".into(), Tensor::u8(&[data.len() as u64], data))]);
    let program = program(decoder().training(&recipe).expect("a training"));
    run(&program, Kind::Train(Train { from: 0, to: 6 }), &tensors, seed)
}

/// Tokens after three prompts, by what a training has learnt.
fn generate() -> Outcome {
    let outputs = train(SEED).result.expect("no trap");
    let parameters = outputs.iter().filter_map(|(name, tensor)| {
        let name = name.strip_prefix("parameter.")?;
        Some((name.to_string(), tensor.as_f32().expect("floats").to_vec()))
    });
    let package = decoder().inference(&parameters.collect(), Precision::I15).expect("a program");
    let prompts = [b"the quick brown f".to_vec(), b"l".to_vec(), b"lazy dog".to_vec()];
    let prompts = prompts.map(|prompt| prompt.into_iter().map(u32::from).collect::<Vec<_>>());
    let kind = Kind::Generate(Generate { sampling: Sampling::Greedy, stop: vec![], tokens: 6 });
    run(&program(package), kind, &Input::sequences(&prompts), SEED)
}

/// What the chain reads of an opened leaf.
fn leaf(opened: LeafOpening) -> Leaf {
    let LeafOpening { place, bytes, .. } = opened;
    Leaf {
        step: place.step,
        unit: place.unit,
        point: place.point,
        offset: place.offset,
        dtype: place.dtype,
        shape: place.shape.try_into().expect("at most three axes"),
        bytes: bytes.try_into().expect("at most a kibibyte"),
    }
}

fn opened(trace: &Trace, index: u64) -> LeafOpening {
    trace.open(index).expect("a kept leaf")
}

/// Leaves of a trace that kept all, and one proof of them together.
fn open(trace: &Trace, indices: &[u64]) -> Opening {
    let mut tree = Tree::new();
    for index in 0..trace.leaves {
        let opened = opened(trace, index);
        tree.push(opened.place.leaf(&opened.bytes));
    }
    assert_eq!(tree.root(), trace.leaves_root);
    let leaves: Vec<Leaf> = indices.iter().map(|index| leaf(opened(trace, *index))).collect();
    Opening {
        count: trace.leaves,
        leaves: leaves.try_into().expect("at most eight leaves"),
        siblings: tree.prove(indices).expect("leaves").siblings.try_into().expect("at most 512 siblings"),
    }
}

fn accepted(trace: &Trace, opening: &Opening, indices: &[u64]) -> bool {
    check(opening, indices, &trace.root(), &trace.result_root)
}

#[test]
fn every_leaf_that_a_worker_opens_is_accepted() {
    for trace in [train(SEED).trace, generate().trace] {
        assert!(trace.leaves > 1);
        for index in 0..trace.leaves {
            let opened = opened(&trace, index);
            let opening = Opening {
                count: opened.leaves,
                siblings: opened.proof.siblings.clone().try_into().expect("at most 512 siblings"),
                leaves: vec![leaf(opened)].try_into().expect("one leaf"),
            };
            assert!(accepted(&trace, &opening, &[index]), "leaf {index} of {}", trace.leaves);
            assert!(!accepted(&trace, &opening, &[index ^ 1]));
        }
    }
}

#[test]
fn the_leaves_that_the_chain_draws_are_accepted_together() {
    for (trace, least) in [(train(SEED).trace, 2), (generate().trace, 50)] {
        assert!(trace.leaves >= least, "{}", trace.leaves);
        for seat in 0..20 {
            let seed = seed(&[1; 32], 7, 0, Purpose::Leaves);
            let indices = leaves(&seed, seat, trace.leaves);
            assert_eq!(indices.len() as u64, trace.leaves.min(8));
            let opening = open(&trace, &indices);
            assert!(accepted(&trace, &opening, &indices), "{indices:?} of {}", trace.leaves);
        }
    }
}

#[test]
fn a_run_without_trace_points_is_opened_by_showing_none() {
    let trace = Recorder::new().finish([7; 32]);
    let opening = Opening { count: 0, leaves: Default::default(), siblings: Default::default() };
    assert!(leaves(&[1; 32], 0, trace.leaves).is_empty());
    assert!(accepted(&trace, &opening, &[]));
}

#[test]
fn the_leaves_of_another_run_are_refused() {
    let (trace, other) = (train(SEED).trace, train(b"another").trace);
    assert!(accepted(&trace, &open(&trace, &[0, 1]), &[0, 1]));
    assert!(!accepted(&trace, &open(&other, &[0, 1]), &[0, 1]));
}
