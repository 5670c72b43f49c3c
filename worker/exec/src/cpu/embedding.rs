//! Rows of a table by token id, cut into tokens, and the mean over the tokens, cut into columns.

use assay_exact::{
    check_finite, EmbedGather, EmbedScatterAdd, Error, FixedPoint, MeanPool, Precision, Quantised,
};

use super::{or_reference, Cpu};
use crate::kernel::Kernel;
use crate::loops::AddFixed;
use crate::quantise::gather;

/// Columns that are gathered together: a cache line of floats in each row.
const COLUMNS: usize = 16;

pub(super) fn gather_quantised(
    cpu: &Cpu,
    op: &EmbedGather,
    ids: &[u32],
    table: &Quantised<'_>,
    y: &mut [f32],
) -> Result<(), Error> {
    let fits = ids.len() == op.tokens()
        && [table.rows(), table.depth()] == [op.vocabulary(), op.cols()]
        && table.precision() == Precision::I8
        && y.len() == op.tokens() * op.cols()
        && ids.iter().all(|id| (*id as usize) < op.vocabulary());
    if !fits {
        return op.forward_quantised(ids, table, y);
    }
    let per = cpu.team.share(op.tokens());
    let pieces: Vec<_> = ids.chunks(per).zip(y.chunks_mut(per * op.cols())).collect();
    let result = cpu.team.run(pieces, |(ids, y)| {
        for (id, y) in ids.iter().zip(y.chunks_exact_mut(op.cols())) {
            let scale = table.scale(*id as usize);
            for (y, digit) in y.iter_mut().zip(table.digits(0, *id as usize)) {
                *y = f32::from(*digit) * scale;
            }
        }
        Ok(check_finite(y)?)
    });
    or_reference(result, || op.forward_quantised(ids, table, y))
}

pub(super) fn mean_pool(cpu: &Cpu, op: &MeanPool, x: &[f32], y: &mut [f32]) -> Result<(), Error> {
    let fits = x.len() == op.tokens() * op.cols() && y.len() == op.cols();
    if !fits || matches!(cpu.kernel, Kernel::Scalar) {
        return op.forward(x, y);
    }
    let pieces: Vec<_> = y.chunks_mut(COLUMNS).enumerate().collect();
    let result = cpu.team.run(pieces, |(i, y)| {
        let columns = gather(x, op.cols(), i * COLUMNS, y.len());
        for (column, y) in columns.chunks_exact(op.tokens()).zip(y.iter_mut()) {
            *y = cpu.kernel.sum(column) / op.tokens() as f32;
        }
        // Where a float of a column is not finite, its sum is NaN.
        Ok(check_finite(y)?)
    });
    or_reference(result, || op.forward(x, y))
}

/// Adds rows of dy to those of `ids`, or subtracts them, on the calling thread: tokens may share a row.
pub(super) fn scatter(
    cpu: &Cpu,
    op: &EmbedScatterAdd,
    ids: &[u32],
    dy: &[f32],
    fixed: &FixedPoint,
    table: &mut [i64],
    subtract: bool,
) -> Result<(), Error> {
    let reference = |table: &mut [i64]| match subtract {
        false => op.add(ids, dy, fixed, table),
        true => op.subtract(ids, dy, fixed, table),
    };
    let fits = ids.len() == op.tokens()
        && dy.len() == op.tokens() * op.cols()
        && table.len() == op.vocabulary() * op.cols()
        && ids.iter().all(|id| (*id as usize) < op.vocabulary());
    if !fits {
        return reference(table);
    }
    let mut all = true;
    for (id, x) in ids.iter().zip(dy.chunks_exact(op.cols())) {
        let at = *id as usize * op.cols();
        let into = &mut table[at..at + op.cols()];
        all &= cpu.kernel.run(AddFixed { x, limit: fixed.limit(), subtract, into });
    }
    // Where a float is too large, the reference says which is the first.
    if all {
        Ok(())
    } else {
        reference(table)
    }
}
