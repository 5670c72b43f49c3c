//! The trace of a run: what is committed of it while it goes on, and answers to challenges afterwards.

use std::collections::{BTreeMap, BTreeSet};

use assay_exact::Refused;
use codec::{Decode, Encode};

use crate::root::{Domain, Hash};
use crate::tensor::Dtype;
use crate::trace::point::Point;
use crate::trace::tree::{Frontier, Place, Proof, Tree, LEAF};

/// Hashes trace points in the order in which a run reaches them. It holds no more of them than a hash for each level of
/// their tree; of a run that is repeated to answer challenges, 32 bytes for each leaf, and the leaves to open.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    frontier: Frontier,
    wanted: BTreeSet<u64>,
    kept: Option<Kept>,
}

/// What proofs of leaves are made from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Kept {
    tree: Tree,
    leaves: BTreeMap<u64, (Place, Vec<u8>)>,
}

impl Recorder {
    /// Of a run that is not challenged yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Of a run that is repeated to open these leaves, whose bytes it keeps. Of all leaves it keeps the hashes, so that
    /// any can be proved.
    pub fn keeping(leaves: BTreeSet<u64>) -> Self {
        Self { wanted: leaves, kept: Some(Kept::default()), ..Self::default() }
    }

    /// Whether it keeps leaves, so that they can be opened.
    pub(crate) fn keeps(&self) -> bool {
        self.kept.is_some()
    }

    /// Records the value of a trace point: its type, its shape, its row-major little-endian bytes.
    pub fn record(&mut self, step: u64, unit: u64, point: u32, dtype: Dtype, shape: &[u64], bytes: &[u8]) {
        let first = Place { step, unit, point, offset: 0, dtype: dtype as u8, shape: shape.into() };
        for (place, leaf) in first.leaves(bytes) {
            let hash = place.leaf(leaf);
            self.push(hash, || (place, leaf.to_vec()));
        }
    }

    /// [`Recorder::record`] of a value that is hashed: it is looked at if leaves are kept.
    pub(crate) fn add(&mut self, Point { place, hashes, values }: &Point) {
        for (number, hash) in hashes.iter().enumerate() {
            self.push(*hash, || {
                let leaf = values.chunks(LEAF / 4).nth(number).unwrap_or_default();
                let place = Place { offset: (number * LEAF) as u64, ..place.clone() };
                (place, leaf.iter().flat_map(|x| x.to_le_bytes()).collect())
            });
        }
    }

    /// How many leaves it has recorded.
    pub(crate) fn leaves(&self) -> u64 {
        self.frontier.count()
    }

    /// Adds the next leaves by their hashes alone. One that keeps leaves refuses it.
    pub(crate) fn add_leaves(&mut self, hashes: &[Hash]) -> Result<(), Refused> {
        self.check_keeps_nothing()?;
        hashes.iter().for_each(|hash| self.frontier.push(*hash));
        Ok(())
    }

    /// Adds the next leaves, of full subtrees of so many levels, by the subtrees' roots. One that keeps leaves refuses
    /// it, and so does any where no subtree of this size begins.
    pub(crate) fn add_subtrees(&mut self, levels: u32, roots: &[Hash]) -> Result<(), Refused> {
        self.check_keeps_nothing()?;
        roots.iter().try_for_each(|root| self.frontier.push_subtree(levels, *root))
    }

    fn check_keeps_nothing(&self) -> Result<(), Refused> {
        if self.keeps() {
            return Err(Refused::Domain("leaves without their bytes"));
        }
        Ok(())
    }

    /// Adds the hash of the next leaf; `leaf` says where it lies and what it holds, if it is one to keep.
    fn push(&mut self, hash: Hash, leaf: impl FnOnce() -> (Place, Vec<u8>)) {
        let index = self.frontier.count();
        self.frontier.push(hash);
        let Some(kept) = &mut self.kept else { return };
        kept.tree.push(hash);
        if self.wanted.contains(&index) {
            kept.leaves.insert(index, leaf());
        }
    }

    /// The trace of a run that ended in this result.
    pub fn finish(self, result_root: Hash) -> Trace {
        let (leaves, leaves_root) = (self.frontier.count(), self.frontier.root());
        Trace { leaves, leaves_root, result_root, kept: self.kept }
    }
}

/// What a run commits to: its trace points and its result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// How many leaves the trace points have; challenges draw among them.
    pub leaves: u64,
    /// The root over them; zeros if there are none.
    pub leaves_root: Hash,
    /// The root of the outputs, or of the trap.
    pub result_root: Hash,
    kept: Option<Kept>,
}

/// What is committed of a trace.
pub(super) fn root(leaves: u64, leaves_root: &Hash, result_root: &Hash) -> Hash {
    Domain::Trace.hash(&(leaves, leaves_root, result_root).encode())
}

impl Trace {
    /// The root that is committed: of the number of leaves, their root and the result root.
    pub fn root(&self) -> Hash {
        root(self.leaves, &self.leaves_root, &self.result_root)
    }

    /// Proves a leaf; None if there is none of this index, or the recorder was not one that keeps.
    pub fn prove(&self, index: u64) -> Option<Proof> {
        self.prove_all(&[index])
    }

    /// Proves leaves, given by their indices in ascending order.
    pub fn prove_all(&self, indices: &[u64]) -> Option<Proof> {
        self.kept.as_ref()?.tree.prove(indices)
    }

    /// Opens a leaf; None unless the recorder kept it.
    pub fn open(&self, index: u64) -> Option<LeafOpening> {
        let (place, bytes) = self.kept.as_ref()?.leaves.get(&index)?.clone();
        Some(LeafOpening { leaves: self.leaves, place, bytes, proof: self.prove(index)? })
    }
}

/// A leaf of a trace, shown.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct LeafOpening {
    /// How many leaves the trace has.
    pub leaves: u64,
    /// Where it lies.
    pub place: Place,
    /// What it holds.
    pub bytes: Vec<u8>,
    /// That it belongs to the trace.
    pub proof: Proof,
}

impl LeafOpening {
    /// Whether this is leaf `index` of the trace that was committed to with this result.
    pub fn verify(&self, index: u64, trace_root: &Hash, result_root: &Hash) -> bool {
        let leaf = (index, self.place.leaf(&self.bytes));
        let leaves_root = self.proof.root(vec![leaf], self.leaves);
        leaves_root.is_some_and(|leaves_root| root(self.leaves, &leaves_root, result_root) == *trace_root)
    }
}

#[cfg(test)]
mod tests {
    use assay_exec::resident::{Subtrees, SUBTREE_LEAVES, SUBTREE_LEVELS};

    use super::*;

    fn hashes(count: usize) -> Vec<Hash> {
        (0..count).map(|index| *blake3::hash(&index.to_le_bytes()).as_bytes()).collect()
    }

    /// Adds leaves in the form in which a device gives them, if it takes `first` others to come before them.
    fn add(recorder: &mut Recorder, first: u64, hashes: &[Hash]) -> Result<(), Refused> {
        let subtrees = Subtrees::of(first, hashes.len());
        let (before, rest) = hashes.split_at(subtrees.before);
        let (full, behind) = rest.split_at(rest.len() - subtrees.behind);
        let root = |leaves: &[Hash]| {
            let mut tree = Tree::new();
            leaves.iter().for_each(|leaf| tree.push(*leaf));
            tree.root()
        };
        let roots: Vec<Hash> = full.chunks(SUBTREE_LEAVES).map(root).collect();
        recorder.add_leaves(before)?;
        recorder.add_subtrees(SUBTREE_LEVELS, &roots)?;
        recorder.add_leaves(behind)
    }

    #[test]
    fn subtrees_give_the_root_that_their_leaves_give() {
        let all = hashes(1100);
        for first in [0, 1, 100, 255, 256, 257, 511, 512] {
            for count in [0, 1, 2, 154, 155, 156, 255, 256, 257, 511, 512, 513, 588] {
                let mut expected = Recorder::new();
                expected.add_leaves(&all[..first + count]).unwrap();
                let mut got = Recorder::new();
                got.add_leaves(&all[..first]).unwrap();
                add(&mut got, first as u64, &all[first..first + count]).unwrap();
                assert_eq!(got.leaves(), (first + count) as u64);
                assert_eq!(got.finish([7; 32]), expected.finish([7; 32]), "{count} behind {first}");
            }
        }
    }

    #[test]
    fn subtrees_that_were_made_for_another_place_are_refused() {
        let all = hashes(900);
        for (first, told) in [(0, 1), (1, 0), (255, 0), (256, 255), (300, 299)] {
            let mut recorder = Recorder::new();
            recorder.add_leaves(&all[..first]).unwrap();
            assert!(add(&mut recorder, told, &all[first..first + 520]).is_err(), "{told} for {first}");
        }
    }

    #[test]
    fn who_keeps_leaves_takes_none_without_its_bytes() {
        let mut recorder = Recorder::keeping(BTreeSet::new());
        assert!(recorder.add_leaves(&hashes(1)).is_err());
        assert!(recorder.add_subtrees(0, &hashes(1)).is_err());
        assert_eq!(recorder.leaves(), 0);
    }
}
