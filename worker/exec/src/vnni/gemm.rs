//! Products of many rows: tiles of six rows and 64 columns, whose sums stay in registers along the whole depth.

use std::arch::x86_64::{
    __m512, __m512i, _mm512_add_epi64, _mm512_add_ps, _mm512_castsi512_si256, _mm512_cvtepi32_epi64,
    _mm512_cvtepi32_ps, _mm512_dpbusd_epi32, _mm512_extracti64x4_epi64, _mm512_load_si512,
    _mm512_mask_storeu_epi32, _mm512_mask_storeu_epi64, _mm512_maskz_loadu_epi64, _mm512_mul_ps,
    _mm512_reduce_add_epi32, _mm512_set1_epi32, _mm512_set1_epi64, _mm512_set1_epi8, _mm512_set1_ps,
    _mm512_setzero_ps, _mm512_setzero_si512, _mm512_slli_epi64, _mm512_sllv_epi64, _mm512_sub_epi32,
};

use assay_exact::{Precision, Quantised};

use super::float::{lanes, load, not_finite, store};
use super::panel::{Line, Panel, DEEP, LANES};
use super::vector::digits;
use crate::kernel::Block;
use crate::prefetch;

/// Below this many rows, packing the columns costs more than it saves.
pub(super) const LEAST_ROWS: usize = 5;
/// Rows of a tile: with four lines of columns, 24 of 32 registers hold sums.
pub(super) const ROWS: usize = 6;
/// Groups of columns of a tile.
const GROUPS: usize = 4;
/// Digits of each of 64 columns that the first cache holds, with room for rows.
const DEPTH: usize = 512;

/// Writes the sums of a block of at most 64 columns, over all pairs of digits, into zeros.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vnni")]
pub(super) fn block(a: &Quantised<'_>, b: &Quantised<'_>, block: &Block, sums: &mut [i64]) {
    if [a.precision(), b.precision()] == [Precision::I15; 2] {
        return two_digits(a, b, block, sums);
    }
    let mut panel = Panel::new();
    for q in 0..b.precision().digits() {
        panel.pack(block.cols, a.depth(), |column| b.digits(q, block.col + column));
        for p in 0..a.precision().digits() {
            let mut row = 0;
            while row < block.rows {
                let rows = ROWS.min(block.rows - row);
                let left = |r: usize| a.digits(p, block.row + row + r.min(rows - 1));
                let part = &mut sums[row * block.cols..(row + rows) * block.cols];
                add_products(&std::array::from_fn(left), &panel, 7 * (p + q) as i64, part, block.cols);
                row += rows;
            }
        }
    }
}

/// As [`block`], of operands of two digits, as in training: the two products of a low and a high digit are summed in the
/// same registers, which hold them since 2·64·127·131,071 < 2³¹, and each sum is written once.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vnni")]
fn two_digits(a: &Quantised<'_>, b: &Quantised<'_>, block: &Block, sums: &mut [i64]) {
    let [mut low, mut high] = [Panel::new(), Panel::new()];
    low.pack(block.cols, a.depth(), |column| b.digits(0, block.col + column));
    high.pack(block.cols, a.depth(), |column| b.digits(1, block.col + column));
    let panels = [low.lines(), high.lines()];
    for row in (0..block.rows).step_by(ROWS) {
        let rows = ROWS.min(block.rows - row);
        let mut left: [[&[i8]; ROWS]; 2] = [[&[]; ROWS]; 2];
        for (p, left) in left.iter_mut().enumerate() {
            for (r, left) in left.iter_mut().enumerate() {
                *left = a.digits(p, block.row + row + r.min(rows - 1));
            }
        }
        let sums = &mut sums[row * block.cols..(row + rows) * block.cols];
        match low.groups {
            1 => pairs::<1>(&left, panels, sums, block.cols),
            2 => pairs::<2>(&left, panels, sums, block.cols),
            3 => pairs::<3>(&left, panels, sums, block.cols),
            _ => pairs::<4>(&left, panels, sums, block.cols),
        }
    }
}

/// Writes the sums of six rows with 16·G columns, both of two digits, to the rows that there are, each of `cols`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vnni")]
fn pairs<const G: usize>(left: &[[&[i8]; ROWS]; 2], panels: [&[Line]; 2], sums: &mut [i64], cols: usize) {
    let none = [[_mm512_setzero_si512(); G]; ROWS];
    let mut places = [none; 3];
    for (p, left) in left.iter().enumerate() {
        for (q, panel) in panels.into_iter().enumerate() {
            add_tile(&mut places[p + q], left, panel);
        }
    }
    for (r, sums) in sums.chunks_exact_mut(cols).enumerate() {
        let [low, high] = [total(left[0][r]).wrapping_mul(128), total(left[1][r]).wrapping_mul(128)];
        let excess = [low, low.wrapping_add(high), high];
        for (g, sums) in sums.chunks_mut(LANES).enumerate() {
            let mut exact = [_mm512_setzero_si512(); 3];
            for ((exact, place), excess) in exact.iter_mut().zip(&places).zip(excess) {
                *exact = _mm512_sub_epi32(place[r][g], _mm512_set1_epi32(excess));
            }
            put_pairs(exact, sums);
        }
    }
}

/// Writes sixteen sums of products of two digits, those of each place apart, to as many as there are.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq")]
fn put_pairs(places: [__m512i; 3], sums: &mut [i64]) {
    for (half, sums) in sums.chunks_mut(LANES / 2).enumerate() {
        let mut wide = [_mm512_setzero_si512(); 3];
        for (wide, place) in wide.iter_mut().zip(places) {
            let narrow = match half {
                0 => _mm512_castsi512_si256(place),
                _ => _mm512_extracti64x4_epi64::<1>(place),
            };
            *wide = _mm512_cvtepi32_epi64(narrow);
        }
        let upper = _mm512_add_epi64(wide[1], _mm512_slli_epi64::<7>(wide[2]));
        let all = _mm512_add_epi64(wide[0], _mm512_slli_epi64::<7>(upper));
        let mask = ((1u16 << sums.len()) - 1) as u8;
        // SAFETY: the mask covers as many numbers as the slice has.
        unsafe { _mm512_mask_storeu_epi64(sums.as_mut_ptr(), mask, all) };
    }
}

/// Writes x·Wᵀ + b of a block of at most 64 columns, of operands of one digit; whether all of it is finite. `totals` has
/// the sum of the digits of each row of `a`, and `bias` an element for each of the block's columns.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vnni")]
pub(super) fn linear(
    a: &Quantised<'_>,
    b: &Quantised<'_>,
    block: &Block,
    totals: &[i32],
    bias: Option<&[f32]>,
    y: &mut [&mut [f32]],
) -> bool {
    let scales = spread(&b.scales()[block.col..block.col + block.cols]);
    let bias = bias.map(|bias| spread(&bias[..block.cols]));
    let mut bad = 0;
    each_row(a, b, block, totals, |row, sums| {
        if let Some(later) = y.get(row + ROWS) {
            prefetch::to_write(later);
        }
        let scale = _mm512_set1_ps(a.scale(block.row + row));
        put_row(sums, y[row], |sums, group| {
            let mut value = _mm512_mul_ps(_mm512_cvtepi32_ps(sums), _mm512_mul_ps(scale, scales[group]));
            if let Some(bias) = &bias {
                value = _mm512_add_ps(value, bias[group]);
            }
            // Beside the columns, scale and bias are zeros: so is the value.
            bad |= not_finite(value);
            value
        });
    });
    bad == 0
}

/// Writes a row of up to 64 floats, each sixteen of them what `value` makes of their sums and of their number. Sums behind
/// the row's end mean nothing.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn put_row(sums: &[__m512i], y: &mut [f32], mut value: impl FnMut(__m512i, usize) -> __m512) {
    let (wholes, rest) = y.as_chunks_mut::<LANES>();
    for (group, (y, sums)) in wholes.iter_mut().zip(sums).enumerate() {
        store(value(*sums, group), y);
    }
    if let (false, Some(sums)) = (rest.is_empty(), sums.get(wholes.len())) {
        store(value(*sums, wholes.len()), rest);
    }
}

/// Writes the sums of a block of at most 64 columns, of operands of one digit.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vnni")]
pub(super) fn integers(
    a: &Quantised<'_>,
    b: &Quantised<'_>,
    block: &Block,
    totals: &[i32],
    c: &mut [&mut [i32]],
) {
    each_row(a, b, block, totals, |row, sums| {
        for (c, sums) in c[row].chunks_mut(LANES).zip(sums) {
            // SAFETY: the mask covers as many numbers as the slice has.
            unsafe { _mm512_mask_storeu_epi32(c.as_mut_ptr(), lanes(c.len()), *sums) };
        }
    });
}

/// Up to 64 floats, then zeros.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn spread(x: &[f32]) -> [__m512; GROUPS] {
    let mut all = [_mm512_setzero_ps(); GROUPS];
    for (all, x) in all.iter_mut().zip(x.chunks(LANES)) {
        *all = load(x);
    }
    all
}

/// Calls `put` with each row of a block, counted from the block's first, and with its sums, sixteen columns each. Those
/// beside the block's columns mean nothing.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vnni")]
fn each_row(
    a: &Quantised<'_>,
    b: &Quantised<'_>,
    block: &Block,
    totals: &[i32],
    put: impl FnMut(usize, &[__m512i]),
) {
    match block.cols.div_ceil(LANES) {
        1 => by_depth::<1>(a, b, block, totals, put),
        2 => by_depth::<2>(a, b, block, totals, put),
        3 => by_depth::<3>(a, b, block, totals, put),
        _ => by_depth::<4>(a, b, block, totals, put),
    }
}

/// As [`each_row`], with 16·G columns, as much of the depth at a time as the first cache holds of them. Meanwhile the
/// columns of the next block are asked for.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vnni")]
fn by_depth<const G: usize>(
    a: &Quantised<'_>,
    b: &Quantised<'_>,
    block: &Block,
    totals: &[i32],
    mut put: impl FnMut(usize, &[__m512i]),
) {
    let mut panel = Panel::new();
    // One is enough where none has to wait for more of the depth.
    let waiting = if a.depth() > DEPTH { block.rows.div_ceil(ROWS) } else { 1 };
    let mut tiles = vec![[[_mm512_setzero_si512(); G]; ROWS]; waiting];
    for start in (0..a.depth()).step_by(DEPTH) {
        let depth = start..a.depth().min(start + DEPTH);
        panel.pack(block.cols, depth.len(), |column| &b.digits(0, block.col + column)[depth.clone()]);
        for row in (0..block.rows).step_by(ROWS) {
            let rows = ROWS.min(block.rows - row);
            let mut left: [&[i8]; ROWS] = [&[]; ROWS];
            for (r, left) in left.iter_mut().enumerate() {
                *left = &a.digits(0, block.row + row + r.min(rows - 1))[depth.clone()];
            }
            let tile = &mut tiles[row / ROWS % waiting];
            if start == 0 {
                prefetch::columns(b, block, row..row + rows);
                take_off(tile, &totals[block.row + row..block.row + row + rows]);
            }
            add_tile(tile, &left, panel.lines());
            if depth.end == a.depth() {
                for (r, sums) in tile.iter().take(rows).enumerate() {
                    put(row + r, sums);
                }
            }
        }
    }
}

/// Starts sums with what is 128 too large in the columns, taken off.
#[inline]
#[target_feature(enable = "avx512f")]
fn take_off<const G: usize>(tile: &mut [[__m512i; G]; ROWS], totals: &[i32]) {
    for (sums, total) in tile.iter_mut().zip(totals) {
        *sums = [_mm512_set1_epi32(total.wrapping_mul(-128)); G];
    }
}

/// Calls `put` with each of up to six rows, as many as there are sums of their digits in `totals`, and its products with
/// the columns of a panel, at most 64, sixteen at a time.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vnni")]
pub(super) fn each_product(
    left: &[&[i8]; ROWS],
    panel: &Panel,
    totals: &[i32],
    put: impl FnMut(usize, &[__m512i]),
) {
    match panel.groups {
        1 => exact::<1>(left, panel.lines(), totals, put),
        2 => exact::<2>(left, panel.lines(), totals, put),
        3 => exact::<3>(left, panel.lines(), totals, put),
        _ => exact::<4>(left, panel.lines(), totals, put),
    }
}

/// As [`each_product`], with 16·G columns.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vnni")]
fn exact<const G: usize>(
    left: &[&[i8]; ROWS],
    lines: &[Line],
    totals: &[i32],
    mut put: impl FnMut(usize, &[__m512i]),
) {
    let mut tile = [[_mm512_setzero_si512(); G]; ROWS];
    take_off(&mut tile, totals);
    add_tile(&mut tile, left, lines);
    for (r, (sums, _)) in tile.iter().zip(totals).enumerate() {
        put(r, sums);
    }
}

/// Adds the products of six rows with the columns of a panel, at most 64, in their digits' place, to the rows of `sums`
/// that there are, each of `cols`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vnni")]
pub(super) fn add_products(left: &[&[i8]; ROWS], panel: &Panel, shift: i64, sums: &mut [i64], cols: usize) {
    match panel.groups {
        1 => strip::<1>(left, panel.lines(), shift, sums, cols),
        2 => strip::<2>(left, panel.lines(), shift, sums, cols),
        3 => strip::<3>(left, panel.lines(), shift, sums, cols),
        _ => strip::<4>(left, panel.lines(), shift, sums, cols),
    }
}

/// Adds the products of six rows with 16·G columns, in their digits' place, to the rows of `sums` that there are.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vnni")]
fn strip<const G: usize>(left: &[&[i8]; ROWS], lines: &[Line], shift: i64, sums: &mut [i64], cols: usize) {
    let tile = tile::<G>(left, lines);
    for ((tile, row), sums) in tile.iter().zip(left).zip(sums.chunks_exact_mut(cols)) {
        let excess = _mm512_set1_epi32(total(row).wrapping_mul(128));
        for (lanes, sums) in tile.iter().zip(sums.chunks_mut(LANES)) {
            add(_mm512_sub_epi32(*lanes, excess), shift, sums);
        }
    }
}

/// Σ a·(b + 128) of each row with each column, modulo 2³².
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vnni")]
fn tile<const G: usize>(left: &[&[i8]; ROWS], lines: &[Line]) -> [[__m512i; G]; ROWS] {
    let mut sums = [[_mm512_setzero_si512(); G]; ROWS];
    add_tile(&mut sums, left, lines);
    sums
}

/// Adds Σ a·(b + 128) of each row with each column, modulo 2³².
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vnni")]
fn add_tile<const G: usize>(to: &mut [[__m512i; G]; ROWS], left: &[&[i8]; ROWS], lines: &[Line]) {
    let depth = left[0].len();
    let (whole, steps) = (depth / DEEP, depth.div_ceil(DEEP));
    assert!(left.iter().all(|row| row.len() == depth), "rows of one length");
    assert!(lines.len() == steps * G, "lines of the rows' depth");
    // In registers, along the whole depth.
    let mut sums = *to;
    for step in 0..whole {
        // SAFETY: step < steps, and there are G lines for each; a line begins at a multiple of 64 bytes.
        let right: [__m512i; G] =
            std::array::from_fn(|g| unsafe { _mm512_load_si512(lines.as_ptr().add(step * G + g).cast()) });
        for (sums, row) in sums.iter_mut().zip(left) {
            // SAFETY: four digits from 4·step on are within the row, since step < depth / 4.
            let digits = unsafe { row.as_ptr().add(DEEP * step).cast::<i32>().read_unaligned() };
            multiply(sums, &right, digits);
        }
    }
    if whole < steps {
        // SAFETY: as above.
        let right: [__m512i; G] =
            std::array::from_fn(|g| unsafe { _mm512_load_si512(lines.as_ptr().add(whole * G + g).cast()) });
        for (sums, row) in sums.iter_mut().zip(left) {
            let mut last = [0; DEEP];
            for (last, digit) in last.iter_mut().zip(&row[DEEP * whole..]) {
                *last = *digit as u8;
            }
            multiply(sums, &right, i32::from_le_bytes(last));
        }
    }
    *to = sums;
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vnni")]
fn multiply<const G: usize>(sums: &mut [__m512i; G], right: &[__m512i; G], digits: i32) {
    let digits = _mm512_set1_epi32(digits);
    for (sum, right) in sums.iter_mut().zip(right) {
        *sum = _mm512_dpbusd_epi32(*sum, *right, digits);
    }
}

/// Adds sixteen sums, in their digits' place, to as many as there are.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq")]
fn add(lanes: __m512i, shift: i64, sums: &mut [i64]) {
    let halves = [_mm512_castsi512_si256(lanes), _mm512_extracti64x4_epi64::<1>(lanes)];
    for (half, sums) in halves.into_iter().zip(sums.chunks_mut(LANES / 2)) {
        let mask = ((1u16 << sums.len()) - 1) as u8;
        let wide = _mm512_sllv_epi64(_mm512_cvtepi32_epi64(half), _mm512_set1_epi64(shift));
        // SAFETY: the mask covers as many numbers as the slice has.
        unsafe {
            let before = _mm512_maskz_loadu_epi64(mask, sums.as_ptr());
            _mm512_mask_storeu_epi64(sums.as_mut_ptr(), mask, _mm512_add_epi64(before, wide));
        }
    }
}

/// The sums of the digits of each row, of the lowest plane.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(super) fn totals(a: &Quantised<'_>) -> Vec<i32> {
    let mut totals = vec![0; a.rows()];
    for (row, sum) in totals.iter_mut().enumerate() {
        *sum = total(a.digits(0, row));
    }
    totals
}

/// The sum of a row's digits.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(super) fn total(row: &[i8]) -> i32 {
    let ones = _mm512_set1_epi8(1);
    let mut sum = _mm512_setzero_si512();
    for at in (0..row.len()).step_by(64) {
        sum = _mm512_dpbusd_epi32(sum, ones, digits(row, at));
    }
    _mm512_reduce_add_epi32(sum)
}
