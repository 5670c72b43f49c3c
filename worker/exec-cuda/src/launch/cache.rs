//! The cache of keys and values.

use assay_exact::KvAppend;

use super::elementwise::word;
use crate::error::Fault;
use crate::gpu::{Arg, Gpu, Grid, Kernel};
use crate::module::Module;
use crate::span::{CacheSpans, Span};

/// Threads of a block, a warp for each row of the keys and of the values.
const THREADS: u32 = 256;
const ROWS: usize = 8;

/// Where the first token goes.
enum Place {
    At(usize),
    /// The token in device memory, as a captured pass reads it.
    In(Span<u32>),
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

/// The same from the token on that `position` (one element) holds when the kernel runs. What goes beyond the
/// capacity is reported as a trap and not written.
#[allow(clippy::too_many_arguments)]
pub(crate) fn kv_append_forward_at(
    gpu: &Gpu,
    node: u32,
    op: &KvAppend,
    position: Span<u32>,
    k: Span<f32>,
    v: Span<f32>,
    cache: CacheSpans,
) -> Result<(), Fault> {
    append(gpu, node, op, &Place::In(position), [k, v], cache)
}

fn append(
    gpu: &Gpu,
    node: u32,
    op: &KvAppend,
    place: &Place,
    [k, v]: [Span<f32>; 2],
    cache: CacheSpans,
) -> Result<(), Fault> {
    let (places, rows) = (op.capacity() * op.heads(), k.len() / op.dim());
    debug_assert!(k.len() == v.len() && k.len().is_multiple_of(op.heads() * op.dim()));
    debug_assert!(cache.key_planes.len() == op.keys().digits() * places * op.dim());
    debug_assert!(cache.value_planes.len() == op.values().digits() * places * op.dim());
    debug_assert!([cache.key_scales, cache.value_scales, cache.value_logs].iter().all(|s| s.len() == places));
    let (position, at) = match place {
        Place::At(at) => (Arg::U64(0), word("place of KvAppend", *at)?),
        Place::In(position) => (Arg::from(*position), 0),
    };
    let args: [Arg; 17] = [
        k.into(),
        v.into(),
        cache.key_planes.into(),
        cache.key_scales.into(),
        cache.value_planes.into(),
        cache.value_scales.into(),
        cache.value_logs.into(),
        position,
        at.into(),
        word("tokens of KvAppend", rows / op.heads())?.into(),
        word("capacity of KvAppend", op.capacity())?.into(),
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
