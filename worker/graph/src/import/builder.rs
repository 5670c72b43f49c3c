//! A program that is being made of a model's tensors.

use std::collections::{BTreeMap, BTreeSet};

use assay_exact::{Precision, VERSION};

use super::checkpoint::Checkpoint;
use super::tokenizer::Tokenizer;
use crate::canonical::Digest;
use crate::error::Invalid;
use crate::manifest::{Manifest, Node, Op};
use crate::package::Package;
use crate::program::Program;
use crate::tensor::{Tensor, Tensors};
use crate::weights;

/// Nodes, and the tensors that they use, have the names of the model's modules.
pub(super) struct Builder {
    pub(super) checkpoint: Checkpoint,
    /// Tensors of the checkpoint that are in the program.
    taken: BTreeSet<String>,
    graph: Vec<Node>,
    tensors: Tensors,
    trace: Vec<String>,
}

/// What a program says of itself beside its graph.
pub(super) struct Frame<'a> {
    /// Most tokens of a unit.
    pub(super) context: u64,
    pub(super) vocabulary: u64,
    pub(super) tokenizer: &'a Tokenizer,
}

impl Builder {
    pub(super) fn new(checkpoint: Checkpoint) -> Self {
        Self { checkpoint, taken: BTreeSet::new(), graph: vec![], tensors: Tensors::new(), trace: vec![] }
    }

    /// Adds a node; gives its name.
    pub(super) fn node(&mut self, name: impl Into<String>, op: Op, inputs: &[&str]) -> String {
        let name = name.into();
        let inputs = inputs.iter().map(|input| input.to_string()).collect();
        self.graph.push(Node { inputs, name: name.clone(), op });
        name
    }

    /// Adds the node `{name}` that multiplies by `{name}.weight` of `shape`, outputs and inputs, and adds `{name}.bias` if
    /// it is to have one.
    pub(super) fn linear(
        &mut self,
        name: String,
        x: &str,
        shape: [u64; 2],
        has_bias: bool,
        precision: Precision,
    ) -> Result<String, Invalid> {
        let (weight, bias) = (format!("{name}.weight"), format!("{name}.bias"));
        self.matrix(&weight, shape, precision)?;
        if has_bias {
            self.vector(&bias, &bias, shape[0])?;
        }
        Ok(self.node(name, Op::Linear { bias: has_bias.then_some(bias), precision, weight }, &[x]))
    }

    /// Adds a matrix with one scale per row.
    pub(super) fn matrix(
        &mut self,
        name: &str,
        [rows, cols]: [u64; 2],
        precision: Precision,
    ) -> Result<(), Invalid> {
        let values = self.take(name, &[rows, cols])?;
        weights::publish(&mut self.tensors, name, &values, [rows, cols], precision)
            .map_err(|problem| self.checkpoint.invalid(name, problem))
    }

    /// Adds a vector that the checkpoint calls `source`.
    pub(super) fn vector(&mut self, name: &str, source: &str, len: u64) -> Result<(), Invalid> {
        let values = self.take(source, &[len])?;
        self.table(name, &[len], values);
        Ok(())
    }

    /// Adds floats that the checkpoint does not have as they are.
    pub(super) fn table(&mut self, name: &str, shape: &[u64], values: Vec<f32>) {
        self.tensors.insert(name.into(), Tensor::f32(shape, values));
    }

    fn take(&mut self, name: &str, shape: &[u64]) -> Result<Vec<f32>, Invalid> {
        let values = self.checkpoint.float(name, shape)?;
        self.taken.insert(name.into());
        Ok(values)
    }

    /// Whether a tensor of the checkpoint is in the program.
    pub(super) fn has_taken(&self, name: &str) -> bool {
        self.taken.contains(name)
    }

    /// Has the trace commit to a node.
    pub(super) fn point(&mut self, name: &str) {
        self.trace.push(name.into());
    }

    /// The program whose result is the node `output`.
    pub(super) fn pack(self, frame: &Frame<'_>, output: String) -> Result<Package, Invalid> {
        let draft = Manifest {
            blobs: vec![],
            context: frame.context,
            graph: self.graph,
            output,
            parameters: BTreeMap::new(),
            tensors: BTreeMap::new(),
            tokenizer: Some(Digest(frame.tokenizer.hash())),
            trace: self.trace,
            training: None,
            version: VERSION.into(),
            vocabulary: frame.vocabulary,
        };
        Program::pack(draft, &self.tensors)
    }
}
