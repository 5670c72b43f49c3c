//! Attention, forward. The two ways that its kernels have are in `plan`; the gradients in `backward`.

use assay_exact::{Attn, AttnShape, Mask, Refused};

mod backward;
mod plan;

pub(crate) use backward::{attn_backward, AttnGradientSpans, AttnSavedSpans};

use self::plan::{Splits, Tile, SPLIT_THREADS, TILE_THREADS};
use super::elementwise::word;
use crate::error::Fault;
use crate::gpu::{Arg, Gpu, Grid, Kernel, Scratch};
use crate::module::Module;
use crate::span::{Digits, KeysValuesSpans, Span};

/// Attention: a prefill, or a decode with few queries.
pub(crate) fn attn_forward(
    gpu: &Gpu,
    node: u32,
    op: &Attn,
    q: Digits,
    cache: KeysValuesSpans,
    out: Span<f32>,
) -> Result<(), Fault> {
    Call { gpu, node, op, q, cache, out, position: None }.run()
}

/// The same where `position` (one element) holds, when the kernels run, how many tokens the cache had before
/// these queries: there are as many keys and the queries' own, and at most those of the operator's shape.
#[allow(clippy::too_many_arguments)] // The operands of an operator are as many as they are.
pub(crate) fn attn_forward_at(
    gpu: &Gpu,
    node: u32,
    op: &Attn,
    position: Span<u32>,
    q: Digits,
    cache: KeysValuesSpans,
    out: Span<f32>,
) -> Result<(), Fault> {
    debug_assert!(position.len() == 1);
    Call { gpu, node, op, q, cache, out, position: Some(position) }.run()
}

/// Whether [`attn_forward_joined`] has a kernel for these operands.
pub(crate) fn attn_joins(gpu: &Gpu, op: &Attn, q: Digits, cache: KeysValuesSpans) -> bool {
    Tile::find(op, &q, &cache).is_some() && has_tiles(gpu)
}

/// Attention of many units in one launch, each over its own tokens: those of unit u are from `bounds[u]` to
/// `bounds[u + 1]`, and `op` is that of the longest. Only where [`attn_joins`].
#[allow(clippy::too_many_arguments)]
pub(crate) fn attn_forward_joined(
    gpu: &Gpu,
    node: u32,
    op: &Attn,
    bounds: Span<u32>,
    q: Digits,
    cache: KeysValuesSpans,
    out: Span<f32>,
) -> Result<(), Fault> {
    debug_assert!(op.shape().queries == op.shape().keys && bounds.len() > 1);
    let call = Call { gpu, node, op, q, cache, out, position: None };
    match Tile::find(op, &q, &cache) {
        Some(tile) if has_tiles(gpu) => call.tiles(tile, Some(bounds)),
        _ => Err(Refused::Domain("units joined for Attn").into()),
    }
}

/// Whether there are int8 tensor cores of the shape that the tiles' kernels use.
fn has_tiles(gpu: &Gpu) -> bool {
    gpu.capability() >= (8, 0)
}

/// One attention.
struct Call<'a> {
    gpu: &'a Gpu,
    node: u32,
    op: &'a Attn,
    q: Digits,
    cache: KeysValuesSpans,
    out: Span<f32>,
    position: Option<Span<u32>>,
}

impl Call<'_> {
    fn shape(&self) -> &AttnShape {
        self.op.shape()
    }

    /// Query heads that share a key-value head.
    fn group(&self) -> usize {
        self.shape().heads / self.shape().kv_heads
    }

    fn run(&self) -> Result<(), Fault> {
        let shape = self.shape();
        debug_assert!(
            self.q.rows == shape.queries * shape.heads && self.out.len() == self.q.rows * shape.dim
        );
        debug_assert!([self.q.depth, self.cache.keys.depth, self.cache.values.depth] == [shape.dim; 3]);
        debug_assert!(self.cache.keys.rows >= shape.keys * shape.kv_heads);
        debug_assert!([self.cache.values.rows, self.cache.logs.len()] == [self.cache.keys.rows; 2]);
        let tile = Tile::find(self.op, &self.q, &self.cache);
        match tile.filter(|_| has_tiles(self.gpu) && plan::is_for_tiles(shape)) {
            Some(tile) => self.tiles(tile, None),
            None => self.splits(),
        }
    }

    /// The arguments that all of attention's kernels begin with.
    fn args(&self) -> Result<Vec<Arg>, Fault> {
        let (shape, cache) = (self.shape(), &self.cache);
        Ok(vec![
            self.q.planes.into(),
            self.q.scales.into(),
            cache.keys.planes.into(),
            cache.keys.scales.into(),
            cache.values.planes.into(),
            cache.values.scales.into(),
            cache.logs.into(),
            self.out.into(),
            self.position.map_or(Arg::U64(0), Arg::from),
            word("queries of Attn", shape.queries)?.into(),
            word("keys of Attn", shape.keys)?.into(),
            ((self.q.rows * shape.dim) as u64).into(),
            ((cache.keys.rows * shape.dim) as u64).into(),
            word("heads of Attn", shape.heads)?.into(),
            word("key-value heads of Attn", shape.kv_heads)?.into(),
            word("head dimension of Attn", shape.dim)?.into(),
            u32::from(shape.mask == Mask::Causal).into(),
            self.op.scale().into(),
            self.gpu.fault_word().into(),
            self.node.into(),
        ])
    }

    fn launch(&self, name: &'static str, grid: Grid, more: &[Arg]) -> Result<(), Fault> {
        let mut args = self.args()?;
        args.extend_from_slice(more);
        self.gpu.launch(Kernel { module: Module::Attention, name }, grid, &args)
    }

    fn tiles(&self, tile: &Tile, bounds: Option<Span<u32>>) -> Result<(), Fault> {
        let units = bounds.map_or(1, |bounds| bounds.len() - 1);
        let rows = self.shape().queries * self.group();
        let blocks = [
            word("tiles of Attn", rows.div_ceil(plan::TILE_ROWS))?,
            word("key-value heads of Attn", self.shape().kv_heads)?,
            word("units of Attn", units * tile.slices())?,
        ];
        let grid = Grid { blocks, threads: TILE_THREADS, shared: tile.shared() };
        self.launch(tile.name, grid, &[bounds.map_or(Arg::U64(0), Arg::from)])
    }

    /// By splits of the keys, as many queries at a time as there is room for the scores of.
    fn splits(&self) -> Result<(), Fault> {
        let shape = *self.shape();
        let splits = Splits::new(&shape, self.cache.values.precision, self.gpu.processors());
        for first in (0..shape.queries).step_by(splits.queries) {
            let queries = splits.queries.min(shape.queries - first);
            Part::new(self, &splits, first, queries)?.run(self)?;
        }
        Ok(())
    }
}

/// Some queries of an attention by splits, and what their three kernels hand on.
struct Part {
    first_row: u32,
    /// Rows of each stack.
    rows: u32,
    row_blocks: u32,
    kv_heads: u32,
    splits: u32,
    /// Parts of the output that each split is computed in: slices of columns, and digits of the values.
    slices: u32,
    scores: Scratch<f32>,
    maxima: Scratch<f32>,
    denominators: Scratch<i64>,
    sums: Scratch<i64>,
}

impl Part {
    fn new(call: &Call<'_>, splits: &Splits, first: usize, queries: usize) -> Result<Self, Fault> {
        let (gpu, shape, group) = (call.gpu, call.shape(), call.group());
        let (rows, digits) = (queries * group, call.cache.values.precision.digits());
        let parts = rows * shape.kv_heads * splits.count;
        Ok(Self {
            first_row: word("rows of Attn", first * group)?,
            rows: word("rows of Attn", rows)?,
            row_blocks: word("rows of Attn", rows.div_ceil(plan::SPLIT_ROWS))?,
            kv_heads: word("key-value heads of Attn", shape.kv_heads)?,
            splits: word("splits of Attn", splits.count)?,
            slices: word("slices of Attn", digits * shape.dim.div_ceil(plan::SPLIT_COLUMNS))?,
            scores: gpu.scratch(rows * shape.kv_heads * shape.keys)?,
            maxima: gpu.scratch(2 * parts)?,
            denominators: gpu.scratch(parts)?,
            sums: gpu.scratch(parts * digits * shape.dim)?,
        })
    }

    fn run(&self, call: &Call<'_>) -> Result<(), Fault> {
        let grid = |x, y, z| Grid { blocks: [x, y, z], threads: SPLIT_THREADS, shared: 0 };
        let digits = |operand: &Digits| word("digits of Attn", operand.precision.digits()).map(Arg::from);
        let rows: [Arg; 3] = [self.first_row.into(), self.rows.into(), self.splits.into()];
        let [scores, maxima] = [&self.scores, &self.maxima].map(|floats| Arg::from(floats.span()));
        let [denominators, sums] = [&self.denominators, &self.sums].map(|sums| Arg::from(sums.span()));
        let bound = Arg::F32(call.op.weights().bound() as f32);
        let values = digits(&call.cache.values)?;

        let mut more = vec![digits(&call.q)?, digits(&call.cache.keys)?];
        more.extend(rows);
        more.extend([scores, maxima]);
        call.launch("attn_split_scores", grid(self.splits, self.row_blocks, self.kv_heads), &more)?;

        let mut more = vec![values, bound];
        more.extend(rows);
        more.extend([scores, maxima, denominators, sums]);
        let x = self.splits * self.slices;
        call.launch("attn_split_sums", grid(x, self.row_blocks, self.kv_heads), &more)?;

        let mut more = vec![values, bound];
        more.extend(rows);
        more.extend([maxima, denominators, sums]);
        call.launch("attn_split_finish", grid(self.rows, self.kv_heads, 1), &more)
    }
}
