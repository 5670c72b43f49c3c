//! Manifests that are well-formed and describe no graph.

use assay_exact::{Precision, Refused};
use assay_graph::canonical::Float;
use assay_graph::error::Problem;
use assay_graph::graph::Graph;
use assay_graph::manifest::{Attention, Manifest, Node, Op};
use assay_graph::tensor::Dtype;

use crate::base::{linear, node, refused, Base, FILE};

fn problem(field: &str, change: impl FnOnce(&mut Manifest)) -> Problem {
    let mut manifest = Base::new().manifest;
    change(&mut manifest);
    refused(Graph::new(FILE, &manifest), FILE, field)
}

fn mismatch(field: &str, change: impl FnOnce(&mut Manifest)) {
    let problem = problem(field, change);
    assert!(matches!(problem, Problem::Mismatch { .. }), "{problem}");
}

fn find<'a>(manifest: &'a mut Manifest, name: &str) -> &'a mut Node {
    manifest.graph.iter_mut().find(|node| node.name == name).unwrap()
}

fn attention(manifest: &mut Manifest) -> &mut Attention {
    match &mut find(manifest, "attention").op {
        Op::Attention(attention) => attention,
        _ => unreachable!(),
    }
}

fn set_shape(manifest: &mut Manifest, tensor: &str, shape: &[u64]) {
    manifest.tensors.get_mut(tensor).unwrap().shape = shape.into();
}

#[test]
fn an_input_that_is_no_earlier_node_is_refused() {
    for input in ["sum", "norm", "output", "nobody", ""] {
        let change = |manifest: &mut Manifest| find(manifest, "sum").inputs[1] = input.into();
        let problem = problem("graph node \"sum\", inputs", change);
        assert!(matches!(&problem, Problem::Unknown(name) if name == input), "{problem}");
    }
}

#[test]
fn a_node_that_is_there_twice_is_refused() {
    let problem = problem("graph node \"tokens\"", |manifest| {
        let again = manifest.graph[0].clone();
        manifest.graph.push(again);
    });
    assert!(matches!(problem, Problem::Duplicate), "{problem}");
}

#[test]
fn another_number_of_inputs_is_refused() {
    let cases: [(&str, &[&str]); 8] = [
        ("positions", &["tokens"]),
        ("sum", &["tokens"]),
        ("sum", &["tokens", "tokens", "tokens"]),
        ("norm", &[]),
        ("norm", &["sum", "sum"]),
        ("query", &[]),
        ("attention", &["rotated", "key"]),
        ("pool", &["scaled", "scaled"]),
    ];
    for (name, inputs) in cases {
        mismatch(&format!("graph node {name:?}, inputs"), |manifest| {
            find(manifest, name).inputs = inputs.iter().map(ToString::to_string).collect();
        });
    }
}

#[test]
fn operands_of_different_shapes_are_refused() {
    for op in [Op::Add, Op::Mul, Op::SiluMul] {
        mismatch("graph node \"output\", inputs", |manifest| {
            *find(manifest, "output") = node("output", &["pool", "scaled"], op.clone());
        });
        mismatch("graph node \"sum\", inputs", |manifest| {
            find(manifest, "sum").op = op.clone();
            set_shape(manifest, "places", &[6, 8]);
        });
    }
    mismatch("graph node \"attention\", inputs", |manifest| set_shape(manifest, "wk", &[2, 4]));
}

#[test]
fn a_row_where_one_for_each_token_is_needed_is_refused() {
    let attention = |manifest: &mut Manifest| find(manifest, "attention").op.clone();
    mismatch("graph node \"output\", inputs", |manifest| {
        let op = attention(manifest);
        *find(manifest, "output") = node("output", &["scaled", "pool", "pool"], op);
    });
    for op in [Op::Last, Op::MeanPool, Op::Rope { heads: 2, table: "angles".into() }] {
        mismatch("graph node \"output\", inputs", |manifest| find(manifest, "output").op = op);
    }
}

#[test]
fn weights_of_other_shapes_are_refused() {
    let cases: [(&str, &[u64], &str); 10] = [
        ("gamma", &[3], "graph node \"norm\", gamma \"gamma\""),
        ("gamma", &[1, 4], "graph node \"norm\", gamma \"gamma\""),
        ("beta", &[5], "graph node \"norm\", beta \"beta\""),
        ("bias", &[5], "graph node \"query\", bias \"bias\""),
        ("wq", &[2, 4, 5], "graph node \"query\", weight \"wq\""),
        ("wk", &[4, 5], "graph node \"key\", weight \"wk\""),
        ("wk", &[4], "graph node \"key\", weight \"wk\""),
        ("wk", &[], "graph node \"key\", weight \"wk\""),
        ("places", &[24], "graph node \"positions\", table \"places\""),
        ("angles.sin", &[6, 2], "graph node \"rotated\", table \"angles.sin\""),
    ];
    for (tensor, shape, field) in cases {
        mismatch(field, |manifest| set_shape(manifest, tensor, shape));
    }
}

#[test]
fn weights_of_other_types_are_refused() {
    let cases = [
        ("bias", Dtype::U32, "graph node \"query\", bias"),
        ("wk", Dtype::U8, "graph node \"key\", weight"),
        ("wk", Dtype::I8, "graph node \"key\", weight"),
        ("wq", Dtype::F32, "graph node \"query\", weight \"wq\""),
        ("wq.scale", Dtype::I8, "graph node \"query\", weight"),
        ("vocabulary", Dtype::U32, "graph node \"tokens\", table"),
    ];
    for (tensor, dtype, field) in cases {
        mismatch(field, |manifest| manifest.tensors.get_mut(tensor).unwrap().dtype = dtype);
    }
    mismatch("graph node \"norm\", gamma \"wq\"", |manifest| {
        find(manifest, "norm").op =
            Op::LayerNorm { beta: "beta".into(), epsilon: Float::new(0.0), gamma: "wq".into() };
    });
}

#[test]
fn a_tensor_that_is_not_there_is_refused() {
    let cases = [
        ("angles.cos", "graph node \"rotated\", table"),
        ("angles.sin", "graph node \"rotated\", table"),
        ("beta", "graph node \"norm\", beta"),
        ("bias", "graph node \"query\", bias"),
        ("gamma", "graph node \"norm\", gamma"),
        ("places", "graph node \"positions\", table"),
        ("vocabulary", "graph node \"tokens\", table"),
        ("wk", "graph node \"key\", weight"),
        ("wq", "graph node \"query\", weight"),
        ("wq.scale", "graph node \"query\", weight"),
    ];
    for (tensor, field) in cases {
        let problem = problem(field, |manifest| drop(manifest.tensors.remove(tensor)));
        let expected = format!("tensor {tensor:?}");
        assert!(matches!(&problem, Problem::Unknown(name) if *name == expected), "{problem}");
    }
}

#[test]
fn scales_of_another_length_are_refused() {
    for shape in [&[3][..], &[4, 1]] {
        mismatch("graph node \"query\", weight", |manifest| set_shape(manifest, "wq.scale", shape));
    }
}

#[test]
fn heads_that_do_not_divide_are_refused() {
    for heads in [0, 3, 5, u64::MAX] {
        mismatch("graph node \"rotated\", heads", |manifest| {
            find(manifest, "rotated").op = Op::Rope { heads, table: "angles".into() };
        });
        mismatch("graph node \"attention\", heads", |manifest| attention(manifest).heads = heads);
    }
    for kv_heads in [0, 1, 3, u64::MAX] {
        mismatch("graph node \"attention\", inputs", |manifest| attention(manifest).kv_heads = kv_heads);
    }
    let problem = problem("graph node \"attention\"", |manifest| {
        set_shape(manifest, "wk", &[3, 4]);
        (attention(manifest).heads, attention(manifest).kv_heads) = (4, 3);
    });
    assert!(matches!(problem, Problem::Refused(Refused::Domain("key-value heads of Attn"))), "{problem}");
}

#[test]
fn a_table_that_is_too_short_is_refused() {
    for part in ["cos", "sin"] {
        let field = format!("graph node \"rotated\", table \"angles.{part}\"");
        mismatch(&field, |manifest| set_shape(manifest, &format!("angles.{part}"), &[5, 1]));
    }
    mismatch("graph node \"positions\", table \"places\"", |manifest| manifest.context = 7);
    for vocabulary in [0, 4, 6] {
        let change = |manifest: &mut Manifest| manifest.vocabulary = vocabulary;
        mismatch("graph node \"tokens\", table \"vocabulary\"", change);
    }
}

#[test]
fn a_table_of_positions_may_be_longer() {
    let mut manifest = Base::new().manifest;
    for (tensor, shape) in [("places", [9, 4]), ("angles.cos", [9, 1]), ("angles.sin", [9, 1])] {
        set_shape(&mut manifest, tensor, &shape);
    }
    Graph::new(FILE, &manifest).unwrap();
}

#[test]
fn constants_out_of_their_domain_are_refused() {
    for epsilon in [f32::NAN, f32::INFINITY, -1e-5].map(Float::new) {
        let (beta, gamma) = (String::from("beta"), String::from("gamma"));
        let ops = [
            ("norm", Op::LayerNorm { beta, epsilon, gamma: gamma.clone() }),
            ("scaled", Op::RmsNorm { epsilon, gamma }),
            ("output", Op::L2Norm { epsilon }),
        ];
        for (name, op) in ops {
            let field = format!("graph node {name:?}");
            let problem = problem(&field, |manifest| find(manifest, name).op = op);
            assert!(matches!(problem, Problem::Refused(Refused::Domain(_))), "{problem}");
        }
    }
    let zero =
        |manifest: &mut Manifest| find(manifest, "output").op = Op::L2Norm { epsilon: Float::new(0.0) };
    let scale = |manifest: &mut Manifest| attention(manifest).scale = Float::new(f32::NAN);
    let weights = |manifest: &mut Manifest| attention(manifest).weights = Precision::I22;
    for problem in [
        problem("graph node \"output\"", zero),
        problem("graph node \"attention\"", scale),
        problem("graph node \"attention\"", weights),
    ] {
        assert!(matches!(problem, Problem::Refused(Refused::Domain(_))), "{problem}");
    }
}

#[test]
fn an_output_that_is_no_row_of_the_unit_is_refused() {
    let unknown = problem("output", |manifest| manifest.output = "nobody".into());
    assert!(matches!(&unknown, Problem::Unknown(name) if name == "nobody"), "{unknown}");
    mismatch("output", |manifest| manifest.output = "scaled".into());
}

#[test]
fn trace_points_out_of_place_are_refused() {
    let traces: [&[&str]; 5] =
        [&["attention", "norm"], &["norm", "norm"], &["output"], &[], &["output", "norm"]];
    for trace in traces {
        let change =
            |manifest: &mut Manifest| manifest.trace = trace.iter().map(ToString::to_string).collect();
        let problem = problem("trace", change);
        assert!(matches!(problem, Problem::Format(_)), "{problem}");
    }
    let unknown = problem("trace", |manifest| manifest.trace.push("nobody".into()));
    assert!(matches!(&unknown, Problem::Unknown(name) if name == "nobody"), "{unknown}");
}

#[test]
fn another_version_is_refused() {
    for version in ["exact-v2", "exact-v1\n", ""] {
        mismatch("version", |manifest| manifest.version = version.into());
    }
}

#[test]
fn a_tensor_of_a_blob_that_is_not_there_is_refused() {
    for blob in [1, u64::MAX] {
        let change = |manifest: &mut Manifest| manifest.tensors.get_mut("wk").unwrap().blob = blob;
        let problem = problem("tensors \"wk\"", change);
        assert!(matches!(&problem, Problem::Unknown(name) if *name == format!("blob {blob}")), "{problem}");
    }
}

#[test]
fn names_of_other_characters_are_refused() {
    for name in ["", "a b", "a\nb", "ä", "a\0"] {
        let nodes = problem(&format!("graph node {name:?}"), |manifest| {
            let op = linear("wk", None, Precision::I15);
            manifest.graph.push(node(name, &["norm"], op));
        });
        let tensors = problem(&format!("tensors {name:?}"), |manifest| {
            let tensor = manifest.tensors["wk"].clone();
            manifest.tensors.insert(name.into(), tensor);
        });
        assert!(matches!(nodes, Problem::Format(_)), "{nodes}");
        assert!(matches!(tensors, Problem::Format(_)), "{tensors}");
    }
}
