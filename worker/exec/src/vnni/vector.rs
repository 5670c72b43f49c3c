//! Products of few rows: columns are read once, as they lie.

use std::arch::x86_64::{
    __m512i, _mm512_dpbusd_epi32, _mm512_loadu_si512, _mm512_maskz_loadu_epi8, _mm512_reduce_add_epi32,
    _mm512_set1_epi8, _mm512_setzero_si512, _mm512_xor_si512,
};

use assay_exact::Quantised;

use crate::kernel::Block;

/// Digits that one instruction takes.
const LANES: usize = 64;
/// Columns at a time.
const COLS: usize = 4;

/// Writes the sums of a block, over all pairs of digits, into zeros.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vnni")]
pub(super) fn block(a: &Quantised<'_>, b: &Quantised<'_>, block: &Block, sums: &mut [i64]) {
    for q in 0..b.precision().digits() {
        for col in (0..block.cols).step_by(COLS) {
            let cols = COLS.min(block.cols - col);
            let right: [&[i8]; COLS] =
                std::array::from_fn(|c| b.digits(q, block.col + col + c.min(cols - 1)));
            for p in 0..a.precision().digits() {
                for row in 0..block.rows {
                    let dots = dots(a.digits(p, block.row + row), &right);
                    let at = row * block.cols + col;
                    for (sum, dot) in sums[at..at + cols].iter_mut().zip(dots) {
                        *sum += i64::from(dot) << (7 * (p + q));
                    }
                }
            }
        }
    }
}

/// Σ a·b of a row with each of the columns.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vnni")]
fn dots(row: &[i8], columns: &[&[i8]; COLS]) -> [i32; COLS] {
    assert!(columns.iter().all(|column| column.len() == row.len()), "columns of the row's length");
    let excess = _mm512_set1_epi8(i8::MIN);
    let ones = _mm512_set1_epi8(1);
    let mut sums = [_mm512_setzero_si512(); COLS];
    let mut total = _mm512_setzero_si512();
    for at in (0..row.len()).step_by(LANES) {
        let left = digits(row, at);
        total = _mm512_dpbusd_epi32(total, ones, left);
        for (sum, column) in sums.iter_mut().zip(columns) {
            *sum = _mm512_dpbusd_epi32(*sum, _mm512_xor_si512(digits(column, at), excess), left);
        }
    }
    let excess = _mm512_reduce_add_epi32(total).wrapping_mul(128);
    sums.map(|sum| _mm512_reduce_add_epi32(sum).wrapping_sub(excess))
}

/// 64 digits from `at` on, zeros behind the end.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn digits(of: &[i8], at: usize) -> __m512i {
    let here = &of[at..];
    match here.first_chunk::<LANES>() {
        // SAFETY: an unaligned load of the 64 bytes of the array.
        Some(whole) => unsafe { _mm512_loadu_si512(whole.as_ptr().cast()) },
        // SAFETY: the mask covers no more bytes than the slice has, fewer than 64.
        None => unsafe { _mm512_maskz_loadu_epi8((1u64 << here.len()) - 1, here.as_ptr()) },
    }
}
