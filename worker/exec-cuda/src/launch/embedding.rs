//! Rows of a table by token id, their gradients, means over tokens, the last row, and the best class of each row.

use assay_exact::{ArgMax, EmbedGather, EmbedScatterAdd, FixedPoint, MeanPool};

use super::elementwise::{blocks, word, THREADS};
use super::norm::Columns;
use crate::error::Fault;
use crate::gpu::{Arg, Gpu, Grid, Kernel};
use crate::module::Module;
use crate::span::{Digits, Span};

/// Columns that a warp reads side by side.
const COLUMNS: u32 = 32;
/// Classes that a block looks at, at least.
const CLASSES: usize = 4 * THREADS as usize;

fn launch(gpu: &Gpu, name: &'static str, grid: Grid, args: &[Arg]) -> Result<(), Fault> {
    gpu.launch(Kernel { module: Module::Embedding, name }, grid, args)
}

/// Tokens, rows of the table and columns, as kernels take them.
fn sizes(tokens: usize, vocabulary: usize, cols: usize) -> Result<[Arg; 3], Fault> {
    let tokens = word("tokens of an embedding", tokens)?;
    let vocabulary = word("vocabulary of an embedding", vocabulary)?;
    Ok([tokens.into(), vocabulary.into(), word("columns of an embedding", cols)?.into()])
}

/// Rows of an f32 table.
pub(crate) fn embed_gather_forward(
    gpu: &Gpu,
    node: u32,
    op: &EmbedGather,
    ids: Span<u32>,
    table: Span<f32>,
    y: Span<f32>,
) -> Result<(), Fault> {
    let (rows, cols) = (op.tokens(), op.cols());
    debug_assert!(ids.len() == rows && table.len() == op.vocabulary() * cols && y.len() == rows * cols);
    let [tokens, vocabulary, width] = sizes(rows, op.vocabulary(), cols)?;
    let (fault, node) = (gpu.fault_word().into(), node.into());
    let args: &[Arg] = &[ids.into(), table.into(), y.into(), tokens, vocabulary, width, fault, node];
    launch(gpu, "embed_gather", Grid::of_tokens(gpu.processors(), rows, cols), args)
}

/// Rows of a quantised table.
pub(crate) fn embed_gather_forward_quantised(
    gpu: &Gpu,
    node: u32,
    op: &EmbedGather,
    ids: Span<u32>,
    table: Digits,
    y: Span<f32>,
) -> Result<(), Fault> {
    let (rows, cols) = (op.tokens(), op.cols());
    debug_assert!(ids.len() == rows && table.rows == op.vocabulary() && table.depth == cols);
    debug_assert!(y.len() == rows * cols);
    let [tokens, vocabulary, width] = sizes(rows, op.vocabulary(), cols)?;
    let args: &[Arg] = &[
        ids.into(),
        table.planes.into(),
        table.scales.into(),
        y.into(),
        tokens,
        vocabulary,
        width,
        (table.precision.digits() as u32).into(),
        gpu.fault_word().into(),
        node.into(),
    ];
    launch(gpu, "embed_gather_quantised", Grid::of_tokens(gpu.processors(), rows, cols), args)
}

/// Adds rows of dy to the rows of `ids`.
pub(crate) fn embed_scatter_add(
    gpu: &Gpu,
    node: u32,
    op: &EmbedScatterAdd,
    ids: Span<u32>,
    dy: Span<f32>,
    fixed: &FixedPoint,
    table: Span<i64>,
) -> Result<(), Fault> {
    scatter(gpu, node, op, [ids.into(), dy.into(), table.into()], fixed, false)
}

/// Subtracts them.
pub(crate) fn embed_scatter_subtract(
    gpu: &Gpu,
    node: u32,
    op: &EmbedScatterAdd,
    ids: Span<u32>,
    dy: Span<f32>,
    fixed: &FixedPoint,
    table: Span<i64>,
) -> Result<(), Fault> {
    scatter(gpu, node, op, [ids.into(), dy.into(), table.into()], fixed, true)
}

/// Either, on ids, dy and the table.
fn scatter(
    gpu: &Gpu,
    node: u32,
    op: &EmbedScatterAdd,
    [ids, dy, table]: [Arg; 3],
    fixed: &FixedPoint,
    subtract: bool,
) -> Result<(), Fault> {
    let [tokens, vocabulary, width] = sizes(op.tokens(), op.vocabulary(), op.cols())?;
    let (limit, subtract) = (fixed.limit().into(), u32::from(subtract).into());
    let (fault, node) = (gpu.fault_word().into(), node.into());
    let args: &[Arg] = &[ids, dy, table, tokens, vocabulary, width, limit, subtract, fault, node];
    launch(gpu, "embed_scatter", Grid::of_tokens(gpu.processors(), op.tokens(), op.cols()), args)
}

/// The mean over tokens.
pub(crate) fn mean_pool_forward(
    gpu: &Gpu,
    node: u32,
    op: &MeanPool,
    x: Span<f32>,
    y: Span<f32>,
) -> Result<(), Fault> {
    Columns::of(gpu, [op.tokens(), op.cols()], x, [None; 3])?.mean(gpu, node, y)
}

/// The means over the tokens of units, those of unit u from row `bounds[u]` to `bounds[u + 1]`.
pub(crate) fn mean_pool_joined(
    gpu: &Gpu,
    node: u32,
    cols: usize,
    x: Span<f32>,
    bounds: Span<u32>,
    y: Span<f32>,
) -> Result<(), Fault> {
    let units = y.len() / cols;
    debug_assert!(bounds.len() == units + 1 && y.len() == units * cols);
    let width = word("columns of MeanPool", cols)?;
    let args: &[Arg] = &[
        x.into(),
        bounds.into(),
        y.into(),
        word("units of MeanPool", units)?.into(),
        width.into(),
        gpu.fault_word().into(),
        node.into(),
    ];
    let grid =
        Grid { blocks: [width.div_ceil(COLUMNS), blocks(units, 65_535), 1], threads: THREADS, shared: 0 };
    launch(gpu, "mean_pool_joined", grid, args)
}

/// The last row of each unit, likewise.
pub(crate) fn last_rows(
    gpu: &Gpu,
    cols: usize,
    x: Span<f32>,
    bounds: Span<u32>,
    y: Span<f32>,
) -> Result<(), Fault> {
    let units = y.len() / cols;
    debug_assert!(bounds.len() == units + 1 && y.len() == units * cols);
    let (count, width) = (word("units of Last", units)?, word("columns of Last", cols)?);
    let args: &[Arg] = &[x.into(), bounds.into(), y.into(), count.into(), width.into()];
    launch(gpu, "last_rows", Grid::of_tokens(gpu.processors(), units, cols), args)
}

/// The gradient of its input.
pub(crate) fn mean_pool_backward(
    gpu: &Gpu,
    node: u32,
    op: &MeanPool,
    dy: Span<f32>,
    dx: Span<f32>,
) -> Result<(), Fault> {
    let (tokens, cols) = (op.tokens(), op.cols());
    debug_assert!(dy.len() == cols && dx.len() == tokens * cols);
    let args: &[Arg] = &[
        dy.into(),
        dx.into(),
        word("tokens of MeanPool", tokens)?.into(),
        word("columns of MeanPool", cols)?.into(),
        gpu.fault_word().into(),
        node.into(),
    ];
    launch(gpu, "mean_pool_backward", Grid::of_tokens(gpu.processors(), tokens, cols), args)
}

/// The lowest index of the largest element of each row.
pub(crate) fn arg_max_forward(
    gpu: &Gpu,
    node: u32,
    op: &ArgMax,
    x: Span<f32>,
    best: Span<u32>,
) -> Result<(), Fault> {
    let (rows, classes) = (op.rows(), op.classes());
    debug_assert!(x.len() == rows * classes && best.len() == rows);
    let keys = gpu.scratch::<u64>(rows)?;
    gpu.zero(keys.span())?;
    let args: &[Arg] = &[
        x.into(),
        keys.span().into(),
        (rows as u64).into(),
        word("classes of ArgMax", classes)?.into(),
        gpu.fault_word().into(),
        node.into(),
    ];
    launch(gpu, "arg_max_keys", over_classes(gpu.processors(), rows, classes), args)?;
    let args: &[Arg] = &[keys.span().into(), best.into(), (rows as u64).into()];
    launch(gpu, "arg_max_indices", Grid::of_elements(gpu.processors(), rows), args)
}

/// Classes along the first axis, rows along the second.
fn over_classes(processors: u32, rows: usize, classes: usize) -> Grid {
    let x = blocks(classes.div_ceil(CLASSES), 2 * processors as usize);
    Grid { blocks: [x, blocks(rows, 65_535), 1], threads: THREADS, shared: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_of_one_row_are_spread_over_the_device() {
        assert_eq!(over_classes(132, 1, 128_256).blocks, [126, 1, 1]);
        assert_eq!(over_classes(132, 1 << 20, 1).blocks, [1, 65_535, 1]);
    }
}
