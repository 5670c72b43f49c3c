//! Binary hash trees over leaves of 1 KiB.
//!
//! A leaf is BLAKE3 of 0, its place and its bytes; a node is BLAKE3 of 1 and its two children; the odd one out of a
//! level moves up as it is. BLAKE3's own tree has the same shape, so [`super::chunks`] climbs it by the same function
//! with another way to join two nodes.

use assay_exact::Refused;
use codec::{Decode, Encode};

use crate::root::Hash;

/// Most bytes of a leaf; the last leaf of a value has what is left.
pub const LEAF: usize = 1024;

/// Where the bytes of a leaf lie: hashed with them, in SCALE.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Place {
    /// The pass of a generation, the step of a training, else 0.
    pub step: u64,
    /// The unit.
    pub unit: u64,
    /// The value: the index of its node; 0 for the state of a training.
    pub point: u32,
    /// The first byte, in the value.
    pub offset: u64,
    /// [`crate::tensor::Dtype`] of the value.
    pub dtype: u8,
    /// Sizes of the value's axes.
    pub shape: Vec<u64>,
}

impl Place {
    /// The hash of the leaf that has these bytes here.
    pub fn leaf(&self, bytes: &[u8]) -> Hash {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&[0]).update(&self.encode()).update(bytes);
        *hasher.finalize().as_bytes()
    }

    /// What is hashed before the bytes of a leaf.
    pub(crate) fn prefix(&self) -> Vec<u8> {
        [&[0], self.encode().as_slice()].concat()
    }

    /// Cuts a value, whose first leaf is here, into leaves.
    pub fn leaves(self, value: &[u8]) -> impl Iterator<Item = (Self, &[u8])> {
        let place = move |number: usize| Self { offset: (number * LEAF) as u64, ..self.clone() };
        value.chunks(LEAF).enumerate().map(move |(number, leaf)| (place(number), leaf))
    }
}

/// Bytes of leaf `number` of a value of `len` bytes; 0 beyond its end.
pub(crate) fn leaf_size(number: u64, len: u64) -> u64 {
    len.saturating_sub(number.saturating_mul(LEAF as u64)).min(LEAF as u64)
}

/// How two nodes become the one above them; `top` if that one is the root.
pub(super) type Join = fn(left: &Hash, right: &Hash, top: bool) -> Hash;

fn join(left: &Hash, right: &Hash, _: bool) -> Hash {
    let mut node = [1; 65];
    node[1..33].copy_from_slice(left);
    node[33..].copy_from_slice(right);
    *blake3::hash(&node).as_bytes()
}

/// A tree of which only the root is wanted: the roots of the full subtrees that the leaves so far fill, the largest
/// first. There is one for each 1 in the binary form of the number of leaves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Frontier {
    count: u64,
    subtrees: Vec<Hash>,
}

impl Frontier {
    /// Adds the next leaf.
    pub fn push(&mut self, leaf: Hash) {
        self.add(0, leaf);
    }

    /// Adds the next 2^`level` leaves by the root over them. Refuses a level that is higher than the tree's lowest full
    /// subtree: there the leaves would be joined with those before them first.
    pub fn push_subtree(&mut self, level: u32, root: Hash) -> Result<(), Refused> {
        if level >= u64::BITS || self.count.trailing_zeros() < level {
            return Err(Refused::Domain("leaves before a subtree"));
        }
        self.add(level, root);
        Ok(())
    }

    /// A subtree where there is no smaller one.
    fn add(&mut self, level: u32, root: Hash) {
        let larger = self.subtrees.len() - (self.count >> level).trailing_ones() as usize;
        let filled = self.subtrees.drain(larger..).rev().fold(root, |right, left| join(&left, &right, false));
        self.subtrees.push(filled);
        self.count += 1 << level;
    }

    /// How many leaves there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The root; zeros if there are no leaves.
    pub fn root(&self) -> Hash {
        let subtrees = self.subtrees.iter().rev().copied();
        subtrees.reduce(|right, left| join(&left, &right, false)).unwrap_or_default()
    }
}

/// The hashes of leaves, in order: 32 bytes of memory for each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    leaves: Vec<Hash>,
}

impl Tree {
    /// Without leaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the next leaf.
    pub fn push(&mut self, leaf: Hash) {
        self.leaves.push(leaf);
    }

    /// How many leaves there are.
    pub fn count(&self) -> u64 {
        self.leaves.len() as u64
    }

    /// The hash of a leaf.
    pub fn leaf(&self, index: u64) -> Option<Hash> {
        self.leaves.get(index as usize).copied()
    }

    /// The root; zeros if there are no leaves.
    pub fn root(&self) -> Hash {
        subtree(&self.leaves, join)
    }

    /// Proves leaves, given by their indices in ascending order; None if one of them is not there or there are none.
    pub fn prove(&self, leaves: &[u64]) -> Option<Proof> {
        prove(&self.leaves, leaves, join)
    }
}

/// The nodes that the root needs beside the leaves proved: level by level from the lowest on, each from left to right.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Proof {
    /// None can be computed from the leaves proved.
    pub siblings: Vec<Hash>,
}

impl Proof {
    /// The root of the tree of `count` leaves in which these leaves (index and hash, ascending) lie; None if the proof
    /// has not exactly the nodes that this takes.
    pub fn root(&self, leaves: Vec<(u64, Hash)>, count: u64) -> Option<Hash> {
        self.climb(leaves, count, join)
    }

    pub(super) fn climb(&self, leaves: Vec<(u64, Hash)>, count: u64, join: Join) -> Option<Hash> {
        let mut siblings = self.siblings.iter();
        let root = climb(leaves, count, join, |_, _| siblings.next().copied())?;
        siblings.next().is_none().then_some(root)
    }
}

/// The bytes of leaves of one tree, in ascending order, and their proof.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Branch {
    /// Which leaves they are is known from what is proved.
    pub leaves: Vec<Vec<u8>>,
    /// Of all of them at once.
    pub proof: Proof,
}

/// The proof of some of the leaves of a tree.
pub(super) fn prove(all: &[Hash], wanted: &[u64], join: Join) -> Option<Proof> {
    let leaf = |index: &u64| all.get(*index as usize).map(|hash| (*index, *hash));
    let known = wanted.iter().map(leaf).collect::<Option<Vec<_>>>()?;
    let mut siblings = Vec::new();
    climb(known, all.len() as u64, join, |level, index| {
        let start = (index as usize) << level;
        let end = all.len().min(start + (1 << level));
        let sibling = subtree(all.get(start..end)?, join);
        siblings.push(sibling);
        Some(sibling)
    })?;
    Some(Proof { siblings })
}

/// The node over some leaves, which is not at the top; zeros over none.
fn subtree(leaves: &[Hash], join: Join) -> Hash {
    match leaves {
        [] => Hash::default(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            join(&subtree(left, join), &subtree(right, join), false)
        }
    }
}

/// Goes up from some nodes (index and hash, ascending) of the lowest level, which is `width` wide, to the root.
/// `sibling` gives the node at (level, index) where it cannot be computed from those below.
fn climb(
    mut nodes: Vec<(u64, Hash)>,
    mut width: u64,
    join: Join,
    mut sibling: impl FnMut(usize, u64) -> Option<Hash>,
) -> Option<Hash> {
    let ascending = nodes.windows(2).all(|pair| pair[0].0 < pair[1].0);
    if !ascending || nodes.last()?.0 >= width {
        return None;
    }
    let mut level = 0;
    while width > 1 {
        let top = width == 2;
        let mut above = Vec::with_capacity(nodes.len());
        let mut below = nodes.into_iter().peekable();
        while let Some((index, hash)) = below.next() {
            let node = if index % 2 == 1 {
                // Had its left sibling been known, this node would have been joined with it.
                join(&sibling(level, index - 1)?, &hash, top)
            } else if index + 1 == width {
                hash
            } else {
                let right = match below.next_if(|(next, _)| *next == index + 1) {
                    Some((_, right)) => right,
                    None => sibling(level, index + 1)?,
                };
                join(&hash, &right, top)
            };
            above.push((index / 2, node));
        }
        nodes = above;
        width = width.div_ceil(2);
        level += 1;
    }
    nodes.first().map(|(_, root)| *root)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(index: u64) -> Hash {
        *blake3::hash(&index.to_le_bytes()).as_bytes()
    }

    /// The tree of the first leaves.
    fn frontier(count: u64) -> Frontier {
        let mut frontier = Frontier::default();
        (0..count).for_each(|index| frontier.push(leaf(index)));
        frontier
    }

    #[test]
    fn a_subtree_is_as_its_leaves_are_where_one_of_its_size_begins() {
        for level in 0u32..5 {
            let size = 1u64 << level;
            for before in 0..70u64 {
                let mut got = frontier(before);
                let leaves: Vec<Hash> = (before..before + size).map(leaf).collect();
                let pushed = got.push_subtree(level, subtree(&leaves, join));
                if before.is_multiple_of(size) {
                    assert_eq!(
                        (pushed, got),
                        (Ok(()), frontier(before + size)),
                        "level {level} behind {before}"
                    );
                } else {
                    assert!(pushed.is_err(), "level {level} behind {before}");
                    assert_eq!(got, frontier(before), "nothing is added");
                }
            }
        }
        assert!(frontier(0).push_subtree(64, leaf(0)).is_err());
    }
}
