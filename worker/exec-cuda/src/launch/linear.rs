//! Integer products and the linear layer.
//!
//! A product's operands are digit planes with the summed axis last, which is what int8 tensor cores take. Where a
//! layer's gradients sum along another axis, quantisation by columns writes the transpose. `gemm` has what a product
//! is and starts it, `tiles` the kernels that are ours and what they are good at, `library` NVIDIA's.

mod gemm;
// The only unsafe code beside the driver's: calls of cublasLt.
#[allow(unsafe_code)]
mod library;
mod tiles;

use assay_exact::{
    DequantBias, FixedPoint, GemmI8, GemmI8Sliced, Linear, Precision, QuantCol, QuantRow, Refused,
};

use self::gemm::{finish, Output, Product, Sums};
use super::norm::add_column_sums;
use super::quantise::{quant_col_forward, quant_row_forward};
use crate::error::Fault;
use crate::gpu::{Gpu, Scratch};
use crate::span::{Digits, Span};

/// Integer sums of a product, as [`assay_exec::Sums`] has them.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SumsSpan {
    /// Of [`GemmI8`].
    I32(Span<i32>),
    /// Of [`GemmI8Sliced`].
    I64(Span<i64>),
}

/// A product of operands of one digit.
pub(crate) fn gemm_i8_forward(
    gpu: &Gpu,
    node: u32,
    op: &GemmI8,
    a: Span<i8>,
    b: Span<i8>,
    c: Span<i32>,
) -> Result<(), Fault> {
    let operand = |planes: Span<i8>, rows| {
        debug_assert!(planes.len() == rows * op.depth());
        // The sums are wanted, and no scale is read.
        let scales = Span::new(0, 0);
        Digits { planes, scales, rows, depth: op.depth(), precision: Precision::I8 }
    };
    debug_assert!(c.len() == op.rows() * op.cols());
    let (a, b) = (operand(a, op.rows()), operand(b, op.cols()));
    Product { a, b, output: Output::I32(c), node }.start(gpu)
}

/// A product of any precisions.
pub(crate) fn gemm_i8_sliced_forward(
    gpu: &Gpu,
    node: u32,
    op: &GemmI8Sliced,
    a: Digits,
    b: Digits,
    c: Span<i64>,
) -> Result<(), Fault> {
    debug_assert!(a.depth == op.depth() && b.depth == op.depth());
    debug_assert!(a.rows == op.rows() && b.rows == op.cols() && c.len() == a.rows * b.rows);
    Product { a, b, output: Output::I64(c), node }.start(gpu)
}

/// Sums as floats, with a bias.
#[allow(clippy::too_many_arguments)] // The operands of an operator are as many as they are.
pub(crate) fn dequant_bias_forward(
    gpu: &Gpu,
    node: u32,
    op: &DequantBias,
    sums: SumsSpan,
    row_scales: Span<f32>,
    col_scales: Span<f32>,
    bias: Option<Span<f32>>,
    y: Span<f32>,
) -> Result<(), Fault> {
    debug_assert!(row_scales.len() == op.rows() && col_scales.len() == op.cols());
    debug_assert!(bias.is_none_or(|bias| bias.len() == op.cols()) && y.len() == op.rows() * op.cols());
    let sums = match sums {
        SumsSpan::I32(sums) => Sums::I32 { sums, classes: 1 },
        SumsSpan::I64(sums) => Sums::I64(sums),
    };
    finish(gpu, node, sums, [row_scales, col_scales], Output::Floats { bias, y })
}

/// x·Wᵀ + b. `scratch` has room for x quantised by rows.
#[allow(clippy::too_many_arguments)] // The operands of an operator are as many as they are.
pub(crate) fn linear_forward(
    gpu: &Gpu,
    node: u32,
    op: &Linear,
    x: Span<f32>,
    weight: Digits,
    bias: Option<Span<f32>>,
    scratch: Digits,
    y: Span<f32>,
) -> Result<(), Fault> {
    let (rows, depth, precision) = (op.tokens(), op.inputs(), op.precision());
    debug_assert!(weight.rows == op.outputs() && weight.depth == depth && y.len() == rows * weight.rows);
    let planes = scratch.planes.range(0..precision.digits() * rows * depth);
    let a = Digits { planes, scales: scratch.scales.range(0..rows), rows, depth, precision };
    quant_row_forward(gpu, node, &QuantRow::new(rows, depth, precision)?, x, a.planes, a.scales)?;
    Product { a, b: weight, output: Output::Floats { bias, y }, node }.start(gpu)
}

/// dy·W.
pub(crate) fn linear_backward_input(
    gpu: &Gpu,
    node: u32,
    op: &Linear,
    dy: Span<f32>,
    weight: Span<f32>,
    dx: Span<f32>,
) -> Result<(), Fault> {
    debug_assert!(dx.len() == op.tokens() * op.inputs());
    let a = Quantised::rows(gpu, node, [op.tokens(), op.outputs()], op.precision(), dy)?;
    let b = Quantised::columns(gpu, node, [op.outputs(), op.inputs()], op.precision(), weight)?;
    let output = Output::Floats { bias: None, y: dx };
    Product { a: a.digits, b: b.digits, output, node }.start(gpu)
}

/// Adds dyᵀ·x to `dw`.
pub(crate) fn linear_backward_weight(
    gpu: &Gpu,
    node: u32,
    op: &Linear,
    dy: Span<f32>,
    x: Span<f32>,
    fixed: &FixedPoint,
    dw: Span<i64>,
) -> Result<(), Fault> {
    debug_assert!(dw.len() == op.outputs() * op.inputs());
    let a = Quantised::columns(gpu, node, [op.tokens(), op.outputs()], op.precision(), dy)?;
    let b = Quantised::columns(gpu, node, [op.tokens(), op.inputs()], op.precision(), x)?;
    let output = Output::Fixed { limit: fixed.limit(), sums: dw };
    Product { a: a.digits, b: b.digits, output, node }.start(gpu)
}

/// Adds the column sums of dy to `db`.
pub(crate) fn linear_backward_bias(
    gpu: &Gpu,
    node: u32,
    op: &Linear,
    dy: Span<f32>,
    fixed: &FixedPoint,
    db: Span<i64>,
) -> Result<(), Fault> {
    add_column_sums(gpu, node, [op.tokens(), op.outputs()], dy, fixed, db)
}

/// An operand that is quantised for one product.
struct Quantised {
    digits: Digits,
    /// Where the digits lie: given back when this is dropped, after what was started before.
    _memory: (Scratch<i8>, Scratch<f32>),
}

impl Quantised {
    /// Room for `rows` vectors of `depth`.
    fn new(gpu: &Gpu, [rows, depth]: [usize; 2], precision: Precision) -> Result<Self, Fault> {
        let len = rows.checked_mul(depth).and_then(|len| len.checked_mul(precision.digits()));
        let planes = gpu.scratch::<i8>(len.ok_or(Refused::Overflow("digits of a linear layer"))?)?;
        let scales = gpu.scratch::<f32>(rows)?;
        let digits = Digits { planes: planes.span(), scales: scales.span(), rows, depth, precision };
        Ok(Self { digits, _memory: (planes, scales) })
    }

    /// The rows of a matrix of `rows × cols`.
    fn rows(
        gpu: &Gpu,
        node: u32,
        [rows, cols]: [usize; 2],
        precision: Precision,
        x: Span<f32>,
    ) -> Result<Self, Fault> {
        let quantised = Self::new(gpu, [rows, cols], precision)?;
        let Digits { planes, scales, .. } = quantised.digits;
        quant_row_forward(gpu, node, &QuantRow::new(rows, cols, precision)?, x, planes, scales)?;
        Ok(quantised)
    }

    /// The columns of a matrix of `rows × cols`, transposed.
    fn columns(
        gpu: &Gpu,
        node: u32,
        [rows, cols]: [usize; 2],
        precision: Precision,
        x: Span<f32>,
    ) -> Result<Self, Fault> {
        let quantised = Self::new(gpu, [cols, rows], precision)?;
        let Digits { planes, scales, .. } = quantised.digits;
        quant_col_forward(gpu, node, &QuantCol::new(rows, cols, precision)?, x, planes, scales)?;
        Ok(quantised)
    }
}
