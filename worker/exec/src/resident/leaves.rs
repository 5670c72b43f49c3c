//! Leaves of a pass: what each unit has of them, and what a tree takes of them all.
//!
//! A tree over a run's leaves needs no leaf that lies in a full subtree, only the subtree's root. So of a pass' leaves
//! a device gives the roots of those full subtrees of [`SUBTREE_LEAVES`] that lie in the pass, and the few leaves
//! beside.

use super::PREFIX_WORDS;

/// Words that say what a unit has of a trace point: its leaves' prefix, [`PREFIX_WORDS`]; where its floats begin, and
/// how many there are, the lower word of either first; and the first of its leaves among all of the pass.
pub const SHARE_WORDS: usize = PREFIX_WORDS + 5;
/// Levels of a subtree whose root a device gives.
pub const SUBTREE_LEVELS: u32 = 8;
/// Its leaves: all of one whose first leaf has a multiple of so many before it.
pub const SUBTREE_LEAVES: usize = 1 << SUBTREE_LEVELS;

/// Hashes that a device writes for so many leaves ([`super::Operator::Subtrees`]), whatever comes before them.
pub fn subtree_hashes(leaves: usize) -> usize {
    2 * SUBTREE_LEAVES + leaves / SUBTREE_LEAVES
}

/// How many of a run's leaves that come one after another are in full subtrees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subtrees {
    /// Leaves before the first subtree, less than a subtree has: all leaves if they do not reach it.
    pub before: usize,
    /// Full subtrees.
    pub full: usize,
    /// Leaves behind the last one, less than a subtree has.
    pub behind: usize,
}

impl Subtrees {
    /// Of `leaves` leaves, behind the `first` first ones of the run.
    pub fn of(first: u64, leaves: usize) -> Self {
        let size = SUBTREE_LEAVES as u64;
        let before = leaves.min(((size - first % size) % size) as usize);
        let rest = leaves - before;
        Self { before, full: rest / SUBTREE_LEAVES, behind: rest % SUBTREE_LEAVES }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_are_cut_where_subtrees_begin() {
        let of = |first, leaves| {
            let Subtrees { before, full, behind } = Subtrees::of(first, leaves);
            [before, full, behind]
        };
        assert_eq!([of(0, 0), of(0, 255), of(0, 256)], [[0, 0, 0], [0, 0, 255], [0, 1, 0]]);
        assert_eq!([of(1, 254), of(1, 255), of(1, 256)], [[254, 0, 0], [255, 0, 0], [255, 0, 1]]);
        assert_eq!([of(767, 1), of(767, 600), of(768, 600)], [[1, 0, 0], [1, 2, 87], [0, 2, 88]]);
        for (first, leaves) in (0..600).flat_map(|first| (0..1200).map(move |leaves| (first, leaves))) {
            let [before, full, behind] = of(first, leaves);
            assert_eq!(before + full * SUBTREE_LEAVES + behind, leaves);
            assert!(before.max(behind) < SUBTREE_LEAVES && full <= leaves / SUBTREE_LEAVES);
            assert!(before == leaves || (first as usize + before).is_multiple_of(SUBTREE_LEAVES));
        }
    }
}
