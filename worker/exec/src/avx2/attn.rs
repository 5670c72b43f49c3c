//! Attention of a stack of rows, which read the same keys and values: scores and weighted values are products of packed
//! tiles, as in a linear layer, exponentials are eight at a time.

use std::arch::x86_64::{
    __m128i, __m256, __m256i, _mm256_add_epi64, _mm256_add_ps, _mm256_and_ps, _mm256_and_si256,
    _mm256_blendv_ps, _mm256_castsi256_ps, _mm256_castsi256_si128, _mm256_cmpgt_epi32, _mm256_cvtepi32_ps,
    _mm256_cvtps_epi32, _mm256_extracti128_si256, _mm256_loadu_si256, _mm256_max_ps, _mm256_mul_ps,
    _mm256_or_si256, _mm256_set1_epi32, _mm256_set1_ps, _mm256_setr_epi32, _mm256_setzero_si256,
    _mm256_srli_epi64, _mm256_sub_ps, _mm_packs_epi32, _mm_storeu_si128,
};

use assay_exact::{dequantise, float, Attn, KeysValues, Precision, Quantised};

use super::float::{any, exp_of_negative, load, not_finite, store};
use super::gemm::{add_products, each_product, put_row, spread};
use super::panel::{Panel, Rows, COLS, DEEP, GROUPS, LANES, ROWS};
use super::quant::total_i64;
use crate::kernel::Stack;
use crate::stack::{Operands, SOFTMAX_ONE};

/// Keys of a panel, and elements of a head of a panel of values.
const WIDE: usize = 64;
/// Keys of a panel of values of which sums are kept in i64: 256·16,319·127 < 2³¹.
const KEYS: usize = 256;
/// Keys, at most, whose weighted digits are summed in registers: 512·16,319·127 < 2³¹.
const NARROW_KEYS: usize = 512;

/// What goes with each key that a row of the stack sees, one key after another.
struct Keys {
    scales: Vec<f32>,
    /// Zeros behind the last key.
    logs: Vec<[f32; LANES]>,
    /// All bits of those whose value's scale is not 0: the others count in m and D only.
    counting: Vec<[i32; LANES]>,
}

impl Keys {
    fn new(operands: &Operands<'_>) -> Self {
        let KeysValues { keys, values, logs } = operands.cache;
        let count = operands.visible(operands.rows - 1);
        let groups = count.div_ceil(LANES);
        let mut all = Self {
            scales: (0..count).map(|j| keys.scale(operands.key(j))).collect(),
            logs: vec![[0.0; LANES]; groups],
            counting: vec![[0; LANES]; groups],
        };
        let places = all.logs.as_flattened_mut().iter_mut().zip(all.counting.as_flattened_mut());
        for (j, (log, counts)) in places.take(count).enumerate() {
            *log = logs[operands.key(j)];
            *counts = -i32::from(values.scale(operands.key(j)) != 0.0);
        }
        all
    }

    fn count(&self) -> usize {
        self.scales.len()
    }

    /// Scores from one row to the next: whole groups.
    fn stride(&self) -> usize {
        LANES * self.logs.len()
    }
}

/// Integers of 0 to Q, at most 16,319, of each row for each key: i16, two of them together as a tile reads them.
struct Weights {
    pairs: Vec<i32>,
    /// Pairs from one row to the next: whole registers of i16.
    stride: usize,
}

impl Weights {
    fn new(rows: usize, keys: usize) -> Self {
        let stride = keys.next_multiple_of(LANES) / DEEP;
        Self { pairs: vec![0; rows * stride], stride }
    }

    fn row(&mut self, r: usize) -> &mut [i32] {
        &mut self.pairs[r * self.stride..(r + 1) * self.stride]
    }

    /// The weights of six rows from `row` on, the last of `rows` again where there are fewer, for `count` keys from
    /// `first` on, an even one.
    fn views(&self, row: usize, rows: usize, first: usize, count: usize) -> [&[i32]; ROWS] {
        let mut views: [&[i32]; ROWS] = [&[]; ROWS];
        for (r, view) in views.iter_mut().enumerate() {
            let at = (row + r.min(rows - 1)) * self.stride + first / DEEP;
            *view = &self.pairs[at..at + count.div_ceil(DEEP)];
        }
        views
    }
}

/// What follows the sum of a row.
#[derive(Clone, Copy)]
struct Factors {
    /// exp(m′ − m).
    back: f32,
    /// (2³⁰/Q)/f32(D).
    share: f32,
}

/// Writes `out`, a slice for each query with the heads of the stack. A row with a score that is not finite becomes NaN.
#[target_feature(enable = "avx2")]
pub(super) fn stack(
    op: &Attn,
    q: &Quantised<'_>,
    cache: &KeysValues<'_>,
    stack: &Stack,
    out: &mut [&mut [f32]],
) {
    let operands = Operands::new(op, q, cache, stack, out.len());
    let keys = Keys::new(&operands);
    let mut scores = vec![0.0; operands.rows * keys.stride()];
    score(&operands, &keys, &mut scores);
    let mut weights = Weights::new(operands.rows, keys.count());
    let bound = op.weights().bound() as f32;
    let mut factors = Vec::with_capacity(operands.rows);
    for (r, scores) in scores.chunks_exact(keys.stride()).enumerate() {
        let row = Row { scores: scores.as_chunks().0, visible: operands.visible(r) };
        factors.push(weigh(&row, &keys, [bound, SOFTMAX_ONE / bound], weights.row(r)));
    }
    if cache.values.precision() == Precision::I8 && keys.count() <= NARROW_KEYS {
        narrow_combine(&operands, keys.count(), &weights, &factors, out);
    } else {
        combine(&operands, keys.count(), &weights, &factors, out);
    }
}

/// Writes each row's scores, (f32(acc)·(sq·sk))·c. Those of keys that the row does not see mean nothing.
#[target_feature(enable = "avx2")]
fn score(operands: &Operands<'_>, keys: &Keys, scores: &mut [f32]) {
    let packed = &operands.cache.keys;
    let depth = operands.shape().dim;
    let mut panels: Vec<Panel> = (0..packed.precision().digits()).map(|_| Panel::new()).collect();
    let mut left = Rows::new(depth);
    for first in (0..keys.count()).step_by(WIDE) {
        let cols = WIDE.min(keys.count() - first);
        for (plane, panel) in panels.iter_mut().enumerate() {
            panel.pack(cols, depth, |j| packed.digits(plane, operands.key(first + j)));
        }
        for row in (0..operands.rows).step_by(ROWS) {
            let rows = ROWS.min(operands.rows - row);
            if first >= operands.visible(row + rows - 1) {
                continue;
            }
            let places = &operands.places[row..row + rows];
            let scores = &mut scores[row * keys.stride() + first..];
            let scales = &keys.scales[first..first + cols];
            if operands.are_narrow() {
                narrow_scores(operands, places, scales, &panels[0], &mut left, scores, keys.stride());
            } else {
                wide_scores(operands, places, scales, &panels, &mut left, scores, keys.stride());
            }
        }
    }
}

/// Takes the digits of rows of the queries, the last one again where there are fewer than six.
#[inline]
#[target_feature(enable = "avx2")]
fn widen(left: &mut Rows, q: &Quantised<'_>, plane: usize, places: &[usize]) {
    let mut rows: [&[i8]; ROWS] = [&[]; ROWS];
    for (r, row) in rows.iter_mut().enumerate() {
        *row = q.digits(plane, places[r.min(places.len() - 1)]);
    }
    left.widen(&rows);
}

/// Scores of up to six rows, `stride` apart, with the keys of a panel, where queries and keys have one digit: sums stay in
/// registers.
#[inline]
#[target_feature(enable = "avx2")]
fn narrow_scores(
    operands: &Operands<'_>,
    places: &[usize],
    scales: &[f32],
    panel: &Panel,
    left: &mut Rows,
    scores: &mut [f32],
    stride: usize,
) {
    let factor = _mm256_set1_ps(operands.op.scale());
    let cols = scales.len();
    let scales = spread(scales);
    widen(left, operands.q, 0, places);
    each_product(&left.views(), panel, places.len(), |r, tile, sums| {
        let scale = _mm256_set1_ps(operands.q.scale(places[r]));
        let row = &mut scores[r * stride..r * stride + cols.next_multiple_of(LANES)];
        let (row, _) = row[tile * COLS..].as_chunks_mut::<LANES>();
        for (group, (scores, sums)) in row.iter_mut().zip(sums).enumerate() {
            let other = scales[tile * GROUPS + group];
            let value = _mm256_mul_ps(_mm256_cvtepi32_ps(*sums), _mm256_mul_ps(scale, other));
            store(_mm256_mul_ps(value, factor), scores);
        }
    });
}

/// As [`narrow_scores`], with a panel for each digit plane.
#[inline]
#[target_feature(enable = "avx2")]
fn wide_scores(
    operands: &Operands<'_>,
    places: &[usize],
    scales: &[f32],
    panels: &[Panel],
    left: &mut Rows,
    scores: &mut [f32],
    stride: usize,
) {
    let cols = scales.len();
    let mut sums = [0; ROWS * WIDE];
    let sums = &mut sums[..places.len() * cols];
    for p in 0..operands.q.precision().digits() {
        widen(left, operands.q, p, places);
        for (k, panel) in panels.iter().enumerate() {
            add_products(&left.views(), panel, 7 * (p + k) as i32, sums, cols);
        }
    }
    for (r, (sums, place)) in sums.chunks_exact(cols).zip(places).enumerate() {
        let scale = operands.q.scale(*place);
        for ((score, sum), other) in scores[r * stride..].iter_mut().zip(sums).zip(scales) {
            *score = dequantise(*sum, scale, *other) * operands.op.scale();
        }
    }
}

/// The scores of a row of the stack, of which it sees the first `visible`; those behind mean nothing.
struct Row<'a> {
    scores: &'a [[f32; LANES]],
    visible: usize,
}

impl Row<'_> {
    /// Calls `each` with the number of each eight keys and with all bits of those that the row sees: all but in the last.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn groups(&self, mut each: impl FnMut(usize, __m256i)) {
        let whole = self.visible / LANES;
        for group in 0..whole {
            each(group, _mm256_set1_epi32(-1));
        }
        if self.visible > whole * LANES {
            each(whole, lanes(self.visible - whole * LANES));
        }
    }
}

/// From a row's scores to its weights and what follows their sum, as the contract writes it. `unit` is 2³⁰/Q.
#[target_feature(enable = "avx2")]
fn weigh(row: &Row<'_>, keys: &Keys, [bound, unit]: [f32; 2], weights: &mut [i32]) -> Factors {
    let Some([most, best]) = maxima(row, keys) else {
        return Factors { back: f32::NAN, share: f32::NAN };
    };
    let (weights, _) = weights.as_chunks_mut::<{ LANES / DEEP }>();
    let mut denominator = Sum::new();
    row.groups(|group, here| {
        let score = load(&row.scores[group]);
        let t = _mm256_add_ps(score, load(&keys.logs[group]));
        let e = exp_of_negative(_mm256_sub_ps(score, _mm256_set1_ps(most)));
        let p = exp_of_negative(_mm256_sub_ps(t, _mm256_set1_ps(best)));
        denominator.add(rounded(e, SOFTMAX_ONE, here));
        let asked = _mm256_and_si256(here, mask(&keys.counting[group]));
        put(rounded(p, bound, asked), &mut weights[group]);
    });
    let denominator = denominator.total() as f32;
    // If no key remains for m′, it is −∞ and the sum of no weights is multiplied by +0.
    Factors { back: float::exp(best - most), share: unit / denominator }
}

/// A sum of numbers that are not negative, eight lanes at a time, modulo 2⁶⁴.
struct Sum {
    /// Of pairs of lanes, each read as one number: the upper lane counts 2³² times.
    pairs: __m256i,
    /// Of the upper lanes.
    upper: __m256i,
}

impl Sum {
    #[inline]
    #[target_feature(enable = "avx2")]
    fn new() -> Self {
        Self { pairs: _mm256_setzero_si256(), upper: _mm256_setzero_si256() }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn add(&mut self, x: __m256i) {
        self.pairs = _mm256_add_epi64(self.pairs, x);
        self.upper = _mm256_add_epi64(self.upper, _mm256_srli_epi64::<32>(x));
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn total(&self) -> i64 {
        let upper = total_i64(self.upper);
        total_i64(self.pairs).wrapping_sub(upper << 32).wrapping_add(upper)
    }
}

/// m and m′, the latter −∞ if no key counts; None if a score, or one plus the logarithm of its value's scale, is not
/// finite.
#[inline]
#[target_feature(enable = "avx2")]
fn maxima(row: &Row<'_>, keys: &Keys) -> Option<[f32; 2]> {
    let least = _mm256_set1_ps(f32::NEG_INFINITY);
    let (mut most, mut best, mut bad) = (least, least, _mm256_setzero_si256());
    row.groups(|group, here| {
        let score = load(&row.scores[group]);
        let t = _mm256_add_ps(score, load(&keys.logs[group]));
        bad = _mm256_or_si256(bad, _mm256_and_si256(here, _mm256_or_si256(not_finite(score), not_finite(t))));
        most = _mm256_max_ps(most, _mm256_blendv_ps(least, score, _mm256_castsi256_ps(here)));
        let counts = _mm256_castsi256_ps(_mm256_and_si256(here, mask(&keys.counting[group])));
        best = _mm256_max_ps(best, _mm256_blendv_ps(least, t, counts));
    });
    if any(bad) {
        None
    } else {
        Some([maximum(most), maximum(best)])
    }
}

/// The largest lane.
#[inline]
#[target_feature(enable = "avx2")]
fn maximum(x: __m256) -> f32 {
    let mut all = [0.0; LANES];
    store(x, &mut all);
    all.iter().fold(f32::NEG_INFINITY, |most, x| if *x > most { *x } else { most })
}

/// All bits of the first `len` lanes.
#[inline]
#[target_feature(enable = "avx2")]
fn lanes(len: usize) -> __m256i {
    let count = _mm256_set1_epi32(len.min(LANES) as i32);
    _mm256_cmpgt_epi32(count, _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7))
}

/// Eight numbers.
#[inline]
#[target_feature(enable = "avx2")]
fn mask(bits: &[i32; LANES]) -> __m256i {
    // SAFETY: an unaligned load of the eight numbers.
    unsafe { _mm256_loadu_si256(bits.as_ptr().cast()) }
}

/// ties_even(x·unit) of the lanes that are asked for, 0 in the others. Conversion rounds to nearest even.
#[inline]
#[target_feature(enable = "avx2")]
fn rounded(x: __m256, unit: f32, asked: __m256i) -> __m256i {
    let scaled = _mm256_mul_ps(x, _mm256_set1_ps(unit));
    _mm256_cvtps_epi32(_mm256_and_ps(scaled, _mm256_castsi256_ps(asked)))
}

/// Writes eight weights as i16.
#[inline]
#[target_feature(enable = "avx2")]
fn put(weights: __m256i, to: &mut [i32; LANES / DEEP]) {
    let narrow: __m128i =
        _mm_packs_epi32(_mm256_castsi256_si128(weights), _mm256_extracti128_si256::<1>(weights));
    // SAFETY: an unaligned store into the 16 bytes of the array.
    unsafe { _mm_storeu_si128(to.as_mut_ptr().cast(), narrow) };
}

/// As [`combine`] where values have one digit, and one panel has all keys: sums stay in registers.
#[target_feature(enable = "avx2")]
fn narrow_combine(
    operands: &Operands<'_>,
    count: usize,
    weights: &Weights,
    factors: &[Factors],
    out: &mut [&mut [f32]],
) {
    let (dim, heads) = (operands.shape().dim, operands.stack.heads);
    let mut panel = Panel::new();
    for column in (0..dim).step_by(WIDE) {
        let cols = WIDE.min(dim - column);
        panel.pack_rows(cols, count, |j| {
            &operands.cache.values.digits(0, operands.key(j))[column..column + cols]
        });
        for row in (0..operands.rows).step_by(ROWS) {
            let rows = ROWS.min(operands.rows - row);
            each_product(&weights.views(row, rows, 0, count), &panel, rows, |r, tile, sums| {
                let Factors { back, share } = factors[row + r];
                let at = (row + r) % heads * dim + column;
                let out = &mut out[(row + r) / heads][at..at + cols];
                put_row(sums, &mut out[tile * COLS..], |sums, _| {
                    let value = _mm256_mul_ps(_mm256_cvtepi32_ps(sums), _mm256_set1_ps(back));
                    _mm256_mul_ps(value, _mm256_set1_ps(share))
                });
            });
        }
    }
}

/// (f32(Σ p·v)·exp(m′ − m))·((2³⁰/Q)/f32(D)) of each row and element.
#[target_feature(enable = "avx2")]
fn combine(
    operands: &Operands<'_>,
    count: usize,
    weights: &Weights,
    factors: &[Factors],
    out: &mut [&mut [f32]],
) {
    let (dim, heads) = (operands.shape().dim, operands.stack.heads);
    let mut sums = vec![0; operands.rows * WIDE.min(dim)];
    let mut panel = Panel::new();
    for column in (0..dim).step_by(WIDE) {
        let cols = WIDE.min(dim - column);
        let sums = &mut sums[..operands.rows * cols];
        sums.fill(0);
        for plane in 0..operands.cache.values.precision().digits() {
            for first in (0..count).step_by(KEYS) {
                let keys = KEYS.min(count - first);
                panel.pack_rows(cols, keys, |j| {
                    let digits = operands.cache.values.digits(plane, operands.key(first + j));
                    &digits[column..column + cols]
                });
                weighted(operands, weights, &panel, [plane, first, keys], sums);
            }
        }
        for (r, (sums, factors)) in sums.chunks_exact(cols).zip(factors).enumerate() {
            let at = r % heads * dim + column;
            for (out, sum) in out[r / heads][at..at + cols].iter_mut().zip(sums) {
                *out = (*sum as f32 * factors.back) * factors.share;
            }
        }
    }
}

/// Adds Σ p·v over the keys of a panel, of digit plane `plane` from key `first` on, to the sums of all rows.
#[inline]
#[target_feature(enable = "avx2")]
fn weighted(
    operands: &Operands<'_>,
    weights: &Weights,
    panel: &Panel,
    [plane, first, keys]: [usize; 3],
    sums: &mut [i64],
) {
    let cols = sums.len() / operands.rows;
    for row in (0..operands.rows).step_by(ROWS) {
        let rows = ROWS.min(operands.rows - row);
        if first < operands.visible(row + rows - 1) {
            let left = weights.views(row, rows, first, keys);
            add_products(&left, panel, 7 * plane as i32, &mut sums[row * cols..(row + rows) * cols], cols);
        }
    }
}
