//! Products and the linear layer.

use assay_exact::{
    check_finite, dequantise, Accumulator, CrossEntropy, DequantBias, Error, FixedPoint, GemmI8, Head,
    Linear, Precision, QuantCol, QuantRow, Quantised, QuantisedMut, Scratch, Trap, TrapKind,
};

use super::{or_reference, Cpu};
use crate::kernel::Kernel;
use crate::product::{each, pieces, product, rectangle};
use crate::quantise::{columns_into, gather, rows_into};
use crate::team::shifted;
use crate::vnni::Vnni;

/// Columns of a piece of the bias gradient.
const COLUMNS: usize = 16;

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
    if let Kernel::Vnni(vnni) = cpu.kernel {
        if let Some(totals) = vnni.totals(&a, &b) {
            let size = rectangle(&cpu.team, cpu.kernel, [op.rows(), op.cols()]);
            return cpu.team.run(pieces(c, op.cols(), size), |mut piece| {
                vnni.integers(&a, &b, &piece.block(), &totals, &mut piece.out);
                Ok(())
            });
        }
    }
    product(&cpu.team, cpu.kernel, &a, &b, c, |c, sums, _, _| {
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
        if let Kernel::Vnni(_) = cpu.kernel {
            return dequant_rows(cpu, sums, row_scales, col_scales, bias, y);
        }
        let op = DequantBias::new(row_scales.len(), op.cols())?;
        op.forward(sums, row_scales, col_scales, bias, y)
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
    if let Kernel::Vnni(vnni) = cpu.kernel {
        if let Some(totals) = vnni.totals(&x, weight) {
            return dequantised(cpu, vnni, &x, weight, &totals, bias, y);
        }
    }
    product(&cpu.team, cpu.kernel, &x, weight, y, |y, sums, t, o| {
        let bias = bias.map(|bias| &bias[o..]);
        cpu.kernel.dequantise(sums, x.scale(t), &weight.scales()[o..], bias, y)
    })
}

/// The product of operands of one digit: floats are made of sums while these are in registers.
fn dequantised(
    cpu: &Cpu,
    vnni: Vnni,
    x: &Quantised<'_>,
    weight: &Quantised<'_>,
    totals: &[i32],
    bias: Option<&[f32]>,
    y: &mut [f32],
) -> Result<(), Error> {
    let width = weight.rows();
    let size = rectangle(&cpu.team, cpu.kernel, [x.rows(), width]);
    cpu.team.run(pieces(y, width, size), |mut piece| {
        let block = piece.block();
        let bias = bias.map(|bias| &bias[block.col..block.col + block.cols]);
        if vnni.linear(x, weight, &block, totals, bias, &mut piece.out) {
            return Ok(());
        }
        for (t, y) in (block.row..).zip(&piece.out) {
            check_finite(y).map_err(|trap| shifted(trap, t * width + block.col))?;
        }
        Ok(())
    })
}

pub(super) fn backward_input(
    cpu: &Cpu,
    op: &Linear,
    dy: &[f32],
    weight: &[f32],
    scratch: &mut Scratch<'_>,
    dx: &mut [f32],
) -> Result<(), Error> {
    let fits = dy.len() == op.tokens() * op.outputs()
        && weight.len() == op.outputs() * op.inputs()
        && dx.len() == op.tokens() * op.inputs();
    if !fits {
        return op.backward_input(dy, weight, scratch, dx);
    }
    cpu.team.check_finite(dy)?;
    cpu.team.check_finite(weight)?;
    let rows = QuantRow::new(op.tokens(), op.outputs(), op.precision())?;
    let cols = QuantCol::new(op.outputs(), op.inputs(), op.precision())?;
    let dy = rows_into(&cpu.team, cpu.kernel, &rows, dy, &mut scratch.left)?;
    let weight = columns_into(&cpu.team, cpu.kernel, &cols, weight, &mut scratch.right)?;
    product(&cpu.team, cpu.kernel, &dy, &weight, dx, |dx, sums, t, i| {
        cpu.kernel.dequantise(sums, dy.scale(t), &weight.scales()[i..], None, dx)
    })
}

pub(super) fn backward_weight(
    cpu: &Cpu,
    op: &Linear,
    dy: &[f32],
    x: &[f32],
    fixed: &FixedPoint,
    scratch: &mut Scratch<'_>,
    dw: &mut [i64],
) -> Result<(), Error> {
    let fits = dy.len() == op.tokens() * op.outputs()
        && x.len() == op.tokens() * op.inputs()
        && dw.len() == op.outputs() * op.inputs();
    if !fits {
        return op.backward_weight(dy, x, fixed, scratch, dw);
    }
    cpu.team.check_finite(dy)?;
    cpu.team.check_finite(x)?;
    let left = QuantCol::new(op.tokens(), op.outputs(), op.precision())?;
    let right = QuantCol::new(op.tokens(), op.inputs(), op.precision())?;
    let dy = columns_into(&cpu.team, cpu.kernel, &left, dy, &mut scratch.left)?;
    let x = columns_into(&cpu.team, cpu.kernel, &right, x, &mut scratch.right)?;
    product(&cpu.team, cpu.kernel, &dy, &x, dw, |dw, sums, o, i| {
        each(dw, sums, i, |dw, sum, i| add(fixed, dw, dequantise(sum, dy.scale(o), x.scale(i))))
    })
}

/// Adds to a fixed-point sum; gives the kind of trap if there is one.
fn add(fixed: &FixedPoint, sum: &mut i64, x: f32) -> Option<TrapKind> {
    fixed.add(sum, x, 0).err().map(|trap| trap.kind)
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
    cpu.team.check_finite(dy)?;
    let pieces: Vec<_> = db.chunks_mut(COLUMNS).enumerate().collect();
    cpu.team.run(pieces, |(i, db)| {
        let columns = gather(dy, op.outputs(), i * COLUMNS, db.len());
        for (c, (column, db)) in columns.chunks_exact(op.tokens()).zip(db).enumerate() {
            // A column is the bias gradient of a layer with one output.
            let one = Linear::new(op.tokens(), 1, 1, op.precision())?;
            one.backward_bias(column, fixed, std::slice::from_mut(db)).map_err(|error| match error {
                Error::Trap(trap) => shifted(trap, i * COLUMNS + c),
                refused => refused,
            })?;
        }
        Ok(())
    })
}

/// Whether the operands of a head have the shapes and the labels that its gradients may use.
pub(super) fn head_fits(op: &CrossEntropy, head: &Head<'_>) -> bool {
    head.linear.tokens() == op.tokens()
        && head.linear.outputs() == op.classes()
        && head.labels.len() == op.tokens()
        && head.probabilities.len() == op.tokens() * op.classes()
        && head.labels.iter().all(|label| (*label as usize) < op.classes())
}
