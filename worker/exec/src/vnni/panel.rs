//! Columns packed as the tiles read them.

use std::arch::x86_64::{
    __m512i, _mm512_maskz_loadu_epi8, _mm512_set1_epi8, _mm512_setzero_si512, _mm512_shuffle_i32x4,
    _mm512_store_si512, _mm512_unpackhi_epi32, _mm512_unpackhi_epi64, _mm512_unpacklo_epi32,
    _mm512_unpacklo_epi64, _mm512_xor_si512,
};

use assay_exact::Quantised;

use crate::kernel::Block;

/// Digits of a column that one instruction takes.
pub(super) const DEEP: usize = 4;
/// Columns of a line.
pub(super) const LANES: usize = 16;

/// Four digits of sixteen columns, each 128 too large.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(super) struct Line(pub(super) [u8; DEEP * LANES]);

/// One digit plane of the columns of a block: for each four digits of the depth a line of each group of 16 columns.
/// Behind the depth and beside the columns there is something that takes no part.
pub(super) struct Panel {
    pub(super) lines: Vec<Line>,
    pub(super) groups: usize,
}

impl Panel {
    pub(super) fn new(block: &Block, depth: usize) -> Self {
        let groups = block.cols.div_ceil(LANES);
        Self { lines: vec![Line([0; DEEP * LANES]); groups * depth.div_ceil(DEEP)], groups }
    }

    /// Packs digit plane `plane` of the block's columns.
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn pack(&mut self, b: &Quantised<'_>, plane: usize, block: &Block) {
        for group in 0..self.groups {
            let first = group * LANES;
            let mut columns: [&[i8]; LANES] = [&[]; LANES];
            for (column, index) in columns.iter_mut().zip(first..block.cols) {
                *column = b.digits(plane, block.col + index);
            }
            for (step, lines) in self.lines.chunks_mut(self.groups * LANES).enumerate() {
                let packed = transposed(columns.map(|column| digits(column, step * DEEP * LANES)));
                for (line, packed) in lines.iter_mut().skip(group).step_by(self.groups).zip(packed) {
                    // SAFETY: a line has 64 bytes and begins at a multiple of them.
                    unsafe { _mm512_store_si512(line.0.as_mut_ptr().cast(), packed) };
                }
            }
        }
    }
}

/// 64 digits of a column from `at` on, zeros behind its end, each 128 too large.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn digits(column: &[i8], at: usize) -> __m512i {
    let here = column.get(at..).unwrap_or_default();
    let mask = if here.len() < 64 { (1u64 << here.len()) - 1 } else { u64::MAX };
    // SAFETY: the mask covers no more bytes than the slice has.
    let bytes = unsafe { _mm512_maskz_loadu_epi8(mask, here.as_ptr()) };
    _mm512_xor_si512(bytes, _mm512_set1_epi8(i8::MIN))
}

/// Sixteen rows of sixteen words of 32 bits, transposed.
#[inline]
#[target_feature(enable = "avx512f")]
fn transposed(rows: [__m512i; 16]) -> [__m512i; 16] {
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
