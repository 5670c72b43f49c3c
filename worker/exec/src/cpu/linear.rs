//! Products and the linear layer.

use assay_exact::{
    check_finite, dequantise, Accumulator, CrossEntropy, DequantBias, Error, FixedPoint, GemmI8, Head,
    Linear, Precision, QuantCol, QuantRow, Quantised, QuantisedMut, Scratch, Trap,
};

use super::{columns, or_reference, Cpu};
use crate::kernel::{Block, Kernel};
use crate::loops::Accumulate;
use crate::narrow::Narrow;
use crate::product::{ahead, pieces, product, rectangle};
use crate::quantise::{columns_into, rows_into};
use crate::team::shifted;

/// Digits of an operand that AVX2 widens at a time, of two bytes then.
const WIDENED: usize = 1 << 22;

pub(super) fn gemm_i8(cpu: &Cpu, op: &GemmI8, a: &[i8], b: &[i8], c: &mut [i32]) -> Result<(), Error> {
    let fits = a.len() == op.rows() * op.depth()
        && b.len() == op.cols() * op.depth()
        && c.len() == op.rows() * op.cols();
    if !fits {
        return Ok(op.forward(a, b, c)?);
    }
    // Scales that no one reads: the operands have none.
    let scales = vec![0.0; op.rows().max(op.cols())];
    let a = Quantised::new(a, &scales[..op.rows()], op.depth(), Precision::I8)?;
    let b = Quantised::new(b, &scales[..op.cols()], op.depth(), Precision::I8)?;
    each_stretch(cpu, &a, c, op.cols(), |a, c| integers(cpu, a, &b, c))
}

/// The sums of operands that fit, of one digit each.
fn integers(cpu: &Cpu, a: &Quantised<'_>, b: &Quantised<'_>, c: &mut [i32]) -> Result<(), Error> {
    if let Some(narrow) = Narrow::new(cpu.kernel, a, b) {
        let size = rectangle(&cpu.team, cpu.kernel, [a.rows(), b.rows()]);
        return cpu.team.run(pieces(c, b.rows(), size), |mut piece| {
            let block = Block { ahead: ahead(&cpu.team, size), ..piece.block() };
            narrow.integers(a, b, &block, &mut piece.out);
            Ok(())
        });
    }
    product(&cpu.team, cpu.kernel, a, b, c, |c, sums, _, _| {
        for (c, sum) in c.iter_mut().zip(sums) {
            *c = *sum as i32;
        }
        None
    })
}

/// By rows: a matrix with one row is not cut.
pub(super) fn dequant_bias<A: Accumulator + Sync>(
    cpu: &Cpu,
    op: &DequantBias,
    sums: &[A],
    row_scales: &[f32],
    col_scales: &[f32],
    bias: Option<&[f32]>,
    y: &mut [f32],
) -> Result<(), Error> {
    let elements = op.rows() * op.cols();
    let fits = sums.len() == elements
        && row_scales.len() == op.rows()
        && col_scales.len() == op.cols()
        && bias.is_none_or(|bias| bias.len() == op.cols())
        && y.len() == elements;
    if !fits {
        return op.forward(sums, row_scales, col_scales, bias, y);
    }
    let per = cpu.team.share(op.rows());
    let rows = row_scales.chunks(per);
    let pieces: Vec<_> = sums.chunks(per * op.cols()).zip(rows).zip(y.chunks_mut(per * op.cols())).collect();
    let result = cpu.team.run(pieces, |((sums, row_scales), y)| {
        if let Kernel::Scalar = cpu.kernel {
            let op = DequantBias::new(row_scales.len(), op.cols())?;
            return op.forward(sums, row_scales, col_scales, bias, y);
        }
        dequant_rows(cpu, sums, row_scales, col_scales, bias, y)
    });
    or_reference(result, || op.forward(sums, row_scales, col_scales, bias, y))
}

/// Some rows. Where a scale or the bias is not finite, an element of the output is not.
fn dequant_rows<A: Accumulator>(
    cpu: &Cpu,
    sums: &[A],
    row_scales: &[f32],
    col_scales: &[f32],
    bias: Option<&[f32]>,
    y: &mut [f32],
) -> Result<(), Error> {
    let cols = col_scales.len();
    for ((sums, scale), y) in sums.chunks_exact(cols).zip(row_scales).zip(y.chunks_exact_mut(cols)) {
        if let Some((at, kind)) = cpu.kernel.dequantise(sums, *scale, col_scales, bias, y) {
            return Err(Trap { kind, index: at as u64 }.into());
        }
    }
    Ok(())
}

pub(super) fn forward(
    cpu: &Cpu,
    op: &Linear,
    x: &[f32],
    weight: &Quantised<'_>,
    bias: Option<&[f32]>,
    scratch: &mut QuantisedMut<'_>,
    y: &mut [f32],
) -> Result<(), Error> {
    let fits = x.len() == op.tokens() * op.inputs()
        && weight.rows() == op.outputs()
        && weight.depth() == op.inputs()
        && bias.is_none_or(|bias| bias.len() == op.outputs())
        && scratch.planes.len() >= op.precision().digits() * x.len()
        && scratch.scales.len() >= op.tokens()
        && y.len() == op.tokens() * op.outputs();
    if !fits {
        return op.forward(x, weight, bias, scratch, y);
    }
    let rows = QuantRow::new(op.tokens(), op.inputs(), op.precision())?;
    let x = rows_into(&cpu.team, cpu.kernel, &rows, x, scratch)?;
    cpu.team.check_finite(bias.unwrap_or(&[]))?;
    each_stretch(cpu, &x, y, weight.rows(), |x, y| multiplied(cpu, x, weight, bias, y))
}

/// x·Wᵀ + b of operands that fit.
fn multiplied(
    cpu: &Cpu,
    x: &Quantised<'_>,
    weight: &Quantised<'_>,
    bias: Option<&[f32]>,
    y: &mut [f32],
) -> Result<(), Error> {
    if let Some(narrow) = Narrow::new(cpu.kernel, x, weight) {
        return dequantised(cpu, &narrow, x, weight, bias, y);
    }
    product(&cpu.team, cpu.kernel, x, weight, y, |y, sums, t, o| {
        let bias = bias.map(|bias| &bias[o..]);
        cpu.kernel.dequantise(sums, x.scale(t), &weight.scales()[o..], bias, y)
    })
}

/// Calls `work` with each stretch of rows of an operand, and with the rows of `width` that it gives: all at once, but by
/// AVX2 no more rows than [`WIDENED`] digits.
fn each_stretch<T>(
    cpu: &Cpu,
    a: &Quantised<'_>,
    out: &mut [T],
    width: usize,
    mut work: impl FnMut(&Quantised<'_>, &mut [T]) -> Result<(), Error>,
) -> Result<(), Error> {
    let (depth, most) = (a.depth(), (WIDENED / a.depth()).max(1));
    let is_widened = matches!(cpu.kernel, Kernel::Avx2(_)) && a.precision() == Precision::I8;
    if !is_widened || a.rows() <= most {
        return work(a, out);
    }
    // About as many in each: the last is not left with a few.
    let height = a.rows().div_ceil(a.rows().div_ceil(most));
    let digits = a.planes().chunks(height * depth).zip(a.scales().chunks(height));
    for (number, ((digits, scales), out)) in digits.zip(out.chunks_mut(height * width)).enumerate() {
        let stretch = Quantised::new(digits, scales, depth, Precision::I8)?;
        work(&stretch, out).map_err(|error| match error {
            Error::Trap(trap) => shifted(trap, number * height * width),
            refused => refused,
        })?;
    }
    Ok(())
}

/// The product of operands of one digit: floats are made of sums while these are in registers.
fn dequantised(
    cpu: &Cpu,
    narrow: &Narrow,
    x: &Quantised<'_>,
    weight: &Quantised<'_>,
    bias: Option<&[f32]>,
    y: &mut [f32],
) -> Result<(), Error> {
    let width = weight.rows();
    let size = rectangle(&cpu.team, cpu.kernel, [x.rows(), width]);
    cpu.team.run(pieces(y, width, size), |mut piece| {
        let block = Block { ahead: ahead(&cpu.team, size), ..piece.block() };
        let bias = bias.map(|bias| &bias[block.col..block.col + block.cols]);
        if narrow.linear(x, weight, &block, bias, &mut piece.out) {
            return Ok(());
        }
        for (t, y) in (block.row..).zip(&piece.out) {
            check_finite(y).map_err(|trap| shifted(trap, t * width + block.col))?;
        }
        Ok(())
    })
}

/// Whether buffers have room for operands of so many floats and vectors.
fn has_room(buffers: &QuantisedMut<'_>, precision: Precision, floats: usize, vectors: usize) -> bool {
    buffers.planes.len() >= precision.digits() * floats && buffers.scales.len() >= vectors
}

/// Operands are not looked at before they are quantised: one after another traps at its first float that is not finite.
pub(super) fn backward_input(
    cpu: &Cpu,
    op: &Linear,
    dy: &[f32],
    weight: &[f32],
    scratch: &mut Scratch<'_>,
    dx: &mut [f32],
) -> Result<(), Error> {
    let rows = QuantRow::new(op.tokens(), op.outputs(), op.precision());
    let cols = QuantCol::new(op.outputs(), op.inputs(), op.precision());
    let fits = dy.len() == op.tokens() * op.outputs()
        && weight.len() == op.outputs() * op.inputs()
        && dx.len() == op.tokens() * op.inputs()
        && has_room(&scratch.left, op.precision(), dy.len(), op.tokens())
        && has_room(&scratch.right, op.precision(), weight.len(), op.inputs());
    let (true, Ok(rows), Ok(cols)) = (fits, rows, cols) else {
        return op.backward_input(dy, weight, scratch, dx);
    };
    let dy = rows_into(&cpu.team, cpu.kernel, &rows, dy, &mut scratch.left)?;
    let weight = columns_into(&cpu.team, cpu.kernel, &cols, weight, &mut scratch.right)?;
    product(&cpu.team, cpu.kernel, &dy, &weight, dx, |dx, sums, t, i| {
        cpu.kernel.dequantise(sums, dy.scale(t), &weight.scales()[i..], None, dx)
    })
}

/// As [`backward_input`].
pub(super) fn backward_weight(
    cpu: &Cpu,
    op: &Linear,
    dy: &[f32],
    x: &[f32],
    fixed: &FixedPoint,
    scratch: &mut Scratch<'_>,
    dw: &mut [i64],
) -> Result<(), Error> {
    let left = QuantCol::new(op.tokens(), op.outputs(), op.precision());
    let right = QuantCol::new(op.tokens(), op.inputs(), op.precision());
    let fits = dy.len() == op.tokens() * op.outputs()
        && x.len() == op.tokens() * op.inputs()
        && dw.len() == op.outputs() * op.inputs()
        && has_room(&scratch.left, op.precision(), dy.len(), op.outputs())
        && has_room(&scratch.right, op.precision(), x.len(), op.inputs());
    let (true, Ok(left), Ok(right)) = (fits, left, right) else {
        return op.backward_weight(dy, x, fixed, scratch, dw);
    };
    let dy = columns_into(&cpu.team, cpu.kernel, &left, dy, &mut scratch.left)?;
    let x = columns_into(&cpu.team, cpu.kernel, &right, x, &mut scratch.right)?;
    product(&cpu.team, cpu.kernel, &dy, &x, dw, |dw, sums, o, i| {
        let (scale, scales) = (dy.scale(o), &x.scales()[i..i + dw.len()]);
        let limit = fixed.limit();
        if cpu.kernel.run(Accumulate { sums, scale, scales, limit, into: dw }) {
            return None;
        }
        let kind = |(sum, other): (&i64, &f32)| fixed.convert(dequantise(*sum, scale, *other)).err();
        sums.iter().zip(scales).map(kind).enumerate().find_map(|(j, kind)| kind.map(|kind| (j, kind)))
    })
}

pub(super) fn backward_bias(
    cpu: &Cpu,
    op: &Linear,
    dy: &[f32],
    fixed: &FixedPoint,
    db: &mut [i64],
) -> Result<(), Error> {
    if dy.len() != op.tokens() * op.outputs() || db.len() != op.outputs() {
        return op.backward_bias(dy, fixed, db);
    }
    let result = columns::add(cpu, op.tokens(), fixed, |_, at| dy[at], db);
    or_reference(result, || op.backward_bias(dy, fixed, db))
}

/// Whether the operands of a head have the shapes and the labels that its gradients may use.
pub(super) fn head_fits(op: &CrossEntropy, head: &Head<'_>) -> bool {
    head.linear.tokens() == op.tokens()
        && head.linear.outputs() == op.classes()
        && head.labels.len() == op.tokens()
        && head.probabilities.len() == op.tokens() * op.classes()
        && head.labels.iter().all(|label| (*label as usize) < op.classes())
}
