//! Encoders of the BERT type: learned positions, normalisation behind each residual sum, GELU by erf; then the mean over
//! the tokens.

use std::path::Path;

use assay_exact::{check_finite, Mask, Precision};

use super::builder::{Builder, Frame};
use super::checkpoint::Checkpoint;
use super::config::Config;
use super::tokenizer::Tokenizer;
use crate::canonical::Float;
use crate::error::{Invalid, Problem};
use crate::manifest::{Attention, Index, Op};
use crate::package::Package;

/// What names begin with where the encoder was saved as part of a larger model.
const PREFIX: &str = "bert.";
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
    let tokenizer = Tokenizer::of_model(directory, config.vocabulary)?;
    let builder = Builder::new(Checkpoint::open(directory, PREFIX)?);
    let context = max_tokens.min(config.positions);
    let mut encoder = Encoder { config, context, builder };
    let mut x = encoder.embeddings()?;
    for index in 0..encoder.config.layers {
        x = encoder.layer(index, &x)?;
    }
    let output = encoder.pooling(&x);
    let frame = Frame { context, vocabulary: encoder.config.vocabulary, tokenizer: &tokenizer };
    encoder.builder.pack(&frame, output)
}

/// An encoder that is being made.
struct Encoder {
    config: Config,
    context: u64,
    builder: Builder,
}

impl Encoder {
    /// Words and positions, normalised. Gives the node's name, as all of these do.
    fn embeddings(&mut self) -> Result<String, Invalid> {
        let table = "embeddings.word_embeddings.weight";
        self.builder.matrix(table, [self.config.vocabulary, self.config.hidden], Precision::I8)?;
        let op = Op::Embed { index: Index::Ids, table: table.into() };
        let words = self.builder.node("embeddings.word_embeddings", op, &[]);
        let table = self.positions()?;
        let op = Op::Embed { index: Index::Positions, table };
        let positions = self.builder.node("embeddings.positions", op, &[]);
        let sum = self.builder.node("embeddings.sum", Op::Add, &[&words, &positions]);
        let x = self.layer_norm("embeddings.LayerNorm".into(), &sum)?;
        self.builder.point(&x);
        Ok(x)
    }

    /// The table of the positions that the context has, with the embedding of token type 0 in each row.
    fn positions(&mut self) -> Result<String, Invalid> {
        let (source, types) =
            ("embeddings.position_embeddings.weight", "embeddings.token_type_embeddings.weight");
        let hidden = self.config.hidden;
        let mut table = self.builder.checkpoint.float(source, &[self.config.positions, hidden])?;
        let types = self.builder.checkpoint.float(types, &[self.config.types, hidden])?;
        table.truncate((self.context * hidden) as usize);
        for row in table.chunks_exact_mut(hidden as usize) {
            row.iter_mut().zip(&types).for_each(|(x, kind)| *x += kind);
        }
        check_finite(&table)
            .map_err(|trap| self.builder.checkpoint.invalid(source, Problem::NotFinite(trap.index)))?;
        let name = String::from("embeddings.positions");
        self.builder.table(&name, &[self.context, hidden], table);
        Ok(name)
    }

    /// Attention, then the two layers in between, each with the sum of what goes in and what comes out.
    fn layer(&mut self, index: u64, x: &str) -> Result<String, Invalid> {
        let name = |part: &str| format!("encoder.layer.{index}.{part}");
        let (hidden, intermediate) = (self.config.hidden, self.config.intermediate);
        let [q, k, v] = ["query", "key", "value"]
            .map(|part| self.linear(name(&format!("attention.self.{part}")), x, [hidden, hidden]));
        let op = Op::Attention(self.attention());
        let y = self.builder.node(name("attention.self"), op, &[&q?, &k?, &v?]);
        let y = self.linear(name("attention.output.dense"), &y, [hidden, hidden])?;
        let y = self.builder.node(name("attention.output.sum"), Op::Add, &[&y, x]);
        let x = self.layer_norm(name("attention.output.LayerNorm"), &y)?;
        let y = self.linear(name("intermediate.dense"), &x, [intermediate, hidden])?;
        let y = self.builder.node(name("intermediate.gelu"), Op::Gelu, &[&y]);
        let y = self.linear(name("output.dense"), &y, [hidden, intermediate])?;
        let y = self.builder.node(name("output.sum"), Op::Add, &[&y, &x]);
        let x = self.layer_norm(name("output.LayerNorm"), &y)?;
        self.builder.point(&x);
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
        let mean = self.builder.node("pooling", Op::MeanPool, &[x]);
        if !self.config.normalized {
            return mean;
        }
        self.builder.node("normalize", Op::L2Norm { epsilon: Float::new(NORMALIZE_EPSILON) }, &[&mean])
    }

    /// `shape` is outputs and inputs.
    fn linear(&mut self, name: String, x: &str, shape: [u64; 2]) -> Result<String, Invalid> {
        self.builder.linear(name, x, shape, true, Precision::I8)
    }

    fn layer_norm(&mut self, name: String, x: &str) -> Result<String, Invalid> {
        let (gamma, beta) = (format!("{name}.weight"), format!("{name}.bias"));
        // As checkpoints that were converted from TensorFlow call them.
        let old = [format!("{name}.gamma"), format!("{name}.beta")];
        for (new, old) in [&gamma, &beta].into_iter().zip(&old) {
            let source = if self.builder.checkpoint.has(old) { old } else { new };
            self.builder.vector(new, source, self.config.hidden)?;
        }
        let op = Op::LayerNorm { beta, epsilon: Float::new(self.config.epsilon), gamma };
        Ok(self.builder.node(name, op, &[x]))
    }
}
