//! The tree of a step, made while the step is computed.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::trace::tree::{Tree, LEAF};
use crate::train::step::layout::Layout;
use crate::train::step::{Value, Watch};

/// Hashes the values of a step as they come: 32 bytes for each leaf, and the leaves that are wanted.
#[derive(Debug)]
pub(super) struct Record<'a> {
    layout: &'a Layout<'a>,
    step: u64,
    unit: u64,
    /// Of the next value.
    point: usize,
    wanted: BTreeSet<u64>,
    /// Of all leaves.
    pub tree: Tree,
    /// Those wanted.
    pub leaves: BTreeMap<u64, Vec<u8>>,
    /// Whether every value so far was the one that the layout has in its place.
    sound: bool,
}

impl<'a> Record<'a> {
    pub fn new(layout: &'a Layout<'a>, step: u64, wanted: BTreeSet<u64>) -> Self {
        let (tree, leaves) = (Tree::new(), BTreeMap::new());
        Self { layout, step, unit: 0, point: 0, wanted, tree, leaves, sound: true }
    }

    /// Whether it has seen a whole step.
    pub fn is_whole(&self) -> bool {
        self.sound && self.tree.count() == self.layout.count()
    }

    fn add(&mut self, value: Value, bytes: &[u8]) {
        let point = self.point;
        self.point += 1;
        let expected = Some((value, bytes.len() as u64));
        let Some((place, _)) = self.layout.place(self.step, (self.unit, point, 0)) else {
            self.sound = false;
            return;
        };
        self.sound &= self.layout.at(self.unit, point) == expected;
        for (place, leaf) in place.leaves(bytes) {
            let index = self.tree.count();
            self.tree.push(place.leaf(leaf));
            if self.wanted.contains(&index) {
                self.leaves.insert(index, leaf.to_vec());
            }
        }
    }
}

impl Watch for Record<'_> {
    fn begin(&mut self, unit: u64) {
        (self.unit, self.point) = (unit, 0);
    }

    fn floats(&mut self, value: Value, elements: &[f32]) {
        let bytes: Vec<u8> = elements.iter().flat_map(|x| x.to_le_bytes()).collect();
        self.add(value, &bytes);
    }

    fn sums(&mut self, value: Value, elements: &[i64]) {
        let bytes: Vec<u8> = elements.iter().flat_map(|x| x.to_le_bytes()).collect();
        self.add(value, &bytes);
    }
}

/// The numbers of the leaves, or chunks, that some bytes lie in.
pub(super) fn leaves(bytes: &Range<usize>) -> Range<u64> {
    (bytes.start / LEAF) as u64..bytes.end.div_ceil(LEAF) as u64
}
