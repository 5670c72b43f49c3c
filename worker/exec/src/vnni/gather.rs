//! Columns of a matrix, gathered by transposing sixteen rows at a time.

use std::arch::x86_64::{_mm512_castps_si512, _mm512_castsi512_ps, _mm512_setzero_si512};

use super::float::{load, store};
use super::panel::{transposed, LANES};
use super::Vnni;

impl Vnni {
    /// `count` columns, at most sixteen, from `first` on of a matrix with rows of `cols`, one after another.
    pub(crate) fn gather(self, x: &[f32], cols: usize, first: usize, count: usize) -> Vec<f32> {
        let mut gathered = vec![0.0; x.len() / cols * count];
        // SAFETY: `self` proves all features that it needs.
        unsafe { gather(x, cols, first..first + count, &mut gathered) };
        gathered
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq")]
fn gather(x: &[f32], cols: usize, columns: std::ops::Range<usize>, to: &mut [f32]) {
    let depth = x.len() / cols;
    for (block, rows) in x.chunks(LANES * cols).enumerate() {
        let place = block * LANES..depth.min((block + 1) * LANES);
        let mut lines = [_mm512_setzero_si512(); LANES];
        for (line, row) in lines.iter_mut().zip(rows.chunks_exact(cols)) {
            *line = _mm512_castps_si512(load(&row[columns.clone()]));
        }
        for (column, to) in transposed(lines).iter().zip(to.chunks_exact_mut(depth)) {
            store(_mm512_castsi512_ps(*column), &mut to[place.clone()]);
        }
    }
}
