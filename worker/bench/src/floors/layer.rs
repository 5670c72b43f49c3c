//! What a layer has beside products.

use assay_exact::{
    Add, CrossEntropy, DequantBias, EmbedGather, Error, Gelu, KvAppend, KvCache, LayerNorm, Precision,
    QuantRow, Quantised, RmsNorm, Rope, RopeTable, SiluMul, Tanh,
};
use assay_exec::{Backend, Cpu, Sums};

use crate::attention::DIM;
use crate::floors::case::{
    matrix, Case, Make, CHECK, COLS, DEQUANTISE, ELEMENTS, EXP, EXP_OF_NEGATIVE, QUANTISE, QUANTISE_TWO, ROWS,
};
use crate::floors::work::Work;
use crate::random::{digits, floats, words};

pub const ALL: &[Make] = &[
    quantise_one,
    quantise_two,
    dequantise,
    add,
    gelu,
    silu_mul,
    tanh,
    layer_norm,
    rms_norm,
    softmax,
    embedding,
    rope,
    kv_append,
];

const HEADS: usize = COLS / DIM;
const EPSILON: f32 = 1e-5;
/// So that activations have something of each of their branches.
const BOUND: f32 = 4.0;

fn quantise_one(cpu: &Cpu) -> Result<Case<'_>, Error> {
    quantise(cpu, "quantise rows, one digit", Precision::I8, QUANTISE)
}

fn quantise_two(cpu: &Cpu) -> Result<Case<'_>, Error> {
    quantise(cpu, "quantise rows, two digits", Precision::I15, QUANTISE_TWO)
}

fn quantise<'a>(
    cpu: &'a Cpu,
    name: &'static str,
    precision: Precision,
    element: Work,
) -> Result<Case<'a>, Error> {
    let op = QuantRow::new(ROWS, COLS, precision)?;
    let x = floats(0, ELEMENTS, 1.0);
    let (mut planes, mut scales) = (vec![0; precision.digits() * ELEMENTS], vec![0.0; ROWS]);
    let work = (Work::bytes(4.0, precision.digits() as f64) + element).times(ELEMENTS);
    Ok(Case::new(name, matrix(), work, move || cpu.quant_row_forward(&op, &x, &mut planes, &mut scales)))
}

/// With a bias.
fn dequantise(cpu: &Cpu) -> Result<Case<'_>, Error> {
    let op = DequantBias::new(ROWS, COLS)?;
    let sums: Vec<i32> = words(0, ELEMENTS).map(|word| word as i32 >> 8).collect();
    let (row_scales, col_scales, bias) = (floats(1, ROWS, 1.0), floats(2, COLS, 1.0), floats(3, COLS, 1.0));
    let mut y = vec![0.0; ELEMENTS];
    let work = (Work::bytes(4.0, 4.0) + DEQUANTISE + Work::steps(1.0, 0.0) + CHECK).times(ELEMENTS);
    Ok(Case::new("dequantise with bias", matrix(), work, move || {
        cpu.dequant_bias_forward(&op, Sums::I32(&sums), &row_scales, &col_scales, Some(&bias), &mut y)
    }))
}

fn add(cpu: &Cpu) -> Result<Case<'_>, Error> {
    let op = Add::new(ELEMENTS)?;
    let (a, b, mut y) = (floats(0, ELEMENTS, 1.0), floats(1, ELEMENTS, 1.0), vec![0.0; ELEMENTS]);
    let work = (Work::bytes(8.0, 4.0) + Work::steps(1.0, 0.0) + CHECK).times(ELEMENTS);
    Ok(Case::new("add", matrix(), work, move || cpu.add_forward(&op, &a, &b, &mut y)))
}

/// Φ(x): −x²/2 (2), eˣ, the step's denominator (2), a polynomial of degree 7 (14), two products (2), 1 − tail (1); the
/// magnitude, the sign and what it chooses (3); a division.
pub const NORMAL: Work = EXP.and(Work::steps(21.0, 3.0)).dividing(1.0);

/// σ(x): eˣ of −|x| (1), 1 + e (1), the numerator by the sign (2), a division.
pub const SIGMOID: Work = EXP.and(Work::steps(1.0, 3.0)).dividing(1.0);

fn gelu(cpu: &Cpu) -> Result<Case<'_>, Error> {
    let op = Gelu::new(ELEMENTS)?;
    let (x, mut y) = (floats(0, ELEMENTS, BOUND), vec![0.0; ELEMENTS]);
    let work = (Work::bytes(4.0, 4.0) + NORMAL + Work::steps(1.0, 0.0) + CHECK).times(ELEMENTS);
    Ok(Case::new("GELU", matrix(), work, move || cpu.gelu_forward(&op, &x, &mut y)))
}

fn silu_mul(cpu: &Cpu) -> Result<Case<'_>, Error> {
    let op = SiluMul::new(ELEMENTS)?;
    let (x, u, mut y) = (floats(0, ELEMENTS, BOUND), floats(1, ELEMENTS, 1.0), vec![0.0; ELEMENTS]);
    let work = (Work::bytes(8.0, 4.0) + SIGMOID + Work::steps(2.0, 0.0) + CHECK).times(ELEMENTS);
    Ok(Case::new("SiLU and product", matrix(), work, move || cpu.silu_mul_forward(&op, &x, &u, &mut y)))
}

/// Both branches, as vectors compute them: |x|, −2|x| (1), eˣ, two sums (2), the sign (2), a division; x², a polynomial
/// of degree 4 and three operations more (12); a comparison and what it chooses (2).
const TANH: Work = EXP.and(Work::steps(15.0, 5.0)).dividing(1.0);

fn tanh(cpu: &Cpu) -> Result<Case<'_>, Error> {
    let op = Tanh::new(ELEMENTS)?;
    let (x, mut y) = (floats(0, ELEMENTS, BOUND), vec![0.0; ELEMENTS]);
    let work = (Work::bytes(4.0, 4.0) + TANH + CHECK).times(ELEMENTS);
    Ok(Case::new("tanh", matrix(), work, move || cpu.tanh_forward(&op, &x, &mut y)))
}

/// Σq² of 16 bits: the integer (2 of floats, 4 of integers without the byte), its square and the sum of that in 64 bits
/// (4).
const SQUARES: Work = Work::steps(2.0, 8.0);

/// With Σq (1), and ((x − mean)·rstd)·γ + β (4).
fn layer_norm(cpu: &Cpu) -> Result<Case<'_>, Error> {
    let op = LayerNorm::new(ROWS, COLS, EPSILON)?;
    let (x, gamma, beta) = (floats(0, ELEMENTS, 1.0), floats(1, COLS, 1.0), floats(2, COLS, 1.0));
    let (mut y, mut mean, mut rstd) = (vec![0.0; ELEMENTS], vec![0.0; ROWS], vec![0.0; ROWS]);
    let work = (Work::bytes(4.0, 4.0) + SQUARES + Work::steps(4.0, 1.0) + CHECK).times(ELEMENTS);
    Ok(Case::new("layer norm", matrix(), work, move || {
        cpu.layer_norm_forward(&op, &x, &gamma, &beta, &mut y, &mut mean, &mut rstd)
    }))
}

/// With (x·rstd)·γ (2).
fn rms_norm(cpu: &Cpu) -> Result<Case<'_>, Error> {
    let op = RmsNorm::new(ROWS, COLS, EPSILON)?;
    let (x, gamma) = (floats(0, ELEMENTS, 1.0), floats(1, COLS, 1.0));
    let (mut y, mut rstd) = (vec![0.0; ELEMENTS], vec![0.0; ROWS]);
    let work = (Work::bytes(4.0, 4.0) + SQUARES + Work::steps(2.0, 0.0) + CHECK).times(ELEMENTS);
    Ok(Case::new("RMS norm", matrix(), work, move || {
        cpu.rms_norm_forward(&op, &x, &gamma, &mut y, &mut rstd)
    }))
}

/// exp(z − m)·2³⁰ and its sum: a maximum (1), a difference (1), eˣ, a product (1), an integer (1); the 64-bit sum (2).
pub const EXPONENTIALS: Work = EXP_OF_NEGATIVE.and(Work::steps(4.0, 2.0)).and(CHECK);

fn softmax(cpu: &Cpu) -> Result<Case<'_>, Error> {
    let op = CrossEntropy::new(ROWS, COLS)?;
    let (logits, mut p) = (floats(0, ELEMENTS, BOUND), vec![0.0; ELEMENTS]);
    let work = (Work::bytes(4.0, 4.0) + EXPONENTIALS.dividing(1.0)).times(ELEMENTS);
    Ok(Case::new("softmax", matrix(), work, move || cpu.cross_entropy_probabilities(&op, &logits, &mut p)))
}

/// Rows of a table of one digit; those asked for are the same each time.
fn embedding(cpu: &Cpu) -> Result<Case<'_>, Error> {
    let vocabulary = 4096;
    let op = EmbedGather::new(ROWS, vocabulary, COLS)?;
    let ids: Vec<u32> = words(0, ROWS).map(|word| word % vocabulary as u32).collect();
    let (planes, scales) = (digits(1, vocabulary * COLS), floats(2, vocabulary, 1.0));
    let mut y = vec![0.0; ELEMENTS];
    // To 32 bits (1), to a float (1), times the scale (1).
    let work = (Work::bytes(1.0, 4.0) + Work::steps(2.0, 1.0) + CHECK).times(ELEMENTS);
    Ok(Case::new("embedding", format!("{ROWS} rows of {COLS}"), work, move || {
        let table = Quantised::new(&planes, &scales, COLS, Precision::I8)?;
        cpu.embed_gather_forward_quantised(&op, &ids, &table, &mut y)
    }))
}

/// Two products and a sum for each element; each head reads the same row of the tables.
fn rope(cpu: &Cpu) -> Result<Case<'_>, Error> {
    let op = Rope::new(ROWS, HEADS, DIM)?;
    let (x, mut y) = (floats(0, ELEMENTS, 1.0), vec![0.0; ELEMENTS]);
    let (cos, sin) = (floats(1, ROWS * DIM / 2, 1.0), floats(2, ROWS * DIM / 2, 1.0));
    let work = (Work::bytes(4.0, 4.0) + Work::steps(3.0, 0.0) + CHECK).times(ELEMENTS);
    Ok(Case::new("rotary embedding", heads(), work, move || {
        cpu.rope_forward(&op, 0, &RopeTable { cos: &cos, sin: &sin }, &x, &mut y)
    }))
}

/// Keys and values of some tokens into an empty cache.
fn kv_append(cpu: &Cpu) -> Result<Case<'_>, Error> {
    let precision = Precision::I8;
    let op = KvAppend::new(ROWS, HEADS, DIM, precision, precision)?;
    let (k, v) = (floats(0, ELEMENTS, 1.0), floats(1, ELEMENTS, 1.0));
    let [mut key_planes, mut value_planes] = [(); 2].map(|()| vec![0; ELEMENTS]);
    let [mut key_scales, mut value_scales, mut value_logs] = [(); 3].map(|()| vec![0.0; ROWS * HEADS]);
    let work = (Work::bytes(8.0, 2.0) + QUANTISE.times(2)).times(ELEMENTS);
    Ok(Case::new("append keys and values", heads(), work, move || {
        let mut cache = KvCache {
            key_planes: &mut key_planes,
            key_scales: &mut key_scales,
            value_planes: &mut value_planes,
            value_scales: &mut value_scales,
            value_logs: &mut value_logs,
        };
        cpu.kv_append_forward(&op, 0, &k, &v, &mut cache).map(drop)
    }))
}

fn heads() -> String {
    format!("{ROWS} tokens, {HEADS} heads of {DIM}")
}
