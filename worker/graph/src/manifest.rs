//! The manifest of a program: everything about it but the numbers of its tensors.

use std::collections::BTreeMap;

use assay_exact::{Mask, Precision};
use serde::{Deserialize, Serialize};

use crate::canonical::{Digest, Float};
use crate::tensor::Dtype;

/// Most tensors, and most blobs, of a program or of an input; most nodes of a graph.
pub const MAX_TENSORS: u64 = 65_536;
/// Most bytes of a name.
pub const MAX_NAME: u64 = 128;

/// A program. Written as canonical JSON; its hash and size are the blob reference that a job gives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The files that hold the tensors: safetensors as [`crate::safetensors::write`] writes them.
    pub blobs: Vec<BlobRef>,
    /// Most tokens of a unit, those that it generates included.
    pub context: u64,
    /// The operators, in the order in which they run.
    pub graph: Vec<Node>,
    /// The node whose value is the result: a row of the unit (an embedding, or the logits of the next token), or for a
    /// training the logits of every token.
    pub output: String,
    /// What a training learns; empty otherwise.
    pub parameters: BTreeMap<String, Parameter>,
    /// The tensors of the blobs.
    pub tensors: BTreeMap<String, TensorRef>,
    /// BLAKE3 of the tokenizer.json that makes token ids for it; programs themselves see ids only.
    pub tokenizer: Option<Digest>,
    /// The nodes whose values the trace commits to, in program order; at least one, the output not among them. Empty for
    /// a training, which commits to its state.
    pub trace: Vec<String>,
    /// Present if the program is trained and not run.
    pub training: Option<Training>,
    /// [`assay_exact::VERSION`].
    pub version: String,
    /// Token ids are below it.
    pub vocabulary: u64,
}

/// A content-addressed file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlobRef {
    /// Of all its bytes.
    pub blake3: Digest,
    /// In bytes.
    pub size: u64,
}

/// A tensor of a blob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TensorRef {
    /// Of its bytes.
    pub blake3: Digest,
    /// The index of its blob.
    pub blob: u64,
    /// The type of its elements.
    pub dtype: Dtype,
    /// Sizes of the axes.
    pub shape: Vec<u64>,
}

/// A tensor that a training learns. Its number in the order of names is its Philox tensor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// Whether the optimizer's decay applies.
    pub decay: bool,
    /// What it is before step 0.
    pub init: Init,
    /// Sizes of the axes: a matrix `[outputs, inputs]` or `[rows, columns]`, or a vector.
    pub shape: Vec<u64>,
}

/// Initial values.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Init {
    /// The same everywhere.
    Constant(Float),
    /// Uniform in ± this, from Philox with the job's key, the parameter's number and step 0.
    Uniform(Float),
}

/// One operator with its operands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// Names of earlier nodes.
    pub inputs: Vec<String>,
    /// Unique among nodes.
    pub name: String,
    /// What it computes.
    pub op: Op,
}

/// An operator. Values are f32 matrices of one row per token of the unit, or of one row. Each is the forward operator of
/// that name in `assay-exact`, but for `last`, which moves data only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Op {
    /// Two inputs of one shape: a + b.
    Add,
    /// Queries, keys, values: softmax(scale·Q·Kᵀ)·V with the cache of the unit's earlier tokens.
    Attention(Attention),
    /// No input: a row of a table for each token.
    Embed {
        /// Which row.
        index: Index,
        /// f32 or quantised, `[rows, columns]`.
        table: String,
    },
    /// One input: x·Φ(x).
    Gelu,
    /// One input: rows of unit length.
    L2Norm {
        /// Smallest divisor.
        epsilon: Float,
    },
    /// One input: the row of the last token.
    Last,
    /// One input: layer normalisation.
    LayerNorm {
        /// Shift.
        beta: String,
        /// Added to the variance.
        epsilon: Float,
        /// Factor.
        gamma: String,
    },
    /// One input: x·Wᵀ + b.
    Linear {
        /// Added to each row.
        bias: Option<String>,
        /// Of the activations; for f32 weights, of these too.
        #[serde(with = "precision")]
        precision: Precision,
        /// f32 or quantised, `[outputs, inputs]`.
        weight: String,
    },
    /// One input: the mean over the tokens.
    MeanPool,
    /// Two inputs of one shape: a·b.
    Mul,
    /// One input: root-mean-square normalisation.
    RmsNorm {
        /// Added to the mean square.
        epsilon: Float,
        /// Factor.
        gamma: String,
    },
    /// One input: rotation of each head by the token's position.
    Rope {
        /// Heads in a row.
        heads: u64,
        /// The tables are the f32 tensors `{table}.cos` and `{table}.sin`, `[positions, half a head]`.
        table: String,
    },
    /// Gate and up of one shape: (x·σ(x))·u.
    SiluMul,
    /// One input: tanh x.
    Tanh,
}

/// Which row of a table a token takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Index {
    /// Its id.
    Ids,
    /// Its position in the unit.
    Positions,
}

/// The constants of an attention.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attention {
    /// Query heads; a head has the queries' columns over heads elements.
    pub heads: u64,
    /// Of the cached keys, and of the queries.
    #[serde(with = "precision")]
    pub keys: Precision,
    /// Key-value heads.
    pub kv_heads: u64,
    /// Whether a token sees later ones.
    #[serde(with = "mask")]
    pub mask: Mask,
    /// c, the factor of the scores.
    pub scale: Float,
    /// Of the cached values.
    #[serde(with = "precision")]
    pub values: Precision,
    /// Of the softmax's numerators: i8 or i15.
    #[serde(with = "precision")]
    pub weights: Precision,
}

/// How a program is trained. A step takes `units` sequences of `tokens` tokens from the job's data, each at an offset
/// drawn from the job's seed; its label is the next token. The loss is the mean cross-entropy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// The limit of the gradient's norm, if it has one.
    pub clip: Option<Float>,
    /// The trace has the state's root after every so many steps.
    pub every: u64,
    /// What turns gradients into steps.
    pub optimizer: Optimizer,
    /// Of all backward products.
    #[serde(with = "precision")]
    pub precision: Precision,
    /// The f32 tensor of the learning rate of each step; it has as many steps as the training at most.
    pub rates: String,
    /// Of a unit.
    pub tokens: u64,
    /// Of a step.
    pub units: u64,
}

/// Optimizers and their constants.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Optimizer {
    /// `AdamStep`.
    Adam {
        /// Decay of the first moment.
        beta1: Float,
        /// Decay of the second moment.
        beta2: Float,
        /// λ, for the parameters that decay.
        decay: Float,
        /// Added to the root.
        epsilon: Float,
    },
    /// `SgdStep`.
    Sgd {
        /// λ, for the parameters that decay.
        decay: Float,
        /// μ.
        momentum: Float,
    },
}

mod precision {
    use assay_exact::Precision;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(precision: &Precision, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match precision {
            Precision::I8 => "i8",
            Precision::I15 => "i15",
            Precision::I22 => "i22",
        })
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Precision, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "i8" => Ok(Precision::I8),
            "i15" => Ok(Precision::I15),
            "i22" => Ok(Precision::I22),
            other => Err(serde::de::Error::unknown_variant(other, &["i8", "i15", "i22"])),
        }
    }
}

mod mask {
    use assay_exact::Mask;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(mask: &Mask, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match mask {
            Mask::Full => "full",
            Mask::Causal => "causal",
        })
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Mask, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "full" => Ok(Mask::Full),
            "causal" => Ok(Mask::Causal),
            other => Err(serde::de::Error::unknown_variant(other, &["full", "causal"])),
        }
    }
}
