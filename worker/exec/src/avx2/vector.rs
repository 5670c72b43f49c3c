//! Products of few rows: columns are read once, as they lie, and widened to i16 as they are loaded.

use std::arch::x86_64::{
    __m256i, _mm256_add_epi32, _mm256_castsi256_si128, _mm256_cvtepi8_epi16, _mm256_extracti128_si256,
    _mm256_madd_epi16, _mm256_setzero_si256, _mm_add_epi32, _mm_cvtsi128_si32, _mm_loadu_si128,
    _mm_shuffle_epi32,
};

use assay_exact::Quantised;

use crate::kernel::Block;

/// Digits that one instruction takes.
const LANES: usize = 16;

/// Sixteen digits as i16.
#[inline]
#[target_feature(enable = "avx2")]
fn widen(digits: &[i8; LANES]) -> __m256i {
    // SAFETY: an unaligned load of the 16 bytes of the array.
    _mm256_cvtepi8_epi16(unsafe { _mm_loadu_si128(digits.as_ptr().cast()) })
}

/// The sum of the eight lanes.
#[inline]
#[target_feature(enable = "avx2")]
fn total(lanes: __m256i) -> i32 {
    let half = _mm_add_epi32(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256::<1>(lanes));
    let quarter = _mm_add_epi32(half, _mm_shuffle_epi32::<0b00_00_11_10>(half));
    _mm_cvtsi128_si32(_mm_add_epi32(quarter, _mm_shuffle_epi32::<0b00_00_00_01>(quarter)))
}

/// Σ a·b of every pair of a row of `a` and a row of `b`, all of one length up to 131,071: an i32 holds every
/// partial sum, since 131,071·127² < 2³¹.
#[inline]
#[target_feature(enable = "avx2")]
fn tile<const M: usize, const N: usize>(a: [&[i8]; M], b: [&[i8]; N]) -> [[i32; N]; M] {
    let depth = a[0].len();
    assert!(a.iter().chain(&b).all(|row| row.len() == depth), "rows of one length");
    let mut lanes = [[_mm256_setzero_si256(); N]; M];
    let mut at = 0;
    while at + LANES <= depth {
        let (mut left, mut right) = ([_mm256_setzero_si256(); M], [_mm256_setzero_si256(); N]);
        for (left, row) in left.iter_mut().zip(&a) {
            // SAFETY: at + 16 ≤ depth, the length of each row, as asserted above.
            *left = widen(unsafe { &*row.as_ptr().add(at).cast::<[i8; LANES]>() });
        }
        for (right, row) in right.iter_mut().zip(&b) {
            // SAFETY: as above.
            *right = widen(unsafe { &*row.as_ptr().add(at).cast::<[i8; LANES]>() });
        }
        step(&mut lanes, &left, &right);
        at += LANES;
    }
    if at < depth {
        let (mut left, mut right) = ([_mm256_setzero_si256(); M], [_mm256_setzero_si256(); N]);
        for (left, row) in left.iter_mut().zip(&a) {
            *left = widen(&padded(&row[at..]));
        }
        for (right, row) in right.iter_mut().zip(&b) {
            *right = widen(&padded(&row[at..]));
        }
        step(&mut lanes, &left, &right);
    }
    let mut sums = [[0; N]; M];
    for (sums, lanes) in sums.iter_mut().zip(&lanes) {
        for (sum, lanes) in sums.iter_mut().zip(lanes) {
            *sum = total(*lanes);
        }
    }
    sums
}

/// Fewer than sixteen digits, then zeros.
#[inline]
fn padded(digits: &[i8]) -> [i8; LANES] {
    let mut all = [0; LANES];
    all[..digits.len()].copy_from_slice(digits);
    all
}

#[inline]
#[target_feature(enable = "avx2")]
fn step<const M: usize, const N: usize>(
    lanes: &mut [[__m256i; N]; M],
    left: &[__m256i; M],
    right: &[__m256i; N],
) {
    for (lanes, left) in lanes.iter_mut().zip(left) {
        for (lanes, right) in lanes.iter_mut().zip(right) {
            *lanes = _mm256_add_epi32(*lanes, _mm256_madd_epi16(*left, *right));
        }
    }
}

/// Writes the sums of a block, over all pairs of digits, into zeros.
#[target_feature(enable = "avx2")]
pub(super) fn block(a: &Quantised<'_>, b: &Quantised<'_>, block: &Block, sums: &mut [i64]) {
    for p in 0..a.precision().digits() {
        for q in 0..b.precision().digits() {
            let pair = Pair { a, p, b, q };
            let mut col = 0;
            while col + 4 <= block.cols {
                strip::<4>(&pair, block, col, sums);
                col += 4;
            }
            while col < block.cols {
                strip::<1>(&pair, block, col, sums);
                col += 1;
            }
        }
    }
}

/// One digit plane of each operand.
struct Pair<'a> {
    a: &'a Quantised<'a>,
    p: usize,
    b: &'a Quantised<'a>,
    q: usize,
}

/// Adds the sums of N columns of a block, from `col` on, two rows at a time.
#[inline]
#[target_feature(enable = "avx2")]
fn strip<const N: usize>(pair: &Pair<'_>, block: &Block, col: usize, sums: &mut [i64]) {
    let left = |row: usize| pair.a.digits(pair.p, block.row + row);
    let mut right: [&[i8]; N] = [&[]; N];
    for (n, right) in right.iter_mut().enumerate() {
        *right = pair.b.digits(pair.q, block.col + col + n);
    }
    let shift = 7 * (pair.p + pair.q);
    let mut row = 0;
    while row + 2 <= block.rows {
        let rows = [left(row), left(row + 1)];
        add(&tile::<2, N>(rows, right), shift, &mut sums[row * block.cols + col..], block.cols);
        row += 2;
    }
    if row < block.rows {
        add(&tile::<1, N>([left(row)], right), shift, &mut sums[row * block.cols + col..], block.cols);
    }
}

/// Adds a tile's sums, in their digits' place, to rows that lie `width` apart.
#[inline]
fn add<const M: usize, const N: usize>(tile: &[[i32; N]; M], shift: usize, sums: &mut [i64], width: usize) {
    for (m, row) in tile.iter().enumerate() {
        for (n, sum) in row.iter().enumerate() {
            sums[m * width + n] += i64::from(*sum) << shift;
        }
    }
}
