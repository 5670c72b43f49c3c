//! Attention, one (query, head) after another: scores by tiles of four keys, exponentials eight at a time.

use std::arch::x86_64::{
    __m256i, _mm256_add_epi64, _mm256_castsi256_si128, _mm256_cvtepi32_epi64, _mm256_cvtps_epi32,
    _mm256_extracti128_si256, _mm256_mul_ps, _mm256_set1_ps, _mm256_setzero_si256, _mm256_sub_ps,
};

use assay_exact::{dequantise, float, Attn, KeysValues, Mask, Quantised};

use super::float::{exp, load, store, ties_even};
use super::gemm::dots;
use super::quant::total_i64;

/// 2³⁰, the unit of the denominator.
const SOFTMAX_ONE: f32 = f32::from_bits((127 + 30) << 23);
/// Keys whose weighted digits an i32 holds: 1,024·16,319·127 < 2³¹.
const KEYS: usize = 1024;

/// Buffers of one thread.
struct Buffers {
    /// Scores, then weights: one float per key.
    scores: Vec<f32>,
    /// Sums over up to [`KEYS`] keys, per element of the head.
    partial: Vec<i32>,
    /// Sums over all keys.
    sums: Vec<i64>,
}

/// The keys that one (query, head) sees: `count` from the first on, of one key-value head.
struct Seen<'a> {
    cache: &'a KeysValues<'a>,
    count: usize,
    heads: usize,
    head: usize,
}

impl Seen<'_> {
    fn row(&self, key: usize) -> usize {
        key * self.heads + self.head
    }
}

/// The (query, head) rows from `first` on. A row with a score that is not finite becomes NaN.
#[target_feature(enable = "avx2")]
pub(super) fn rows(op: &Attn, q: &Quantised<'_>, cache: &KeysValues<'_>, first: usize, out: &mut [f32]) {
    let shape = op.shape();
    let mut buffers =
        Buffers { scores: vec![0.0; shape.keys], partial: vec![0; shape.dim], sums: vec![0; shape.dim] };
    for (at, out) in out.chunks_exact_mut(shape.dim).enumerate() {
        let at = first + at;
        let (query, head) = (at / shape.heads, at % shape.heads);
        let count = match shape.mask {
            Mask::Full => shape.keys,
            Mask::Causal => shape.keys - shape.queries + query + 1,
        };
        let head = head / (shape.heads / shape.kv_heads);
        let seen = Seen { cache, count, heads: shape.kv_heads, head };
        if score(op, q, at, &seen, &mut buffers.scores) {
            weigh(op, &seen, &mut buffers, out);
        } else {
            out.fill(f32::NAN);
        }
    }
}

/// Writes the scores; false if one, or one plus the logarithm of its value's scale, is not finite.
#[target_feature(enable = "avx2")]
fn score(op: &Attn, q: &Quantised<'_>, at: usize, seen: &Seen<'_>, scores: &mut [f32]) -> bool {
    let keys = &seen.cache.keys;
    let mut key = 0;
    while key < seen.count {
        let width = (seen.count - key).min(4);
        let mut sums = [0; 4];
        if width == 4 {
            let rows = [seen.row(key), seen.row(key + 1), seen.row(key + 2), seen.row(key + 3)];
            sums = dots::<4>(q, at, keys, rows);
        } else {
            for (i, sum) in sums.iter_mut().take(width).enumerate() {
                [*sum] = dots::<1>(q, at, keys, [seen.row(key + i)]);
            }
        }
        for (i, sum) in sums.iter().take(width).enumerate() {
            let row = seen.row(key + i);
            let score = dequantise(*sum, q.scale(at), keys.scale(row)) * op.scale();
            if !(score + seen.cache.logs[row]).is_finite() || !score.is_finite() {
                return false;
            }
            scores[key + i] = score;
        }
        key += width;
    }
    true
}

/// The exact maximum; −∞ of nothing.
#[inline]
fn maximum(values: &[f32]) -> f32 {
    values.iter().fold(f32::NEG_INFINITY, |m, x| if *x > m { *x } else { m })
}

/// Σ of eight i32 lanes added to four i64 lanes.
#[inline]
#[target_feature(enable = "avx2")]
fn accumulate(sums: __m256i, lanes: __m256i) -> __m256i {
    let low = _mm256_cvtepi32_epi64(_mm256_castsi256_si128(lanes));
    let high = _mm256_cvtepi32_epi64(_mm256_extracti128_si256::<1>(lanes));
    _mm256_add_epi64(sums, _mm256_add_epi64(low, high))
}

/// Eight floats, the missing ones −∞, whose exponential is 0.
#[inline]
fn padded(x: &[f32]) -> [f32; 8] {
    let mut all = [f32::NEG_INFINITY; 8];
    all[..x.len()].copy_from_slice(x);
    all
}

/// D = Σ ties_even(exp(score − m)·2³⁰).
#[target_feature(enable = "avx2")]
fn denominator(scores: &[f32], maximum: f32) -> i64 {
    let mut sums = _mm256_setzero_si256();
    for part in scores.chunks(8) {
        let e = exp(_mm256_sub_ps(load(&padded(part)), _mm256_set1_ps(maximum)));
        let scaled = ties_even(_mm256_mul_ps(e, _mm256_set1_ps(SOFTMAX_ONE)));
        sums = accumulate(sums, _mm256_cvtps_epi32(scaled));
    }
    total_i64(sums)
}

/// Replaces each t by the weight ties_even(exp(t − m′)·Q).
#[target_feature(enable = "avx2")]
fn weights(t: &mut [f32], best: f32, bound: f32) {
    for part in t.chunks_mut(8) {
        let e = exp(_mm256_sub_ps(load(&padded(part)), _mm256_set1_ps(best)));
        let all = store(ties_even(_mm256_mul_ps(e, _mm256_set1_ps(bound))));
        part.copy_from_slice(&all[..part.len()]);
    }
}

/// From scores to the output row, as the contract writes it.
#[target_feature(enable = "avx2")]
fn weigh(op: &Attn, seen: &Seen<'_>, buffers: &mut Buffers, out: &mut [f32]) {
    let scores = &mut buffers.scores[..seen.count];
    let most = maximum(scores);
    let denominator = denominator(scores, most) as f32;
    for (key, score) in scores.iter_mut().enumerate() {
        let row = seen.row(key);
        // A key whose value's scale is 0 has no weight; it counted in m and D.
        let counts = seen.cache.values.scale(row) != 0.0;
        *score = if counts { *score + seen.cache.logs[row] } else { f32::NEG_INFINITY };
    }
    let best = maximum(scores);
    if best == f32::NEG_INFINITY {
        return out.fill(0.0);
    }
    let bound = op.weights().bound() as f32;
    weights(scores, best, bound);
    combine(seen, scores, &mut buffers.partial, &mut buffers.sums);
    let (back, share) = (float::exp(best - most), (SOFTMAX_ONE / bound) / denominator);
    for (out, sum) in out.iter_mut().zip(&buffers.sums) {
        *out = (*sum as f32 * back) * share;
    }
}

/// Σ p·v of each element of the head, digit plane by digit plane.
#[target_feature(enable = "avx2")]
fn combine(seen: &Seen<'_>, weights: &[f32], partial: &mut [i32], sums: &mut [i64]) {
    let values = &seen.cache.values;
    sums.fill(0);
    for plane in 0..values.precision().digits() {
        for (block, weights) in weights.chunks(KEYS).enumerate() {
            partial.fill(0);
            for (i, weight) in weights.iter().enumerate() {
                let weight = *weight as i32;
                if weight != 0 {
                    let digits = values.digits(plane, seen.row(block * KEYS + i));
                    for (partial, digit) in partial.iter_mut().zip(digits) {
                        *partial += weight * i32::from(*digit);
                    }
                }
            }
            for (sum, partial) in sums.iter_mut().zip(partial.iter()) {
                *sum += i64::from(*partial) << (7 * plane);
            }
        }
    }
}
