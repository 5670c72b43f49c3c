//! Quantisation of the rows and of the columns of a matrix, on all threads. That a float is not finite shows in the scale
//! of its vector: nothing looks at the floats for that alone.

use std::ops::Range;

use assay_exact::{check_finite, Error, Precision, QuantCol, QuantRow, Quantised, QuantisedMut, Refused};

use crate::kernel::Kernel;
use crate::team::Team;

/// Columns that are gathered together: a cache line of floats in each row.
const COLUMNS: usize = 16;
/// Digits of the highest precision.
const MOST_DIGITS: usize = Precision::I22.digits();

/// Some vectors' part of the outputs.
pub(crate) struct Vectors<'a> {
    planes: Vec<&'a mut [i8]>,
    scales: &'a mut [f32],
}

impl Vectors<'_> {
    /// Scales, as they have been written.
    pub(crate) fn scales(&self) -> &[f32] {
        self.scales
    }
}

/// Cuts the outputs for the vectors `range`, of `depth`, after every `per` of them.
pub(crate) fn pieces<'a>(
    planes: &'a mut [i8],
    scales: &'a mut [f32],
    depth: usize,
    range: Range<usize>,
    per: usize,
) -> Vec<Vectors<'a>> {
    let (stride, digits) = (scales.len() * depth, range.start * depth..range.end * depth);
    let pieces = scales[range].chunks_mut(per).map(|scales| Vectors { planes: Vec::new(), scales });
    let mut pieces: Vec<_> = pieces.collect();
    for plane in planes.chunks_exact_mut(stride) {
        for (piece, part) in pieces.iter_mut().zip(plane[digits.clone()].chunks_mut(per * depth)) {
            piece.planes.push(part);
        }
    }
    pieces
}

/// Quantises consecutive vectors of `depth`. A trap says that a float is not finite, but not which of the operand is the
/// first.
pub(crate) fn write(
    kernel: Kernel,
    x: &[f32],
    depth: usize,
    precision: Precision,
    to: &mut Vectors<'_>,
) -> Result<(), Error> {
    if let (Precision::I8, [digits]) = (precision, &mut to.planes[..]) {
        let finite = match kernel {
            Kernel::Scalar => None,
            Kernel::Avx2(avx2) => Some(avx2.quantise_narrow(x, depth, digits, to.scales)),
            Kernel::Vnni(vnni) => Some(vnni.quantise_narrow(x, depth, digits, to.scales)),
        };
        match finite {
            Some(true) => return Ok(()),
            Some(false) => return Ok(check_finite(x)?),
            None => {}
        }
    }
    for (r, (row, scale)) in x.chunks_exact(depth).zip(to.scales.iter_mut()).enumerate() {
        let mut planes: [&mut [i8]; MOST_DIGITS] = Default::default();
        for (plane, whole) in planes.iter_mut().zip(&mut to.planes) {
            *plane = &mut whole[r * depth..(r + 1) * depth];
        }
        *scale = kernel.quantise(row, precision, &mut planes[..precision.digits()])?;
        if scale.is_nan() {
            check_finite(row)?;
        }
    }
    Ok(())
}

/// What [`write`] gave for all of `x`, with the trap at the first float that is not finite.
fn placed(team: &Team, x: &[f32], result: Result<(), Error>) -> Result<(), Error> {
    match result {
        Err(Error::Trap(_)) => team.check_finite(x).and(result),
        other => other,
    }
}

/// [`QuantRow`] on slices whose lengths fit.
pub(crate) fn rows(
    team: &Team,
    kernel: Kernel,
    op: &QuantRow,
    x: &[f32],
    planes: &mut [i8],
    scales: &mut [f32],
) -> Result<(), Error> {
    let (depth, per) = (op.cols(), team.share(op.rows()));
    let pieces = pieces(planes, scales, depth, 0..op.rows(), per);
    let pieces: Vec<_> = x.chunks(per * depth).zip(pieces).collect();
    let result = team.run(pieces, |(x, mut to)| write(kernel, x, depth, op.precision(), &mut to));
    placed(team, x, result)
}

/// [`QuantCol`] on slices whose lengths fit. Each thread gathers 16 columns: 64 bytes for each row.
pub(crate) fn columns(
    team: &Team,
    kernel: Kernel,
    op: &QuantCol,
    x: &[f32],
    planes: &mut [i8],
    scales: &mut [f32],
) -> Result<(), Error> {
    let depth = op.rows();
    let pieces = pieces(planes, scales, depth, 0..op.cols(), COLUMNS);
    let pieces: Vec<_> = pieces.into_iter().enumerate().collect();
    let result = team.run(pieces, |(i, mut to)| {
        let (first, count) = (i * COLUMNS, to.scales.len());
        let gathered = match kernel {
            Kernel::Vnni(vnni) => vnni.gather(x, op.cols(), first, count),
            _ => gather(x, op.cols(), first, count),
        };
        write(kernel, &gathered, depth, op.precision(), &mut to)
    });
    placed(team, x, result)
}

/// `count` columns from `first` on of a matrix with rows of `cols`, one after another.
pub(crate) fn gather(x: &[f32], cols: usize, first: usize, count: usize) -> Vec<f32> {
    let rows = x.len() / cols;
    let mut gathered = vec![0.0; rows * count];
    for (r, row) in x.chunks_exact(cols).enumerate() {
        for (c, value) in row[first..first + count].iter().enumerate() {
            gathered[c * rows + r] = *value;
        }
    }
    gathered
}

/// The front of a caller's buffers: `digits` planes of `rows × depth`, and `rows` scales.
fn front<'b>(
    buffers: &'b mut QuantisedMut<'_>,
    elements: usize,
    rows: usize,
) -> Result<(&'b mut [i8], &'b mut [f32]), Refused> {
    let lacking = |what, expected: usize, got: usize| Refused::Length {
        what,
        expected: expected as u64,
        got: got as u64,
    };
    let (digits, scales) = (buffers.planes.len(), buffers.scales.len());
    Ok((
        buffers.planes.get_mut(..elements).ok_or(lacking("digit buffer", elements, digits))?,
        buffers.scales.get_mut(..rows).ok_or(lacking("scale buffer", rows, scales))?,
    ))
}

/// Quantises rows into the front of buffers.
pub(crate) fn rows_into<'b>(
    team: &Team,
    kernel: Kernel,
    op: &QuantRow,
    x: &[f32],
    buffers: &'b mut QuantisedMut<'_>,
) -> Result<Quantised<'b>, Error> {
    let (planes, scales) = front(buffers, op.precision().digits() * x.len(), op.rows())?;
    rows(team, kernel, op, x, planes, scales)?;
    Ok(Quantised::new(planes, scales, op.cols(), op.precision())?)
}

/// Quantises columns into the front of buffers.
pub(crate) fn columns_into<'b>(
    team: &Team,
    kernel: Kernel,
    op: &QuantCol,
    x: &[f32],
    buffers: &'b mut QuantisedMut<'_>,
) -> Result<Quantised<'b>, Error> {
    let (planes, scales) = front(buffers, op.precision().digits() * x.len(), op.cols())?;
    columns(team, kernel, op, x, planes, scales)?;
    Ok(Quantised::new(planes, scales, op.rows(), op.precision())?)
}
