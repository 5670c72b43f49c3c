//! How attention is cut into blocks: by tiles of rows, or by splits of the keys.

use assay_exact::{Attn, AttnShape, Precision};
use assay_exec::resident::{split_bytes, SPLIT_BYTES, SPLIT_KEYS};

use crate::span::{Digits, KeysValuesSpans};

/// Rows of a tile, and keys that it takes at a time; its threads.
pub(super) const TILE_ROWS: usize = 64;
const TILE_KEYS: usize = 64;
pub(super) const TILE_THREADS: u32 = 128;
/// Bytes between rows of values in shared memory beyond the row, and words of a column that is turned.
const VALUE_PADDING: usize = 16;
const TURNED_STRIDE: usize = 24;

/// Rows of a block of a split, its threads, columns of the output of a block.
pub(super) const SPLIT_ROWS: usize = 8;
pub(super) const SPLIT_THREADS: u32 = 128;
pub(super) const SPLIT_COLUMNS: usize = 128;

/// Rows of a stack (queries, times the heads that share a key-value head) from which on tiles are used: with
/// fewer, most of a tile is empty and the keys of one block are not shared by enough rows. To be measured.
const LEAST_TILE_ROWS: usize = 32;
/// Blocks for each multiprocessor that splits are made for.
const BLOCKS: usize = 4;
/// The most blocks along a grid's second axis, and along its third.
const MOST_BLOCKS: usize = 65_535;

/// A kernel that computes tiles: `attn_tile_DIM_DW`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tile {
    pub(super) name: &'static str,
    dim: usize,
    /// Digits of queries, keys and values; of the weights.
    digits: usize,
    weights: usize,
    /// Columns of the output of a block: fewer where the sums of all would not fit the registers.
    columns: usize,
}

const fn tile(name: &'static str, dim: usize, digits: usize, weights: usize, columns: usize) -> Tile {
    Tile { name, dim, digits, weights, columns }
}

static TILES: [Tile; 9] = [
    tile("attn_tile_32_11", 32, 1, 1, 32),
    tile("attn_tile_32_12", 32, 1, 2, 32),
    tile("attn_tile_32_22", 32, 2, 2, 32),
    tile("attn_tile_64_11", 64, 1, 1, 64),
    tile("attn_tile_64_12", 64, 1, 2, 64),
    tile("attn_tile_64_22", 64, 2, 2, 64),
    tile("attn_tile_128_11", 128, 1, 1, 128),
    tile("attn_tile_128_12", 128, 1, 2, 128),
    tile("attn_tile_128_22", 128, 2, 2, 64),
];

impl Tile {
    /// The kernel for these operands; none for other sizes of a head, mixed digits, or planes that can't be
    /// loaded by 16 bytes.
    pub(super) fn find(op: &Attn, q: &Digits, cache: &KeysValuesSpans) -> Option<&'static Self> {
        let operands = [q, &cache.keys, &cache.values];
        let is_aligned = operands.iter().all(|operand| operand.planes.address().is_multiple_of(16));
        let digits = operands.map(|operand| operand.precision.digits());
        Self::of(op.shape().dim, digits, op.weights().digits()).filter(|_| is_aligned)
    }

    fn of(dim: usize, digits: [usize; 3], weights: usize) -> Option<&'static Self> {
        let fits = |tile: &&Self| tile.dim == dim && [tile.digits; 3] == digits && tile.weights == weights;
        TILES.iter().find(fits)
    }

    /// Blocks that share a tile's columns.
    pub(super) fn slices(&self) -> usize {
        self.dim / self.columns
    }

    /// Dynamic shared memory of a block, in bytes: two tiles of keys, values, scales and logarithms, a flag,
    /// and one tile of values turned.
    pub(super) fn shared(&self) -> u32 {
        let key = if self.dim.is_multiple_of(64) { self.dim + 32 } else { self.dim };
        let rows = 2 * self.digits * TILE_KEYS * (key + self.columns + VALUE_PADDING);
        let turned = 4 * self.digits * self.columns * TURNED_STRIDE;
        (rows + 2 * 2 * 4 * TILE_KEYS + 16 + turned) as u32
    }
}

/// Whether there are rows enough for tiles.
pub(super) fn is_for_tiles(shape: &AttnShape) -> bool {
    shape.queries * (shape.heads / shape.kv_heads) >= LEAST_TILE_ROWS
}

/// How the keys of an attention are split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Splits {
    /// Splits of the keys.
    pub(super) count: usize,
    /// Queries that are computed at a time: of one unit, or one of each unit of a decode.
    pub(super) queries: usize,
}

impl Splits {
    /// As many queries as [`SPLIT_BYTES`] have room for, and as many splits as keep the device busy, of at least
    /// [`SPLIT_KEYS`] keys.
    pub(super) fn new(shape: &AttnShape, values: Precision, processors: u32) -> Self {
        let group = shape.heads / shape.kv_heads;
        let each = split_bytes(shape.heads, shape.keys, shape.dim, values).max(1);
        let room = ((SPLIT_BYTES / each) as usize).min(MOST_BLOCKS * SPLIT_ROWS / group);
        let queries = room.clamp(1, shape.queries);
        let blocks = (queries * group).div_ceil(SPLIT_ROWS) * shape.kv_heads;
        Self { count: Self::busy(shape, blocks, processors), queries }
    }

    /// The same of a decode of `units` units, one at least: one query of each. `shape` is that of the unit with the
    /// most keys.
    pub(super) fn of_units(shape: &AttnShape, units: usize, values: Precision, processors: u32) -> Self {
        let each = split_bytes(shape.heads, shape.keys, shape.dim, values).max(1);
        let room = ((SPLIT_BYTES / each) as usize).min(MOST_BLOCKS / shape.kv_heads);
        let queries = room.clamp(1, units);
        let blocks = (shape.heads / shape.kv_heads).div_ceil(SPLIT_ROWS) * shape.kv_heads * queries;
        Self { count: Self::busy(shape, blocks, processors), queries }
    }

    /// As many splits as keep the device busy where each takes so many blocks.
    fn busy(shape: &AttnShape, blocks: usize, processors: u32) -> usize {
        let wanted = (BLOCKS * processors as usize).div_ceil(blocks);
        wanted.min(shape.keys.div_ceil(SPLIT_KEYS)).max(1)
    }
}

#[cfg(test)]
mod tests {
    use assay_exact::Mask;

    use super::*;

    fn shape(queries: usize, keys: usize, heads: usize, kv_heads: usize) -> AttnShape {
        AttnShape { queries, keys, heads, kv_heads, dim: 128, mask: Mask::Causal }
    }

    #[test]
    fn a_tile_fits_the_shared_memory_of_every_device_with_tensor_cores() {
        // 99 KiB: what a block may have on the smallest of compute capability 8 and above.
        assert!(TILES.iter().all(|tile| tile.shared() <= 99 << 10), "{TILES:?}");
        // Two blocks, which the registers allow, fit an H200.
        assert!(TILES.iter().all(|tile| 2 * tile.shared() <= 227 << 10), "{TILES:?}");
    }

    #[test]
    fn sizes_of_shared_memory_are_those_that_the_kernels_cut() {
        // Two tiles of 64 keys of 160 bytes and of values of 144, two of 64 scales and logarithms, a flag of
        // 16 bytes, 128 columns of 24 words.
        let whole = Tile::of(128, [1; 3], 2).map(Tile::shared);
        assert_eq!(whole, Some(2 * 64 * 160 + 2 * 64 * 144 + 1024 + 16 + 128 * 96));
        let narrow = Tile::of(32, [1; 3], 1).map(Tile::shared);
        assert_eq!(narrow, Some(2 * 64 * 32 + 2 * 64 * 48 + 1024 + 16 + 32 * 96));
    }

    #[test]
    fn there_are_tiles_for_equal_digits_only() {
        assert_eq!(Tile::of(64, [2; 3], 2).map(|tile| tile.name), Some("attn_tile_64_22"));
        assert_eq!(Tile::of(128, [2; 3], 2).map(Tile::slices), Some(2));
        assert!(Tile::of(64, [2, 2, 1], 2).is_none() && Tile::of(80, [1; 3], 2).is_none());
        assert!(Tile::of(64, [3; 3], 2).is_none() && Tile::of(64, [2; 3], 1).is_none());
    }

    #[test]
    fn a_decode_is_split_over_the_keys_until_the_device_is_busy() {
        assert_eq!(splits(shape(1, 32_768, 32, 8)), Splits { count: 66, queries: 1 });
        assert_eq!(splits(shape(1, 512, 32, 8)), Splits { count: 4, queries: 1 });
        assert_eq!(splits(shape(1, 1, 32, 8)).count, 1);
    }

    fn splits(shape: AttnShape) -> Splits {
        Splits::new(&shape, Precision::I8, 132)
    }

    #[test]
    fn as_many_queries_are_computed_at_a_time_as_there_is_room_for() {
        for shape in [shape(8_192, 8_192, 32, 8), shape(131_071, 131_071, 1, 1)] {
            let each = split_bytes(shape.heads, shape.keys, shape.dim, Precision::I8);
            let Splits { queries, count } = splits(shape);
            assert!(queries as u64 * each <= SPLIT_BYTES && SPLIT_BYTES < (queries + 1) as u64 * each);
            // What the kernels take of it, as `Part` has it.
            let parts = queries * shape.heads * count;
            let bytes = 4 * queries * shape.heads * shape.keys + parts * (16 + 8 * shape.dim);
            assert!(bytes as u64 <= SPLIT_BYTES, "{shape:?}");
        }
        // One takes more.
        assert_eq!(splits(shape(131_071, 131_071, 1_024, 1)).queries, 1);
    }

    #[test]
    fn units_of_a_decode_share_the_blocks_and_the_room_for_scores() {
        let decode = |keys, units| Splits::of_units(&shape(1, keys, 32, 8), units, Precision::I8, 132);
        assert_eq!(decode(32_768, 1), splits(shape(1, 32_768, 32, 8)));
        assert_eq!(decode(32_768, 6), Splits { count: 11, queries: 6 });
        assert_eq!(decode(576, 32), Splits { count: 3, queries: 32 });
        let each = split_bytes(32, 32_768, 128, Precision::I8);
        let Splits { queries, .. } = decode(32_768, 64);
        assert!(
            queries as u64 * each <= SPLIT_BYTES && SPLIT_BYTES < (queries + 1) as u64 * each,
            "{queries}"
        );
        // One takes more; a grid has so many blocks.
        assert_eq!(Splits::of_units(&shape(1, 131_071, 1_024, 1), 3, Precision::I8, 132).queries, 1);
        assert_eq!(Splits::of_units(&shape(1, 1, 8, 8), 1 << 20, Precision::I8, 132).queries, 65_535 / 8);
    }

    #[test]
    fn few_rows_are_for_splits() {
        assert!(!is_for_tiles(&shape(1, 4_096, 32, 8)) && is_for_tiles(&shape(8, 4_096, 32, 8)));
        assert!(is_for_tiles(&shape(32, 32, 12, 12)) && !is_for_tiles(&shape(31, 31, 12, 12)));
    }
}
