//! Hashes: of a trace's leaves, of full subtrees of its tree, and of whole tensors.

use assay_exec::resident::{
    subtree_hashes, DIGEST_NODES, HASH_WORDS, LEAF_FLOATS, PREFIX_WORDS, SHARE_WORDS, SUBTREE_LEAVES,
};

use super::elementwise::word;
use crate::error::Fault;
use crate::gpu::{Arg, Gpu, Grid, Kernel, Scratch};
use crate::module::Module;
use crate::span::Span;

/// Threads of a block, one for each leaf.
const LEAF_THREADS: u32 = 32;
/// Threads of a block, one for each pair of a subtree's leaves.
const PAIR_THREADS: u32 = SUBTREE_LEAVES as u32 / 2;
/// Blocks that copy leaves beside subtrees: those before, and those behind.
const COPYING: usize = 2;
/// As many units and points as the second axis of a grid may have.
const SHARES: usize = 65_535;
/// Floats of a chunk of BLAKE3: as many as of a leaf.
const CHUNK: usize = LEAF_FLOATS;
/// Threads of a block, one for each chunk.
const CHUNKS: u32 = 128;
/// Threads of a block that joins nodes: one for each two of the most.
const JOINING: u32 = DIGEST_NODES as u32 / 2;

fn launch(gpu: &Gpu, name: &'static str, grid: Grid, args: &[Arg]) -> Result<(), Fault> {
    gpu.launch(Kernel { module: Module::Hash, name }, grid, args)
}

/// BLAKE3 of each leaf of what units have of trace points: of the prefix (a zero, and the SCALE of the place of the
/// unit's first leaf, `bytes` of them), in which the leaf's own offset is written, and of up to 1 KiB of `values`. What
/// each unit has of each point is in the device's memory, [`SHARE_WORDS`] for each: no more than `most` leaves. Writes
/// eight words, little-endian, for each leaf to its place in `hashes`.
pub(crate) fn leaves(
    gpu: &Gpu,
    values: Span<f32>,
    shares: Span<u32>,
    bytes: usize,
    most: usize,
    hashes: Span<u32>,
) -> Result<(), Fault> {
    debug_assert!(bytes <= 4 * PREFIX_WORDS && shares.len().is_multiple_of(SHARE_WORDS));
    debug_assert!(most <= values.len().div_ceil(LEAF_FLOATS) && most * HASH_WORDS <= hashes.len());
    let blocks = word("leaves of a unit", most.div_ceil(LEAF_THREADS as usize))?;
    for first in (0..shares.len()).step_by(SHARES * SHARE_WORDS) {
        let shares = shares.range(first..shares.len().min(first + SHARES * SHARE_WORDS));
        let args: [Arg; 4] =
            [values.into(), shares.into(), word("prefix of a leaf", bytes)?.into(), hashes.into()];
        let together = word("units and points of a launch", shares.len() / SHARE_WORDS)?;
        let grid = Grid { blocks: [blocks, together, 1], threads: LEAF_THREADS, shared: 0 };
        launch(gpu, "hash_leaves", grid, &args)?;
    }
    Ok(())
}

/// The roots of the full subtrees of leaves, and the leaves beside them, as
/// [`assay_exec::resident::Operator::Subtrees`] has them. `first`, how many leaves come before these, is read on the
/// device.
pub(crate) fn subtrees(
    gpu: &Gpu,
    hashes: Span<u32>,
    first: Span<u32>,
    roots: Span<u32>,
) -> Result<(), Fault> {
    let leaves = hashes.len() / HASH_WORDS;
    debug_assert!(first.len() == 1 && roots.len() == HASH_WORDS * subtree_hashes(leaves));
    let args: [Arg; 4] =
        [hashes.into(), word("leaves of a pass", leaves)?.into(), first.into(), roots.into()];
    // Of the most subtrees that there may be: how many there are depends on `first`.
    let blocks = word("subtrees of a pass", leaves / SUBTREE_LEAVES + COPYING)?;
    let grid = Grid { blocks: [blocks, 1, 1], threads: PAIR_THREADS, shared: 0 };
    launch(gpu, "hash_subtrees", grid, &args)
}

/// BLAKE3 of all bytes of `values`: eight words, little-endian.
pub(crate) fn digest(gpu: &Gpu, values: Span<f32>, hash: Span<u32>) -> Result<(), Fault> {
    digest_joining(gpu, DIGEST_NODES, values, hash)
}

/// The same where a block joins `joined` nodes, a power of two from 2 to [`DIGEST_NODES`]: that changes no byte.
pub(crate) fn digest_joining(
    gpu: &Gpu,
    joined: usize,
    values: Span<f32>,
    hash: Span<u32>,
) -> Result<(), Fault> {
    debug_assert!(joined.is_power_of_two() && (2..=DIGEST_NODES).contains(&joined));
    debug_assert!(hash.len() == HASH_WORDS);
    let mut count = values.len().div_ceil(CHUNK).max(1);
    // The kernel counts them in 32 bits.
    let blocks = [word("chunks of a hash", count)?.div_ceil(CHUNKS), 1, 1];
    // Nodes of one level and those above it, in turns.
    let held = [nodes(gpu, count)?, nodes(gpu, count.div_ceil(joined))?];
    let [mut here, mut next] = [held[0].span(), held[1].span()];
    let of = |count: usize, nodes: Span<u32>| if count == 1 { hash } else { nodes };
    let args: &[Arg] = &[values.into(), (values.len() as u64).into(), of(count, here).into()];
    launch(gpu, "hash_chunks", Grid { blocks, threads: CHUNKS, shared: 0 }, args)?;
    while count > 1 {
        let above = count.div_ceil(joined);
        let args: &[Arg] =
            &[here.into(), (count as u64).into(), (joined as u32).into(), of(above, next).into()];
        let blocks = [word("nodes of a hash", above)?, 1, 1];
        launch(gpu, "hash_parents", Grid { blocks, threads: JOINING, shared: 0 }, args)?;
        (here, next, count) = (next, here, above);
    }
    Ok(())
}

/// Room for the nodes of a level; of the root's none.
fn nodes(gpu: &Gpu, count: usize) -> Result<Scratch<u32>, Fault> {
    gpu.scratch(if count > 1 { count * HASH_WORDS } else { 0 })
}
