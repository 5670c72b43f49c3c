//! Manifests of trainings that are wrong in what only a training has.

use std::collections::BTreeMap;

use assay_exact::Precision;
use assay_graph::canonical::Float;
use assay_graph::error::Problem;
use assay_graph::graph::Graph;
use assay_graph::manifest::{Index, Init, Manifest, Op, Optimizer, Parameter, Training};

use crate::base::{embed, linear, node, refused, Base, FILE};

/// The base with a graph that is trained: a table, a tensor of the program in between, and a head.
fn training() -> Manifest {
    let parameter =
        |rows| Parameter { decay: true, init: Init::Uniform(Float::new(0.5)), shape: vec![rows, 4] };
    let sgd = Optimizer::Sgd { decay: Float::new(0.0), momentum: Float::new(0.5) };
    let training = Training {
        clip: None,
        every: 1,
        optimizer: sgd,
        precision: Precision::I15,
        rates: "beta".into(),
        tokens: 2,
        units: 1,
    };
    let gamma = Op::RmsNorm { epsilon: Float::new(1e-5), gamma: "gamma".into() };
    Manifest {
        graph: vec![
            node("tokens", &[], embed(Index::Ids, "table")),
            node("norm", &["tokens"], gamma),
            node("logits", &["norm"], linear("head", None, Precision::I15)),
        ],
        output: "logits".into(),
        parameters: BTreeMap::from([("head".into(), parameter(5)), ("table".into(), parameter(5))]),
        trace: Vec::new(),
        training: Some(training),
        ..Base::new().manifest
    }
}

fn problem(field: &str, change: impl FnOnce(&mut Manifest)) -> Problem {
    let mut manifest = training();
    change(&mut manifest);
    refused(Graph::new(FILE, &manifest), FILE, field)
}

#[test]
fn the_training_loads() {
    let graph = Graph::new(FILE, &training()).unwrap();
    assert_eq!(graph.weights.len(), 3);
}

#[test]
fn parameters_without_a_training_are_refused() {
    let problem = problem("parameters", |manifest| manifest.training = None);
    assert!(matches!(problem, Problem::Format(_)), "{problem}");
}

#[test]
fn a_parameter_with_the_name_of_a_tensor_is_refused() {
    let problem = problem("parameters \"gamma\"", |manifest| {
        let parameter = manifest.parameters["head"].clone();
        manifest.parameters.insert("gamma".into(), parameter);
    });
    assert!(matches!(problem, Problem::Duplicate), "{problem}");
}

#[test]
fn a_parameter_of_an_absurd_shape_is_refused() {
    for shape in [[1 << 32, 1 << 32], [1 << 52, 1 << 52]] {
        let change =
            |manifest: &mut Manifest| manifest.parameters.get_mut("head").unwrap().shape = shape.into();
        let problem = problem("parameters \"head\"", change);
        assert!(matches!(problem, Problem::Limit { .. }), "{problem}");
    }
}

#[test]
fn an_output_that_gives_no_logits_is_refused() {
    let bias = |manifest: &mut Manifest| manifest.graph[2].op = linear("head", Some("gamma"), Precision::I15);
    let problems = [
        problem("output", |manifest| manifest.output = "norm".into()),
        problem("output", |manifest| {
            manifest.parameters.get_mut("head").unwrap().shape = vec![4, 4];
        }),
        problem("output", |manifest| {
            manifest.parameters.get_mut("head").unwrap().shape = vec![4, 4];
            bias(manifest);
        }),
    ];
    for problem in problems {
        assert!(matches!(problem, Problem::Mismatch { .. }), "{problem}");
    }
}

#[test]
fn a_quantised_weight_of_a_training_is_refused() {
    let change = |manifest: &mut Manifest| manifest.graph[2].op = linear("wq", None, Precision::I15);
    let problem = problem("graph node \"logits\", weight", change);
    assert!(matches!(problem, Problem::Format(_)), "{problem}");
}

#[test]
fn a_trace_of_nodes_of_a_training_is_refused() {
    let problem = problem("trace", |manifest| manifest.trace.push("norm".into()));
    assert!(matches!(problem, Problem::Format(_)), "{problem}");
}
