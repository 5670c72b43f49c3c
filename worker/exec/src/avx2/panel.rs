//! Operands as the tiles of a product read them: digits as i16, two of the depth together.

use std::arch::x86_64::{
    __m128i, __m256i, _mm256_cvtepi8_epi16, _mm256_store_si256, _mm256_storeu_si256, _mm_loadu_si128,
    _mm_setzero_si128, _mm_unpackhi_epi16, _mm_unpackhi_epi32, _mm_unpackhi_epi64, _mm_unpackhi_epi8,
    _mm_unpacklo_epi16, _mm_unpacklo_epi32, _mm_unpacklo_epi64, _mm_unpacklo_epi8,
};
use std::cell::Cell;
use std::mem;

use crate::spare;

/// Digits of a column that one lane takes.
pub(super) const DEEP: usize = 2;
/// Columns of a line.
pub(super) const LANES: usize = 8;
/// Lines of a tile.
pub(super) const GROUPS: usize = 2;
/// Columns of a tile.
pub(super) const COLS: usize = GROUPS * LANES;
/// Rows of a tile: with two lines of columns, 12 of 16 registers hold sums.
pub(super) const ROWS: usize = 6;
/// Digits that are widened at a time.
const BYTES: usize = 16;

/// Two digits of eight columns.
#[derive(Clone, Copy)]
#[repr(align(32))]
pub(super) struct Line(pub(super) [i16; DEEP * LANES]);

/// Digits of some columns, sixteen after sixteen: of these, for each two of the depth, two lines. Behind the depth and
/// beside the columns there are zeros.
pub(super) struct Panel {
    /// As many as there is memory for.
    lines: Vec<Line>,
    count: usize,
    steps: usize,
}

thread_local! {
    static SPARE: Cell<Vec<Line>> = const { Cell::new(Vec::new()) };
}

impl Panel {
    pub(super) fn new() -> Self {
        Self { lines: spare::take(&SPARE), count: 0, steps: 0 }
    }

    fn resize(&mut self, cols: usize, depth: usize) {
        self.steps = depth.div_ceil(DEEP);
        self.count = cols.div_ceil(COLS) * GROUPS * self.steps;
        if self.lines.len() < self.count {
            // The thread keeps them: no more than are asked for.
            self.lines.reserve_exact(self.count - self.lines.len());
            self.lines.resize(self.count, Line([0; DEEP * LANES]));
        }
    }

    /// The columns of each tile.
    pub(super) fn tiles(&self) -> impl Iterator<Item = &[Line]> {
        self.lines[..self.count].chunks_exact(GROUPS * self.steps)
    }

    /// Packs columns of `depth` digits each, by number.
    #[target_feature(enable = "avx2")]
    pub(super) fn pack<'a>(&mut self, cols: usize, depth: usize, column: impl Fn(usize) -> &'a [i8]) {
        self.resize(cols, depth);
        for (tile, lines) in self.lines[..self.count].chunks_exact_mut(GROUPS * self.steps).enumerate() {
            for group in 0..GROUPS {
                let mut columns: [&[i8]; LANES] = [&[]; LANES];
                for (to, index) in columns.iter_mut().zip(tile * COLS + group * LANES..cols) {
                    *to = column(index);
                }
                for (part, lines) in lines.chunks_mut(GROUPS * LANES).enumerate() {
                    let mut digits = [_mm_setzero_si128(); LANES];
                    for (digits, column) in digits.iter_mut().zip(&columns) {
                        *digits = sixteen(column, part * BYTES);
                    }
                    let lines = lines.iter_mut().skip(group).step_by(GROUPS);
                    for (line, pairs) in lines.zip(&transposed(digits)) {
                        line.put(_mm256_cvtepi8_epi16(*pairs));
                    }
                }
            }
        }
    }

    /// Packs columns from rows, by number: `depth` rows of one digit of each column.
    #[target_feature(enable = "avx2")]
    pub(super) fn pack_rows<'a>(&mut self, cols: usize, depth: usize, row: impl Fn(usize) -> &'a [i8]) {
        self.resize(cols, depth);
        for step in 0..self.steps {
            let mut rows: [&[i8]; DEEP] = [&[]; DEEP];
            for (to, index) in rows.iter_mut().zip(step * DEEP..depth) {
                *to = row(index);
            }
            for (tile, lines) in self.lines[..self.count].chunks_exact_mut(GROUPS * self.steps).enumerate() {
                let (upper, lower) = (sixteen(rows[0], tile * COLS), sixteen(rows[1], tile * COLS));
                let halves = [_mm_unpacklo_epi8(upper, lower), _mm_unpackhi_epi8(upper, lower)];
                for (line, pairs) in lines[step * GROUPS..].iter_mut().zip(&halves) {
                    line.put(_mm256_cvtepi8_epi16(*pairs));
                }
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
    #[target_feature(enable = "avx2")]
    fn put(&mut self, digits: __m256i) {
        // SAFETY: a line has 32 bytes and begins at a multiple of them.
        unsafe { _mm256_store_si256(self.0.as_mut_ptr().cast(), digits) };
    }
}

/// Six rows of the other operand: of each, for each two of the depth, an i32 that holds two i16.
pub(super) struct Rows {
    pairs: Vec<i32>,
    steps: usize,
}

impl Rows {
    pub(super) fn new(depth: usize) -> Self {
        let steps = depth.div_ceil(DEEP);
        Self { pairs: vec![0; ROWS * steps], steps }
    }

    /// Takes other digits: those of six rows of the depth that it was made for.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn widen(&mut self, rows: &[&[i8]; ROWS]) {
        for (pairs, row) in self.pairs.chunks_exact_mut(self.steps).zip(rows) {
            widen_row(row, pairs);
        }
    }

    /// The pairs of each row.
    #[inline]
    pub(super) fn views(&self) -> [&[i32]; ROWS] {
        let mut views: [&[i32]; ROWS] = [&[]; ROWS];
        for (view, pairs) in views.iter_mut().zip(self.pairs.chunks_exact(self.steps)) {
            *view = pairs;
        }
        views
    }
}

/// Writes the digits of a row as i16, two of them together.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn widen_row(row: &[i8], pairs: &mut [i32]) {
    for (pairs, digits) in pairs.chunks_mut(LANES).zip(row.chunks(BYTES)) {
        store(_mm256_cvtepi8_epi16(sixteen(digits, 0)), pairs);
    }
}

/// Writes as many of eight lanes as there is room for.
#[inline]
#[target_feature(enable = "avx2")]
fn store(lanes: __m256i, to: &mut [i32]) {
    match to.first_chunk_mut::<LANES>() {
        // SAFETY: an unaligned store into the eight numbers of the array.
        Some(whole) => unsafe { _mm256_storeu_si256(whole.as_mut_ptr().cast(), lanes) },
        None => {
            let mut all = [0; LANES];
            // SAFETY: as above.
            unsafe { _mm256_storeu_si256(all.as_mut_ptr().cast(), lanes) };
            to.copy_from_slice(&all[..to.len()]);
        }
    }
}

/// Sixteen digits from `at` on, zeros behind the end.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn sixteen(digits: &[i8], at: usize) -> __m128i {
    let here = digits.get(at..).unwrap_or_default();
    let mut padded = [0; BYTES];
    let whole = match here.first_chunk::<BYTES>() {
        Some(whole) => whole,
        None => {
            padded[..here.len()].copy_from_slice(here);
            &padded
        }
    };
    // SAFETY: an unaligned load of the 16 bytes of the array.
    unsafe { _mm_loadu_si128(whole.as_ptr().cast()) }
}

/// Eight rows of eight pairs of digits, transposed.
#[inline]
#[target_feature(enable = "avx2")]
fn transposed(rows: [__m128i; LANES]) -> [__m128i; LANES] {
    let zero = _mm_setzero_si128();
    // Pairs of two rows, then of four.
    let (mut twos, mut fours, mut columns) = ([zero; LANES], [zero; LANES], [zero; LANES]);
    for i in 0..4 {
        twos[2 * i] = _mm_unpacklo_epi16(rows[2 * i], rows[2 * i + 1]);
        twos[2 * i + 1] = _mm_unpackhi_epi16(rows[2 * i], rows[2 * i + 1]);
    }
    for i in [0, 4] {
        for half in 0..2 {
            fours[i + 2 * half] = _mm_unpacklo_epi32(twos[i + half], twos[i + half + 2]);
            fours[i + 2 * half + 1] = _mm_unpackhi_epi32(twos[i + half], twos[i + half + 2]);
        }
    }
    for j in 0..4 {
        columns[2 * j] = _mm_unpacklo_epi64(fours[j], fours[4 + j]);
        columns[2 * j + 1] = _mm_unpackhi_epi64(fours[j], fours[4 + j]);
    }
    columns
}
