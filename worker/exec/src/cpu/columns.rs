//! Fixed-point sums of columns, cut into strips of columns.

use assay_exact::{Error, FixedPoint};

use super::Cpu;
use crate::loops::{ColumnSums, COLUMNS};

/// Adds the sum of each column of a matrix of `rows` to `sums`; `value` gives an element by its row and its index. Each
/// thread gathers 16 columns: 64 bytes for each row. A trap says that there is one, but the operands may have an earlier.
pub(super) fn add(
    cpu: &Cpu,
    rows: usize,
    fixed: &FixedPoint,
    value: impl Fn(usize, usize) -> f32 + Sync,
    sums: &mut [i64],
) -> Result<(), Error> {
    let cols = sums.len();
    let pieces: Vec<_> = sums.chunks_mut(COLUMNS).enumerate().collect();
    cpu.team.run(pieces, |(i, sums)| {
        let first = i * COLUMNS;
        let mut strip = vec![[0.0; COLUMNS]; rows];
        for (r, row) in strip.iter_mut().enumerate() {
            for (c, element) in row.iter_mut().take(sums.len()).enumerate() {
                *element = value(r, r * cols + first + c);
            }
        }
        let columns = cpu.kernel.run(ColumnSums { rows: &strip });
        for (c, (sum, x)) in sums.iter_mut().zip(columns).enumerate() {
            fixed.add(sum, x, first + c)?;
        }
        Ok(())
    })
}
