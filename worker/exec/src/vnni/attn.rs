//! Attention of a stack of rows, which read the same keys and values: scores and weighted values are products of packed
//! tiles, as in a linear layer, exponentials are sixteen at a time.

use std::arch::x86_64::{
    __m512, __m512i, _mm512_add_epi32, _mm512_add_epi64, _mm512_add_ps, _mm512_and_si512, _mm512_cvtepi32_ps,
    _mm512_cvtps_epi32, _mm512_cvtss_f32, _mm512_mask_max_ps, _mm512_maskz_mul_ps, _mm512_mul_ps,
    _mm512_reduce_add_epi32, _mm512_reduce_add_epi64, _mm512_reduce_max_ps, _mm512_set1_epi32,
    _mm512_set1_ps, _mm512_setzero_si512, _mm512_srli_epi32, _mm512_srli_epi64, _mm512_sub_ps,
};
use std::ops::Range;

use assay_exact::{dequantise, Attn, KeysValues, Precision, Quantised};

use super::float::{exp, exp_of_negative, lanes, load, not_finite, store};
use super::gemm::{add_products, each_product, put_row, spread, total, ROWS};
use super::panel::{Panel, LANES};
use super::quant::put;
use crate::kernel::Stack;
use crate::stack::{Operands, SOFTMAX_ONE};

/// Keys of a panel, and elements of a head of a panel of values.
const COLS: usize = 64;
/// Keys of a panel of values: with 64 elements it fits the second cache, and what follows the sums of a tile is little
/// beside them.
const KEYS: usize = 1024;
/// Rows whose scores are kept at a time, two tiles: those of 512 keys fit the first cache, of 8,192 the second.
const BLOCK: usize = 2 * ROWS;

/// What goes with each key that a row of the stack sees, one key after another.
struct Keys {
    scales: Vec<f32>,
    /// Zeros behind the last key.
    logs: Vec<[f32; LANES]>,
    /// For each sixteen keys those whose value's scale is not 0: the others count in m and D only.
    counting: Vec<u16>,
}

impl Keys {
    fn new(operands: &Operands<'_>) -> Self {
        let KeysValues { keys, values, logs } = operands.cache;
        let rows: Vec<usize> = (0..operands.visible(operands.rows - 1)).map(|j| operands.key(j)).collect();
        let counting = |rows: &[usize]| {
            let bits = rows.iter().enumerate().map(|(i, row)| u16::from(values.scale(*row) != 0.0) << i);
            bits.fold(0, |all, bit| all | bit)
        };
        let group = |rows: &[usize]| {
            let mut group = [0.0; LANES];
            for (log, row) in group.iter_mut().zip(rows) {
                *log = logs[*row];
            }
            group
        };
        Self {
            scales: rows.iter().map(|row| keys.scale(*row)).collect(),
            logs: rows.chunks(LANES).map(group).collect(),
            counting: rows.chunks(LANES).map(counting).collect(),
        }
    }

    fn count(&self) -> usize {
        self.scales.len()
    }

    /// Scores from one row to the next: whole groups.
    fn stride(&self) -> usize {
        LANES * self.counting.len()
    }
}

/// Keys as columns of panels of 64, one for each digit: kept where several blocks of rows need them.
struct Columns {
    panels: Vec<Panel>,
    digits: usize,
    keeps: bool,
    /// Sixty-fours of keys that have been packed, if they are kept.
    packed: usize,
}

impl Columns {
    fn new(operands: &Operands<'_>, count: usize) -> Self {
        let (digits, keeps) = (operands.cache.keys.precision().digits(), operands.rows > BLOCK);
        let kept = if keeps { count.div_ceil(COLS) } else { 1 };
        Self { panels: (0..kept * digits).map(|_| Panel::new()).collect(), digits, keeps, packed: 0 }
    }

    /// The panels of `cols` keys from `first` on, which is a multiple of 64. Those before have been asked for.
    #[target_feature(enable = "avx512f,avx512bw")]
    fn at(&mut self, operands: &Operands<'_>, first: usize, cols: usize) -> &[Panel] {
        let number = if self.keeps { first / COLS } else { 0 };
        let panels = &mut self.panels[number * self.digits..(number + 1) * self.digits];
        if !self.keeps || number == self.packed {
            for (plane, panel) in panels.iter_mut().enumerate() {
                let column = |j: usize| operands.cache.keys.digits(plane, operands.key(first + j));
                panel.pack(cols, operands.shape().dim, column);
            }
            self.packed = number + 1;
        }
        panels
    }
}

/// Integers of 0 to Q of each row for each key, as digits of base 128 from 0 to 127: i8 planes like any other operand.
struct Weights {
    planes: [Vec<i8>; 2],
    slices: usize,
    /// Bytes from one row to the next.
    stride: usize,
}

impl Weights {
    fn new(precision: Precision, rows: usize, keys: usize) -> Self {
        let (slices, stride) = (precision.digits(), keys.next_multiple_of(LANES));
        let plane = |slice: usize| if slice < slices { vec![0; rows * stride] } else { Vec::new() };
        Self { planes: [plane(0), plane(1)], slices, stride }
    }

    /// Both planes of row `r`; the second may be empty.
    fn row(&mut self, r: usize) -> [&mut [i8]; 2] {
        let place = r * self.stride..(r + 1) * self.stride;
        self.planes.each_mut().map(|plane| plane.get_mut(place.clone()).unwrap_or_default())
    }

    /// Digits of six rows from `row` on, the last of `rows` again where there are fewer, for `count` keys from `first` on.
    #[inline]
    fn six(&self, plane: usize, row: usize, rows: usize, first: usize, count: usize) -> [&[i8]; ROWS] {
        let mut digits: [&[i8]; ROWS] = [&[]; ROWS];
        for (r, digits) in digits.iter_mut().enumerate() {
            let at = (row + r.min(rows - 1)) * self.stride + first;
            *digits = &self.planes[plane][at..at + count];
        }
        digits
    }
}

/// What follows the sum of a row.
#[derive(Clone, Copy)]
struct Factors {
    /// exp(m′ − m).
    back: f32,
    /// (2³⁰/Q)/f32(D).
    share: f32,
    /// The sum of the low digits of its weights.
    total: i32,
}

/// Writes `out`, a slice for each query with the heads of the stack. A row with a score that is not finite becomes NaN.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vnni")]
pub(super) fn stack(
    op: &Attn,
    q: &Quantised<'_>,
    cache: &KeysValues<'_>,
    stack: &Stack,
    out: &mut [&mut [f32]],
) {
    let operands = Operands::new(op, q, cache, stack, out.len());
    let (rows, keys) = (operands.rows, Keys::new(&operands));
    let mut columns = Columns::new(&operands, keys.count());
    let mut scores = vec![0.0; BLOCK.min(rows) * keys.stride()];
    let mut weights = Weights::new(op.weights(), rows, keys.count());
    let bound = op.weights().bound() as f32;
    let mut factors = Vec::with_capacity(rows);
    for first in (0..rows).step_by(BLOCK) {
        let block = first..rows.min(first + BLOCK);
        if operands.are_narrow() {
            narrow_score(&operands, &keys, &mut columns, block.clone(), &mut scores);
        } else {
            score(&operands, &keys, &mut columns, block.clone(), &mut scores);
        }
        for (r, scores) in block.zip(scores.chunks_exact(keys.stride())) {
            let row = Row { scores: scores.as_chunks().0, visible: operands.visible(r) };
            factors.push(weigh(&row, &keys, [bound, SOFTMAX_ONE / bound], weights.row(r)));
        }
    }
    let narrow = weights.slices == 1 && cache.values.precision() == Precision::I8;
    if narrow && keys.count() <= KEYS {
        narrow_combine(&operands, keys.count(), &weights, &factors, out);
    } else {
        combine(&operands, keys.count(), &weights, &factors, out);
    }
}

/// As [`score`] where queries and keys have one digit: sums stay in registers.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vnni")]
fn narrow_score(
    operands: &Operands<'_>,
    keys: &Keys,
    columns: &mut Columns,
    block: Range<usize>,
    scores: &mut [f32],
) {
    let q = operands.q;
    let factor = _mm512_set1_ps(operands.op.scale());
    let mut totals = [0; BLOCK];
    for (sum, place) in totals.iter_mut().zip(&operands.places[block.clone()]) {
        *sum = total(q.digits(0, *place));
    }
    let visible = operands.visible(block.end - 1);
    for first in (0..visible).step_by(COLS) {
        let cols = COLS.min(keys.count() - first);
        let panel = &columns.at(operands, first, cols)[0];
        let scales = spread(&keys.scales[first..first + cols]);
        for row in block.clone().step_by(ROWS) {
            let rows = ROWS.min(block.end - row);
            if first >= operands.visible(row + rows - 1) {
                continue;
            }
            let places = &operands.places[row..row + rows];
            let mut left: [&[i8]; ROWS] = [&[]; ROWS];
            for (r, left) in left.iter_mut().enumerate() {
                *left = q.digits(0, places[r.min(rows - 1)]);
            }
            let before = row - block.start;
            each_product(&left, panel, &totals[before..before + rows], |r, sums| {
                let scale = _mm512_set1_ps(q.scale(places[r]));
                let at = (before + r) * keys.stride() + first;
                let (scores, _) = scores[at..at + cols.next_multiple_of(LANES)].as_chunks_mut::<LANES>();
                for ((scores, sums), other) in scores.iter_mut().zip(sums).zip(&scales) {
                    let value = _mm512_mul_ps(_mm512_cvtepi32_ps(*sums), _mm512_mul_ps(scale, *other));
                    store(_mm512_mul_ps(value, factor), scores);
                }
            });
        }
    }
}

/// Writes the scores of a block of rows, (f32(acc)·(sq·sk))·c. Those of keys that a row does not see mean nothing.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vnni")]
fn score(
    operands: &Operands<'_>,
    keys: &Keys,
    columns: &mut Columns,
    block: Range<usize>,
    scores: &mut [f32],
) {
    let visible = operands.visible(block.end - 1);
    for first in (0..visible).step_by(COLS) {
        let cols = COLS.min(keys.count() - first);
        let panels = columns.at(operands, first, cols);
        let scales = &keys.scales[first..first + cols];
        for row in block.clone().step_by(ROWS) {
            let rows = ROWS.min(block.end - row);
            if first < operands.visible(row + rows - 1) {
                let mut sums = [0; ROWS * COLS];
                let sums = &mut sums[..rows * cols];
                products(operands, panels, row, sums, cols);
                for (r, sums) in (row..).zip(sums.chunks_exact(cols)) {
                    let at = (r - block.start) * keys.stride() + first;
                    let scale = operands.q.scale(operands.places[r]);
                    scaled(sums, scale, scales, operands.op.scale(), &mut scores[at..at + cols]);
                }
            }
        }
    }
}

/// Σ q·k of up to six rows of the stack with the keys of the panels.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vnni")]
fn products(operands: &Operands<'_>, panels: &[Panel], row: usize, sums: &mut [i64], cols: usize) {
    let last = sums.len() / cols - 1;
    for p in 0..operands.q.precision().digits() {
        let mut left: [&[i8]; ROWS] = [&[]; ROWS];
        for (r, left) in left.iter_mut().enumerate() {
            *left = operands.q.digits(p, operands.places[row + r.min(last)]);
        }
        for (k, panel) in panels.iter().enumerate() {
            add_products(&left, panel, 7 * (p + k) as i64, sums, cols);
        }
    }
}

/// A plain loop, which the compiler makes vectors of.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq")]
fn scaled(sums: &[i64], scale: f32, scales: &[f32], factor: f32, scores: &mut [f32]) {
    for ((score, sum), other) in scores.iter_mut().zip(sums).zip(scales) {
        *score = dequantise(*sum, scale, *other) * factor;
    }
}

/// The scores of a row of the stack, of which it sees the first `visible`; those behind mean nothing.
struct Row<'a> {
    scores: &'a [[f32; LANES]],
    visible: usize,
}

impl Row<'_> {
    /// Calls `each` with the number of each sixteen keys and with those that the row sees: all of them but in the last.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn groups(&self, mut each: impl FnMut(usize, u16)) {
        let whole = self.visible / LANES;
        for group in 0..whole {
            each(group, u16::MAX);
        }
        if self.visible > whole * LANES {
            each(whole, lanes(self.visible - whole * LANES));
        }
    }
}

/// From a row's scores to its weights and what follows their sum, as the contract writes it. `unit` is 2³⁰/Q.
#[target_feature(enable = "avx512f,avx512bw,avx512dq")]
fn weigh(row: &Row<'_>, keys: &Keys, [bound, unit]: [f32; 2], weights: [&mut [i8]; 2]) -> Factors {
    let Some([most, best]) = maxima(row, keys) else {
        return Factors { back: f32::NAN, share: f32::NAN, total: 0 };
    };
    let [(low, _), (high, _)] = weights.map(|plane| plane.as_chunks_mut::<LANES>());
    let (mut denominator, mut total) = (Sum::new(), _mm512_setzero_si512());
    row.groups(|group, here| {
        let score = load(&row.scores[group]);
        let t = _mm512_add_ps(score, load(&keys.logs[group]));
        let e = exp_of_negative(_mm512_sub_ps(score, _mm512_set1_ps(most)));
        let p = exp_of_negative(_mm512_sub_ps(t, _mm512_set1_ps(best)));
        denominator.add(rounded(e, SOFTMAX_ONE, here));
        let weight = rounded(p, bound, here & keys.counting[group]);
        let digits = _mm512_and_si512(weight, _mm512_set1_epi32(127));
        total = _mm512_add_epi32(total, digits);
        put(digits, &mut low[group]);
        if let Some(high) = high.get_mut(group) {
            put(_mm512_srli_epi32::<7>(weight), high);
        }
    });
    let denominator = denominator.total() as f32;
    // If no key remains for m′, it is −∞ and the sum of no weights is multiplied by +0.
    let back = _mm512_cvtss_f32(exp(_mm512_set1_ps(best - most)));
    Factors { back, share: unit / denominator, total: _mm512_reduce_add_epi32(total) }
}

/// m and m′, the latter −∞ if no key counts; None if a score, or one plus the logarithm of its value's scale, is not
/// finite.
#[inline]
#[target_feature(enable = "avx512f,avx512dq")]
fn maxima(row: &Row<'_>, keys: &Keys) -> Option<[f32; 2]> {
    let (mut most, mut best) = (_mm512_set1_ps(f32::NEG_INFINITY), _mm512_set1_ps(f32::NEG_INFINITY));
    let mut bad = 0;
    row.groups(|group, here| {
        let score = load(&row.scores[group]);
        let t = _mm512_add_ps(score, load(&keys.logs[group]));
        bad |= here & (not_finite(score) | not_finite(t));
        most = _mm512_mask_max_ps(most, here, most, score);
        best = _mm512_mask_max_ps(best, here & keys.counting[group], best, t);
    });
    if bad == 0 {
        Some([_mm512_reduce_max_ps(most), _mm512_reduce_max_ps(best)])
    } else {
        None
    }
}

/// ties_even(x·unit) of the lanes that are asked for, 0 in the others. Conversion rounds to nearest even.
#[inline]
#[target_feature(enable = "avx512f")]
fn rounded(x: __m512, unit: f32, asked: u16) -> __m512i {
    _mm512_cvtps_epi32(_mm512_maskz_mul_ps(asked, x, _mm512_set1_ps(unit)))
}

/// A sum of numbers that are not negative, sixteen lanes at a time, modulo 2⁶⁴.
struct Sum {
    /// Of pairs of lanes, each read as one number: the upper lane counts 2³² times.
    pairs: __m512i,
    /// Of the upper lanes.
    upper: __m512i,
}

impl Sum {
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn new() -> Self {
        Self { pairs: _mm512_setzero_si512(), upper: _mm512_setzero_si512() }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn add(&mut self, x: __m512i) {
        self.pairs = _mm512_add_epi64(self.pairs, x);
        self.upper = _mm512_add_epi64(self.upper, _mm512_srli_epi64::<32>(x));
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn total(&self) -> i64 {
        let upper = _mm512_reduce_add_epi64(self.upper);
        _mm512_reduce_add_epi64(self.pairs).wrapping_sub(upper << 32).wrapping_add(upper)
    }
}

/// As [`combine`] where weights and values have one digit, and one panel has all keys: sums stay in registers.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vnni")]
fn narrow_combine(
    operands: &Operands<'_>,
    count: usize,
    weights: &Weights,
    factors: &[Factors],
    out: &mut [&mut [f32]],
) {
    let (dim, heads) = (operands.shape().dim, operands.stack.heads);
    let mut panel = Panel::new();
    for column in (0..dim).step_by(COLS) {
        let cols = COLS.min(dim - column);
        panel.pack_rows(cols, count, |j| {
            &operands.cache.values.digits(0, operands.key(j))[column..column + cols]
        });
        for row in (0..operands.rows).step_by(ROWS) {
            let rows = ROWS.min(operands.rows - row);
            let left = weights.six(0, row, rows, 0, count);
            let mut totals = [0; ROWS];
            for (total, factors) in totals.iter_mut().zip(&factors[row..row + rows]) {
                *total = factors.total;
            }
            each_product(&left, &panel, &totals[..rows], |r, sums| {
                let Factors { back, share, .. } = factors[row + r];
                let at = (row + r) % heads * dim + column;
                put_row(sums, &mut out[(row + r) / heads][at..at + cols], |sums, _| {
                    let value = _mm512_mul_ps(_mm512_cvtepi32_ps(sums), _mm512_set1_ps(back));
                    _mm512_mul_ps(value, _mm512_set1_ps(share))
                });
            });
        }
    }
}

/// (f32(Σ p·v)·exp(m′ − m))·((2³⁰/Q)/f32(D)) of each row and element.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vnni")]
fn combine(
    operands: &Operands<'_>,
    count: usize,
    weights: &Weights,
    factors: &[Factors],
    out: &mut [&mut [f32]],
) {
    let (dim, heads) = (operands.shape().dim, operands.stack.heads);
    let mut sums = vec![0; operands.rows * COLS.min(dim)];
    let mut panel = Panel::new();
    for column in (0..dim).step_by(COLS) {
        let cols = COLS.min(dim - column);
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
            finish(sums, *factors, &mut out[r / heads][at..at + cols]);
        }
    }
}

/// Adds Σ p·v over the keys of a panel, of digit plane `plane` from key `first` on, to the sums of all rows.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vnni")]
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
            let sums = &mut sums[row * cols..(row + rows) * cols];
            for p in 0..weights.slices {
                let left = weights.six(p, row, rows, first, keys);
                add_products(&left, panel, 7 * (p + plane) as i64, sums, cols);
            }
        }
    }
}

/// A plain loop, which the compiler makes vectors of.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq")]
fn finish(sums: &[i64], factors: Factors, out: &mut [f32]) {
    for (out, sum) in out.iter_mut().zip(sums) {
        *out = (*sum as f32 * factors.back) * factors.share;
    }
}
