//! Encoders of the BERT type: learned positions, normalisation behind each residual sum, GELU by erf; then the mean over
//! the tokens.

use std::collections::BTreeMap;
use std::path::Path;

use assay_exact::{check_finite, Mask, Precision, VERSION};

use super::checkpoint::Checkpoint;
use super::config::Config;
use super::tokenizer::Tokenizer;
use crate::canonical::{Digest, Float};
use crate::error::{Invalid, Problem};
use crate::manifest::{Attention, Index, Manifest, Node, Op};
use crate::package::Package;
use crate::program::Program;
use crate::tensor::{Tensor, Tensors};
use crate::weights;

/// Up to this context 7-bit softmax weights lose nothing that shows.
const SHORT_CONTEXT: u64 = 512;
/// Smallest divisor of an embedding that is made of unit length, as `Normalize` has it.
const NORMALIZE_EPSILON: f32 = 1e-12;

/// Makes a program of the encoder in `directory`, for units of up to `max_tokens` tokens, or as many as its table of
/// positions has. Its result is one embedding per unit: the mean of the last layer over the tokens, of unit length if the
/// directory lists that module.
///
/// Matrices and the table of words are quantised to I8, each row by itself; activations are I8 too. Token type 0 is
/// folded into the table of positions. The trace has the residual stream: the normalised embeddings, and the output of
/// each layer. The manifest names the tokenizer by its hash.
///
/// Refused: another architecture, activation, kind of positions or pooling; tensors that are missing, of another shape or
/// not finite; a tokenizer with ids that the model does not have.
pub fn bert(directory: &Path, max_tokens: u64) -> Result<Package, Invalid> {
    let config = Config::read(directory)?;
    let path = directory.join("tokenizer.json");
    let tokenizer = Tokenizer::open(&path)?;
    Problem::limit(config.vocabulary, tokenizer.vocabulary())
        .map_err(|problem| problem.at(&path.display().to_string(), "vocabulary"))?;
    let checkpoint = Checkpoint::open(directory)?;
    let context = max_tokens.min(config.positions);
    let mut encoder =
        Encoder { config, context, checkpoint, graph: vec![], tensors: Tensors::new(), trace: vec![] };
    let mut x = encoder.embeddings()?;
    for index in 0..encoder.config.layers {
        x = encoder.layer(index, &x)?;
    }
    let output = encoder.pooling(&x);
    let draft = Manifest {
        blobs: vec![],
        context,
        graph: encoder.graph,
        output,
        parameters: BTreeMap::new(),
        tensors: BTreeMap::new(),
        tokenizer: Some(Digest(tokenizer.hash())),
        trace: encoder.trace,
        training: None,
        version: VERSION.into(),
        vocabulary: encoder.config.vocabulary,
    };
    Program::pack(draft, &encoder.tensors)
}

/// A program that is being made. Nodes, and the tensors that they use, have the names of the model's modules.
struct Encoder {
    config: Config,
    context: u64,
    checkpoint: Checkpoint,
    graph: Vec<Node>,
    tensors: Tensors,
    trace: Vec<String>,
}

impl Encoder {
    /// Words and positions, normalised. Gives the node's name, as all of these do.
    fn embeddings(&mut self) -> Result<String, Invalid> {
        let table = "embeddings.word_embeddings.weight";
        self.quantised(table, [self.config.vocabulary, self.config.hidden])?;
        let op = Op::Embed { index: Index::Ids, table: table.into() };
        let words = self.node("embeddings.word_embeddings", op, &[]);
        let table = self.positions()?;
        let positions = self.node("embeddings.positions", Op::Embed { index: Index::Positions, table }, &[]);
        let sum = self.node("embeddings.sum", Op::Add, &[&words, &positions]);
        let x = self.layer_norm("embeddings.LayerNorm".into(), &sum)?;
        self.trace.push(x.clone());
        Ok(x)
    }

    /// The table of the positions that the context has, with the embedding of token type 0 in each row.
    fn positions(&mut self) -> Result<String, Invalid> {
        let (source, types) =
            ("embeddings.position_embeddings.weight", "embeddings.token_type_embeddings.weight");
        let hidden = self.config.hidden;
        let mut table = self.checkpoint.float(source, &[self.config.positions, hidden])?;
        let types = self.checkpoint.float(types, &[self.config.types, hidden])?;
        table.truncate((self.context * hidden) as usize);
        for row in table.chunks_exact_mut(hidden as usize) {
            row.iter_mut().zip(&types).for_each(|(x, kind)| *x += kind);
        }
        check_finite(&table)
            .map_err(|trap| self.checkpoint.invalid(source, Problem::NotFinite(trap.index)))?;
        let name = String::from("embeddings.positions");
        self.tensors.insert(name.clone(), Tensor::f32(&[self.context, hidden], table));
        Ok(name)
    }

    /// Attention, then the two layers in between, each with the sum of what goes in and what comes out.
    fn layer(&mut self, index: u64, x: &str) -> Result<String, Invalid> {
        let name = |part: &str| format!("encoder.layer.{index}.{part}");
        let (hidden, intermediate) = (self.config.hidden, self.config.intermediate);
        let [q, k, v] = ["query", "key", "value"]
            .map(|part| self.linear(name(&format!("attention.self.{part}")), x, [hidden, hidden]));
        let op = Op::Attention(self.attention());
        let y = self.node(name("attention.self"), op, &[&q?, &k?, &v?]);
        let y = self.linear(name("attention.output.dense"), &y, [hidden, hidden])?;
        let y = self.node(name("attention.output.sum"), Op::Add, &[&y, x]);
        let x = self.layer_norm(name("attention.output.LayerNorm"), &y)?;
        let y = self.linear(name("intermediate.dense"), &x, [intermediate, hidden])?;
        let y = self.node(name("intermediate.gelu"), Op::Gelu, &[&y]);
        let y = self.linear(name("output.dense"), &y, [hidden, intermediate])?;
        let y = self.node(name("output.sum"), Op::Add, &[&y, &x]);
        let x = self.layer_norm(name("output.LayerNorm"), &y)?;
        self.trace.push(x.clone());
        Ok(x)
    }

    fn attention(&self) -> Attention {
        let heads = self.config.heads;
        Attention {
            heads,
            keys: Precision::I8,
            kv_heads: heads,
            mask: Mask::Full,
            scale: Float::new(1.0 / ((self.config.hidden / heads) as f32).sqrt()),
            values: Precision::I8,
            weights: if self.context <= SHORT_CONTEXT { Precision::I8 } else { Precision::I15 },
        }
    }

    fn pooling(&mut self, x: &str) -> String {
        let mean = self.node("pooling", Op::MeanPool, &[x]);
        if !self.config.normalized {
            return mean;
        }
        self.node("normalize", Op::L2Norm { epsilon: Float::new(NORMALIZE_EPSILON) }, &[&mean])
    }

    /// `shape` is outputs and inputs.
    fn linear(&mut self, name: String, x: &str, shape: [u64; 2]) -> Result<String, Invalid> {
        let (weight, bias) = (format!("{name}.weight"), format!("{name}.bias"));
        self.quantised(&weight, shape)?;
        self.vector(&bias, &bias, shape[0])?;
        Ok(self.node(name, Op::Linear { bias: Some(bias), precision: Precision::I8, weight }, &[x]))
    }

    fn layer_norm(&mut self, name: String, x: &str) -> Result<String, Invalid> {
        let (gamma, beta) = (format!("{name}.weight"), format!("{name}.bias"));
        // As checkpoints that were converted from TensorFlow call them.
        let old = [format!("{name}.gamma"), format!("{name}.beta")];
        for (new, old) in [&gamma, &beta].into_iter().zip(&old) {
            let source = if self.checkpoint.has(old) { old } else { new };
            self.vector(new, source, self.config.hidden)?;
        }
        Ok(self.node(name, Op::LayerNorm { beta, epsilon: Float::new(self.config.epsilon), gamma }, &[x]))
    }

    fn vector(&mut self, name: &str, source: &str, len: u64) -> Result<(), Invalid> {
        let values = self.checkpoint.float(source, &[len])?;
        self.tensors.insert(name.into(), Tensor::f32(&[len], values));
        Ok(())
    }

    /// A matrix with one scale per row.
    fn quantised(&mut self, name: &str, [rows, cols]: [u64; 2]) -> Result<(), Invalid> {
        let values = self.checkpoint.float(name, &[rows, cols])?;
        weights::publish(&mut self.tensors, name, &values, [rows, cols], Precision::I8)
            .map_err(|problem| self.checkpoint.invalid(name, problem))
    }

    fn node(&mut self, name: impl Into<String>, op: Op, inputs: &[&str]) -> String {
        let name = name.into();
        let inputs = inputs.iter().map(|input| input.to_string()).collect();
        self.graph.push(Node { inputs, name: name.clone(), op });
        name
    }
}
