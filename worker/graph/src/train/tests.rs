//! The backward forms of `Last` and `MeanPool`. The output of a training has a row for each token, which nothing after
//! a single row can have again, so no program reaches them; a graph with one row of logits does.

use std::collections::BTreeMap;

use assay_exact::{means, CrossEntropy, Head, Linear, Precision, QuantisedMut, Scratch, VERSION};
use assay_exec::Reference;

use super::{Backward, Gradients, Plan, Unit, Workspace};
use crate::canonical::{Digest, Float};
use crate::forward::Executor;
use crate::graph::Graph;
use crate::manifest::{BlobRef, Index, Init, Manifest, Node, Op, Optimizer, Parameter, TensorRef, Training};
use crate::tensor::{Dtype, Tensor, Tensors};
use crate::weights::Weights;

const COLS: usize = 4;
const CLASSES: usize = 6;
const TABLE: [f32; CLASSES * COLS] = [
    0.5, -0.25, 0.125, 1.0, -0.75, 0.3, 0.2, -0.1, 0.9, 0.8, -0.7, 0.6, -0.5, 0.4, 0.3, -0.2, 0.1, 0.05,
    -0.35, 0.45, 0.55, -0.65, 0.15, -0.95,
];

fn node(name: &str, op: Op, inputs: &[&str]) -> Node {
    Node { inputs: inputs.iter().map(|input| input.to_string()).collect(), name: name.into(), op }
}

fn head(weight: &str) -> Op {
    Op::Linear { bias: None, precision: Precision::I15, weight: weight.into() }
}

/// The sum of a unit's last row and its mean, and logits of that.
fn single_row() -> Manifest {
    let shape = [CLASSES as u64, COLS as u64];
    let listed = TensorRef { blake3: Digest([0; 32]), blob: 0, dtype: Dtype::F32, shape: shape.into() };
    let reference = BlobRef { blake3: Digest([0; 32]), size: 0 };
    Manifest {
        blobs: vec![reference],
        context: 3,
        graph: vec![
            node("x", Op::Embed { index: Index::Ids, table: "table".into() }, &[]),
            node("last", Op::Last, &["x"]),
            node("pool", Op::MeanPool, &["x"]),
            node("both", Op::Add, &["pool", "last"]),
            node("logits", head("head"), &["both"]),
        ],
        output: "logits".into(),
        parameters: BTreeMap::new(),
        tensors: ["head", "table"].map(|name| (name.to_string(), listed.clone())).into(),
        tokenizer: None,
        trace: vec!["both".into()],
        training: None,
        version: VERSION.into(),
        vocabulary: CLASSES as u64,
    }
}

/// The same as a training of its table.
fn trained() -> Manifest {
    let shape = vec![CLASSES as u64, COLS as u64];
    let table = Parameter { decay: false, init: Init::Constant(Float::new(0.0)), shape };
    let optimizer = Optimizer::Sgd { decay: Float::new(0.0), momentum: Float::new(0.0) };
    let training = Training {
        clip: None,
        every: 1,
        optimizer,
        precision: Precision::I15,
        rates: "rates".into(),
        tokens: 3,
        units: 1,
    };
    Manifest { parameters: [("table".to_string(), table)].into(), training: Some(training), ..single_row() }
}

/// The gradient of `both`, by the reference.
fn gradient_of_both(logits: &[f32], label: u32) -> [f32; COLS] {
    let op = CrossEntropy::new(1, CLASSES).unwrap();
    let linear = Linear::new(1, COLS, CLASSES, Precision::I15).unwrap();
    let (mut p, mut dx) = ([0.0; CLASSES], [0.0; COLS]);
    op.probabilities(logits, &mut p).unwrap();
    let (mut left, mut left_scales, mut right, mut right_scales) = ([0; 64], [0.0; 8], [0; 64], [0.0; 8]);
    let mut scratch = Scratch {
        left: QuantisedMut { planes: &mut left, scales: &mut left_scales },
        right: QuantisedMut { planes: &mut right, scales: &mut right_scales },
    };
    let head = Head { linear: &linear, labels: &[label], probabilities: &p };
    op.backward_input(&head, &TABLE, &mut scratch, &mut dx).unwrap();
    dx
}

#[test]
fn the_last_row_and_the_mean_pass_their_gradients_to_the_tokens() {
    let graph = Graph::new("test", &single_row()).unwrap();
    let plan = Plan::new("test", &trained(), &graph).unwrap();
    let tensor = Tensor::f32(&[CLASSES as u64, COLS as u64], TABLE.into());
    let tensors = Tensors::from([("head".into(), tensor.clone()), ("table".into(), tensor)]);
    let weights = Weights::new("test", &graph, &tensors).unwrap();
    let (ids, label) = ([4, 1, 2], 5);
    let executor = Executor { graph: &graph, weights: &weights, backend: &Reference };
    let pass = executor.run_keeping(&ids, &mut ()).unwrap();
    let mut gradients =
        Gradients { sums: [("table".to_string(), vec![0; CLASSES * COLS])].into(), loss: 0, units: 0 };
    let backward = Backward { graph: &graph, weights: &weights, backend: &Reference, plan: &plan };
    let unit = Unit { ids: &ids, labels: &[label], pass: &pass };
    backward.unit(&unit, &mut Workspace::new(&plan), &mut gradients).unwrap();

    let both = gradient_of_both(&pass.values[graph.output], label);
    let mut expected = [0.0; CLASSES * COLS];
    for (at, id) in ids.iter().enumerate() {
        for (c, dy) in both.iter().enumerate() {
            let (last, pool) = (if at == 2 { *dy } else { 0.0 }, dy / 3.0);
            expected[*id as usize * COLS + c] = last + pool;
        }
    }
    let mut got = [0.0; CLASSES * COLS];
    means(&gradients.sums["table"], 1, &mut got).unwrap();
    for (got, expected) in got.iter().zip(&expected) {
        // Fixed point has 40 fractional bits.
        assert!((got - expected).abs() < 1e-12 + 1e-7 * expected.abs(), "{got} is not {expected}");
    }
    assert!(both.iter().all(|dy| dy.abs() > 1e-3));
    assert!(gradients.loss > 0);
}
