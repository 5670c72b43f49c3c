//! The roots that the chain computes itself are those that workers commit to.

use assay_exact::Precision;
use assay_exec::Reference;
use assay_graph::decoder::{Decoder, Recipe};
use assay_graph::job::{run, Generate, Input, Kind, Outcome, Sampling, Train};
use assay_graph::package::Package;
use assay_graph::program::Program;
use assay_graph::tensor::{Dtype, Tensor, Tensors};
use assay_graph::trace::Recorder;
use assay_primitives::{inline_root, trace_root};
use codec::Encode;

const DECODER: Decoder =
    Decoder { layers: 1, width: 32, heads: 4, kv_heads: 2, hidden: 48, vocabulary: 256, context: 24 };

fn load(package: Package) -> Program {
    Program::load("program", &package).expect("a program")
}

fn outcome(program: &Program, kind: Kind, tensors: &Tensors) -> Outcome {
    let package = Input::pack(kind, tensors).expect("an input");
    let input = Input::load("input", &package).expect("an input");
    run(program, &input, b"seed", &Reference, 1).expect("an outcome")
}

/// A few steps of a training.
fn trained() -> Outcome {
    let recipe = Recipe { every: 2, ..Recipe::new(1, 4, 8, 0.01) };
    let program = load(DECODER.training(&recipe).expect("a training"));
    let data = Tensors::from([("data".into(), Tensor::u8(&[40], (0..40).collect()))]);
    outcome(&program, Kind::Train(Train { from: 0, to: 4 }), &data)
}

/// What the model of that training makes of two prompts.
fn generated() -> Outcome {
    let parameters = trained().result.expect("no trap").into_iter().filter_map(|(name, tensor)| {
        let name = name.strip_prefix("parameter.")?;
        Some((name.to_string(), tensor.as_f32().expect("floats").to_vec()))
    });
    let program = load(DECODER.inference(&parameters.collect(), Precision::I15).expect("a program"));
    let kind = Kind::Generate(Generate { sampling: Sampling::Greedy, stop: vec![], tokens: 4 });
    outcome(&program, kind, &Input::sequences(&[vec![1, 2, 3], vec![9]]))
}

/// Outputs as a provider shows them on the chain.
fn file(outputs: &Tensors) -> Vec<u8> {
    let output = |(name, tensor): (&String, &Tensor)| {
        (name.clone(), tensor.dtype() as u8, tensor.shape.clone(), tensor.bytes())
    };
    outputs.iter().map(output).collect::<Vec<_>>().encode()
}

#[test]
fn outputs_shown_on_the_chain_have_the_result_root() {
    let outcome = generated();
    let mut outputs = outcome.result.clone().expect("no trap");
    assert_eq!(inline_root(&file(&outputs)), Some(outcome.result_root()));

    let ids = outputs["ids"].as_u32().expect("ids").iter().map(|id| id ^ 1).collect();
    outputs.insert("ids".into(), Tensor::u32(&[8], ids));
    let other = inline_root(&file(&outputs)).expect("a file of outputs");
    assert_ne!(other, outcome.result_root());
}

#[test]
fn outputs_of_a_training_are_too_large_for_the_chain() {
    let outputs = trained().result.expect("no trap");
    assert_eq!(inline_root(&file(&outputs)), None);
}

#[test]
fn trace_root_is_the_one_that_is_committed_to() {
    for outcome in [trained(), generated()] {
        let trace = outcome.trace;
        assert!(trace.leaves > 0);
        assert_eq!(trace_root(trace.leaves, &trace.leaves_root, &trace.result_root), trace.root());
    }
}

#[test]
fn trace_of_known_points_is_as_ever() {
    let mut recorder = Recorder::new();
    let value: Vec<u8> = (0..1_500u32).map(|i| (i * 7 % 256) as u8).collect();
    let state: Vec<u8> = (0..32).collect();
    recorder.record(2, 1, 4, Dtype::U8, &[1_500], &value);
    recorder.record(3, 0, 3, Dtype::U8, &[32], &state);
    let trace = recorder.finish([0xf0; 32]);
    assert_eq!(trace.leaves, 3);
    let leaves_root = "934590a3497c920c9add6f1cb0e1691497d6cf5b3d1da4c05c65c1df131e68d4";
    assert_eq!(hex::encode(trace.leaves_root), leaves_root);
    let root = "b5a6be503cfa5b9a9391815ee742de925dc4c8084fa0843548d77bedb7d1d8d9";
    assert_eq!(hex::encode(trace.root()), root);
    assert_eq!(hex::encode(trace_root(3, &trace.leaves_root, &[0xf0; 32])), root);
}
