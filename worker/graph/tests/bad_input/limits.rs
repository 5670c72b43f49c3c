//! Sizes at and above the limits. None of the tensors is there: a graph is refused before anything of its size is.

use assay_exact::{Precision, Refused};
use assay_graph::canonical::Float;
use assay_graph::error::Problem;
use assay_graph::graph::Graph;
use assay_graph::manifest::{Index, Manifest, Op};

use crate::base::{embed, linear, node, refused, Base, FILE};

fn problem(field: &str, change: impl FnOnce(&mut Manifest)) -> Problem {
    let mut manifest = Base::new().manifest;
    change(&mut manifest);
    refused(Graph::new(FILE, &manifest), FILE, field)
}

/// The base with an operator on the mean of rows of `cols` columns as its output.
fn with_columns(cols: u64, op: Op) -> Manifest {
    let mut manifest = Base::new().manifest;
    let shapes =
        [("vocabulary", vec![5, cols]), ("wk", vec![1, cols]), ("beta", vec![cols]), ("gamma", vec![cols])];
    for (name, shape) in shapes {
        manifest.tensors.get_mut(name).unwrap().shape = shape;
    }
    let tokens = node("tokens", &[], embed(Index::Ids, "vocabulary"));
    manifest.graph = vec![tokens, node("pool", &["tokens"], Op::MeanPool), node("output", &["pool"], op)];
    manifest.trace = vec!["tokens".into()];
    manifest
}

/// Loads at the limit, and is refused by the numeric contract one above it.
fn bounded_columns(limit: u64, op: Op) {
    Graph::new(FILE, &with_columns(limit, op.clone())).unwrap();
    let above = Graph::new(FILE, &with_columns(limit + 1, op));
    match refused(above, FILE, "graph node \"output\"") {
        Problem::Refused(Refused::Limit { limit: stated, got, .. }) => {
            assert_eq!((stated, got), (limit, limit + 1))
        }
        problem => panic!("{problem}"),
    }
}

#[test]
fn a_linear_node_over_131_071_columns_is_refused() {
    for precision in [Precision::I8, Precision::I15, Precision::I22] {
        bounded_columns(131_071, linear("wk", None, precision));
    }
}

#[test]
fn a_norm_over_65_536_columns_is_refused() {
    let (epsilon, gamma) = (Float::new(1e-5), String::from("gamma"));
    bounded_columns(65_536, Op::LayerNorm { beta: "beta".into(), epsilon, gamma: gamma.clone() });
    bounded_columns(65_536, Op::RmsNorm { epsilon, gamma });
    bounded_columns(65_536, Op::L2Norm { epsilon });
}

#[test]
fn a_context_out_of_range_is_refused() {
    let zero = problem("context", |manifest| manifest.context = 0);
    assert!(matches!(zero, Problem::Mismatch { .. }), "{zero}");
    for context in [131_072, u64::MAX] {
        let above = problem("context", |manifest| manifest.context = context);
        assert!(matches!(above, Problem::Limit { limit: 131_071, got } if got == context), "{above}");
    }
    let mut longest = Base::new().manifest;
    longest.context = 131_071;
    for (name, cols) in [("places", 4), ("angles.cos", 1), ("angles.sin", 1)] {
        longest.tensors.get_mut(name).unwrap().shape = vec![131_071, cols];
    }
    Graph::new(FILE, &longest).unwrap();
}

#[test]
fn a_vocabulary_over_32_bits_is_refused() {
    let above = problem("vocabulary", |manifest| manifest.vocabulary = 1 << 32);
    assert!(matches!(above, Problem::Limit { limit: 0xFFFF_FFFF, got: 0x1_0000_0000 }), "{above}");
}

#[test]
fn over_three_digits_are_refused() {
    for digits in [4, 1 << 20] {
        let above = problem("graph node \"query\", weight", |manifest| {
            manifest.tensors.get_mut("wq").unwrap().shape = vec![digits, 4, 4];
        });
        assert!(matches!(above, Problem::Limit { limit: 3, got } if got == digits), "{above}");
    }
}

#[test]
fn absurd_shapes_are_refused() {
    const LARGEST: u64 = (1 << 53) - 1;
    let field = "tensors \"wk\"";
    let shaped = |shape: &[u64]| {
        problem(field, |manifest| manifest.tensors.get_mut("wk").unwrap().shape = shape.into())
    };
    for shape in [&[1 << 32, 1 << 32][..], &[LARGEST; 3], &[LARGEST, LARGEST], &[1 << 40, 1 << 21]] {
        let above = shaped(shape);
        assert!(matches!(above, Problem::Limit { .. }), "{above}");
    }
    for shape in [&[0][..], &[0, 4], &[4, 0], &[LARGEST, 0, 4]] {
        let empty = shaped(shape);
        assert!(matches!(empty, Problem::Mismatch { .. }), "{empty}");
    }
    let axes = shaped(&[1; 4]);
    assert!(matches!(axes, Problem::Limit { limit: 3, got: 4 }), "{axes}");
}

#[test]
fn over_65_536_of_anything_are_refused() {
    const ABOVE: usize = 65_537;
    let nodes = problem("graph", |manifest| {
        let first = manifest.graph[0].clone();
        manifest.graph = vec![first; ABOVE];
    });
    let blobs = problem("blobs", |manifest| manifest.blobs = vec![manifest.blobs[0]; ABOVE]);
    let tensors = problem("tensors", |manifest| {
        let tensor = manifest.tensors["wk"].clone();
        manifest.tensors = (0..ABOVE).map(|i| (i.to_string(), tensor.clone())).collect();
    });
    for problem in [nodes, blobs, tensors] {
        assert!(matches!(problem, Problem::Limit { limit: 65_536, got: 65_537 }), "{problem}");
    }
}

#[test]
fn as_many_nodes_as_the_limit_load() {
    let mut manifest = Base::new().manifest;
    let mut last = String::from("norm");
    for i in manifest.graph.len()..65_536 {
        let name = format!("more.{i}");
        manifest.graph.push(node(&name, &[&last], Op::Tanh));
        last = name;
    }
    assert_eq!(Graph::new(FILE, &manifest).unwrap().nodes.len(), 65_536);
}

#[test]
fn names_over_128_bytes_are_refused() {
    let named = |length: usize| {
        let mut manifest = Base::new().manifest;
        manifest.graph.push(node(&"n".repeat(length), &["norm"], Op::Tanh));
        Graph::new(FILE, &manifest)
    };
    named(128).unwrap();
    let above = refused(named(129), FILE, &format!("graph node {:?}", "n".repeat(129)));
    assert!(matches!(above, Problem::Limit { limit: 128, got: 129 }), "{above}");
}
