//! Products of many rows: tiles of six rows and 16 columns, whose sums stay in registers along the whole depth.

use std::arch::x86_64::{
    __m256, __m256i, _mm256_add_epi32, _mm256_add_epi64, _mm256_add_ps, _mm256_castsi256_si128,
    _mm256_cvtepi32_epi64, _mm256_cvtepi32_ps, _mm256_extracti128_si256, _mm256_load_si256,
    _mm256_loadu_si256, _mm256_madd_epi16, _mm256_mul_ps, _mm256_or_si256, _mm256_set1_epi32, _mm256_set1_ps,
    _mm256_setzero_ps, _mm256_setzero_si256, _mm256_sll_epi64, _mm256_storeu_si256, _mm_cvtsi32_si128,
};

use assay_exact::Quantised;

use super::float::{any, load, not_finite, store};
use super::panel::{widen_row, Line, Panel, Rows, COLS, DEEP, GROUPS, LANES, ROWS};
use crate::kernel::Block;
use crate::prefetch;

/// Below this many rows, packing the columns costs more than it saves.
pub(super) const LEAST_ROWS: usize = 5;
/// Columns of a block, at most.
const WIDEST: usize = 64;
/// Digits of each column of a tile that the first cache holds, with room for rows.
const DEPTH: usize = 512;

/// Writes the sums of a block, over all pairs of digits, into zeros.
#[target_feature(enable = "avx2")]
pub(super) fn block(a: &Quantised<'_>, b: &Quantised<'_>, block: &Block, sums: &mut [i64]) {
    let (mut panel, mut left) = (Panel::new(), Rows::new(a.depth()));
    for q in 0..b.precision().digits() {
        panel.pack(block.cols, a.depth(), |column| b.digits(q, block.col + column));
        for p in 0..a.precision().digits() {
            for (part, sums) in sums.chunks_mut(ROWS * block.cols).enumerate() {
                widen(&mut left, a, p, block, part * ROWS);
                add_products(&left.views(), &panel, 7 * (p + q) as i32, sums, block.cols);
            }
        }
    }
}

/// Writes x·Wᵀ + b of a block of at most 64 columns, of operands of one digit; whether all of it is finite. `pairs` are
/// those of `a`, and `bias` has an element for each of the block's columns.
#[target_feature(enable = "avx2")]
pub(super) fn linear(
    a: &Quantised<'_>,
    b: &Quantised<'_>,
    block: &Block,
    pairs: &[i32],
    bias: Option<&[f32]>,
    y: &mut [&mut [f32]],
) -> bool {
    let scales = spread(&b.scales()[block.col..block.col + block.cols]);
    let bias = bias.map(|bias| spread(&bias[..block.cols]));
    let mut bad = _mm256_setzero_si256();
    each_row(pairs, b, block, |row, tile, sums| {
        if let (0, Some(later)) = (tile, y.get(row + ROWS)) {
            prefetch::to_write(later);
        }
        let scale = _mm256_set1_ps(a.scale(block.row + row));
        put_row(sums, &mut y[row][tile * COLS..], |sums, group| {
            let other = scales[tile * GROUPS + group];
            let mut value = _mm256_mul_ps(_mm256_cvtepi32_ps(sums), _mm256_mul_ps(scale, other));
            if let Some(bias) = &bias {
                value = _mm256_add_ps(value, bias[tile * GROUPS + group]);
            }
            // Beside the columns, scale and bias are zeros: so is the value.
            bad = _mm256_or_si256(bad, not_finite(value));
            value
        });
    });
    !any(bad)
}

/// Writes the rest of a row, at most a tile's columns: each eight floats are what `value` makes of their sums and of their
/// number.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn put_row(
    sums: &[__m256i; GROUPS],
    y: &mut [f32],
    mut value: impl FnMut(__m256i, usize) -> __m256,
) {
    let (wholes, rest) = y.as_chunks_mut::<LANES>();
    for (group, (y, sums)) in wholes.iter_mut().zip(sums).enumerate() {
        store(value(*sums, group), y);
    }
    if let (false, Some(sums)) = (rest.is_empty(), sums.get(wholes.len())) {
        store(value(*sums, wholes.len()), rest);
    }
}

/// Writes the sums of a block of at most 64 columns, of operands of one digit.
#[target_feature(enable = "avx2")]
pub(super) fn integers(b: &Quantised<'_>, block: &Block, pairs: &[i32], c: &mut [&mut [i32]]) {
    each_row(pairs, b, block, |row, tile, sums| {
        for (c, sums) in c[row][tile * COLS..].chunks_mut(LANES).zip(sums) {
            c.copy_from_slice(&numbers(*sums)[..c.len()]);
        }
    });
}

/// Up to 64 floats, then zeros.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn spread(x: &[f32]) -> [__m256; WIDEST / LANES] {
    let mut all = [_mm256_setzero_ps(); WIDEST / LANES];
    for (all, x) in all.iter_mut().zip(x.chunks(LANES)) {
        *all = load(x);
    }
    all
}

/// Calls `put` with each row of a block, counted from the block's first, each tile of its columns, and the sums there. A
/// tile's columns come one after another, and of these as much of the depth at a time as the first cache holds. Meanwhile
/// the columns of the next block are asked for.
#[inline]
#[target_feature(enable = "avx2")]
fn each_row(
    pairs: &[i32],
    b: &Quantised<'_>,
    block: &Block,
    mut put: impl FnMut(usize, usize, &[__m256i; GROUPS]),
) {
    let (mut panel, steps) = (Panel::new(), b.depth().div_ceil(DEEP));
    // One is enough where none has to wait for more of the depth.
    let waiting = if b.depth() > DEPTH { block.rows.div_ceil(ROWS) } else { 1 };
    let mut tiles = vec![[[_mm256_setzero_si256(); GROUPS]; ROWS]; waiting];
    for col in (0..block.cols).step_by(COLS) {
        let cols = COLS.min(block.cols - col);
        for start in (0..b.depth()).step_by(DEPTH) {
            let depth = start..b.depth().min(start + DEPTH);
            panel.pack(cols, depth.len(), |column| &b.digits(0, block.col + col + column)[depth.clone()]);
            let lines = panel.tiles().next().unwrap_or_default();
            for row in (0..block.rows).step_by(ROWS) {
                let rows = ROWS.min(block.rows - row);
                let mut left: [&[i32]; ROWS] = [&[]; ROWS];
                for (r, left) in left.iter_mut().enumerate() {
                    let at = (block.row + row + r.min(rows - 1)) * steps;
                    *left = &pairs[at + start / DEEP..at + depth.end.div_ceil(DEEP)];
                }
                let tile = &mut tiles[row / ROWS % waiting];
                if start == 0 {
                    *tile = [[_mm256_setzero_si256(); GROUPS]; ROWS];
                }
                if start == 0 && col == 0 {
                    prefetch::columns(b, block, row..row + rows);
                }
                add_tile(tile, &left, lines);
                if depth.end == b.depth() {
                    for (r, sums) in tile.iter().take(rows).enumerate() {
                        put(row + r, col / COLS, sums);
                    }
                }
            }
        }
    }
}

/// The digits of an operand of one digit as a tile reads them, row after row.
#[target_feature(enable = "avx2")]
pub(super) fn pairs(a: &Quantised<'_>) -> Vec<i32> {
    let steps = a.depth().div_ceil(DEEP);
    let mut pairs = vec![0; a.rows() * steps];
    for (row, pairs) in pairs.chunks_exact_mut(steps).enumerate() {
        widen_row(a.digits(0, row), pairs);
    }
    pairs
}

/// Widens digits of plane `plane` of six rows of a block from `row` on, the last one again where there are fewer.
#[inline]
#[target_feature(enable = "avx2")]
fn widen(left: &mut Rows, a: &Quantised<'_>, plane: usize, block: &Block, row: usize) {
    let mut rows: [&[i8]; ROWS] = [&[]; ROWS];
    for (r, to) in rows.iter_mut().enumerate() {
        *to = a.digits(plane, block.row + (row + r).min(block.rows - 1));
    }
    left.widen(&rows);
}

/// Calls `put` with each of the first `rows` rows, each tile of a panel's columns, and the products there.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn each_product(
    left: &[&[i32]; ROWS],
    panel: &Panel,
    rows: usize,
    mut put: impl FnMut(usize, usize, &[__m256i; GROUPS]),
) {
    for (number, lines) in panel.tiles().enumerate() {
        for (r, sums) in tile(left, lines).iter().take(rows).enumerate() {
            put(r, number, sums);
        }
    }
}

/// Adds the products of six rows with the columns of a panel, in their digits' place, to the rows of `sums` that there
/// are, each of `cols`.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn add_products(left: &[&[i32]; ROWS], panel: &Panel, shift: i32, sums: &mut [i64], cols: usize) {
    each_product(left, panel, sums.len() / cols, |r, tile, products| {
        let row = &mut sums[r * cols..(r + 1) * cols];
        for (sums, products) in row[tile * COLS..].chunks_mut(LANES).zip(products) {
            add(*products, shift, sums);
        }
    });
}

/// Σ a·b of each of six rows with each of 16 columns. An i32 holds every partial sum of digits, since 131,071·127² < 2³¹;
/// of larger numbers the caller sees to that.
#[inline]
#[target_feature(enable = "avx2")]
fn tile(left: &[&[i32]; ROWS], lines: &[Line]) -> [[__m256i; GROUPS]; ROWS] {
    let mut sums = [[_mm256_setzero_si256(); GROUPS]; ROWS];
    add_tile(&mut sums, left, lines);
    sums
}

/// Adds Σ a·b of each of six rows with each of 16 columns, as [`tile`] does.
#[inline]
#[target_feature(enable = "avx2")]
fn add_tile(to: &mut [[__m256i; GROUPS]; ROWS], left: &[&[i32]; ROWS], lines: &[Line]) {
    let steps = left[0].len();
    assert!(left.iter().all(|row| row.len() == steps), "rows of one length");
    assert!(lines.len() == steps * GROUPS, "lines of the rows' depth");
    // In registers, along the whole depth.
    let mut sums = *to;
    for step in 0..steps {
        let mut right = [_mm256_setzero_si256(); GROUPS];
        for (group, right) in right.iter_mut().enumerate() {
            // SAFETY: step < steps, and there are two lines for each; a line begins at a multiple of 32 bytes.
            *right = unsafe { _mm256_load_si256(lines.as_ptr().add(step * GROUPS + group).cast()) };
        }
        for (sums, row) in sums.iter_mut().zip(left) {
            // SAFETY: step < steps, the length of each row.
            let pair = _mm256_set1_epi32(unsafe { *row.as_ptr().add(step) });
            for (sum, right) in sums.iter_mut().zip(&right) {
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(pair, *right));
            }
        }
    }
    *to = sums;
}

/// The eight lanes.
#[inline]
#[target_feature(enable = "avx2")]
fn numbers(lanes: __m256i) -> [i32; LANES] {
    let mut all = [0; LANES];
    // SAFETY: an unaligned store into the 32 bytes of the array.
    unsafe { _mm256_storeu_si256(all.as_mut_ptr().cast(), lanes) };
    all
}

/// Adds eight sums, in their digits' place, to as many as there are.
#[inline]
#[target_feature(enable = "avx2")]
fn add(lanes: __m256i, shift: i32, sums: &mut [i64]) {
    let Some(sums) = sums.first_chunk_mut::<LANES>() else {
        for (sum, lane) in sums.iter_mut().zip(numbers(lanes)) {
            *sum += i64::from(lane) << shift;
        }
        return;
    };
    let halves = [_mm256_castsi256_si128(lanes), _mm256_extracti128_si256::<1>(lanes)];
    for (half, sums) in halves.into_iter().zip(sums.chunks_exact_mut(LANES / 2)) {
        let wide = _mm256_sll_epi64(_mm256_cvtepi32_epi64(half), _mm_cvtsi32_si128(shift));
        // SAFETY: an unaligned load and store of the four numbers of the chunk.
        unsafe {
            let before = _mm256_loadu_si256(sums.as_ptr().cast());
            _mm256_storeu_si256(sums.as_mut_ptr().cast(), _mm256_add_epi64(before, wide));
        }
    }
}
