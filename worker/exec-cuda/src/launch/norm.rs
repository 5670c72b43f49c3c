//! Norms of rows, forward and backward, and sums of columns.

use assay_exact::{FixedPoint, L2Norm, LayerNorm, RmsNorm};

use super::elementwise::{blocks, word, THREADS};
use crate::error::Fault;
use crate::gpu::{Arg, Gpu, Grid, Kernel, Scratch};
use crate::module::Module;
use crate::span::Span;

/// Columns that a warp reads side by side.
const COLUMNS: usize = 32;
/// Rows of a block of column sums, at least: eight for each of its warps.
const COLUMN_ROWS: usize = 64;
/// The longest row that one warp works on.
const WARP_ROW: usize = 1024;

/// How rows are dealt out to threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rows {
    /// Whether a row is a warp's; else it is a block's.
    pub(super) by_warp: bool,
    /// The grid.
    pub(super) grid: Grid,
}

impl Rows {
    /// Short rows to warps, if they are enough to keep the device busy; blocks are large where rows are few.
    pub(super) fn new(processors: u32, rows: usize, cols: usize) -> Self {
        let processors = processors as usize;
        let by_warp = cols <= WARP_ROW && rows > processors;
        let most = if rows > 2 * processors { THREADS as usize } else { 1024 };
        let threads = if by_warp { THREADS } else { blocks(cols.div_ceil(4).next_multiple_of(32), most) };
        let per_block = if by_warp { THREADS as usize / 32 } else { 1 };
        let x = blocks(rows.div_ceil(per_block), i32::MAX as usize);
        Self { by_warp, grid: Grid { blocks: [x, 1, 1], threads, shared: 0 } }
    }
}

impl Grid {
    /// Tiles of columns along the first axis; along the second as many blocks as keep the device busy.
    pub(super) fn of_columns(processors: u32, rows: usize, cols: usize) -> Self {
        let tiles = cols.div_ceil(COLUMNS);
        let enough = (16 * processors as usize).div_ceil(tiles.max(1));
        let y = blocks(rows.div_ceil(COLUMN_ROWS), enough);
        Self { blocks: [blocks(tiles, i32::MAX as usize), y, 1], threads: THREADS, shared: 0 }
    }
}

fn launch(gpu: &Gpu, name: &'static str, grid: Grid, args: &[Arg]) -> Result<(), Fault> {
    gpu.launch(Kernel { module: Module::Norm, name }, grid, args)
}

/// A kernel on rows: `operands`, rows, columns, `constants`, then how rows are dealt out.
fn over_rows(
    gpu: &Gpu,
    node: u32,
    name: &'static str,
    [rows, cols]: [usize; 2],
    operands: &[Span<f32>],
    constants: &[f32],
) -> Result<(), Fault> {
    let way = Rows::new(gpu.processors(), rows, cols);
    let mut args: Vec<Arg> = operands.iter().map(|span| Arg::from(*span)).collect();
    args.extend([Arg::from(rows as u64), word("columns of a norm", cols)?.into()]);
    args.extend(constants.iter().map(|constant| Arg::from(*constant)));
    args.extend([Arg::from(u32::from(way.by_warp)), gpu.fault_word().into(), node.into()]);
    launch(gpu, name, way.grid, &args)
}

/// What a forward form kept, as [`assay_exact::LayerNormStats`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct LayerNormSpans {
    /// Each row's mean.
    pub mean: Span<f32>,
    /// Each row's 1/√(variance + ε).
    pub rstd: Span<f32>,
}

/// Layer normalisation and its statistics.
#[allow(clippy::too_many_arguments)] // The operands of an operator are as many as they are.
pub(crate) fn layer_norm_forward(
    gpu: &Gpu,
    node: u32,
    op: &LayerNorm,
    x: Span<f32>,
    gamma: Span<f32>,
    beta: Span<f32>,
    y: Span<f32>,
    mean: Span<f32>,
    rstd: Span<f32>,
) -> Result<(), Fault> {
    let shape = [op.rows(), op.cols()];
    debug_assert!([x, y].iter().all(|span| span.len() == op.rows() * op.cols()));
    debug_assert!([gamma, beta].iter().all(|span| span.len() == op.cols()));
    debug_assert!([mean, rstd].iter().all(|span| span.len() == op.rows()));
    let operands = [x, gamma, beta, y, mean, rstd];
    over_rows(gpu, node, "layer_norm_forward", shape, &operands, &[op.epsilon()])
}

/// The gradient of its input.
#[allow(clippy::too_many_arguments)]
pub(crate) fn layer_norm_backward_input(
    gpu: &Gpu,
    node: u32,
    op: &LayerNorm,
    dy: Span<f32>,
    x: Span<f32>,
    gamma: Span<f32>,
    stats: LayerNormSpans,
    dx: Span<f32>,
) -> Result<(), Fault> {
    let shape = [op.rows(), op.cols()];
    debug_assert!([dy, x, dx].iter().all(|span| span.len() == op.rows() * op.cols()));
    debug_assert!(gamma.len() == op.cols());
    debug_assert!([stats.mean, stats.rstd].iter().all(|span| span.len() == op.rows()));
    let operands = [dy, x, gamma, stats.mean, stats.rstd, dx];
    over_rows(gpu, node, "layer_norm_backward_input", shape, &operands, &[])
}

/// Adds the gradients of γ and β.
#[allow(clippy::too_many_arguments)]
pub(crate) fn layer_norm_backward_weight(
    gpu: &Gpu,
    node: u32,
    op: &LayerNorm,
    dy: Span<f32>,
    x: Span<f32>,
    stats: LayerNormSpans,
    fixed: &FixedPoint,
    dgamma: Span<i64>,
    dbeta: Span<i64>,
) -> Result<(), Fault> {
    let shape = [op.rows(), op.cols()];
    let scaled = Columns::of(gpu, shape, dy, [Some(x), Some(stats.mean), Some(stats.rstd)])?;
    scaled.add(gpu, node, fixed, dgamma)?;
    add_column_sums(gpu, node, shape, dy, fixed, dbeta)
}

/// Root-mean-square normalisation and its statistics.
pub(crate) fn rms_norm_forward(
    gpu: &Gpu,
    node: u32,
    op: &RmsNorm,
    x: Span<f32>,
    gamma: Span<f32>,
    y: Span<f32>,
    rstd: Span<f32>,
) -> Result<(), Fault> {
    let shape = [op.rows(), op.cols()];
    debug_assert!([x, y].iter().all(|span| span.len() == op.rows() * op.cols()));
    debug_assert!(gamma.len() == op.cols() && rstd.len() == op.rows());
    over_rows(gpu, node, "rms_norm_forward", shape, &[x, gamma, y, rstd], &[op.epsilon()])
}

/// The gradient of its input.
#[allow(clippy::too_many_arguments)]
pub(crate) fn rms_norm_backward_input(
    gpu: &Gpu,
    node: u32,
    op: &RmsNorm,
    dy: Span<f32>,
    x: Span<f32>,
    gamma: Span<f32>,
    rstd: Span<f32>,
    dx: Span<f32>,
) -> Result<(), Fault> {
    let shape = [op.rows(), op.cols()];
    debug_assert!([dy, x, dx].iter().all(|span| span.len() == op.rows() * op.cols()));
    debug_assert!(gamma.len() == op.cols() && rstd.len() == op.rows());
    over_rows(gpu, node, "rms_norm_backward_input", shape, &[dy, x, gamma, rstd, dx], &[])
}

/// Adds the gradient of γ.
#[allow(clippy::too_many_arguments)]
pub(crate) fn rms_norm_backward_weight(
    gpu: &Gpu,
    node: u32,
    op: &RmsNorm,
    dy: Span<f32>,
    x: Span<f32>,
    rstd: Span<f32>,
    fixed: &FixedPoint,
    dgamma: Span<i64>,
) -> Result<(), Fault> {
    let shape = [op.rows(), op.cols()];
    Columns::of(gpu, shape, dy, [Some(x), None, Some(rstd)])?.add(gpu, node, fixed, dgamma)
}

/// Rows of unit length, and their divisors.
pub(crate) fn l2_norm_forward(
    gpu: &Gpu,
    node: u32,
    op: &L2Norm,
    x: Span<f32>,
    y: Span<f32>,
    norms: Span<f32>,
) -> Result<(), Fault> {
    let shape = [op.rows(), op.cols()];
    debug_assert!([x, y].iter().all(|span| span.len() == op.rows() * op.cols()) && norms.len() == op.rows());
    over_rows(gpu, node, "l2_norm_forward", shape, &[x, y, norms], &[op.epsilon()])
}

/// The gradient of its input.
pub(crate) fn l2_norm_backward(
    gpu: &Gpu,
    node: u32,
    op: &L2Norm,
    dy: Span<f32>,
    y: Span<f32>,
    divisor: Span<f32>,
    dx: Span<f32>,
) -> Result<(), Fault> {
    let shape = [op.rows(), op.cols()];
    debug_assert!([dy, y, dx].iter().all(|span| span.len() == op.rows() * op.cols()));
    debug_assert!(divisor.len() == op.rows());
    over_rows(gpu, node, "l2_norm_backward", shape, &[dy, y, divisor, dx], &[op.epsilon()])
}

/// Adds the sums of the columns of `dy`, `rows × cols`, to fixed-point sums.
pub(crate) fn add_column_sums(
    gpu: &Gpu,
    node: u32,
    shape: [usize; 2],
    dy: Span<f32>,
    fixed: &FixedPoint,
    sums: Span<i64>,
) -> Result<(), Fault> {
    Columns::of(gpu, shape, dy, [None; 3])?.add(gpu, node, fixed, sums)
}

/// The largest magnitude of each column of a matrix, and the sum of its integers.
pub(super) struct Columns {
    rows: usize,
    cols: usize,
    largest: Scratch<u32>,
    sums: Scratch<i64>,
}

impl Columns {
    /// Of dy·((x − mean)·rstd), dy·(x·rstd) without a mean, dy without x; `normal` is x, mean and rstd.
    pub(super) fn of(
        gpu: &Gpu,
        [rows, cols]: [usize; 2],
        dy: Span<f32>,
        normal: [Option<Span<f32>>; 3],
    ) -> Result<Self, Fault> {
        debug_assert!(dy.len() == rows * cols);
        let columns = Self { rows, cols, largest: gpu.scratch(cols)?, sums: gpu.scratch(cols)? };
        let (largest, sums) = (columns.largest.span(), columns.sums.span());
        gpu.zero(largest)?;
        gpu.zero(sums)?;
        let mut args = vec![Arg::from(dy)];
        args.extend(normal.map(|span| span.map_or(Arg::U64(0), Arg::from)));
        args.extend([Arg::from(rows as u64), word("columns that are summed", cols)?.into(), largest.into()]);
        let grid = Grid::of_columns(gpu.processors(), rows, cols);
        launch(gpu, "column_largest", grid, &args)?;
        args.push(sums.into());
        launch(gpu, "column_total", grid, &args)?;
        Ok(columns)
    }

    /// Adds the sums in fixed point; reports one that does not fit.
    pub(super) fn add(&self, gpu: &Gpu, node: u32, fixed: &FixedPoint, sums: Span<i64>) -> Result<(), Fault> {
        debug_assert!(sums.len() == self.cols);
        self.finish(gpu, node, "column_fixed", [fixed.limit().into(), sums.into()])
    }

    /// Writes the sums divided by the number of rows; reports one that is not finite.
    pub(super) fn mean(&self, gpu: &Gpu, node: u32, y: Span<f32>) -> Result<(), Fault> {
        debug_assert!(y.len() == self.cols);
        let rows = word("rows of a mean", self.rows)?;
        self.finish(gpu, node, "column_mean", [rows.into(), y.into()])
    }

    fn finish(&self, gpu: &Gpu, node: u32, name: &'static str, last: [Arg; 2]) -> Result<(), Fault> {
        let cols = word("columns that are summed", self.cols)?;
        let mut args = vec![Arg::from(self.largest.span()), self.sums.span().into(), cols.into()];
        args.extend(last);
        args.extend([Arg::from(gpu.fault_word()), node.into()]);
        launch(gpu, name, Grid::of_elements(gpu.processors(), self.cols), &args)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_rows_are_for_warps_if_they_are_many() {
        let many = Rows::new(132, 4096, 384);
        assert!(many.by_warp);
        assert_eq!((many.grid.blocks, many.grid.threads), ([512, 1, 1], 256));
        let few = Rows::new(132, 128, 384);
        assert!(!few.by_warp);
        assert_eq!((few.grid.blocks, few.grid.threads), ([128, 1, 1], 96));
    }

    #[test]
    fn a_row_alone_gets_a_large_block() {
        let decode = Rows::new(132, 1, 4096);
        assert!(!decode.by_warp);
        assert_eq!((decode.grid.blocks, decode.grid.threads), ([1, 1, 1], 1024));
        assert_eq!(Rows::new(132, 2048, 4096).grid.threads, 256);
        assert_eq!(Rows::new(132, 1, 1).grid.threads, 32);
    }

    #[test]
    fn threads_are_whole_warps() {
        for cols in 1..5000 {
            for rows in [1, 133, 1000] {
                let threads = Rows::new(132, rows, cols).grid.threads;
                assert!(threads.is_multiple_of(32) && (32..=1024).contains(&threads), "{rows} {cols}");
            }
        }
    }

    #[test]
    fn narrow_matrices_are_cut_along_their_rows() {
        assert_eq!(Grid::of_columns(132, 8192, 32).blocks, [1, 128, 1]);
        assert_eq!(Grid::of_columns(132, 8192, 1 << 20).blocks, [32_768, 1, 1]);
        assert_eq!(Grid::of_columns(132, 3, 33).blocks, [2, 1, 1]);
    }
}
