//! The cache and attention, forward and backward.

use super::{Case, Inputs, Output};
use crate::{
    Attn, AttnBackward, AttnGradients, AttnSaved, AttnScratch, AttnShape, Error, KvAppend, KvCache, Mask,
    Precision, QuantRow, Quantised, QuantisedMut, Scratch,
};

pub(super) const CASES: &[Case] = &[
    Case { name: "kv-append/two-appends", run: kv_append },
    Case { name: "attn/full-i8", run: |i, o| attn::<1>(i, o, Mask::Full, Precision::I8) },
    Case { name: "attn/causal-i8-weights-i15", run: |i, o| attn::<1>(i, o, Mask::Causal, Precision::I15) },
    Case { name: "attn/causal-i15", run: |i, o| attn::<2>(i, o, Mask::Causal, Precision::I15) },
    Case { name: "attn/backward-causal", run: |i, o| attn_backward(i, o, Mask::Causal) },
    Case { name: "attn/backward-full", run: |i, o| attn_backward(i, o, Mask::Full) },
];

const QUERIES: usize = 5;
const KEYS: usize = 7;
const CAPACITY: usize = 9;
const HEADS: usize = 4;
const KV_HEADS: usize = 2;
const DIM: usize = 6;
const Q: usize = QUERIES * HEADS * DIM;
const KV: usize = KEYS * KV_HEADS * DIM;
const ROWS: usize = CAPACITY * KV_HEADS;
/// Room for two digit planes of the cache.
const PLANES: usize = 2 * ROWS * DIM;

/// 1/√6, rounded.
const SCALE: f32 = f32::from_bits(0x3ED1_05EB);

/// A cache's memory.
struct Memory {
    key_planes: [i8; PLANES],
    key_scales: [f32; ROWS],
    value_planes: [i8; PLANES],
    value_scales: [f32; ROWS],
    value_logs: [f32; ROWS],
}

impl Memory {
    fn new() -> Self {
        Self {
            key_planes: [0; PLANES],
            key_scales: [0.0; ROWS],
            value_planes: [0; PLANES],
            value_scales: [0.0; ROWS],
            value_logs: [0.0; ROWS],
        }
    }

    /// With so many digit planes of keys and of values.
    fn cache(&mut self, keys: usize, values: usize) -> KvCache<'_> {
        KvCache {
            key_planes: &mut self.key_planes[..keys * ROWS * DIM],
            key_scales: &mut self.key_scales,
            value_planes: &mut self.value_planes[..values * ROWS * DIM],
            value_scales: &mut self.value_scales,
            value_logs: &mut self.value_logs,
        }
    }
}

fn shape(mask: Mask) -> AttnShape {
    AttnShape { queries: QUERIES, keys: KEYS, heads: HEADS, kv_heads: KV_HEADS, dim: DIM, mask }
}

/// Values of which one (token, head) is zero and one tiny.
fn values(inputs: &mut Inputs) -> [f32; KV] {
    let mut v = inputs.planted::<KV>(1.0);
    v[2 * DIM..3 * DIM].fill(0.0);
    v[5 * DIM..6 * DIM].fill(1e-20);
    v
}

fn kv_append(inputs: &mut Inputs, out: &mut Output) -> Result<(), Error> {
    let (k, v) = (inputs.floats::<KV>(1.0), values(inputs));
    let op = KvAppend::new(CAPACITY, KV_HEADS, DIM, Precision::I15, Precision::I8)?;
    let mut memory = Memory::new();
    let mut cache = memory.cache(2, 1);
    let first = 4 * KV_HEADS * DIM;
    let at = op.forward(0, &k[..first], &v[..first], &mut cache)?;
    op.forward(at, &k[first..], &v[first..], &mut cache)?;
    out.digits(cache.key_planes);
    out.floats(cache.key_scales);
    out.digits(cache.value_planes);
    out.floats(cache.value_scales);
    out.floats(cache.value_logs);
    Ok(())
}

fn attn<const DIGITS: usize>(
    inputs: &mut Inputs,
    out: &mut Output,
    mask: Mask,
    weights: Precision,
) -> Result<(), Error> {
    let precision = if DIGITS == 1 { Precision::I8 } else { Precision::I15 };
    let (q, k, v) = (inputs.floats::<Q>(3.0), inputs.floats::<KV>(3.0), values(inputs));
    let mut memory = Memory::new();
    let mut cache = memory.cache(DIGITS, DIGITS);
    let append = KvAppend::new(CAPACITY, KV_HEADS, DIM, precision, precision)?;
    append.forward(0, &k, &v, &mut cache)?;
    let (mut planes, mut scales) = ([0; 2 * Q], [0.0; QUERIES * HEADS]);
    let planes = &mut planes[..DIGITS * Q];
    QuantRow::new(QUERIES * HEADS, DIM, precision)?.forward(&q, planes, &mut scales)?;
    let quantised = Quantised::new(planes, &scales, DIM, precision)?;
    let (mut scratch, mut y) = ([0.0; KEYS], [0.0; Q]);
    let op = Attn::new(shape(mask), SCALE, weights)?;
    op.forward(&quantised, &append.view(&cache)?, &mut scratch, &mut y)?;
    out.floats(&y);
    Ok(())
}

fn attn_backward(inputs: &mut Inputs, out: &mut Output, mask: Mask) -> Result<(), Error> {
    let (q, k, v) = (inputs.floats::<Q>(3.0), inputs.floats::<KV>(3.0), values(inputs));
    let dy = inputs.floats::<Q>(1e-2);
    let mut memory = Memory::new();
    let mut cache = memory.cache(2, 2);
    let append = KvAppend::new(CAPACITY, KV_HEADS, DIM, Precision::I15, Precision::I15)?;
    append.forward(0, &k, &v, &mut cache)?;
    let (mut planes, mut scales, mut y) = ([0; 2 * Q], [0.0; QUERIES * HEADS], [0.0; Q]);
    QuantRow::new(QUERIES * HEADS, DIM, Precision::I15)?.forward(&q, &mut planes, &mut scales)?;
    let quantised = Quantised::new(&planes, &scales, DIM, Precision::I15)?;
    let cache = append.view(&cache)?;
    let op = Attn::new(shape(mask), SCALE, Precision::I15)?;
    op.forward(&quantised, &cache, &mut [0.0; KEYS], &mut y)?;
    let saved = AttnSaved { q: &q, k: &k, out: &y, quantised, cache };
    let (mut dq, mut dk, mut dv) = ([0.0; Q], [0.0; KV], [0.0; KV]);
    let (mut left, mut left_scales, mut right, mut right_scales) = ([0; 256], [0.0; 32], [0; 256], [0.0; 32]);
    let mut scratch = AttnScratch {
        floats: &mut [0.0; 256],
        operands: Scratch {
            left: QuantisedMut { planes: &mut left, scales: &mut left_scales },
            right: QuantisedMut { planes: &mut right, scales: &mut right_scales },
        },
    };
    let mut gradients = AttnGradients { dq: &mut dq, dk: &mut dk, dv: &mut dv };
    AttnBackward::new(op, Precision::I15)?.backward(&dy, &saved, &mut scratch, &mut gradients)?;
    for tensor in [&dq[..], &dk[..], &dv[..]] {
        out.floats(tensor);
    }
    Ok(())
}
