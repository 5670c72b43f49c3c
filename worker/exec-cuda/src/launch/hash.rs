//! Hashes: of a trace's leaves, and of whole tensors.

use assay_exec::resident::DIGEST_NODES;

use super::elementwise::word;
use crate::error::Fault;
use crate::gpu::{Arg, Gpu, Grid, Kernel, Scratch};
use crate::module::Module;
use crate::span::Span;

/// Floats of a leaf.
const LEAF: usize = 256;
/// Words of a prefix: what is hashed before a leaf's bytes, zeros behind its end.
const PREFIX_WORDS: usize = 16;
/// Words of a hash.
const HASH_WORDS: usize = 8;
/// Threads of a block, one for each leaf.
const THREADS: u32 = 32;
/// Floats of a chunk of BLAKE3.
const CHUNK: usize = 256;
/// Threads of a block, one for each chunk.
const CHUNKS: u32 = 128;
/// Threads of a block that joins nodes: one for each two of the most.
const JOINING: u32 = 256;

fn launch(gpu: &Gpu, name: &'static str, grid: Grid, args: &[Arg]) -> Result<(), Fault> {
    gpu.launch(Kernel { module: Module::Hash, name }, grid, args)
}

/// BLAKE3 of each leaf of a trace point: of the prefix (a zero, and the SCALE of the place of the point's
/// first leaf, `bytes` of them), in which the leaf's own offset is written, and of up to 1 KiB of `values`.
/// Writes eight words, little-endian, for each leaf to `hashes`.
pub(crate) fn leaves(
    gpu: &Gpu,
    values: Span<f32>,
    prefix: Span<u32>,
    bytes: usize,
    hashes: Span<u32>,
) -> Result<(), Fault> {
    leaves_of_points(gpu, 1, values, prefix, bytes, hashes)
}

/// The same for several points of one shape in one launch, as those of a pass over one token: `values`, `prefixes` and
/// `hashes` one after another. A leaf alone takes as long as many do.
pub(crate) fn leaves_of_points(
    gpu: &Gpu,
    points: usize,
    values: Span<f32>,
    prefixes: Span<u32>,
    bytes: usize,
    hashes: Span<u32>,
) -> Result<(), Fault> {
    let floats = values.len() / points.max(1);
    let leaves = floats.div_ceil(LEAF);
    debug_assert!(bytes <= 4 * PREFIX_WORDS && prefixes.len() == points * PREFIX_WORDS);
    debug_assert!(values.len() == points * floats && hashes.len() == points * leaves * HASH_WORDS);
    let args: [Arg; 6] = [
        values.into(),
        (floats as u64).into(),
        prefixes.into(),
        word("prefix of a leaf", bytes)?.into(),
        0u64.into(),
        hashes.into(),
    ];
    let blocks = [word("leaves of a point", leaves.div_ceil(THREADS as usize))?, word("points", points)?, 1];
    launch(gpu, "hash_leaves", Grid { blocks, threads: THREADS, shared: 0 }, &args)
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
