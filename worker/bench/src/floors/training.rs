//! Losses, gradients and updates.

use assay_exact::{
    AdamMoments, AdamPowers, AdamStep, Attn, AttnBackward, AttnGradients, AttnSaved, AttnScratch, AttnShape,
    CrossEntropy, EmbedScatterAdd, Error, FixedPoint, Gelu, KeysValues, KvAppend, KvCache, LayerNorm,
    LayerNormStats, Linear, Mask, Precision, QuantRow, Quantised, QuantisedMut, Refused, Scratch, SiluMul,
};
use assay_exec::{Backend, Cpu};

use crate::attention::DIM;
use crate::floors::case::{
    matrix, Case, Make, CHECK, COLS, DEQUANTISE, ELEMENTS, EXP_OF_NEGATIVE, QUANTISE_TWO, ROWS,
};
use crate::floors::layer::{EXPONENTIALS, NORMAL, SIGMOID};
use crate::floors::work::Work;
use crate::random::{floats, words};

pub const ALL: &[Make] =
    &[losses, linear_input, linear_weight, gelu, silu_mul, layer_norm, attention, embedding, means, adam];

/// Of the products.
const PRECISION: Precision = Precision::I15;
/// Tokens of a unit.
const TOKENS: usize = 256;
/// Heads of an attention: a slice of the width, so that P and dS of all are not too much.
const HEADS: usize = 8;
/// Parameters of an update, of which no cache holds the tensors: 128 MiB.
const PARAMETERS: usize = 1 << 23;
const BOUND: f32 = 4.0;
const EPSILON: f32 = 1e-5;

/// Each of a token's losses takes its row of logits.
fn losses(cpu: &Cpu) -> Result<Case<'_>, Error> {
    let op = CrossEntropy::new(ROWS, COLS)?;
    let (logits, mut losses) = (floats(0, ELEMENTS, BOUND), vec![0.0; ROWS]);
    let labels: Vec<u32> = words(1, ROWS).map(|word| word % COLS as u32).collect();
    let work = (Work::bytes(4.0, 0.0) + EXPONENTIALS).times(ELEMENTS);
    Ok(Case::new("cross-entropy", matrix(), work, move || {
        cpu.cross_entropy_forward(&op, &logits, &labels, &mut losses)
    }))
}

/// Digits and scales that operands of a product are quantised into.
struct Operand {
    planes: Vec<i8>,
    scales: Vec<f32>,
}

impl Operand {
    fn new(planes: usize, scales: usize) -> Self {
        Self { planes: vec![0; planes], scales: vec![0.0; scales] }
    }

    /// Rows of a head, of one digit.
    fn view(&self) -> Result<Quantised<'_>, Refused> {
        Quantised::new(&self.planes, &self.scales, DIM, Precision::I8)
    }

    fn buffers(&mut self) -> QuantisedMut<'_> {
        QuantisedMut { planes: &mut self.planes, scales: &mut self.scales }
    }
}

/// Four products of digits for each of floats, and both operands quantised.
fn linear_work(operands: usize) -> Work {
    Work::products((4 * TOKENS * COLS * COLS) as f64) + (Work::bytes(4.0, 0.0) + QUANTISE_TWO).times(operands)
}

fn linear_shape() -> String {
    format!("{TOKENS} × {COLS} × {COLS}")
}

/// dx = dy·W.
fn linear_input(cpu: &Cpu) -> Result<Case<'_>, Error> {
    let op = Linear::new(TOKENS, COLS, COLS, PRECISION)?;
    let (dy, weight) = (floats(0, TOKENS * COLS, 1.0), floats(1, COLS * COLS, 1.0));
    let mut left = Operand::new(2 * dy.len(), TOKENS);
    let mut right = Operand::new(2 * weight.len(), COLS);
    let mut dx = vec![0.0; TOKENS * COLS];
    let element = Work::bytes(0.0, 4.0) + DEQUANTISE + CHECK;
    let work = linear_work(dy.len() + weight.len()) + element.times(dx.len());
    Ok(Case::new("linear layer, dx", linear_shape(), work, move || {
        let mut scratch = Scratch { left: left.buffers(), right: right.buffers() };
        cpu.linear_backward_input(&op, &dy, &weight, &mut scratch, &mut dx)
    }))
}

/// An addition to a fixed-point sum: ·2⁴⁰ and the integer (2), the bound (1), the 64-bit sum (2); it is read and
/// written.
const ACCUMULATE: Work = Work::bytes(8.0, 8.0).and(Work::steps(2.0, 3.0));

/// dW += dyᵀ·x, in fixed point. Sums grow from run to run, which takes no longer.
fn linear_weight(cpu: &Cpu) -> Result<Case<'_>, Error> {
    let op = Linear::new(TOKENS, COLS, COLS, PRECISION)?;
    let (dy, x) = (floats(0, TOKENS * COLS, 0.01), floats(1, TOKENS * COLS, 0.01));
    let [mut left, mut right] = [(); 2].map(|()| Operand::new(2 * TOKENS * COLS, COLS));
    let (fixed, mut dw) = (FixedPoint::new(1)?, vec![0; COLS * COLS]);
    let work = linear_work(2 * TOKENS * COLS) + (DEQUANTISE + ACCUMULATE).times(dw.len());
    Ok(Case::new("linear layer, dW", linear_shape(), work, move || {
        let mut scratch = Scratch { left: left.buffers(), right: right.buffers() };
        cpu.linear_backward_weight(&op, &dy, &x, &fixed, &mut scratch, &mut dw)
    }))
}

/// dy·(Φ(x) + (x·φ(x))): beside Φ and its exponential φ (1) and three operations.
fn gelu(cpu: &Cpu) -> Result<Case<'_>, Error> {
    let op = Gelu::new(ELEMENTS)?;
    let (dy, x, mut dx) = (floats(0, ELEMENTS, 1.0), floats(1, ELEMENTS, BOUND), vec![0.0; ELEMENTS]);
    let work = (Work::bytes(8.0, 4.0) + NORMAL + Work::steps(4.0, 0.0) + CHECK).times(ELEMENTS);
    Ok(Case::new("GELU, dx", matrix(), work, move || cpu.gelu_backward(&op, &dy, &x, &mut dx)))
}

/// (dy·u)·(σ·(1 + (x·(1 − σ)))) (6) and dy·(x·σ) (2).
fn silu_mul(cpu: &Cpu) -> Result<Case<'_>, Error> {
    let op = SiluMul::new(ELEMENTS)?;
    let (dy, x, u) = (floats(0, ELEMENTS, 1.0), floats(1, ELEMENTS, BOUND), floats(2, ELEMENTS, 1.0));
    let [mut dx, mut du] = [(); 2].map(|()| vec![0.0; ELEMENTS]);
    let work = (Work::bytes(12.0, 8.0) + SIGMOID + Work::steps(8.0, 0.0) + CHECK.times(2)).times(ELEMENTS);
    Ok(Case::new("SiLU and product, dx and du", matrix(), work, move || {
        cpu.silu_mul_backward(&op, &dy, &x, &u, &mut dx, &mut du)
    }))
}

/// The contract's sum of floats: an integer (2 of floats, 4 of integers) and the 64-bit sum (2).
const SUM: Work = Work::steps(2.0, 6.0);

/// g = dy·γ (1), x̂ (2), g·x̂ (1), the sums of the first and the last, then ((g − a) − (x̂·b))·rstd (4).
fn layer_norm(cpu: &Cpu) -> Result<Case<'_>, Error> {
    let op = LayerNorm::new(ROWS, COLS, EPSILON)?;
    let (dy, x, gamma) = (floats(0, ELEMENTS, 1.0), floats(1, ELEMENTS, 1.0), floats(2, COLS, 1.0));
    let (mean, rstd, mut dx) = (vec![0.0; ROWS], vec![1.5; ROWS], vec![0.0; ELEMENTS]);
    let work = (Work::bytes(8.0, 4.0) + Work::steps(8.0, 0.0) + SUM.times(2) + CHECK).times(ELEMENTS);
    Ok(Case::new("layer norm, dx", matrix(), work, move || {
        let stats = LayerNormStats { mean: &mean, rstd: &rstd };
        cpu.layer_norm_backward_input(&op, &dy, &x, &gamma, &stats, &mut dx)
    }))
}

/// Of a key for a query. P: the score (1), a maximum, a difference, eˣ, ·2³⁰ and an integer (4), the 64-bit sum (2), a
/// division. dS: δ and P (2). P per column, dS per row and per column are quantised. Products of digits: one for the
/// score, two for dP, four each for dQ, dK and dV.
const SCORE: Work = DEQUANTISE
    .times(2)
    .and(Work::steps(7.0, 2.0))
    .and(EXP_OF_NEGATIVE)
    .dividing(1.0)
    .and(QUANTISE_TWO.times(3))
    .and(Work::products(15.0 * DIM as f64));

/// What the forward pass leaves, without a mask and with one digit.
struct Forward {
    q: Vec<f32>,
    k: Vec<f32>,
    out: Vec<f32>,
    queries: Operand,
    keys: Operand,
    values: Operand,
    logs: Vec<f32>,
}

impl Forward {
    fn new(cpu: &Cpu, op: &Attn) -> Result<Self, Error> {
        let precision = Precision::I8;
        let [q, k, v] = [0, 1, 2].map(|tensor| floats(tensor, TOKENS * HEADS * DIM, 1.0));
        let [mut queries, mut keys, mut values] =
            [(); 3].map(|()| Operand::new(TOKENS * HEADS * DIM, TOKENS * HEADS));
        let rows = QuantRow::new(TOKENS * HEADS, DIM, precision)?;
        cpu.quant_row_forward(&rows, &q, &mut queries.planes, &mut queries.scales)?;
        let mut logs = vec![0.0; TOKENS * HEADS];
        let mut cache = KvCache {
            key_planes: &mut keys.planes,
            key_scales: &mut keys.scales,
            value_planes: &mut values.planes,
            value_scales: &mut values.scales,
            value_logs: &mut logs,
        };
        let append = KvAppend::new(TOKENS, HEADS, DIM, precision, precision)?;
        cpu.kv_append_forward(&append, 0, &k, &v, &mut cache)?;
        let mut forward = Self { q, k, out: vec![0.0; TOKENS * HEADS * DIM], queries, keys, values, logs };
        let mut out = vec![0.0; TOKENS * HEADS * DIM];
        let saved = forward.saved()?;
        cpu.attn_forward(op, &saved.quantised, &saved.cache, &mut vec![0.0; TOKENS], &mut out)?;
        forward.out = out;
        Ok(forward)
    }

    fn saved(&self) -> Result<AttnSaved<'_>, Error> {
        let cache = KeysValues { keys: self.keys.view()?, values: self.values.view()?, logs: &self.logs };
        Ok(AttnSaved { q: &self.q, k: &self.k, out: &self.out, quantised: self.queries.view()?, cache })
    }
}

fn attention(cpu: &Cpu) -> Result<Case<'_>, Error> {
    let shape = AttnShape {
        queries: TOKENS,
        keys: TOKENS,
        heads: HEADS,
        kv_heads: HEADS,
        dim: DIM,
        mask: Mask::Full,
    };
    let attn = Attn::new(shape, 1.0 / (DIM as f32).sqrt(), Precision::I8)?;
    let (op, forward) = (AttnBackward::new(attn, PRECISION)?, Forward::new(cpu, &attn)?);
    let (sizes, elements) = (op.sizes(), TOKENS * HEADS * DIM);
    let (dy, mut buffer) = (floats(3, elements, 1.0), vec![0.0; sizes.floats]);
    let [mut left, mut right] = [(); 2].map(|()| Operand::new(sizes.planes, sizes.scales));
    let [mut dq, mut dk, mut dv] = [(); 3].map(|()| vec![0.0; elements]);
    // Four operands in floats and three in digits are read, and three gradients written.
    let element = Work::bytes(19.0, 12.0) + (DEQUANTISE + CHECK).times(3) + QUANTISE_TWO.times(4);
    let work = SCORE.times(TOKENS * TOKENS * HEADS) + element.times(elements);
    let shape = format!("{TOKENS} tokens, {HEADS} heads of {DIM}");
    Ok(Case::new("attention, dq, dk and dv", shape, work, move || {
        let operands = Scratch { left: left.buffers(), right: right.buffers() };
        let mut scratch = AttnScratch { floats: &mut buffer, operands };
        let mut gradients = AttnGradients { dq: &mut dq, dk: &mut dk, dv: &mut dv };
        cpu.attn_backward(&op, &dy, &forward.saved()?, &mut scratch, &mut gradients)
    }))
}

/// Adds rows to those of a table.
fn embedding(cpu: &Cpu) -> Result<Case<'_>, Error> {
    let vocabulary = 4096;
    let op = EmbedScatterAdd::new(ROWS, vocabulary, COLS)?;
    let ids: Vec<u32> = words(0, ROWS).map(|word| word % vocabulary as u32).collect();
    let (dy, fixed) = (floats(1, ELEMENTS, 0.01), FixedPoint::new(ROWS as u64)?);
    let mut table = vec![0; vocabulary * COLS];
    let work = (Work::bytes(4.0, 0.0) + ACCUMULATE).times(ELEMENTS);
    Ok(Case::new("embedding, dW", format!("{ROWS} rows of {COLS}"), work, move || {
        cpu.embed_scatter_add(&op, &ids, &dy, &fixed, &mut table)
    }))
}

/// (f32(Σ)·2⁻⁴⁰)/f32(count): a conversion and a product, a division.
fn means(cpu: &Cpu) -> Result<Case<'_>, Error> {
    let sums: Vec<i64> = words(0, ELEMENTS).map(|word| i64::from(word) << 8).collect();
    let mut y = vec![0.0; ELEMENTS];
    let work = (Work::bytes(8.0, 4.0) + Work::steps(2.0, 0.0).dividing(1.0)).times(ELEMENTS);
    Ok(Case::new("means", matrix(), work, move || cpu.means(&sums, 3, &mut y)))
}

/// Both moments (3 and 4) and what of them counts as zero (6), with three divisions and a root between them the
/// direction (1), decay and rate (4); four operands and three results are checked.
fn adam(cpu: &Cpu) -> Result<Case<'_>, Error> {
    let op = AdamStep::new(0.9, 0.999, 1e-8, 0.01)?;
    let powers = op.advance(AdamPowers::START);
    let (g, mut parameter) = (floats(0, PARAMETERS, 0.01), floats(1, PARAMETERS, 1.0));
    let [mut first, mut second] = [(); 2].map(|()| vec![0.0; PARAMETERS]);
    let element = Work::steps(12.0, 6.0).dividing(4.0) + CHECK.times(7);
    let work = (Work::bytes(16.0, 12.0) + element).times(PARAMETERS);
    Ok(Case::new("Adam step", format!("{PARAMETERS} parameters"), work, move || {
        let mut moments = AdamMoments { first: &mut first, second: &mut second };
        cpu.adam_step_forward(&op, 1e-3, powers, &g, &mut moments, &mut parameter)
    }))
}
