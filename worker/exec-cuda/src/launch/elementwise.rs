//! Operators on each element by itself, and rotary positions.

use assay_exact::{Add, Gelu, Mul, Refused, Rope, SiluMul, Tanh};

use crate::error::Fault;
use crate::gpu::{Arg, Gpu, Grid, Kernel, Scratch};
use crate::module::Module;
use crate::span::Span;

/// Threads of a block that has no reason for another number.
pub(super) const THREADS: u32 = 256;
/// Elements that a thread has under way at once.
const AT_ONCE: usize = 4;
/// Blocks of [`THREADS`] for each multiprocessor, twice as many as it holds; more work than that is done in turns.
const BLOCKS: usize = 16;
/// The most blocks along a grid's second axis.
const MOST_ROWS: usize = 65_535;

/// A size as kernels take it.
pub(super) fn word(what: &'static str, size: usize) -> Result<u32, Refused> {
    u32::try_from(size).map_err(|_| Refused::Limit { what, limit: u32::MAX.into(), got: size as u64 })
}

/// At least one block, and no more than `most`, which a limit of grids bounds.
pub(super) fn blocks(count: usize, most: usize) -> u32 {
    count.min(most).max(1) as u32
}

impl Grid {
    /// Threads that take elements in turns.
    pub(super) fn of_elements(processors: u32, len: usize) -> Self {
        let enough = len.div_ceil(THREADS as usize * AT_ONCE);
        let x = blocks(enough, BLOCKS * processors as usize);
        Self { blocks: [x, 1, 1], threads: THREADS, shared: 0 }
    }

    /// Tokens along the first axis, the `cols` of each by the threads of one block, or of several where there are fewer
    /// tokens than multiprocessors.
    pub(super) fn of_tokens(processors: u32, tokens: usize, cols: usize) -> Self {
        let threads = cols.next_multiple_of(32).min(THREADS as usize);
        let apart = if tokens < processors as usize { cols.div_ceil(threads) } else { 1 };
        let [x, y] = [blocks(tokens, i32::MAX as usize), blocks(apart, MOST_ROWS)];
        Self { blocks: [x, y, 1], threads: threads as u32, shared: 0 }
    }

    /// Tiles of a matrix, of `side` columns along the first axis and `height` rows along the second.
    pub(super) fn of_tiles(rows: usize, cols: usize, [height, side]: [usize; 2]) -> Self {
        let x = blocks(cols.div_ceil(side), i32::MAX as usize);
        let y = blocks(rows.div_ceil(height), MOST_ROWS);
        Self { blocks: [x, y, 1], threads: THREADS, shared: 0 }
    }
}

/// A kernel on spans of the same length, inputs first.
fn each(gpu: &Gpu, node: u32, name: &'static str, len: usize, spans: &[Span<f32>]) -> Result<(), Fault> {
    debug_assert!(spans.iter().all(|span| span.len() == len), "{name}: {spans:?} of {len}");
    let mut args: Vec<Arg> = spans.iter().map(|span| Arg::from(*span)).collect();
    args.extend([Arg::from(len as u64), gpu.fault_word().into(), node.into()]);
    gpu.launch(Kernel { module: Module::Elementwise, name }, Grid::of_elements(gpu.processors(), len), &args)
}

/// a + b.
pub(crate) fn add_forward(
    gpu: &Gpu,
    node: u32,
    op: &Add,
    a: Span<f32>,
    b: Span<f32>,
    y: Span<f32>,
) -> Result<(), Fault> {
    each(gpu, node, "add_forward", op.elements(), &[a, b, y])
}

/// a·b.
pub(crate) fn mul_forward(
    gpu: &Gpu,
    node: u32,
    op: &Mul,
    a: Span<f32>,
    b: Span<f32>,
    y: Span<f32>,
) -> Result<(), Fault> {
    each(gpu, node, "mul_forward", op.elements(), &[a, b, y])
}

/// Both gradients of a·b.
#[allow(clippy::too_many_arguments)] // The operands of an operator are as many as they are.
pub(crate) fn mul_backward(
    gpu: &Gpu,
    node: u32,
    op: &Mul,
    dy: Span<f32>,
    a: Span<f32>,
    b: Span<f32>,
    da: Span<f32>,
    db: Span<f32>,
) -> Result<(), Fault> {
    each(gpu, node, "mul_backward", op.elements(), &[dy, a, b, da, db])
}

/// x·Φ(x).
pub(crate) fn gelu_forward(gpu: &Gpu, node: u32, op: &Gelu, x: Span<f32>, y: Span<f32>) -> Result<(), Fault> {
    each(gpu, node, "gelu_forward", op.elements(), &[x, y])
}

/// The gradient of x·Φ(x).
pub(crate) fn gelu_backward(
    gpu: &Gpu,
    node: u32,
    op: &Gelu,
    dy: Span<f32>,
    x: Span<f32>,
    dx: Span<f32>,
) -> Result<(), Fault> {
    each(gpu, node, "gelu_backward", op.elements(), &[dy, x, dx])
}

/// tanh x.
pub(crate) fn tanh_forward(gpu: &Gpu, node: u32, op: &Tanh, x: Span<f32>, y: Span<f32>) -> Result<(), Fault> {
    each(gpu, node, "tanh_forward", op.elements(), &[x, y])
}

/// The gradient of tanh x, from its output.
pub(crate) fn tanh_backward(
    gpu: &Gpu,
    node: u32,
    op: &Tanh,
    dy: Span<f32>,
    y: Span<f32>,
    dx: Span<f32>,
) -> Result<(), Fault> {
    each(gpu, node, "tanh_backward", op.elements(), &[dy, y, dx])
}

/// (x·σ(x))·u.
pub(crate) fn silu_mul_forward(
    gpu: &Gpu,
    node: u32,
    op: &SiluMul,
    x: Span<f32>,
    u: Span<f32>,
    y: Span<f32>,
) -> Result<(), Fault> {
    each(gpu, node, "silu_mul_forward", op.elements(), &[x, u, y])
}

/// Both gradients of (x·σ(x))·u.
#[allow(clippy::too_many_arguments)]
pub(crate) fn silu_mul_backward(
    gpu: &Gpu,
    node: u32,
    op: &SiluMul,
    dy: Span<f32>,
    x: Span<f32>,
    u: Span<f32>,
    dx: Span<f32>,
    du: Span<f32>,
) -> Result<(), Fault> {
    each(gpu, node, "silu_mul_backward", op.elements(), &[dy, x, u, dx, du])
}

/// A program's angles, as [`assay_exact::RopeTable`]: `positions × dim/2` each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RopeSpans {
    /// Cosines.
    pub cos: Span<f32>,
    /// Sines.
    pub sin: Span<f32>,
}

/// Rotates from position `start` of the table on.
pub(crate) fn rope_forward(
    gpu: &Gpu,
    node: u32,
    op: &Rope,
    start: usize,
    table: RopeSpans,
    x: Span<f32>,
    y: Span<f32>,
) -> Result<(), Fault> {
    let positions = positions(gpu, op, start)?;
    rope_forward_at(gpu, node, op, positions.span(), table, x, y)
}

/// Rotates each token from its own of the `positions`, whatever unit it belongs to.
pub(crate) fn rope_forward_at(
    gpu: &Gpu,
    node: u32,
    op: &Rope,
    positions: Span<u32>,
    table: RopeSpans,
    x: Span<f32>,
    y: Span<f32>,
) -> Result<(), Fault> {
    rotate(gpu, node, op, positions, table, [x, y], false)
}

/// Rotates back.
pub(crate) fn rope_backward(
    gpu: &Gpu,
    node: u32,
    op: &Rope,
    start: usize,
    table: RopeSpans,
    dy: Span<f32>,
    dx: Span<f32>,
) -> Result<(), Fault> {
    let positions = positions(gpu, op, start)?;
    rope_backward_at(gpu, node, op, positions.span(), table, dy, dx)
}

/// Rotates each token back, likewise.
pub(crate) fn rope_backward_at(
    gpu: &Gpu,
    node: u32,
    op: &Rope,
    positions: Span<u32>,
    table: RopeSpans,
    dy: Span<f32>,
    dx: Span<f32>,
) -> Result<(), Fault> {
    rotate(gpu, node, op, positions, table, [dy, dx], true)
}

/// Those of tokens from `start` on.
fn positions(gpu: &Gpu, op: &Rope, start: usize) -> Result<Scratch<u32>, Fault> {
    let end = word("position of Rope", start.saturating_add(op.tokens()))?;
    let held = gpu.scratch(op.tokens())?;
    gpu.upload(&(start as u32..end).collect::<Vec<u32>>(), held.span())?;
    Ok(held)
}

/// Either way, from `x` to `y`.
fn rotate(
    gpu: &Gpu,
    node: u32,
    op: &Rope,
    positions: Span<u32>,
    table: RopeSpans,
    [x, y]: [Span<f32>; 2],
    back: bool,
) -> Result<(), Fault> {
    let half = op.dim() / 2;
    let len = op.tokens() * op.heads() * op.dim();
    debug_assert!(x.len() == len && y.len() == len && positions.len() == op.tokens());
    debug_assert!(table.cos.len() == table.sin.len());
    // The kernel counts the pairs of a token in 32 bits.
    word("pairs of a token of Rope", op.heads() * half)?;
    let args: &[Arg] = &[
        x.into(),
        table.cos.into(),
        table.sin.into(),
        y.into(),
        positions.into(),
        word("tokens of Rope", op.tokens())?.into(),
        word("heads of Rope", op.heads())?.into(),
        word("head dimension of Rope", half)?.into(),
        word("positions of Rope", table.cos.len() / half)?.into(),
        u32::from(back).into(),
        gpu.fault_word().into(),
        node.into(),
    ];
    let grid = Grid::of_tokens(gpu.processors(), op.tokens(), op.heads() * half);
    gpu.launch(Kernel { module: Module::Elementwise, name: "rope" }, grid, args)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_get_no_more_threads_than_they_need_and_the_device_holds() {
        let blocks = |len| Grid::of_elements(132, len).blocks;
        assert_eq!([blocks(1), blocks(1024), blocks(1025)], [[1, 1, 1], [1, 1, 1], [2, 1, 1]]);
        assert_eq!(blocks(usize::MAX), [132 * 16, 1, 1]);
    }

    #[test]
    fn few_tokens_are_spread_over_the_device() {
        let decode = Grid::of_tokens(132, 1, 2048);
        assert_eq!((decode.blocks, decode.threads), ([1, 8, 1], 256));
        let prefill = Grid::of_tokens(132, 4096, 2048);
        assert_eq!((prefill.blocks, prefill.threads), ([4096, 1, 1], 256));
        assert_eq!(Grid::of_tokens(132, 1, 33).threads, 64);
    }

    #[test]
    fn tiles_cover_a_matrix() {
        assert_eq!(Grid::of_tiles(129, 33, [128, 32]).blocks, [2, 2, 1]);
        assert_eq!(Grid::of_tiles(1, 1, [128, 32]).blocks, [1, 1, 1]);
        // Beyond the second axis' limit blocks take tiles in turns.
        assert_eq!(Grid::of_tiles(1 << 30, 32, [128, 32]).blocks, [1, 65_535, 1]);
    }

    #[test]
    fn a_size_beyond_32_bits_is_refused() {
        assert_eq!(word("tokens", 7), Ok(7));
        let got: u64 = 1 << 32;
        assert_eq!(
            word("tokens", got as usize),
            Err(Refused::Limit { what: "tokens", limit: u32::MAX.into(), got })
        );
    }
}
