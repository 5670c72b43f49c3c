//! Decoders of the Llama type: normalisation before each part of a block, causal grouped-query attention with rotary
//! positions, a gated feed-forward by SiLU; the head may be the table of words.

use std::path::Path;

use assay_exact::{Mask, Precision, MAX_DEPTH};

use super::builder::{Builder, Frame};
use super::checkpoint::Checkpoint;
use super::llama_config::LlamaConfig;
use super::tokenizer::Tokenizer;
use crate::canonical::Float;
use crate::error::{Invalid, Problem};
use crate::manifest::{Attention, Index, Op};
use crate::package::Package;

const WORDS: &str = "model.embed_tokens";
const HEAD: &str = "lm_head";
const ROPE: &str = "rope";
/// Angles that older files hold; the program has tables of its own.
const OLD_ANGLES: &str = "rotary_emb.inv_freq";

/// Makes a program of the decoder in `directory`, for units of up to `max_tokens` tokens, prompt and answer together, or as
/// many as the model was made for. Its result is the logits of the next token.
///
/// Matrices and the table of words are quantised at `precision`, each row by itself; activations, and the cache of keys
/// and values, have the same. Rotary positions become tables of cosines and sines. The trace has the residual stream: the
/// embeddings, and the output of each layer. The manifest names the tokenizer by its hash.
///
/// Refused: another architecture or activation; windows of attention shorter than the context; a kind of rotary positions
/// that is not known; tensors that are missing, of another shape, not finite, or not of this type of model; a tokenizer with
/// ids that the model does not have.
pub fn llama(directory: &Path, max_tokens: u64, precision: Precision) -> Result<Package, Invalid> {
    let config = LlamaConfig::read(directory, max_tokens.min(MAX_DEPTH as u64))?;
    let tokenizer = Tokenizer::of_model(directory, config.vocabulary)?;
    let builder = Builder::new(Checkpoint::open(directory, "")?);
    let mut decoder = Decoder { config, precision, builder };
    let mut x = decoder.embeddings()?;
    for index in 0..decoder.config.layers {
        x = decoder.layer(index, &x)?;
    }
    let output = decoder.head(&x)?;
    decoder.angles();
    decoder.check_all_used()?;
    let Decoder { config, builder, .. } = decoder;
    let frame = Frame { context: config.context, vocabulary: config.vocabulary, tokenizer: &tokenizer };
    builder.pack(&frame, output)
}

/// A decoder that is being made.
struct Decoder {
    config: LlamaConfig,
    precision: Precision,
    builder: Builder,
}

impl Decoder {
    /// Gives the node's name, as all of these do.
    fn embeddings(&mut self) -> Result<String, Invalid> {
        let table = format!("{WORDS}.weight");
        self.builder.matrix(&table, [self.config.vocabulary, self.config.hidden], self.precision)?;
        let x = self.builder.node(WORDS, Op::Embed { index: Index::Ids, table }, &[]);
        self.builder.point(&x);
        Ok(x)
    }

    /// Attention, then the feed-forward, each added to what goes in.
    fn layer(&mut self, index: u64, x: &str) -> Result<String, Invalid> {
        let name = |part: &str| format!("model.layers.{index}.{part}");
        let normal = self.norm(name("input_layernorm"), x)?;
        let y = self.attention(&name("self_attn"), &normal)?;
        let x = self.builder.node(name("self_attn.sum"), Op::Add, &[x, &y]);
        let normal = self.norm(name("post_attention_layernorm"), &x)?;
        let y = self.feed_forward(&name("mlp"), &normal)?;
        let x = self.builder.node(name("mlp.sum"), Op::Add, &[&x, &y]);
        self.builder.point(&x);
        Ok(x)
    }

    fn attention(&mut self, name: &str, x: &str) -> Result<String, Invalid> {
        let LlamaConfig { hidden, heads, kv_heads, dim, .. } = self.config;
        let (qkv, output) = (self.config.biases.qkv, self.config.biases.output);
        let (width, kv_width) = (heads * dim, kv_heads * dim);
        let q = self.linear(format!("{name}.q_proj"), x, [width, hidden], qkv)?;
        let k = self.linear(format!("{name}.k_proj"), x, [kv_width, hidden], qkv)?;
        let v = self.linear(format!("{name}.v_proj"), x, [kv_width, hidden], qkv)?;
        let rope = |heads: u64| Op::Rope { heads, table: ROPE.into() };
        let q = self.builder.node(format!("{name}.q_rope"), rope(heads), &[&q]);
        let k = self.builder.node(format!("{name}.k_rope"), rope(kv_heads), &[&k]);
        let attention = Attention {
            heads,
            keys: self.precision,
            kv_heads,
            mask: Mask::Causal,
            scale: Float::new(1.0 / (dim as f32).sqrt()),
            values: self.precision,
            // Decoders put most of their weight on the first token: beside it 7 bits lose the others.
            weights: Precision::I15,
        };
        let mixed = self.builder.node(name, Op::Attention(attention), &[&q, &k, &v]);
        self.linear(format!("{name}.o_proj"), &mixed, [hidden, width], output)
    }

    fn feed_forward(&mut self, name: &str, x: &str) -> Result<String, Invalid> {
        let LlamaConfig { hidden, intermediate, .. } = self.config;
        let bias = self.config.biases.mlp;
        let gate = self.linear(format!("{name}.gate_proj"), x, [intermediate, hidden], bias)?;
        let up = self.linear(format!("{name}.up_proj"), x, [intermediate, hidden], bias)?;
        let gated = self.builder.node(format!("{name}.gated"), Op::SiluMul, &[&gate, &up]);
        self.linear(format!("{name}.down_proj"), &gated, [hidden, intermediate], bias)
    }

    /// The logits behind the last token.
    fn head(&mut self, x: &str) -> Result<String, Invalid> {
        let x = self.builder.node("last", Op::Last, &[x]);
        let x = self.norm("model.norm".into(), &x)?;
        if self.config.is_tied {
            let (precision, weight) = (self.precision, format!("{WORDS}.weight"));
            return Ok(self.builder.node(HEAD, Op::Linear { bias: None, precision, weight }, &[&x]));
        }
        self.linear(HEAD.into(), &x, [self.config.vocabulary, self.config.hidden], false)
    }

    /// `shape` is outputs and inputs.
    fn linear(&mut self, name: String, x: &str, shape: [u64; 2], has_bias: bool) -> Result<String, Invalid> {
        self.builder.linear(name, x, shape, has_bias, self.precision)
    }

    fn norm(&mut self, name: String, x: &str) -> Result<String, Invalid> {
        let gamma = format!("{name}.weight");
        self.builder.vector(&gamma, &gamma, self.config.hidden)?;
        let op = Op::RmsNorm { epsilon: Float::new(self.config.epsilon), gamma };
        Ok(self.builder.node(name, op, &[x]))
    }

    /// The tables of angles. They come after the matrices, whose files have shown how large a head really is.
    fn angles(&mut self) {
        let (context, half) = (self.config.context, self.config.dim / 2);
        let [cos, sin] = self.config.rotation.tables(context, half);
        self.builder.table(&format!("{ROPE}.cos"), &[context, half], cos);
        self.builder.table(&format!("{ROPE}.sin"), &[context, half], sin);
    }

    /// Refuses a model with more in it than a decoder of this type has: without that it would be another function.
    fn check_all_used(&self) -> Result<(), Invalid> {
        let builder = &self.builder;
        let is_copy = |name: &str| self.config.is_tied && name == format!("{HEAD}.weight");
        let is_known = |name: &str| builder.has_taken(name) || name.ends_with(OLD_ANGLES) || is_copy(name);
        match builder.checkpoint.stored_names().find(|name| !is_known(name)) {
            None => Ok(()),
            Some(name) => {
                let problem = Problem::Format("is nothing that a decoder of this type has".into());
                Err(builder.checkpoint.invalid(name, problem))
            }
        }
    }
}
