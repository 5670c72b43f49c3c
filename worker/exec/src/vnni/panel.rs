//! Columns packed as the tiles read them.

use std::arch::x86_64::{
    __m128i, __m512i, _mm512_castsi128_si512, _mm512_inserti32x4, _mm512_loadu_si512,
    _mm512_maskz_loadu_epi8, _mm512_permutexvar_epi32, _mm512_set1_epi8, _mm512_setr4_epi32,
    _mm512_setr_epi32, _mm512_setzero_si512, _mm512_shuffle_epi8, _mm512_shuffle_i32x4, _mm512_store_si512,
    _mm512_unpackhi_epi32, _mm512_unpackhi_epi64, _mm512_unpacklo_epi32, _mm512_unpacklo_epi64,
    _mm512_xor_si512, _mm_loadu_si128, _mm_prefetch, _mm_setzero_si128, _MM_HINT_T0,
};
use std::cell::Cell;
use std::mem;

use crate::spare;

/// Digits of a column that one instruction takes.
pub(super) const DEEP: usize = 4;
/// Columns of a line.
pub(super) const LANES: usize = 16;

/// Four digits of sixteen columns, each 128 too large.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(super) struct Line(pub(super) [u8; DEEP * LANES]);

/// Digits of some columns: for each four of the depth a line of each group of 16 columns. Behind the depth and beside the
/// columns there is something that takes no part.
pub(super) struct Panel {
    /// As many as there is memory for.
    lines: Vec<Line>,
    count: usize,
    pub(super) groups: usize,
}

thread_local! {
    static SPARE: Cell<Vec<Line>> = const { Cell::new(Vec::new()) };
}

impl Panel {
    pub(super) fn new() -> Self {
        Self { lines: spare::take(&SPARE), count: 0, groups: 0 }
    }

    fn resize(&mut self, cols: usize, depth: usize) {
        self.groups = cols.div_ceil(LANES);
        self.count = self.groups * depth.div_ceil(DEEP);
        if self.lines.len() < self.count {
            // The thread keeps them: no more than are asked for.
            self.lines.reserve_exact(self.count - self.lines.len());
            self.lines.resize(self.count, Line([0; DEEP * LANES]));
        }
    }

    pub(super) fn lines(&self) -> &[Line] {
        &self.lines[..self.count]
    }

    /// Packs columns of `depth` digits each, by number. Those of the next group are asked for meanwhile: sixteen columns
    /// at a time are no order that the processor foresees. Vectors are filled by plain loops, since closures that make them
    /// are not inlined into functions without these instructions, such as `array::map`.
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn pack<'a>(&mut self, cols: usize, depth: usize, column: impl Fn(usize) -> &'a [i8]) {
        self.resize(cols, depth);
        let of_group = |group: usize| {
            let mut columns: [&[i8]; LANES] = [&[]; LANES];
            for (to, index) in columns.iter_mut().zip(group * LANES..cols) {
                *to = column(index);
            }
            columns
        };
        let mut columns = of_group(0);
        for group in 0..self.groups {
            let next = of_group(group + 1);
            for (step, lines) in self.lines[..self.count].chunks_mut(self.groups * LANES).enumerate() {
                let at = step * DEEP * LANES;
                let mut rows = [_mm512_setzero_si512(); LANES];
                for ((row, column), next) in rows.iter_mut().zip(&columns).zip(&next) {
                    *row = digits(column, at);
                    prefetch(next, at);
                }
                let lines = lines.iter_mut().skip(group).step_by(self.groups);
                for (line, packed) in lines.zip(&transposed(rows)) {
                    line.put(*packed);
                }
            }
            columns = next;
        }
    }

    /// Packs columns from rows, by number: `depth` rows of one digit of each column.
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn pack_rows<'a>(&mut self, cols: usize, depth: usize, row: impl Fn(usize) -> &'a [i8]) {
        self.resize(cols, depth);
        for (step, lines) in self.lines[..self.count].chunks_exact_mut(self.groups).enumerate() {
            let mut rows: [&[i8]; DEEP] = [&[]; DEEP];
            for (to, index) in rows.iter_mut().zip(step * DEEP..depth) {
                *to = row(index);
            }
            for (group, line) in lines.iter_mut().enumerate() {
                let mut parts = [_mm_setzero_si128(); DEEP];
                for (part, row) in parts.iter_mut().zip(rows) {
                    *part = sixteen(row, group * LANES);
                }
                line.put(interleaved(parts));
            }
        }
    }
}

impl Drop for Panel {
    fn drop(&mut self) {
        spare::keep(&SPARE, mem::take(&mut self.lines));
    }
}

impl Line {
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn put(&mut self, packed: __m512i) {
        // SAFETY: a line has 64 bytes and begins at a multiple of them.
        unsafe { _mm512_store_si512(self.0.as_mut_ptr().cast(), packed) };
    }
}

/// Sixteen digits of a row from `at` on, zeros behind its end.
#[inline]
#[target_feature(enable = "avx512f")]
fn sixteen(row: &[i8], at: usize) -> __m128i {
    let here = row.get(at..).unwrap_or_default();
    let mut padded = [0; LANES];
    let whole = match here.first_chunk::<LANES>() {
        Some(whole) => whole,
        None => {
            padded[..here.len()].copy_from_slice(here);
            &padded
        }
    };
    // SAFETY: an unaligned load of the 16 bytes of the array.
    unsafe { _mm_loadu_si128(whole.as_ptr().cast()) }
}

/// The four digits of each of sixteen columns together, each 128 too large.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn interleaved(rows: [__m128i; DEEP]) -> __m512i {
    let all = _mm512_inserti32x4::<1>(_mm512_castsi128_si512(rows[0]), rows[1]);
    let all = _mm512_inserti32x4::<3>(_mm512_inserti32x4::<2>(all, rows[2]), rows[3]);
    // Word 4·c + r becomes columns 4·c…4·c + 3 of row r; then bytes are transposed within each four words.
    let words = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    let bytes = _mm512_setr4_epi32(0x0C08_0400, 0x0D09_0501, 0x0E0A_0602, 0x0F0B_0703);
    let packed = _mm512_shuffle_epi8(_mm512_permutexvar_epi32(words, all), bytes);
    _mm512_xor_si512(packed, _mm512_set1_epi8(i8::MIN))
}

/// 64 digits of a column from `at` on, zeros behind its end, each 128 too large.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn digits(column: &[i8], at: usize) -> __m512i {
    let here = column.get(at..).unwrap_or_default();
    let bytes = match here.first_chunk::<64>() {
        // SAFETY: an unaligned load of the 64 bytes of the array.
        Some(whole) => unsafe { _mm512_loadu_si512(whole.as_ptr().cast()) },
        // SAFETY: the mask covers no more bytes than the slice has, fewer than 64.
        None => unsafe { _mm512_maskz_loadu_epi8((1u64 << here.len()) - 1, here.as_ptr()) },
    };
    _mm512_xor_si512(bytes, _mm512_set1_epi8(i8::MIN))
}

/// Asks for the cache line of a column's digit `at`, if there is one.
#[inline]
#[target_feature(enable = "avx512f")]
#[allow(unused_unsafe)] // The intrinsic is a safe function in later versions of the standard library.
fn prefetch(column: &[i8], at: usize) {
    if let Some(digit) = column.get(at) {
        // SAFETY: a hint, which changes nothing that could be seen.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(digit) };
    }
}

/// Sixteen rows of sixteen words of 32 bits, transposed.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn transposed(rows: [__m512i; 16]) -> [__m512i; 16] {
    let zero = _mm512_setzero_si512();
    // Pairs of words of two rows, then four words of four rows: lane l of `fours[4·i + j]` is column 4·l + j of the rows
    // from 4·i on.
    let (mut pairs, mut fours) = ([zero; 16], [zero; 16]);
    for i in 0..8 {
        pairs[2 * i] = _mm512_unpacklo_epi32(rows[2 * i], rows[2 * i + 1]);
        pairs[2 * i + 1] = _mm512_unpackhi_epi32(rows[2 * i], rows[2 * i + 1]);
    }
    for i in (0..16).step_by(4) {
        fours[i] = _mm512_unpacklo_epi64(pairs[i], pairs[i + 2]);
        fours[i + 1] = _mm512_unpackhi_epi64(pairs[i], pairs[i + 2]);
        fours[i + 2] = _mm512_unpacklo_epi64(pairs[i + 1], pairs[i + 3]);
        fours[i + 3] = _mm512_unpackhi_epi64(pairs[i + 1], pairs[i + 3]);
    }
    // 0x88 takes lanes 0 and 2 of either, 0xDD lanes 1 and 3.
    let mut columns = [zero; 16];
    for j in 0..4 {
        let even_upper = _mm512_shuffle_i32x4::<0x88>(fours[j], fours[4 + j]);
        let even_lower = _mm512_shuffle_i32x4::<0x88>(fours[8 + j], fours[12 + j]);
        let odd_upper = _mm512_shuffle_i32x4::<0xDD>(fours[j], fours[4 + j]);
        let odd_lower = _mm512_shuffle_i32x4::<0xDD>(fours[8 + j], fours[12 + j]);
        columns[j] = _mm512_shuffle_i32x4::<0x88>(even_upper, even_lower);
        columns[8 + j] = _mm512_shuffle_i32x4::<0xDD>(even_upper, even_lower);
        columns[4 + j] = _mm512_shuffle_i32x4::<0x88>(odd_upper, odd_lower);
        columns[12 + j] = _mm512_shuffle_i32x4::<0xDD>(odd_upper, odd_lower);
    }
    columns
}
