//! Verifying a blob part by part.
//!
//! BLAKE3 is a tree over chunks of 1,024 bytes. The node above an aligned group of 1,024 chunks depends on the group
//! alone; its value, the group's chaining value, is known once the group is. The values of all groups give the hash of
//! the whole. So whoever has them, checked once against the hash, can check each group as it comes.

use std::ops::Range;

use assay_primitives::{BlobRef, Digest};
use blake3::hazmat::{merge_subtrees_non_root, merge_subtrees_root, ChainingValue, HasherExt, Mode};
use blake3::Hasher;
use bytes::Bytes;

/// Bytes of a group: what is verified at once. A power of two of chunks, or the groups would not be nodes of the tree.
pub const GROUP: u64 = 1 << 20;

/// Bytes of a chaining value.
const VALUE: u64 = blake3::OUT_LEN as u64;

/// How many groups a blob of `size` bytes has.
fn groups_in(size: u64) -> u64 {
    size.div_ceil(GROUP)
}

/// The chaining value of the group that starts at `offset`.
fn value(offset: u64, group: &[u8]) -> ChainingValue {
    let mut hasher = Hasher::new();
    hasher.set_input_offset(offset).update(group);
    hasher.finalize_non_root()
}

/// The hash of a blob of two or more groups: pairs are merged until two nodes are left, which make the root. The last
/// node of an odd row moves up.
fn root(values: &[ChainingValue]) -> Digest {
    let mut row = values.to_vec();
    while row.len() > 2 {
        let merge = |pair: &[ChainingValue]| match pair {
            [left, right] => merge_subtrees_non_root(left, right, Mode::Hash),
            alone => alone[0],
        };
        row = row.chunks(2).map(merge).collect();
    }
    *merge_subtrees_root(&row[0], &row[1], Mode::Hash).as_bytes()
}

/// Hashes a blob group by group.
#[derive(Default)]
pub(crate) struct Tree {
    size: u64,
    values: Vec<ChainingValue>,
    /// The hash of the first group if it is all there is: a lone group is a root, not a node below one.
    only: Digest,
}

impl Tree {
    /// Adds the next group. All but the last have [`GROUP`] bytes; none is empty.
    pub(crate) fn push(&mut self, group: &[u8]) {
        debug_assert!(self.size.is_multiple_of(GROUP) && !group.is_empty(), "groups come whole and in order");
        if self.size == 0 {
            self.only = *blake3::hash(group).as_bytes();
        }
        self.values.push(value(self.size, group));
        self.size += group.len() as u64;
    }

    /// What the blob is called, and what [`Groups::checked`] takes. None for a blob without bytes.
    pub(crate) fn finish(self) -> Option<(BlobRef, Bytes)> {
        match self.values.len() {
            0 => None,
            1 => Some((BlobRef { blake3: self.only, size: self.size }, Bytes::new())),
            _ => {
                let encoded = Bytes::copy_from_slice(self.values.as_flattened());
                Some((BlobRef { blake3: root(&self.values), size: self.size }, encoded))
            }
        }
    }
}

/// The groups of a blob, known to be the blob's own.
pub(crate) struct Groups {
    blob: BlobRef,
    /// None where there is one group only.
    values: Vec<ChainingValue>,
}

impl Groups {
    /// Bytes that the chaining values of a blob take: none where one group is the whole.
    pub(crate) fn encoded_len(size: u64) -> u64 {
        match groups_in(size) {
            0 | 1 => 0,
            groups => groups.saturating_mul(VALUE),
        }
    }

    /// Takes chaining values, one after the other, if they are those of the blob.
    pub(crate) fn checked(blob: BlobRef, encoded: &[u8]) -> Option<Self> {
        if encoded.len() as u64 != Self::encoded_len(blob.size) {
            return None;
        }
        let values: Vec<ChainingValue> =
            encoded.chunks_exact(blake3::OUT_LEN).filter_map(|value| value.try_into().ok()).collect();
        (values.is_empty() || root(&values) == blob.blake3).then_some(Self { blob, values })
    }

    /// What [`checked`](Self::checked) takes.
    pub(crate) fn encoded(&self) -> Bytes {
        Bytes::copy_from_slice(self.values.as_flattened())
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        groups_in(self.blob.size)
    }

    /// The bytes of the blob that are group `index`, which must be one of [`count`](Self::count).
    pub(crate) fn range(&self, index: u64) -> Range<u64> {
        let start = index * GROUP;
        start..self.blob.size.min(start + GROUP)
    }

    /// Whether `bytes` are group `index`.
    pub(crate) fn holds(&self, index: u64, bytes: &[u8]) -> bool {
        let range = self.range(index);
        if bytes.len() as u64 != range.end - range.start {
            return false;
        }
        match usize::try_from(index).ok().and_then(|index| self.values.get(index)) {
            Some(expected) => value(range.start, bytes) == *expected,
            None => *blake3::hash(bytes).as_bytes() == self.blob.blake3,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(size: u64) -> Vec<u8> {
        (0..size).map(|i| (i % 251) as u8 ^ (i >> 16) as u8).collect()
    }

    fn tree_of(bytes: &[u8]) -> (BlobRef, Bytes) {
        let mut tree = Tree::default();
        bytes.chunks(GROUP as usize).for_each(|group| tree.push(group));
        tree.finish().expect("not empty")
    }

    const SIZES: [u64; 10] =
        [1, 1024, 1025, GROUP - 1, GROUP, GROUP + 1, 2 * GROUP, 3 * GROUP, 5 * GROUP + 1025, 8 * GROUP - 1];

    #[test]
    fn hash_by_groups_is_the_plain_hash() {
        for size in SIZES {
            let bytes = content(size);
            let (blob, encoded) = tree_of(&bytes);
            assert_eq!(blob, BlobRef { blake3: *blake3::hash(&bytes).as_bytes(), size });
            assert_eq!(encoded.len() as u64, Groups::encoded_len(size), "{size}");
        }
        assert!(Tree::default().finish().is_none());
    }

    #[test]
    fn each_group_is_recognised_and_no_other() {
        for size in SIZES {
            let mut bytes = content(size);
            let (blob, encoded) = tree_of(&bytes);
            let groups = Groups::checked(blob, &encoded).expect("its own values");
            for index in 0..groups.count() {
                let range = groups.range(index);
                let part = range.start as usize..range.end as usize;
                assert!(groups.holds(index, &bytes[part.clone()]), "{size}: {index}");
                assert!(!groups.holds(index, &bytes[part.start..part.end - 1]), "{size}: {index} cut");
                bytes[part.end - 1] ^= 1;
                assert!(!groups.holds(index, &bytes[part.clone()]), "{size}: {index} changed");
                bytes[part.end - 1] ^= 1;
                if index > 0 {
                    assert!(!groups.holds(index - 1, &bytes[part]), "{size}: {index} in another place");
                }
            }
        }
    }

    #[test]
    fn values_of_another_blob_are_refused() {
        let (blob, encoded) = tree_of(&content(3 * GROUP));
        let mut changed = encoded.to_vec();
        changed[40] ^= 1;
        assert!(Groups::checked(blob, &changed).is_none());
        assert!(Groups::checked(blob, &encoded[32..]).is_none(), "one too few");
        assert!(Groups::checked(BlobRef { size: 4 * GROUP, ..blob }, &encoded).is_none(), "for another size");
        assert!(
            Groups::checked(BlobRef { size: 1, ..blob }, &encoded).is_none(),
            "where there should be none"
        );
    }

    #[test]
    fn inner_nodes_do_not_pass_for_groups() {
        let bytes = content(4 * GROUP);
        let (blob, encoded) = tree_of(&bytes);
        let node = |at: usize| -> ChainingValue { encoded[at * 32..][..32].try_into().expect("32 bytes") };
        let merge = |left, right| merge_subtrees_non_root(&node(left), &node(right), Mode::Hash);
        let half = BlobRef { size: 2 * GROUP, ..blob };
        let groups = Groups::checked(half, &[merge(0, 1), merge(2, 3)].concat()).expect("they make the root");
        assert!(!groups.holds(0, &bytes[..GROUP as usize]));
        assert!(!groups.holds(1, &bytes[GROUP as usize..2 * GROUP as usize]));
    }
}
