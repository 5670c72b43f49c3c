//! Quantisation of the rows and of the columns of a matrix, digits of integers, and transposition.

use assay_exact::{QuantCol, QuantRow, Split, Transpose};

use super::elementwise::word;
use super::norm::Rows;
use crate::error::Fault;
use crate::gpu::{Arg, Gpu, Grid, Kernel};
use crate::module::Module;
use crate::span::Span;

/// Rows and columns of a tile that is quantised and transposed.
const TILE: [usize; 2] = [128, 32];
/// Rows and columns of a tile that is only transposed.
const SQUARE: [usize; 2] = [32, 32];

fn launch(gpu: &Gpu, name: &'static str, grid: Grid, args: &[Arg]) -> Result<(), Fault> {
    gpu.launch(Kernel { module: Module::Quantise, name }, grid, args)
}

/// Whether vectors of `depth` digits lie so that four of them are one word.
fn is_wide(depth: usize, planes: Span<i8>) -> bool {
    depth.is_multiple_of(4) && planes.address().is_multiple_of(4)
}

/// Quantises rows; reports a row that is not finite, whose scale is then NaN.
pub(crate) fn quant_row_forward(
    gpu: &Gpu,
    node: u32,
    op: &QuantRow,
    x: Span<f32>,
    planes: Span<i8>,
    scales: Span<f32>,
) -> Result<(), Fault> {
    let (rows, cols, digits) = (op.rows(), op.cols(), op.precision().digits());
    debug_assert!(x.len() == rows * cols && planes.len() == digits * rows * cols && scales.len() == rows);
    let way = Rows::new(gpu.processors(), rows, cols);
    let wide = is_wide(cols, planes) && x.address().is_multiple_of(16);
    let args: &[Arg] = &[
        x.into(),
        planes.into(),
        scales.into(),
        (rows as u64).into(),
        word("columns of QuantRow", cols)?.into(),
        (digits as u32).into(),
        u32::from(way.by_warp).into(),
        u32::from(wide).into(),
        gpu.fault_word().into(),
        node.into(),
    ];
    launch(gpu, "quant_row", way.grid, args)
}

/// Quantises columns, transposed; reports a column that is not finite, whose scale is then NaN.
pub(crate) fn quant_col_forward(
    gpu: &Gpu,
    node: u32,
    op: &QuantCol,
    x: Span<f32>,
    planes: Span<i8>,
    scales: Span<f32>,
) -> Result<(), Fault> {
    let (rows, cols, digits) = (op.rows(), op.cols(), op.precision().digits());
    debug_assert!(x.len() == rows * cols && planes.len() == digits * rows * cols && scales.len() == cols);
    let width = word("columns of QuantCol", cols)?;
    let scratch = gpu.scratch::<u32>(cols)?;
    let largest = scratch.span();
    gpu.zero(largest)?;
    let grid = Grid::of_columns(gpu.processors(), rows, cols);
    launch(gpu, "quant_col_largest", grid, &[x.into(), largest.into(), (rows as u64).into(), width.into()])?;
    let args: &[Arg] = &[
        x.into(),
        largest.into(),
        planes.into(),
        scales.into(),
        (rows as u64).into(),
        width.into(),
        (digits as u32).into(),
        u32::from(is_wide(rows, planes)).into(),
        gpu.fault_word().into(),
        node.into(),
    ];
    launch(gpu, "quant_col", Grid::of_tiles(rows, cols, TILE), args)
}

/// Splits integers into digits; reports one beyond ±Q.
pub(crate) fn split_forward(
    gpu: &Gpu,
    node: u32,
    op: &Split,
    q: Span<i32>,
    planes: Span<i8>,
) -> Result<(), Fault> {
    let (len, digits) = (op.elements(), op.precision().digits());
    debug_assert!(q.len() == len && planes.len() == digits * len);
    let args: &[Arg] = &[
        q.into(),
        planes.into(),
        (len as u64).into(),
        (digits as u32).into(),
        gpu.fault_word().into(),
        node.into(),
    ];
    launch(gpu, "split", Grid::of_elements(gpu.processors(), len), args)
}

/// Swaps the axes of a matrix. It can't trap: `node` is there as in all the others.
pub(crate) fn transpose_forward(
    gpu: &Gpu,
    _node: u32,
    op: &Transpose,
    x: Span<f32>,
    y: Span<f32>,
) -> Result<(), Fault> {
    let (rows, cols) = (op.rows(), op.cols());
    debug_assert!(x.len() == rows * cols && y.len() == rows * cols);
    let args: &[Arg] =
        &[x.into(), y.into(), (rows as u64).into(), word("columns of Transpose", cols)?.into()];
    launch(gpu, "transpose", Grid::of_tiles(rows, cols, SQUARE), args)
}
