//! The cache of keys and values.

use std::ops::Range;

use assay_exact::KvAppend;

use super::elementwise::word;
use crate::error::Fault;
use crate::gpu::{Arg, Gpu, Grid, Kernel};
use crate::module::Module;
use crate::span::{CacheSpans, Span};

/// Threads of a block, a warp for each row of the keys and of the values.
const THREADS: u32 = 256;
const ROWS: usize = 8;

/// The units that tokens belong to, in device memory, as a recorded pass reads it: one element for each token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UnitSpans {
    /// Tokens that its unit had before it.
    pub positions: Span<u32>,
    /// Its unit's first place in the cache, in tokens.
    pub slots: Span<u32>,
}

impl UnitSpans {
    /// Those of some tokens.
    pub(crate) fn range(self, tokens: Range<usize>) -> Self {
        Self { positions: self.positions.range(tokens.clone()), slots: self.slots.range(tokens) }
    }
}

/// Where tokens go.
enum Place {
    /// From this token of the cache on.
    At(usize),
    /// Each to its own place.
    In(UnitSpans),
}

/// Quantises `k` and `v` (tokens × heads × dim) into the cache, from token `at` on.
#[allow(clippy::too_many_arguments)] // The operands of an operator are as many as they are.
pub(crate) fn kv_append_forward(
    gpu: &Gpu,
    node: u32,
    op: &KvAppend,
    at: usize,
    k: Span<f32>,
    v: Span<f32>,
    cache: CacheSpans,
) -> Result<(), Fault> {
    append(gpu, node, op, &Place::At(at), [k, v], cache)
}

/// The same into a cache of many units, each token to the place that its position and its unit's slot give when the
/// kernel runs; `op` is that of the unit with the largest capacity. What goes beyond the cache is reported as a trap
/// and not written; that no unit goes beyond its own capacity its caller has checked.
#[allow(clippy::too_many_arguments)]
pub(crate) fn kv_append_forward_of_units(
    gpu: &Gpu,
    node: u32,
    op: &KvAppend,
    units: UnitSpans,
    k: Span<f32>,
    v: Span<f32>,
    cache: CacheSpans,
) -> Result<(), Fault> {
    append(gpu, node, op, &Place::In(units), [k, v], cache)
}

fn append(
    gpu: &Gpu,
    node: u32,
    op: &KvAppend,
    place: &Place,
    [k, v]: [Span<f32>; 2],
    cache: CacheSpans,
) -> Result<(), Fault> {
    let (places, rows) = (cache.key_scales.len(), k.len() / op.dim());
    debug_assert!(places >= op.capacity() * op.heads() && places.is_multiple_of(op.heads()));
    debug_assert!(k.len() == v.len() && k.len().is_multiple_of(op.heads() * op.dim()));
    debug_assert!(cache.key_planes.len() == op.keys().digits() * places * op.dim());
    debug_assert!(cache.value_planes.len() == op.values().digits() * places * op.dim());
    debug_assert!([cache.key_scales, cache.value_scales, cache.value_logs].iter().all(|s| s.len() == places));
    let ([positions, slots], at) = match place {
        Place::At(at) => ([Arg::U64(0); 2], word("place of KvAppend", *at)?),
        Place::In(units) => {
            debug_assert!([units.positions.len(), units.slots.len()] == [rows / op.heads(); 2]);
            ([units.positions, units.slots].map(Arg::from), 0)
        }
    };
    let args: [Arg; 18] = [
        k.into(),
        v.into(),
        cache.key_planes.into(),
        cache.key_scales.into(),
        cache.value_planes.into(),
        cache.value_scales.into(),
        cache.value_logs.into(),
        positions,
        slots,
        at.into(),
        word("tokens of KvAppend", rows / op.heads())?.into(),
        word("capacity of KvAppend", places / op.heads())?.into(),
        word("heads of KvAppend", op.heads())?.into(),
        word("head dimension of KvAppend", op.dim())?.into(),
        word("digits", op.keys().digits())?.into(),
        word("digits", op.values().digits())?.into(),
        gpu.fault_word().into(),
        node.into(),
    ];
    let blocks = [word("rows of KvAppend", rows.div_ceil(ROWS))?, 2, 1];
    let grid = Grid { blocks, threads: THREADS, shared: 0 };
    gpu.launch(Kernel { module: Module::Cache, name: "kv_append" }, grid, &args)
}
