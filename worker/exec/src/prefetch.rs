//! Hints to the processor: what is asked for early is there when it is needed.

use std::arch::x86_64::{_mm_prefetch, _MM_HINT_ET0, _MM_HINT_T1};
use std::ops::Range;

use assay_exact::Quantised;

use crate::kernel::Block;

/// Bytes that come from memory together.
const CACHE_LINE: usize = 64;

/// Asks for some digits of the columns that come behind a block: for those of all of them, in the time that all rows take.
#[inline]
#[allow(unused_unsafe)] // The intrinsic is a safe function in later versions of the standard library.
pub(crate) fn columns(b: &Quantised<'_>, block: &Block, rows: Range<usize>) {
    let first = block.col + block.ahead;
    if block.ahead == 0 || first >= b.rows() {
        return;
    }
    let cols = block.cols.min(b.rows() - first);
    for column in cols * rows.start / block.rows..cols * rows.end / block.rows {
        for line in b.digits(0, first + column).chunks(CACHE_LINE) {
            // SAFETY: a hint, which changes nothing that could be seen.
            unsafe { _mm_prefetch::<_MM_HINT_T1>(line.as_ptr()) };
        }
    }
}

/// Asks for memory that is written soon.
#[inline]
#[allow(unused_unsafe)] // The intrinsic is a safe function in later versions of the standard library.
pub(crate) fn to_write(y: &[f32]) {
    for line in y.chunks(CACHE_LINE / size_of::<f32>()) {
        // SAFETY: as above.
        unsafe { _mm_prefetch::<_MM_HINT_ET0>(line.as_ptr().cast()) };
    }
}
