//! Proofs that parts of a tensor belong to its BLAKE3, by BLAKE3's own tree of 1 KiB chunks.
//!
//! The manifest lists the BLAKE3 of each tensor and the program root covers it, so a row of weights is opened by the
//! chunks it lies in and the chaining values beside them, whatever the tensor's size.

use blake3::hazmat::{merge_subtrees_non_root, merge_subtrees_root, HasherExt, Mode};

use crate::root::Hash;
use crate::trace::tree::{self, leaf_size, Branch, LEAF};

/// Chunks of `len` bytes: one even for none.
fn count(len: u64) -> u64 {
    len.div_ceil(LEAF as u64).max(1)
}

fn join(left: &Hash, right: &Hash, top: bool) -> Hash {
    match top {
        true => *merge_subtrees_root(left, right, Mode::Hash).as_bytes(),
        false => merge_subtrees_non_root(left, right, Mode::Hash),
    }
}

/// The chaining value of a chunk; the hash itself if it is the only one.
fn chaining_value(index: u64, count: u64, bytes: &[u8]) -> Hash {
    if count == 1 {
        return *blake3::hash(bytes).as_bytes();
    }
    let mut hasher = blake3::Hasher::new();
    hasher.set_input_offset(index * LEAF as u64).update(bytes);
    hasher.finalize_non_root()
}

/// Opens the chunks of a tensor's bytes whose indices, in ascending order, are `wanted`; None if one of them is not
/// there or there are none.
pub fn prove(tensor: &[u8], wanted: &[u64]) -> Option<Branch> {
    let count = count(tensor.len() as u64);
    let values = tensor.chunks(LEAF).enumerate();
    let all: Vec<Hash> = values.map(|(i, bytes)| chaining_value(i as u64, count, bytes)).collect();
    let proof = tree::prove(&all, wanted, join)?;
    let chunk = |index: &u64| tensor.chunks(LEAF).nth(*index as usize).map(<[u8]>::to_vec);
    Some(Branch { leaves: wanted.iter().map(chunk).collect::<Option<_>>()?, proof })
}

/// Whether these are the chunks `wanted` of the `len` bytes whose BLAKE3 is `hash`.
pub fn verify(branch: &Branch, wanted: &[u64], len: u64, hash: &Hash) -> bool {
    let count = count(len);
    if branch.leaves.len() != wanted.len() {
        return false;
    }
    let mut known = Vec::with_capacity(wanted.len());
    for (index, bytes) in wanted.iter().zip(&branch.leaves) {
        if *index >= count || bytes.len() as u64 != leaf_size(*index, len) {
            return false;
        }
        known.push((*index, chaining_value(*index, count, bytes)));
    }
    branch.proof.climb(known, count, join) == Some(*hash)
}
