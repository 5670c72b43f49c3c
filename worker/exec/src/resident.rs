//! Passes that run wholly in a device's memory: what such a device is asked for.
//!
//! Who runs a job plans one [`Block`] of the device's memory for it, places weights, keys, values and all else there,
//! and hands over a whole pass as a list of [`Call`]s. Nothing comes back between two of them, so a device may queue
//! them. A pass may join several units: what is computed row by row is not told of it, attention takes the units'
//! [`Part`]s, and the rest reads in the block where each unit's rows begin.
//!
//! A training's step is such lists too: for each unit its nodes forward, its loss and its nodes backward, which add to
//! sums that stay in the block ([`Gradient`]), then the update ([`Update`]).
//!
//! **Traps.** A device does not say which trap there is, only at which node: the lowest that met one. All values from
//! there on are rubbish. The caller computes that node by the reference, which gives the trap.

mod attention;
mod leaves;
mod training;

use std::error::Error;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;

use assay_exact::{
    Add, ArgMax, EmbedGather, Gelu, L2Norm, LayerNorm, Linear, Mul, Precision, Refused, RmsNorm, Rope,
    Sample, SiluMul, Tanh,
};

pub use attention::Attention;
pub use leaves::{subtree_hashes, Subtrees, SHARE_WORDS, SUBTREE_LEAVES, SUBTREE_LEVELS};
pub use training::{Gradient, Update};

/// Words of a leaf's prefix, zeros behind its end.
pub const PREFIX_WORDS: usize = 16;
/// The byte of the prefix where the leaf's own place in its value belongs, as a u64.
pub const OFFSET_AT: usize = 21;
/// Words of a hash.
pub const HASH_WORDS: usize = 8;
/// Floats of a leaf; the last one of a value has what is left. BLAKE3 has chunks of as many.
pub const LEAF_FLOATS: usize = 256;
/// Nodes of a digest's tree that are joined together at most.
pub const DIGEST_NODES: usize = 512;
/// Keys of a split, where attention is computed by splits of the keys; the last one of all may have fewer.
pub const SPLIT_KEYS: usize = 128;
/// Most bytes of scores and partial sums that it takes then, unless one query takes more.
pub const SPLIT_BYTES: u64 = 256 << 20;
/// Classes whose weights are summed together where one is drawn.
pub const DRAWN_CHUNK: usize = 1024;
/// Most bytes that drawing of logits takes at a time, unless those of one row take more.
pub const DRAWN_BYTES: u64 = 64 << 20;
/// Most rows that are drawn of together: as many blocks as the second axis of a grid may have.
pub const DRAWN_ROWS: usize = 65_535;
/// Most bytes of probabilities, their gradients and digits of either that the gradients of an attention take for the
/// key-value heads that are computed together, unless one head takes more.
pub const GRADIENT_BYTES: u64 = 1 << 30;
/// What rows of digits that are multiplied are padded to a multiple of, in bytes.
pub const DIGITS_ALIGNMENT: usize = 16;

/// Bytes that one query takes at most where attention is computed by splits of the keys: for each head a score of each key,
/// and for each split of them two maxima, a denominator, and the sums of each digit of the values.
pub fn split_bytes(heads: usize, keys: usize, dim: usize, values: Precision) -> u64 {
    let [heads, splits, keys, dim] = [heads, keys.div_ceil(SPLIT_KEYS), keys, dim].map(|size| size as u64);
    let sums = dim.saturating_mul(8 * values.digits() as u64).saturating_add(16);
    heads.saturating_mul(splits.saturating_mul(sums).saturating_add(keys.saturating_mul(4)))
}

/// Rows of logits that are drawn of together, of `rows` of them.
pub fn rows_drawn_at_once(rows: usize, classes: usize) -> usize {
    let fitting = (DRAWN_BYTES / drawn_row_bytes(classes)).max(1);
    rows.min(usize::try_from(fitting).unwrap_or(usize::MAX)).min(DRAWN_ROWS)
}

/// Bytes that drawing of logits takes: for each row that is drawn of together a weight of each class, a sum of each
/// [`DRAWN_CHUNK`] of them, the largest logit, and the last class that is kept.
pub fn drawn_bytes(rows: usize, classes: usize) -> u64 {
    (rows_drawn_at_once(rows, classes) as u64).saturating_mul(drawn_row_bytes(classes))
}

/// Bytes that a digest of so many floats takes: the nodes of its tree's lowest level and of the level above, of either
/// none where it is the root.
pub fn digest_bytes(floats: usize) -> u64 {
    let chunks = floats.div_ceil(LEAF_FLOATS);
    let nodes = |count: usize| if count > 1 { (4 * HASH_WORDS) as u64 * count as u64 } else { 0 };
    nodes(chunks) + nodes(chunks.div_ceil(DIGEST_NODES))
}

fn drawn_row_bytes(classes: usize) -> u64 {
    let [weights, sums] = [classes, classes.div_ceil(DRAWN_CHUNK)].map(|len| len as u64);
    weights.saturating_mul(4).saturating_add(8 * sums + 12)
}

/// A device that computes in memory of its own. Its bytes are those of the reference.
pub trait Resident: Send + Sync {
    /// Bytes of its memory that nobody has taken, without what it keeps for itself.
    fn free(&self) -> Result<u64, DeviceFault>;

    /// Takes a block of its memory, with anything in it; gives it back when it is dropped. What calls take for
    /// themselves while they run comes on top.
    fn block(&self, bytes: u64) -> Result<Box<dyn Block + '_>, DeviceFault>;
}

/// A block of a device's memory, and who computes in it.
pub trait Block {
    /// Copies elements to byte `start` of the block, behind all calls so far.
    fn upload(&mut self, start: u64, from: Source<'_>) -> Result<(), DeviceFault>;

    /// Copies elements from byte `start` of the block, when all calls so far are done.
    fn download(&mut self, start: u64, to: Target<'_>) -> Result<(), DeviceFault>;

    /// Computes calls one after another, and waits for them. Gives the lowest node that reported, if one did.
    fn run(&mut self, calls: &[Call<'_>]) -> Result<Option<u32>, DeviceFault>;
}

/// Elements to copy to a device.
#[derive(Clone, Copy, Debug)]
pub enum Source<'a> {
    /// Digits.
    I8(&'a [i8]),
    /// Indices.
    U32(&'a [u32]),
    /// Floats.
    F32(&'a [f32]),
}

/// Where elements of a device are copied to.
#[derive(Debug)]
pub enum Target<'a> {
    /// Digits.
    I8(&'a mut [i8]),
    /// Indices.
    U32(&'a mut [u32]),
    /// Floats.
    F32(&'a mut [f32]),
}

/// A device that gave no answer. Never a result of a job: the job is run again elsewhere, or handed back.
#[derive(Debug)]
pub enum DeviceFault {
    /// A job takes more memory than the device has left.
    Memory {
        /// Bytes that it takes.
        needed: u64,
        /// Bytes that are free.
        free: u64,
    },
    /// The device reported at this node, where the reference has nothing to trap on.
    Disagreement {
        /// The node.
        node: u32,
    },
    /// The operands of a call don't fit together.
    Refused(Refused),
    /// What the device itself says.
    Failed(Box<dyn Error + Send + Sync>),
}

impl fmt::Display for DeviceFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory { needed, free } => {
                write!(f, "the job takes {needed} bytes of the device's memory, of which {free} are free")
            }
            Self::Disagreement { node } => {
                write!(f, "the device reported at node {node}, where the reference finds nothing wrong")
            }
            Self::Refused(refused) => refused.fmt(f),
            Self::Failed(reason) => reason.fmt(f),
        }
    }
}

impl Error for DeviceFault {}

impl From<Refused> for DeviceFault {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

/// A stretch of a block: the byte that it starts at, and how many elements it has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Region<T> {
    start: u64,
    len: usize,
    elements: PhantomData<T>,
}

impl<T> Region<T> {
    /// `len` elements from byte `start` on.
    pub fn new(start: u64, len: usize) -> Self {
        Self { start, len, elements: PhantomData }
    }

    /// Its first byte, in the block.
    pub fn start(&self) -> u64 {
        self.start
    }

    /// Its elements.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it has no elements.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Some of its elements.
    pub fn range(&self, range: Range<usize>) -> Self {
        debug_assert!(range.start <= range.end && range.end <= self.len, "{range:?} of {}", self.len);
        Self::new(self.start + (range.start * size_of::<T>()) as u64, range.len())
    }
}

/// Quantised rows, as [`assay_exact::Quantised`] has them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QuantisedRegions {
    /// Digits, the lowest first: `[digits, rows, depth]`.
    pub planes: Region<i8>,
    /// One for each row.
    pub scales: Region<f32>,
    /// Vectors.
    pub rows: usize,
    /// Elements of each.
    pub depth: usize,
    /// How many digits there are.
    pub precision: Precision,
}

impl QuantisedRegions {
    /// A digit of some of the rows.
    pub fn plane(&self, digit: usize, rows: &Range<usize>) -> Region<i8> {
        let before = digit * self.rows;
        self.planes.range((before + rows.start) * self.depth..(before + rows.end) * self.depth)
    }
}

/// The keys and values of one attention node for the tokens of all units, as [`assay_exact::KvCache`] has them. Each
/// unit has places for its tokens one behind another, from its slot on ([`Part`]).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CacheRegions {
    /// Tokens that it has room for: those of all units.
    pub capacity: usize,
    /// Keys, a row for each (token, key-value head).
    pub keys: QuantisedRegions,
    /// Values, likewise.
    pub values: QuantisedRegions,
    /// ln of the values' scales.
    pub logs: Region<f32>,
}

/// What a unit has of a pass: some of the rows of all tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its first row.
    pub first: usize,
    /// Its rows, one for each token.
    pub tokens: usize,
    /// The position of its first token: the tokens that it had before.
    pub start: usize,
    /// Its first place in caches, in tokens; 0 where the pass has none.
    pub slot: usize,
    /// Its places there: the tokens that it may have in the end; 0 where the pass has no caches.
    pub capacity: usize,
}

impl Part {
    /// Its rows of a value of `cols` columns.
    pub fn of(&self, value: &Region<f32>, cols: usize) -> Region<f32> {
        value.range(self.first * cols..(self.first + self.tokens) * cols)
    }

    /// The rows of all its places in a cache of so many key-value heads.
    pub fn kept(&self, kv_heads: usize) -> Range<usize> {
        self.slot * kv_heads..(self.slot + self.capacity) * kv_heads
    }
}

/// One node of a pass.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Call<'a> {
    /// What is reported where it traps.
    pub node: u32,
    /// What it computes.
    pub operator: Operator<'a>,
}

/// An operator and where its operands lie, none of which overlaps an output unless it says so. Values are row-major; those
/// of parts have the rows that the parts say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Operator<'a> {
    /// `to` has what `from` has.
    Copy {
        /// Elements.
        from: Region<f32>,
        /// As many.
        to: Region<f32>,
    },
    /// y = a + b.
    Add {
        /// The elements.
        op: Add,
        /// Addend.
        a: Region<f32>,
        /// Addend.
        b: Region<f32>,
        /// Sum.
        y: Region<f32>,
    },
    /// y = a·b.
    Mul {
        /// The elements.
        op: Mul,
        /// Factor.
        a: Region<f32>,
        /// Factor.
        b: Region<f32>,
        /// Product.
        y: Region<f32>,
    },
    /// y = (x·σ(x))·u.
    SiluMul {
        /// The elements.
        op: SiluMul,
        /// Gate.
        x: Region<f32>,
        /// What is gated.
        u: Region<f32>,
        /// Output.
        y: Region<f32>,
    },
    /// y = x·Φ(x).
    Gelu {
        /// The elements.
        op: Gelu,
        /// Input.
        x: Region<f32>,
        /// Output.
        y: Region<f32>,
    },
    /// y = tanh x.
    Tanh {
        /// The elements.
        op: Tanh,
        /// Input.
        x: Region<f32>,
        /// Output.
        y: Region<f32>,
    },
    /// Rows of unit length.
    L2Norm {
        /// The shape.
        op: L2Norm,
        /// Input.
        x: Region<f32>,
        /// Output.
        y: Region<f32>,
        /// One for each row.
        divisor: Region<f32>,
    },
    /// Root-mean-square normalisation.
    RmsNorm {
        /// The shape.
        op: RmsNorm,
        /// Input.
        x: Region<f32>,
        /// One for each column.
        gamma: Region<f32>,
        /// Output.
        y: Region<f32>,
        /// One for each row.
        rstd: Region<f32>,
    },
    /// Layer normalisation.
    LayerNorm {
        /// The shape.
        op: LayerNorm,
        /// Input.
        x: Region<f32>,
        /// One for each column.
        gamma: Region<f32>,
        /// One for each column.
        beta: Region<f32>,
        /// Output.
        y: Region<f32>,
        /// One for each row.
        mean: Region<f32>,
        /// One for each row.
        rstd: Region<f32>,
    },
    /// y = x·Wᵀ + b.
    Linear {
        /// The shape.
        op: Linear,
        /// Input.
        x: Region<f32>,
        /// A row for each output.
        weight: QuantisedRegions,
        /// One for each output.
        bias: Option<Region<f32>>,
        /// Output.
        y: Region<f32>,
    },
    /// Rows of an f32 table.
    Embed {
        /// The shape.
        op: EmbedGather,
        /// One for each row of the output.
        ids: Region<u32>,
        /// The table.
        table: Region<f32>,
        /// Output.
        y: Region<f32>,
    },
    /// Rows of a quantised table.
    EmbedQuantised {
        /// The shape.
        op: EmbedGather,
        /// One for each row of the output.
        ids: Region<u32>,
        /// The table.
        table: QuantisedRegions,
        /// Output.
        y: Region<f32>,
    },
    /// The last row of each unit.
    Last {
        /// Columns.
        cols: usize,
        /// Input: the rows of all tokens.
        x: Region<f32>,
        /// The first row of each unit, and the number of all rows.
        bounds: Region<u32>,
        /// Output: one row for each unit.
        y: Region<f32>,
    },
    /// The mean over the tokens of each unit.
    MeanPool {
        /// Columns.
        cols: usize,
        /// Input: the rows of all tokens.
        x: Region<f32>,
        /// The first row of each unit, and the number of all rows.
        bounds: Region<u32>,
        /// Output: one row for each unit.
        y: Region<f32>,
    },
    /// Rotates each token from its position.
    Rope {
        /// The shape: of all tokens.
        op: Rope,
        /// Cosines: positions × dim/2.
        cos: Region<f32>,
        /// Sines, likewise.
        sin: Region<f32>,
        /// The position of each token.
        positions: Region<u32>,
        /// Input.
        x: Region<f32>,
        /// Output.
        y: Region<f32>,
    },
    /// BLAKE3 of each leaf of what units have of values: of the prefix, in which the leaf's first byte in what the unit
    /// has is written ([`OFFSET_AT`]), and of the leaf.
    Leaves {
        /// The values of all units: of a trace point, or of several.
        x: Region<f32>,
        /// [`SHARE_WORDS`] for each unit and point. They are read when the call is computed, so they may be others in a
        /// pass that comes again.
        shares: Region<u32>,
        /// Bytes of a prefix, little-endian in its words, with zeros behind them.
        bytes: usize,
        /// The most leaves that a unit has of a point.
        most: usize,
        /// [`HASH_WORDS`] words, little-endian, for each leaf of the pass.
        hashes: Region<u32>,
    },
    /// What a tree takes of leaves: the roots of full subtrees, and the leaves beside them ([`Subtrees`]). A node is
    /// BLAKE3 of a byte that is 1 and of its two children.
    Subtrees {
        /// [`HASH_WORDS`] words for each leaf.
        hashes: Region<u32>,
        /// One word, read when the call is computed: how many of the run's leaves come before them, modulo
        /// [`SUBTREE_LEAVES`].
        first: Region<u32>,
        /// [`SUBTREE_LEAVES`] hashes, which begin with the leaves before the first subtree; as many, which begin with
        /// those behind the last one; and the roots. What lies between is not written ([`subtree_hashes`]).
        roots: Region<u32>,
    },
    /// Attention of each part over its own keys.
    Attention(Attention<'a>),
    /// The lowest index of the largest element of each row.
    ArgMax {
        /// The shape.
        op: ArgMax,
        /// Logits.
        x: Region<f32>,
        /// One for each row.
        best: Region<u32>,
    },
    /// A class of each row, by chance.
    Sample {
        /// Of the classes of one row.
        op: Sample,
        /// Logits: a row for each draw.
        x: Region<f32>,
        /// The draw of each row.
        draws: Region<u64>,
        /// One for each row.
        drawn: Region<u32>,
    },
    /// Of a training: a loss, or gradients of one operator.
    Gradient(Gradient),
    /// Of a training: what comes before the units of a step, or behind them.
    Update(Update),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_rows_are_drawn_of_together_as_there_are_bytes_for() {
        // 4 · 128,256 + 8 · 126 + 12 bytes for each row.
        assert_eq!(drawn_bytes(1, 128_256), 514_044);
        assert_eq!((rows_drawn_at_once(1_000, 128_256), rows_drawn_at_once(100, 128_256)), (130, 100));
        assert_eq!(rows_drawn_at_once(3, 1 << 30), 1);
        assert_eq!(rows_drawn_at_once(100_000, 40), DRAWN_ROWS);
        assert!((1..=2_000).all(|rows| drawn_bytes(rows, 128_256) <= DRAWN_BYTES));
    }

    #[test]
    fn a_digest_takes_its_chunks_and_what_they_become() {
        assert_eq!([0, 1, 256].map(digest_bytes), [0; 3]);
        assert_eq!([257, 512 * 256].map(digest_bytes), [2 * 32, 512 * 32]);
        assert_eq!(digest_bytes(512 * 256 + 1), (513 + 2) * 32);
        // 2³⁰ floats: 2²² chunks, which become 2¹³ nodes, 2⁴ and the root.
        assert_eq!(digest_bytes(1 << 30), ((1 << 22) + (1 << 13)) * 32);
    }

    #[test]
    fn a_digit_of_a_units_rows_lies_in_the_plane_of_all_rows() {
        let (planes, scales) = (Region::new(64, 2 * 12 * 4), Region::new(0, 12));
        let cache = QuantisedRegions { planes, scales, rows: 12, depth: 4, precision: Precision::I15 };
        let rows = Part { first: 0, tokens: 1, start: 2, slot: 1, capacity: 3 }.kept(2);
        assert_eq!(rows, 2..8);
        let plane = |digit| cache.plane(digit, &rows);
        assert_eq!([plane(0), plane(1)], [72, 120].map(|start| Region::<i8>::new(start, 24)));
    }
}
