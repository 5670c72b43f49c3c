//! Attention: against float64, with a planted sink, and over every way to fill the cache.
#![allow(clippy::disallowed_methods, clippy::needless_range_loop)] // f64 functions serve as the oracle.

mod random;

use assay_exact::{
    Attn, AttnBackward, AttnGradients, AttnSaved, AttnScratch, AttnShape, Error, KeysValues, KvAppend,
    KvCache, Mask, Precision, Quantised, QuantisedMut, Refused, Scratch, Trap, TrapKind,
};
use random::{cosine, Random, Rows};

/// A cache that owns its memory.
struct Cache {
    append: KvAppend,
    key_planes: Vec<i8>,
    key_scales: Vec<f32>,
    value_planes: Vec<i8>,
    value_scales: Vec<f32>,
    value_logs: Vec<f32>,
}

impl Cache {
    fn new(capacity: usize, heads: usize, dim: usize, keys: Precision, values: Precision) -> Self {
        let rows = capacity * heads;
        Self {
            append: KvAppend::new(capacity, heads, dim, keys, values).unwrap(),
            key_planes: vec![0; keys.digits() * rows * dim],
            key_scales: vec![0.0; rows],
            value_planes: vec![0; values.digits() * rows * dim],
            value_scales: vec![0.0; rows],
            value_logs: vec![0.0; rows],
        }
    }

    fn memory(&mut self) -> (KvAppend, KvCache<'_>) {
        let cache = KvCache {
            key_planes: &mut self.key_planes,
            key_scales: &mut self.key_scales,
            value_planes: &mut self.value_planes,
            value_scales: &mut self.value_scales,
            value_logs: &mut self.value_logs,
        };
        (self.append, cache)
    }

    fn append(&mut self, at: usize, k: &[f32], v: &[f32]) -> Result<usize, Error> {
        let (append, mut cache) = self.memory();
        append.forward(at, k, v, &mut cache)
    }

    fn attend(&mut self, op: &Attn, q: &Quantised<'_>, keys: usize) -> Result<Vec<f32>, Error> {
        let mut out = vec![f32::NAN; q.rows() * q.depth()];
        let (append, cache) = self.memory();
        op.forward(q, &append.view(&cache)?, &mut vec![f32::NAN; keys], &mut out)?;
        Ok(out)
    }
}

fn shape(queries: usize, keys: usize, heads: usize, kv_heads: usize, dim: usize, mask: Mask) -> AttnShape {
    AttnShape { queries, keys, heads, kv_heads, dim, mask }
}

/// Probabilities of one (query, head), in f64.
fn probabilities(s: &AttnShape, scale: f64, q: &[f32], k: &[f32], i: usize, h: usize) -> Vec<f64> {
    let kv = h / (s.heads / s.kv_heads);
    let seen = if s.mask == Mask::Causal { s.keys - s.queries + i + 1 } else { s.keys };
    let score = |j: usize| {
        let (q, k) = (&q[(i * s.heads + h) * s.dim..], &k[(j * s.kv_heads + kv) * s.dim..]);
        (0..s.dim).map(|c| f64::from(q[c]) * f64::from(k[c])).sum::<f64>() * scale
    };
    let scores: Vec<f64> = (0..seen).map(score).collect();
    let m = scores.iter().copied().fold(f64::MIN, f64::max);
    let e: Vec<f64> = scores.iter().map(|s| (s - m).exp()).collect();
    let sum: f64 = e.iter().sum();
    e.iter().map(|e| e / sum).collect()
}

fn oracle(s: &AttnShape, scale: f64, q: &[f32], k: &[f32], v: &[f32]) -> Vec<f64> {
    let mut out = Vec::new();
    for (i, h) in (0..s.queries).flat_map(|i| (0..s.heads).map(move |h| (i, h))) {
        let (p, kv) = (probabilities(s, scale, q, k, i, h), h / (s.heads / s.kv_heads));
        for c in 0..s.dim {
            let value = |j: usize| f64::from(v[(j * s.kv_heads + kv) * s.dim + c]);
            out.push(p.iter().enumerate().map(|(j, p)| p * value(j)).sum());
        }
    }
    out
}

#[test]
fn attention_follows_float() {
    let mut random = Random::new(20);
    for (mask, precision, bound) in [
        (Mask::Full, Precision::I8, 0.999),
        (Mask::Causal, Precision::I8, 0.999),
        (Mask::Causal, Precision::I15, 0.999_999),
    ] {
        let s = shape(20, 33, 6, 2, 16, mask);
        let q = random.floats(20 * 6 * 16, 2.0);
        let (k, v) = (random.floats(33 * 2 * 16, 2.0), random.floats(33 * 2 * 16, 1.0));
        let mut cache = Cache::new(40, 2, 16, precision, precision);
        cache.append(0, &k, &v).unwrap();
        let op = Attn::new(s, 0.25, precision).unwrap();
        let out = cache.attend(&op, &Rows::new(&q, 16, precision).view(), 33).unwrap();
        let cosine = cosine(&out, &oracle(&s, 0.25, &q, &k, &v));
        assert!(cosine > bound, "{mask:?} {precision:?}: {cosine}");
    }
}

#[test]
fn a_sink_among_2048_tokens_stays_within_one_percent() {
    let mut random = Random::new(21);
    let (tokens, dim) = (2048, 64);
    let s = shape(16, tokens, 1, 1, dim, Mask::Full);
    let mut q = random.floats(16 * dim, 1.0);
    let (mut k, mut v) = (random.floats(tokens * dim, 1.0), random.floats(tokens * dim, 1.0));
    // Key 0 draws most of the weight and carries little value, as in trained models.
    for i in 0..16 {
        q[i * dim] = 8.0;
    }
    for j in 0..tokens {
        k[j * dim] = if j == 0 { 8.0 } else { 0.0 };
    }
    v[..dim].fill(0.05);
    let scale = 0.125;
    let expected = oracle(&s, f64::from(scale), &q, &k, &v);
    let error = |precision: Precision, weights: Precision| {
        let mut cache = Cache::new(tokens, 1, dim, precision, precision);
        cache.append(0, &k, &v).unwrap();
        let op = Attn::new(s, scale, weights).unwrap();
        let out = cache.attend(&op, &Rows::new(&q, dim, precision).view(), tokens).unwrap();
        let difference: f64 = out.iter().zip(&expected).map(|(a, b)| (f64::from(*a) - b).powi(2)).sum();
        (difference / expected.iter().map(|b| b * b).sum::<f64>()).sqrt()
    };
    let two = error(Precision::I15, Precision::I15);
    assert!(two < 0.01, "two digits: {two}");
    // And the reason for it: one digit loses the tail.
    let one = error(Precision::I15, Precision::I8);
    assert!(one > 4.0 * two, "one digit: {one}, two: {two}");
}

#[test]
fn a_cache_filled_in_any_steps_gives_the_same_bytes() {
    let mut random = Random::new(22);
    let (tokens, width) = (12, 2 * 8);
    let (q, k, v) = (
        random.floats(tokens * 4 * 8, 1.0),
        random.floats(tokens * width, 1.0),
        random.floats(tokens * width, 1.0),
    );
    let run = |cut: usize, from: usize, capacity: usize| {
        let mut cache = Cache::new(capacity, 2, 8, Precision::I8, Precision::I15);
        let at = cache.append(0, &k[..cut * width], &v[..cut * width]).unwrap();
        assert_eq!(cache.append(at, &k[cut * width..], &v[cut * width..]).unwrap(), tokens);
        let op = Attn::new(shape(tokens - from, tokens, 4, 2, 8, Mask::Causal), 0.3, Precision::I15).unwrap();
        cache.attend(&op, &Rows::new(&q[from * 32..], 8, Precision::I8).view(), tokens).unwrap()
    };
    let whole = run(12, 0, 12);
    for (cut, capacity) in [(1, 12), (5, 13), (11, 30)] {
        assert_eq!(run(cut, 0, capacity), whole);
    }
    // Decoding one token equals the last row of the prefill.
    assert_eq!(run(11, 11, 12), whole[11 * 32..]);
}

#[test]
fn keys_without_a_value_count_in_the_denominator_only() {
    let s = shape(1, 2, 1, 1, 2, Mask::Full);
    let op = Attn::new(s, 1.0, Precision::I15).unwrap();
    let q = Rows::new(&[0.0, 0.0], 2, Precision::I15);
    let attend = |v: &[f32]| {
        let mut cache = Cache::new(2, 1, 2, Precision::I15, Precision::I15);
        cache.append(0, &[1.0, 2.0, 3.0, 4.0], v).unwrap();
        cache.attend(&op, &q.view(), 2).unwrap()
    };
    let out = attend(&[0.0, 0.0, 4.0, -4.0]);
    assert!((out[0] - 2.0).abs() < 1e-5 && (out[1] + 2.0).abs() < 1e-5, "{out:?}");
    assert_eq!(attend(&[0.0; 4]).iter().map(|y| y.to_bits()).collect::<Vec<_>>(), [0, 0]);
}

#[test]
fn values_far_apart_in_scale_keep_their_own_precision() {
    let s = shape(1, 2, 1, 1, 2, Mask::Full);
    let op = Attn::new(s, 1.0, Precision::I15).unwrap();
    let q = Rows::new(&[0.0, 0.0], 2, Precision::I15);
    for factor in [1e-20f32, 1e30] {
        let mut cache = Cache::new(2, 1, 2, Precision::I15, Precision::I15);
        cache.append(0, &[1.0; 4], &[factor, 0.0, factor, factor]).unwrap();
        let out = cache.attend(&op, &q.view(), 2).unwrap();
        assert!((out[0] / factor - 1.0).abs() < 1e-4 && (out[1] / factor - 0.5).abs() < 1e-4, "{out:?}");
    }
}

#[test]
fn a_score_that_overflows_traps_at_its_row() {
    let op = Attn::new(shape(2, 1, 1, 1, 2, Mask::Full), 1.0, Precision::I8).unwrap();
    let q = Rows::new(&[1.0, 1.0, 1e30, 1e30], 2, Precision::I8);
    let mut cache = Cache::new(1, 1, 2, Precision::I8, Precision::I8);
    cache.append(0, &[1e30, 1e30], &[1.0, 1.0]).unwrap();
    let trap = Trap { kind: TrapKind::Nan, index: 2 };
    assert_eq!(cache.attend(&op, &q.view(), 1), Err(Error::Trap(trap)));
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    let refused = |s| Attn::new(s, 1.0, Precision::I8).err();
    assert_eq!(refused(shape(1, 1, 3, 2, 4, Mask::Full)), Some(Refused::Domain("key-value heads of Attn")));
    assert!(matches!(
        refused(shape(3, 2, 1, 1, 4, Mask::Causal)),
        Some(Refused::Limit { limit: 2, got: 3, .. })
    ));
    assert!(matches!(refused(shape(1, 131_072, 1, 1, 4, Mask::Full)), Some(Refused::Limit { .. })));
    assert_eq!(refused(shape(0, 1, 1, 1, 1, Mask::Full)), Some(Refused::Empty("queries of Attn")));
    assert!(Attn::new(shape(1, 1, 1, 1, 1, Mask::Full), f32::NAN, Precision::I8).is_err());
    assert!(Attn::new(shape(1, 1, 1, 1, 1, Mask::Full), 1.0, Precision::I22).is_err());
    let mut cache = Cache::new(3, 1, 2, Precision::I8, Precision::I8);
    let full = cache.append(2, &[1.0; 4], &[1.0; 4]);
    assert_eq!(full, Err(Refused::Limit { what: "tokens of KvAppend", limit: 3, got: 4 }.into()));
}

/// Gradients in f64, from the textbook formulas.
fn gradients(s: &AttnShape, scale: f64, [q, k, v, dy]: [&[f32]; 4]) -> [Vec<f64>; 3] {
    let (mut dq, mut dk, mut dv) = (vec![0.0; q.len()], vec![0.0; k.len()], vec![0.0; v.len()]);
    for (i, h) in (0..s.queries).flat_map(|i| (0..s.heads).map(move |h| (i, h))) {
        let (p, kv) = (probabilities(s, scale, q, k, i, h), h / (s.heads / s.kv_heads));
        let (asks, asked) = ((i * s.heads + h) * s.dim, |j: usize| (j * s.kv_heads + kv) * s.dim);
        let dot =
            |j: usize| (0..s.dim).map(|c| f64::from(dy[asks + c]) * f64::from(v[asked(j) + c])).sum::<f64>();
        let delta: f64 = p.iter().enumerate().map(|(j, p)| p * dot(j)).sum();
        for (j, p) in p.iter().enumerate() {
            let ds = p * (dot(j) - delta) * scale;
            for c in 0..s.dim {
                dq[asks + c] += ds * f64::from(k[asked(j) + c]);
                dk[asked(j) + c] += ds * f64::from(q[asks + c]);
                dv[asked(j) + c] += p * f64::from(dy[asks + c]);
            }
        }
    }
    [dq, dk, dv]
}

#[test]
fn gradients_of_attention_follow_float() {
    let mut random = Random::new(23);
    for (mask, heads, kv_heads) in [(Mask::Full, 2, 2), (Mask::Causal, 4, 2), (Mask::Causal, 3, 1)] {
        let (tokens, dim) = (24, 16);
        let s = shape(tokens, tokens, heads, kv_heads, dim, mask);
        let (asking, asked) = (tokens * heads * dim, tokens * kv_heads * dim);
        let (q, k, v) = (random.floats(asking, 2.0), random.floats(asked, 2.0), random.floats(asked, 1.0));
        let dy = random.floats(asking, 1e-3);
        let mut cache = Cache::new(tokens, kv_heads, dim, Precision::I15, Precision::I15);
        cache.append(0, &k, &v).unwrap();
        let op = Attn::new(s, 0.25, Precision::I15).unwrap();
        let rows = Rows::new(&q, dim, Precision::I15);
        let out = cache.attend(&op, &rows.view(), tokens).unwrap();
        let (append, memory) = cache.memory();
        let view: KeysValues<'_> = append.view(&memory).unwrap();
        let saved = AttnSaved { q: &q, k: &k, out: &out, quantised: rows.view(), cache: view };
        let [dq, dk, dv] = backward(op, &dy, &saved);
        let oracle = gradients(&s, 0.25, [&q, &k, &v, &dy]);
        for (name, got, want) in [("dq", dq, &oracle[0]), ("dk", dk, &oracle[1]), ("dv", dv, &oracle[2])] {
            let cosine = cosine(&got, want);
            assert!(cosine > 0.999_99, "{name} {mask:?} {heads}/{kv_heads}: {cosine}");
        }
    }
}

fn backward(op: Attn, dy: &[f32], saved: &AttnSaved<'_>) -> [Vec<f32>; 3] {
    let op = AttnBackward::new(op, Precision::I15).unwrap();
    let sizes = op.sizes();
    let mut floats = vec![f32::NAN; sizes.floats];
    let (mut left, mut left_scales) = (vec![77; sizes.planes], vec![f32::NAN; sizes.scales]);
    let (mut right, mut right_scales) = (vec![77; sizes.planes], vec![f32::NAN; sizes.scales]);
    let (mut dq, mut dk, mut dv) =
        (vec![f32::NAN; saved.q.len()], vec![f32::NAN; saved.k.len()], vec![f32::NAN; saved.k.len()]);
    let mut scratch = AttnScratch {
        floats: &mut floats,
        operands: Scratch {
            left: QuantisedMut { planes: &mut left, scales: &mut left_scales },
            right: QuantisedMut { planes: &mut right, scales: &mut right_scales },
        },
    };
    let mut gradients = AttnGradients { dq: &mut dq, dk: &mut dk, dv: &mut dv };
    op.backward(dy, saved, &mut scratch, &mut gradients).unwrap();
    [dq, dk, dv]
}
