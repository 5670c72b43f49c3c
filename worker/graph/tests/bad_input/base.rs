//! A small program that loads, and a look at what is refused.

use std::collections::BTreeMap;

use assay_exact::{Mask, Precision, VERSION};
use assay_graph::canonical::{self, Float};
use assay_graph::error::{Invalid, Problem};
use assay_graph::manifest::{Attention, Index, Manifest, Node, Op};
use assay_graph::package::{references, Package};
use assay_graph::program::Program;
use assay_graph::safetensors;
use assay_graph::tensor::{Tensor, Tensors};

pub use crate::properties::FILE;

/// A program of nearly all operators: 5 ids, 6 positions, 4 columns, 2 heads.
pub struct Base {
    /// Lists `tensors`.
    pub manifest: Manifest,
    pub tensors: Tensors,
}

impl Base {
    pub fn new() -> Self {
        let mut base = Self { manifest: manifest(), tensors: tensors() };
        base.list();
        base
    }

    /// Makes the manifest list the tensors as they are now.
    pub fn list(&mut self) {
        let (blob, listed) = references(&self.tensors, &safetensors::write(&self.tensors));
        (self.manifest.blobs, self.manifest.tensors) = (vec![blob], listed);
    }

    pub fn package(&self) -> Package {
        let manifest = canonical::write(FILE, &self.manifest).unwrap();
        Package { manifest, blobs: vec![safetensors::write(&self.tensors)] }
    }

    pub fn load(&self) -> Result<Program, Invalid> {
        Program::load(FILE, &self.package())
    }
}

#[test]
fn the_base_loads() {
    let base = Base::new();
    let program = base.load().unwrap();
    assert_eq!(program.manifest, base.manifest);
    assert_eq!(program.tensors, base.tensors);
    assert_eq!(program.graph.nodes.len(), base.manifest.graph.len());
    program.weights().unwrap();
}

/// The problem, of which the error must give this place, in a line.
pub fn refused<T>(result: Result<T, Invalid>, file: &str, field: &str) -> Problem {
    let Err(error) = result else { panic!("{file}: {field}: was accepted") };
    let line = error.to_string();
    assert_eq!((error.file.as_str(), error.field.as_str()), (file, field), "{line}");
    assert!(line.starts_with(&format!("{file}: {field}: ")), "{line}");
    assert!(!line.contains(char::is_control), "{line:?} is not one line");
    error.problem
}

fn manifest() -> Manifest {
    Manifest {
        blobs: Vec::new(),
        context: 6,
        graph: nodes(),
        output: "output".into(),
        parameters: BTreeMap::new(),
        tensors: BTreeMap::new(),
        tokenizer: None,
        trace: vec!["norm".into(), "attention".into()],
        training: None,
        version: VERSION.into(),
        vocabulary: 5,
    }
}

pub fn node(name: &str, inputs: &[&str], op: Op) -> Node {
    Node { inputs: inputs.iter().map(ToString::to_string).collect(), name: name.into(), op }
}

pub fn linear(weight: &str, bias: Option<&str>, precision: Precision) -> Op {
    Op::Linear { bias: bias.map(Into::into), precision, weight: weight.into() }
}

pub fn embed(index: Index, table: &str) -> Op {
    Op::Embed { index, table: table.into() }
}

fn nodes() -> Vec<Node> {
    let epsilon = Float::new(1e-5);
    let attention = Attention {
        heads: 2,
        keys: Precision::I8,
        kv_heads: 2,
        mask: Mask::Full,
        scale: Float::new(0.75),
        values: Precision::I15,
        weights: Precision::I15,
    };
    vec![
        node("tokens", &[], embed(Index::Ids, "vocabulary")),
        node("positions", &[], embed(Index::Positions, "places")),
        node("sum", &["tokens", "positions"], Op::Add),
        node("norm", &["sum"], Op::LayerNorm { beta: "beta".into(), epsilon, gamma: "gamma".into() }),
        node("query", &["norm"], linear("wq", Some("bias"), Precision::I8)),
        node("rotated", &["query"], Op::Rope { heads: 2, table: "angles".into() }),
        node("key", &["norm"], linear("wk", None, Precision::I15)),
        node("attention", &["rotated", "key", "key"], Op::Attention(attention)),
        node("scaled", &["attention"], Op::RmsNorm { epsilon, gamma: "gamma".into() }),
        node("pool", &["scaled"], Op::MeanPool),
        node("output", &["pool"], Op::L2Norm { epsilon }),
    ]
}

fn tensors() -> Tensors {
    let float = |shape: &[u64]| {
        let elements = shape.iter().product::<u64>();
        Tensor::f32(shape, (0..elements).map(|i| (i * 37 % 19) as f32 / 8.0 - 1.0).collect())
    };
    let digits = (0..32).map(|i| (i * 29 % 101 - 50) as i8).collect();
    let tensors = [
        ("angles.cos", float(&[6, 1])),
        ("angles.sin", float(&[6, 1])),
        ("beta", float(&[4])),
        ("bias", float(&[4])),
        ("gamma", float(&[4])),
        ("places", float(&[6, 4])),
        ("vocabulary", float(&[5, 4])),
        ("wk", float(&[4, 4])),
        ("wq", Tensor::i8(&[2, 4, 4], digits)),
        ("wq.scale", Tensor::f32(&[4], vec![0.5, 0.25, 0.125, 0.0])),
    ];
    tensors.map(|(name, tensor)| (name.to_string(), tensor)).into()
}
