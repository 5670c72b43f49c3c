//! Attention, forward. The two ways that its kernels have are in `plan`; the gradients in `backward`.

use assay_exact::{Attn, AttnShape, Mask, Refused};

mod backward;
mod plan;

pub(crate) use backward::{attn_backward, AttnGradientSpans, AttnSavedSpans};

use self::plan::{Splits, Tile, SPLIT_THREADS, TILE_THREADS};
use super::cache::UnitSpans;
use super::elementwise::word;
use crate::error::Fault;
use crate::gpu::{Arg, Gpu, Grid, Kernel, Scratch};
use crate::module::Module;
use crate::span::{Digits, KeysValuesSpans, Span};

/// A unit's first token among all queries and outputs, and among all keys and values.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct First {
    pub query: usize,
    pub key: usize,
}

/// Attention: a prefill, or a decode with few queries.
pub(crate) fn attn_forward(
    gpu: &Gpu,
    node: u32,
    op: &Attn,
    q: Digits,
    cache: KeysValuesSpans,
    out: Span<f32>,
) -> Result<(), Fault> {
    attn_forward_of(gpu, node, op, First::default(), q, cache, out)
}

/// The same of one unit among several, whose digits lie in planes of all of them; `q`, `cache` and `out` are those of
/// all.
#[allow(clippy::too_many_arguments)] // The operands of an operator are as many as they are.
pub(crate) fn attn_forward_of(
    gpu: &Gpu,
    node: u32,
    op: &Attn,
    first: First,
    q: Digits,
    cache: KeysValuesSpans,
    out: Span<f32>,
) -> Result<(), Fault> {
    Call { gpu, node, op, first, q, cache, out, units: None }.run()
}

/// A decode: one query of each unit, whose position and slot lie in memory when the kernels run. `op` is that of the
/// unit with the most keys that it may have: all units are launched together as if they had as many.
#[allow(clippy::too_many_arguments)]
pub(crate) fn attn_forward_of_units(
    gpu: &Gpu,
    node: u32,
    op: &Attn,
    units: UnitSpans,
    q: Digits,
    cache: KeysValuesSpans,
    out: Span<f32>,
) -> Result<(), Fault> {
    debug_assert!(op.shape().queries == 1 && units.positions.len() == units.slots.len());
    Call { gpu, node, op, first: First::default(), q, cache, out, units: None }.decode(units)
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
    let call = Call { gpu, node, op, first: First::default(), q, cache, out, units: None };
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
#[derive(Clone, Copy)]
struct Call<'a> {
    gpu: &'a Gpu,
    node: u32,
    op: &'a Attn,
    first: First,
    q: Digits,
    cache: KeysValuesSpans,
    out: Span<f32>,
    /// Of a decode.
    units: Option<UnitSpans>,
}

impl Call<'_> {
    fn shape(&self) -> &AttnShape {
        self.op.shape()
    }

    /// Query heads that share a key-value head.
    fn group(&self) -> usize {
        self.shape().heads / self.shape().kv_heads
    }

    /// Asserts that operands of `queries` queries in all fit together.
    fn debug_assert_fits(&self, queries: usize) {
        let shape = self.shape();
        debug_assert!(self.q.rows >= (self.first.query + queries) * shape.heads);
        debug_assert!(self.out.len() == self.q.rows * shape.dim);
        debug_assert!([self.q.depth, self.cache.keys.depth, self.cache.values.depth] == [shape.dim; 3]);
        debug_assert!(self.cache.keys.rows >= (self.first.key + shape.keys) * shape.kv_heads);
        debug_assert!([self.cache.values.rows, self.cache.logs.len()] == [self.cache.keys.rows; 2]);
    }

    fn run(&self) -> Result<(), Fault> {
        let shape = self.shape();
        self.debug_assert_fits(shape.queries);
        let tile = Tile::find(self.op, &self.q, &self.cache);
        match tile.filter(|_| has_tiles(self.gpu) && plan::is_for_tiles(shape)) {
            Some(tile) => self.tiles(tile, None),
            None => self.splits(),
        }
    }

    /// The arguments that all of attention's kernels begin with.
    fn args(&self) -> Result<Vec<Arg>, Fault> {
        let (shape, cache) = (self.shape(), &self.cache);
        let [asking, asked] = [self.first.query * shape.heads, self.first.key * shape.kv_heads];
        Ok(vec![
            from(self.q.planes, asking * shape.dim),
            from(self.q.scales, asking),
            from(cache.keys.planes, asked * shape.dim),
            from(cache.keys.scales, asked),
            from(cache.values.planes, asked * shape.dim),
            from(cache.values.scales, asked),
            from(cache.logs, asked),
            from(self.out, asking * shape.dim),
            self.units.map_or(Arg::U64(0), |units| units.positions.into()),
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
            Part::new(self, splits.count, first, [queries, 1])?.run(self)?;
        }
        Ok(())
    }

    /// The same with one query of each unit: as many units at a time.
    fn decode(&self, units: UnitSpans) -> Result<(), Fault> {
        let all = units.positions.len();
        self.debug_assert_fits(all);
        let splits = Splits::of_units(self.shape(), all, self.cache.values.precision, self.gpu.processors());
        for first in (0..all).step_by(splits.queries) {
            let end = all.min(first + splits.queries);
            let own = First { query: first, ..self.first };
            let call = Self { first: own, units: Some(units.range(first..end)), ..*self };
            Part::new(&call, splits.count, 0, [1, end - first])?.run(&call)?;
        }
        Ok(())
    }
}

/// The address of an element.
fn from<T>(span: Span<T>, element: usize) -> Arg {
    span.range(element..span.len()).into()
}

/// Some queries of an attention by splits, and what their three kernels hand on.
struct Part {
    first_row: u32,
    /// Rows of each stack.
    rows: u32,
    row_blocks: u32,
    /// Stacks: one for each key-value head, of each unit.
    stacks: u32,
    splits: u32,
    /// Parts of the output that each split is computed in: slices of columns, and digits of the values.
    slices: u32,
    scores: Scratch<f32>,
    maxima: Scratch<f32>,
    denominators: Scratch<i64>,
    sums: Scratch<i64>,
}

impl Part {
    /// `queries` of each of `units` units, from query `first` on.
    fn new(
        call: &Call<'_>,
        splits: usize,
        first: usize,
        [queries, units]: [usize; 2],
    ) -> Result<Self, Fault> {
        let (gpu, shape, group) = (call.gpu, call.shape(), call.group());
        let (rows, digits) = (queries * group, call.cache.values.precision.digits());
        let stacks = shape.kv_heads * units;
        let parts = rows * stacks * splits;
        Ok(Self {
            first_row: word("rows of Attn", first * group)?,
            rows: word("rows of Attn", rows)?,
            row_blocks: word("rows of Attn", rows.div_ceil(plan::SPLIT_ROWS))?,
            stacks: word("key-value heads of Attn", stacks)?,
            splits: word("splits of Attn", splits)?,
            slices: word("slices of Attn", digits * shape.dim.div_ceil(plan::SPLIT_COLUMNS))?,
            scores: gpu.scratch(rows * stacks * shape.keys)?,
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
        let slots = call.units.map_or(Arg::U64(0), |units| units.slots.into());

        let mut more = vec![slots, digits(&call.q)?, digits(&call.cache.keys)?];
        more.extend(rows);
        more.extend([scores, maxima]);
        call.launch("attn_split_scores", grid(self.splits, self.row_blocks, self.stacks), &more)?;

        let mut more = vec![slots, values, bound];
        more.extend(rows);
        more.extend([scores, maxima, denominators, sums]);
        let x = self.splits * self.slices;
        call.launch("attn_split_sums", grid(x, self.row_blocks, self.stacks), &more)?;

        let mut more = vec![slots, values, bound];
        more.extend(rows);
        more.extend([maxima, denominators, sums]);
        call.launch("attn_split_finish", grid(self.rows, 1, self.stacks), &more)
    }
}
