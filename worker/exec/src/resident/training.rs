//! What a training asks of a device beside passes.

use assay_exact::{
    AdamPowers, AdamStep, AttnBackward, CrossEntropy, EmbedScatterAdd, FixedPoint, Gelu, L2Norm, LayerNorm,
    Linear, Mul, Precision, RmsNorm, Rope, SgdStep, SiluMul, Tanh,
};

use super::{QuantisedRegions, Region};

/// The loss of one unit, or gradients: `dy` is that of the operator's output, the others of what they are named after.
/// Floats are written; sums in fixed point are added to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Gradient {
    /// Each token's loss.
    Losses {
        /// The shape.
        op: CrossEntropy,
        /// tokens × classes.
        logits: Region<f32>,
        /// Each token's class.
        labels: Region<u32>,
        /// One for each token.
        losses: Region<f32>,
    },
    /// Each token's softmax.
    Probabilities {
        /// The shape.
        op: CrossEntropy,
        /// tokens × classes.
        logits: Region<f32>,
        /// tokens × classes.
        p: Region<f32>,
    },
    /// Of the head's input.
    HeadInput {
        /// The loss.
        op: CrossEntropy,
        /// The head.
        linear: Linear,
        /// Each token's class.
        labels: Region<u32>,
        /// Each token's softmax.
        p: Region<f32>,
        /// classes × inputs.
        weight: Region<f32>,
        /// tokens × inputs.
        dx: Region<f32>,
    },
    /// Of the head's weights.
    HeadWeight {
        /// The loss.
        op: CrossEntropy,
        /// The head.
        linear: Linear,
        /// Each token's class.
        labels: Region<u32>,
        /// Each token's softmax.
        p: Region<f32>,
        /// tokens × inputs.
        x: Region<f32>,
        /// Of the sums.
        fixed: FixedPoint,
        /// classes × inputs.
        dw: Region<i64>,
    },
    /// Of a linear layer's input.
    LinearInput {
        /// The shape.
        op: Linear,
        /// tokens × outputs.
        dy: Region<f32>,
        /// outputs × inputs.
        weight: Region<f32>,
        /// tokens × inputs.
        dx: Region<f32>,
    },
    /// Of a linear layer's weights.
    LinearWeight {
        /// The shape.
        op: Linear,
        /// tokens × outputs.
        dy: Region<f32>,
        /// tokens × inputs.
        x: Region<f32>,
        /// Of the sums.
        fixed: FixedPoint,
        /// outputs × inputs.
        dw: Region<i64>,
    },
    /// Of a linear layer's bias.
    LinearBias {
        /// The shape.
        op: Linear,
        /// tokens × outputs.
        dy: Region<f32>,
        /// Of the sums.
        fixed: FixedPoint,
        /// One for each output.
        db: Region<i64>,
    },
    /// Of both factors.
    Mul {
        /// The elements.
        op: Mul,
        /// Of the product.
        dy: Region<f32>,
        /// Factor.
        a: Region<f32>,
        /// Factor.
        b: Region<f32>,
        /// Of `a`.
        da: Region<f32>,
        /// Of `b`.
        db: Region<f32>,
    },
    /// Of the gate and of what is gated.
    SiluMul {
        /// The elements.
        op: SiluMul,
        /// Of the output.
        dy: Region<f32>,
        /// Gate.
        x: Region<f32>,
        /// What is gated.
        u: Region<f32>,
        /// Of `x`.
        dx: Region<f32>,
        /// Of `u`.
        du: Region<f32>,
    },
    /// Of the input of x·Φ(x).
    Gelu {
        /// The elements.
        op: Gelu,
        /// Of the output.
        dy: Region<f32>,
        /// Input.
        x: Region<f32>,
        /// Of `x`.
        dx: Region<f32>,
    },
    /// Of the input of tanh.
    Tanh {
        /// The elements.
        op: Tanh,
        /// Of the output.
        dy: Region<f32>,
        /// Output.
        y: Region<f32>,
        /// Of the input.
        dx: Region<f32>,
    },
    /// Of rows before they were made of unit length.
    L2Norm {
        /// The shape.
        op: L2Norm,
        /// Of the output.
        dy: Region<f32>,
        /// Output.
        y: Region<f32>,
        /// One for each row.
        divisor: Region<f32>,
        /// Of the input.
        dx: Region<f32>,
    },
    /// Of a layer normalisation's input.
    LayerNormInput {
        /// The shape.
        op: LayerNorm,
        /// Of the output.
        dy: Region<f32>,
        /// Input.
        x: Region<f32>,
        /// One for each column.
        gamma: Region<f32>,
        /// One for each row.
        mean: Region<f32>,
        /// One for each row.
        rstd: Region<f32>,
        /// Of `x`.
        dx: Region<f32>,
    },
    /// Of a layer normalisation's γ and β, whose sums may be the same region: then both are added there.
    LayerNormWeight {
        /// The shape.
        op: LayerNorm,
        /// Of the output.
        dy: Region<f32>,
        /// Input.
        x: Region<f32>,
        /// One for each row.
        mean: Region<f32>,
        /// One for each row.
        rstd: Region<f32>,
        /// Of the sums.
        fixed: FixedPoint,
        /// One for each column.
        dgamma: Region<i64>,
        /// One for each column.
        dbeta: Region<i64>,
    },
    /// Of a root-mean-square normalisation's input.
    RmsNormInput {
        /// The shape.
        op: RmsNorm,
        /// Of the output.
        dy: Region<f32>,
        /// Input.
        x: Region<f32>,
        /// One for each column.
        gamma: Region<f32>,
        /// One for each row.
        rstd: Region<f32>,
        /// Of `x`.
        dx: Region<f32>,
    },
    /// Of a root-mean-square normalisation's γ.
    RmsNormWeight {
        /// The shape.
        op: RmsNorm,
        /// Of the output.
        dy: Region<f32>,
        /// Input.
        x: Region<f32>,
        /// One for each row.
        rstd: Region<f32>,
        /// Of the sums.
        fixed: FixedPoint,
        /// One for each column.
        dgamma: Region<i64>,
    },
    /// Rotates back.
    Rope {
        /// The shape.
        op: Rope,
        /// Cosines: positions × dim/2.
        cos: Region<f32>,
        /// Sines, likewise.
        sin: Region<f32>,
        /// The position of each token.
        positions: Region<u32>,
        /// Of the output.
        dy: Region<f32>,
        /// Of the input.
        dx: Region<f32>,
    },
    /// Of a table: each row of `dy` is added to the row of its id.
    Embed {
        /// The shape.
        op: EmbedScatterAdd,
        /// One for each row of `dy`.
        ids: Region<u32>,
        /// Of the output.
        dy: Region<f32>,
        /// Of the sums.
        fixed: FixedPoint,
        /// Of the whole table.
        table: Region<i64>,
    },
    /// Of queries, keys and values, which are quantised again as the forward form did.
    Attention {
        /// The shape.
        op: AttnBackward,
        /// Of queries and keys in the forward form.
        keys: Precision,
        /// Of values in the forward form.
        values: Precision,
        /// Of the output.
        dy: Region<f32>,
        /// tokens × heads × dim.
        q: Region<f32>,
        /// tokens × key-value heads × dim.
        k: Region<f32>,
        /// tokens × key-value heads × dim.
        v: Region<f32>,
        /// Output: tokens × heads × dim.
        y: Region<f32>,
        /// Of `q`.
        dq: Region<f32>,
        /// Of `k`.
        dk: Region<f32>,
        /// Of `v`.
        dv: Region<f32>,
    },
}

/// Part of what turns the sums of a step into the next parameters, or of what is told of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Update {
    /// Writes zeros.
    Clear {
        /// Sums in fixed point.
        sums: Region<i64>,
    },
    /// The means of sums.
    Means {
        /// In fixed point.
        sums: Region<i64>,
        /// What they are divided by; not 0.
        count: u32,
        /// As many floats.
        g: Region<f32>,
    },
    /// A gradient's square norm.
    Square {
        /// The gradient.
        g: Region<f32>,
        /// One element.
        square: Region<f32>,
    },
    /// g = g·factor.
    Clip {
        /// One element.
        factor: Region<f32>,
        /// The gradient.
        g: Region<f32>,
    },
    /// Updates a parameter and its velocity. Where that traps, the elements that are not finite are written as they
    /// are: what they were computed from is gone.
    Sgd {
        /// The constants.
        op: SgdStep,
        /// The learning rate.
        rate: f32,
        /// The gradient.
        g: Region<f32>,
        /// Of the parameter.
        velocity: Region<f32>,
        /// The parameter.
        parameter: Region<f32>,
    },
    /// Updates a parameter and its moments. Where that traps it is as with [`Update::Sgd`].
    Adam {
        /// The constants.
        op: AdamStep,
        /// The learning rate.
        rate: f32,
        /// This step's.
        powers: AdamPowers,
        /// The gradient.
        g: Region<f32>,
        /// Of the gradient.
        first: Region<f32>,
        /// Of its square.
        second: Region<f32>,
        /// The parameter.
        parameter: Region<f32>,
    },
    /// Quantises a matrix, row by row.
    Quantise {
        /// The matrix.
        x: Region<f32>,
        /// Its rows.
        to: QuantisedRegions,
    },
    /// BLAKE3 of a tensor's bytes: of its floats, little-endian.
    Digest {
        /// The tensor.
        x: Region<f32>,
        /// [`super::HASH_WORDS`] words, little-endian.
        hash: Region<u32>,
    },
}
