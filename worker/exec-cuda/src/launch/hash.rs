//! Hashes of a trace's leaves.

use super::elementwise::word;
use crate::error::Fault;
use crate::gpu::{Arg, Gpu, Grid, Kernel};
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
    let grid = Grid { blocks, threads: THREADS, shared: 0 };
    gpu.launch(Kernel { module: Module::Hash, name: "hash_leaves" }, grid, &args)
}
