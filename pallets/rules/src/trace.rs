//! Openings of traces: some leaves of what a run has committed to beside its result, and that they belong there.
//!
//! The format is that of programs, jobs and results (`worker/graph`): a leaf is BLAKE3 of 0, its place in SCALE and its
//! bytes; a node is BLAKE3 of 1 and its two children; the odd one out of a level moves up as it is; without leaves the
//! root is zeros. The trace is the hash of the number of leaves, their root and the result root.

use crate::policy::LEAVES;
use alloc::vec::Vec;
use assay_primitives::{trace_root, Digest};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::slice::Iter;
use scale_info::TypeInfo;
use sp_runtime::{traits::ConstU32, BoundedVec};

/// The most axes of a value.
pub const MAX_AXES: u32 = 3;
/// The most bytes of a leaf.
pub const LEAF_BYTES: u32 = 1_024;
/// The most siblings of an opening: one for each leaf on each level of a tree of 2⁶⁴ leaves.
pub const MAX_SIBLINGS: u32 = 512;

/// A leaf: where it lies, and what it holds.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Leaf {
    /// The pass of a generation, the step of a training, else 0.
    pub step: u64,
    /// The unit.
    pub unit: u64,
    /// The value: the index of its node; 0 for the state of a training.
    pub point: u32,
    /// Its first byte, in the value.
    pub offset: u64,
    /// The type of the value.
    pub dtype: u8,
    /// Sizes of the value's axes.
    pub shape: BoundedVec<u64, ConstU32<MAX_AXES>>,
    /// Its bytes.
    pub bytes: BoundedVec<u8, ConstU32<LEAF_BYTES>>,
}

impl Leaf {
    /// What the tree is built over.
    pub fn hash(&self) -> Digest {
        let place = (self.step, self.unit, self.point, self.offset, self.dtype, &self.shape).encode();
        let mut hasher = blake3::Hasher::new();
        hasher.update(&[0]).update(&place).update(&self.bytes);
        *hasher.finalize().as_bytes()
    }
}

/// Leaves of a trace, and the nodes beside them.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Opening {
    /// How many leaves the trace has.
    pub count: u64,
    /// Those opened, in their order.
    pub leaves: BoundedVec<Leaf, ConstU32<LEAVES>>,
    /// The nodes that the root needs beside them, none of which can be computed from them: level by level from the
    /// lowest on, each from left to right.
    pub siblings: BoundedVec<Digest, ConstU32<MAX_SIBLINGS>>,
}

/// A node: its index in its level, and its hash.
type Node = (u64, Digest);

/// Whether the leaves opened are those of `indices`, in ascending order, of the trace that was committed to with this
/// result, and the siblings exactly those that this takes. Of a trace without leaves, whether none are shown.
///
/// At most 8 leaves and 512 other nodes are hashed.
pub fn check(opening: &Opening, indices: &[u64], trace: &Digest, result: &Digest) -> bool {
    leaves_root(opening, indices).is_some_and(|root| trace_root(opening.count, &root, result) == *trace)
}

/// The root of the tree that the leaves opened lie in.
fn leaves_root(opening: &Opening, indices: &[u64]) -> Option<Digest> {
    let ascending = indices.is_sorted_by(|one, next| one < next);
    let there = indices.last().is_none_or(|last| *last < opening.count);
    if !ascending || !there || indices.len() != opening.leaves.len() {
        return None;
    }
    let mut nodes: Vec<Node> = indices.iter().copied().zip(opening.leaves.iter().map(Leaf::hash)).collect();
    let mut width = opening.count;
    let mut siblings = opening.siblings.iter();
    while width > 1 {
        nodes = level_above(nodes, width, &mut siblings)?;
        width = width.div_ceil(2);
    }
    match (nodes.as_slice(), siblings.next()) {
        ([(_, root)], None) => Some(*root),
        ([], None) if opening.count == 0 => Some(Digest::default()),
        _ => None,
    }
}

/// The nodes above some of a level that is `width` wide; takes the siblings that are missing.
fn level_above(nodes: Vec<Node>, width: u64, siblings: &mut Iter<'_, Digest>) -> Option<Vec<Node>> {
    let mut above = Vec::with_capacity(nodes.len());
    let mut below = nodes.into_iter().peekable();
    while let Some((index, hash)) = below.next() {
        let next = index.checked_add(1)?;
        let node = if index % 2 == 1 {
            // Had its left sibling been known, this node would have been joined with it.
            join(siblings.next()?, &hash)
        } else if next == width {
            hash
        } else if let Some((_, right)) = below.next_if(|(other, _)| *other == next) {
            join(&hash, &right)
        } else {
            join(&hash, siblings.next()?)
        };
        above.push((index / 2, node));
    }
    Some(above)
}

fn join(left: &Digest, right: &Digest) -> Digest {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&[1]).update(left).update(right);
    *hasher.finalize().as_bytes()
}
