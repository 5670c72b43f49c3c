//! Leaves that have been proved, and what is read across them.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::trace::tree::LEAF;

/// Leaves by what they are of and their number in it.
#[derive(Debug)]
pub(crate) struct Leaves<'a, S>(BTreeMap<S, BTreeMap<u64, &'a [u8]>>);

impl<S> Default for Leaves<'_, S> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<'a, S: Ord> Leaves<'a, S> {
    /// Adds a leaf.
    pub fn add(&mut self, source: S, number: u64, leaf: &'a [u8]) {
        self.0.entry(source).or_default().insert(number, leaf);
    }

    /// Some bytes of a source; None unless the leaves that they lie in are there.
    pub fn read(&self, source: &S, bytes: Range<usize>) -> Option<Vec<u8>> {
        let leaves = self.0.get(source);
        let mut read = Vec::with_capacity(bytes.len());
        let mut at = bytes.start;
        while at < bytes.end {
            let (number, from) = (at / LEAF, at % LEAF);
            let to = LEAF.min(from + bytes.end - at);
            read.extend_from_slice(leaves?.get(&(number as u64))?.get(from..to)?);
            at += to - from;
        }
        Some(read)
    }
}
