//! Openings made by a tree that is built whole, level by level, and checked by one that knows only its edge.

use crate::seeded;
use assay_primitives::{trace_root, Digest};
use assay_rules::{
    draw::leaves,
    trace::{check, Leaf, Opening, MAX_SIBLINGS},
};
use codec::{Decode, Encode};
use proptest::prelude::*;
use std::collections::BTreeSet;

const RESULT: Digest = [9; 32];

/// The leaf of this index: no two are alike in place or bytes.
fn leaf(index: u64) -> Leaf {
    Leaf {
        step: index / 3,
        unit: 4,
        point: (index % 3) as u32,
        offset: index * 1_024,
        dtype: 2,
        shape: vec![index + 1, 7].try_into().expect("two axes"),
        bytes: vec![index as u8; 1 + (index % 40) as usize].try_into().expect("at most 40 bytes"),
    }
}

/// The hash of a leaf by the text of the format.
fn leaf_hash(leaf: &Leaf) -> Digest {
    let mut bytes = vec![0_u8];
    bytes.extend(leaf.step.to_le_bytes());
    bytes.extend(leaf.unit.to_le_bytes());
    bytes.extend(leaf.point.to_le_bytes());
    bytes.extend(leaf.offset.to_le_bytes());
    bytes.push(leaf.dtype);
    bytes.push((leaf.shape.len() as u8) << 2);
    leaf.shape.iter().for_each(|size| bytes.extend(size.to_le_bytes()));
    bytes.extend(leaf.bytes.iter());
    *blake3::hash(&bytes).as_bytes()
}

fn node(left: &Digest, right: &Digest) -> Digest {
    *blake3::hash(&[&[1_u8][..], left, right].concat()).as_bytes()
}

/// A tree with all its levels, the lowest first.
struct Tree(Vec<Vec<Digest>>);

impl Tree {
    fn new(count: u64) -> Self {
        let mut levels = vec![(0..count).map(|index| leaf_hash(&leaf(index))).collect::<Vec<_>>()];
        while let Some(level) = levels.last().filter(|level| level.len() > 1) {
            let above = level.chunks(2).map(|pair| match pair {
                [left, right] => node(left, right),
                _ => pair[0],
            });
            let above = above.collect();
            levels.push(above);
        }
        Self(levels)
    }

    fn count(&self) -> u64 {
        self.0[0].len() as u64
    }

    fn trace(&self) -> Digest {
        let root = self.0.last().and_then(|top| top.first()).copied().unwrap_or_default();
        trace_root(self.count(), &root, &RESULT)
    }

    fn siblings(&self, indices: &[u64]) -> Vec<Digest> {
        let mut known: BTreeSet<usize> = indices.iter().map(|index| *index as usize).collect();
        let mut siblings = Vec::new();
        for level in &self.0 {
            let beside = known.iter().map(|index| index ^ 1).filter(|index| !known.contains(index));
            siblings.extend(beside.filter_map(|index| level.get(index)));
            known = known.iter().map(|index| index / 2).collect();
        }
        siblings
    }

    fn open(&self, indices: &[u64]) -> Opening {
        Opening {
            count: self.count(),
            leaves: indices.iter().copied().map(leaf).collect::<Vec<_>>().try_into().expect("eight leaves"),
            siblings: self.siblings(indices).try_into().expect("few siblings"),
        }
    }

    fn opens(&self, indices: &[u64]) -> bool {
        check(&self.open(indices), indices, &self.trace(), &RESULT)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn leaves_are_hashed_as_by_other_code() {
    let expected = "9bcb1827d046ee20d223e572fe1c2ed3aa7ddab8675b83cbeff7803151479da1";
    assert_eq!(hex(&leaf(0).hash()), expected);
    let bytes: Vec<u8> = (0..1_024).map(|index| (index % 251) as u8).collect();
    let full = Leaf { bytes: bytes.try_into().expect("a full leaf"), ..leaf(3) };
    let expected = "982f6c4fead113d9a0f1f494986de62262e7df93c6b7a8676feed4634b4aefe6";
    assert_eq!(hex(&full.hash()), expected);
}

#[test]
fn traces_are_those_of_other_code() {
    let expected = [
        (0, "75127f134dd7f1e3d969ad611e96ce3d00ea32a77650ae5b4bb54e76e3bf864e"),
        (1, "bca193c0f80ce24ea4993eec3dcfe0fa9723d380141dd4ca3203dfaa7e486e62"),
        (5, "a7ccb78706029288181dd77ae5cfa715e91105a4f5b88b2b5af92d18b68dde21"),
        (70, "c496498362308f5ae228eb885f07d026ed7c60b732f37a331d8771c46a4793d0"),
    ];
    for (count, trace) in expected {
        assert_eq!(hex(&Tree::new(count).trace()), trace);
    }
}

#[test]
fn every_leaf_and_every_pair_is_opened_in_trees_of_any_size() {
    for count in 1..=70 {
        let tree = Tree::new(count);
        for one in 0..count {
            assert!(tree.opens(&[one]), "leaf {one} of {count}");
            for other in one + 1..count {
                assert!(tree.opens(&[one, other]), "leaves {one} and {other} of {count}");
            }
        }
    }
}

#[test]
fn every_set_of_a_short_trace_is_opened() {
    for count in 1..=8_u64 {
        let tree = Tree::new(count);
        for set in 1..1_u64 << count {
            let indices: Vec<u64> = (0..count).filter(|index| (set >> index) & 1 == 1).collect();
            assert!(tree.opens(&indices), "leaves {indices:?} of {count}");
        }
    }
}

#[test]
fn whatever_leaves_are_drawn_are_opened() {
    for count in 1..=70 {
        let tree = Tree::new(count);
        for seat in 0..50 {
            let indices = leaves(&[6; 32], seat, count);
            assert!(tree.opens(&indices), "leaves {indices:?} of {count}");
        }
    }
}

#[test]
fn a_trace_without_leaves_is_opened_by_showing_none() {
    let tree = Tree::new(0);
    let empty = Opening { count: 0, leaves: Default::default(), siblings: Default::default() };
    assert!(check(&empty, &[], &tree.trace(), &RESULT));
    assert!(!check(&empty, &[], &Tree::new(1).trace(), &RESULT));
    assert!(!check(&empty, &[0], &tree.trace(), &RESULT));
    let shown = Opening { leaves: vec![leaf(0)].try_into().expect("one leaf"), ..empty.clone() };
    assert!(!check(&shown, &[], &tree.trace(), &RESULT));
    assert!(!check(&shown, &[0], &tree.trace(), &RESULT));
    let beside = Opening { siblings: vec![[0; 32]].try_into().expect("one sibling"), ..empty };
    assert!(!check(&beside, &[], &tree.trace(), &RESULT));
}

#[test]
fn a_trace_with_leaves_is_not_opened_by_showing_none() {
    for count in [1, 2, 13] {
        let tree = Tree::new(count);
        assert!(!tree.opens(&[]));
        let root = tree.0.last().expect("a root").clone();
        let only_root = Opening { siblings: root.try_into().expect("one node"), ..tree.open(&[]) };
        assert!(!check(&only_root, &[], &tree.trace(), &RESULT));
    }
}

/// What is done to an opening, and in words.
type Change = (&'static str, fn(&mut Opening));

#[test]
fn an_opening_that_was_touched_is_refused() {
    let (tree, indices) = (Tree::new(13), [2, 3, 11]);
    let changes: [Change; 20] = [
        ("a byte", |opening| opening.leaves[0].bytes[0] ^= 1),
        ("a byte of the last leaf", |opening| opening.leaves[2].bytes[11] ^= 128),
        ("a byte less", |opening| opening.leaves[2].bytes.truncate(11)),
        ("a byte more", |opening| opening.leaves[0].bytes.try_push(2).expect("room")),
        ("the step", |opening| opening.leaves[0].step += 1),
        ("the unit", |opening| opening.leaves[1].unit += 1),
        ("the point", |opening| opening.leaves[1].point += 1),
        ("the offset", |opening| opening.leaves[1].offset += 1_024),
        ("the type", |opening| opening.leaves[2].dtype = 0),
        ("an axis", |opening| opening.leaves[2].shape[1] += 1),
        ("an axis more", |opening| opening.leaves[2].shape.try_push(1).expect("room")),
        ("an axis less", |opening| opening.leaves[2].shape.truncate(1)),
        ("another leaf", |opening| opening.leaves[1] = leaf(4)),
        ("a leaf less", |opening| opening.leaves.truncate(2)),
        ("a leaf more", |opening| opening.leaves.try_push(leaf(12)).expect("room")),
        ("a leaf more in the trace", |opening| opening.count += 1),
        ("a leaf less in the trace", |opening| opening.count -= 1),
        ("no leaves in the trace", |opening| opening.count = 0),
        ("a sibling less", |opening| opening.siblings.truncate(1)),
        ("a sibling more", |opening| opening.siblings.try_push([0; 32]).expect("room")),
    ];
    assert!(tree.opens(&indices));
    for (name, change) in changes {
        let mut opening = tree.open(&indices);
        change(&mut opening);
        assert!(!check(&opening, &indices, &tree.trace(), &RESULT), "{name}");
    }
}

#[test]
fn siblings_count_each_in_its_place() {
    let (tree, indices) = (Tree::new(13), [2, 11]);
    let opening = tree.open(&indices);
    let refused = |siblings: Vec<Digest>| {
        let touched = Opening { siblings: siblings.try_into().expect("few siblings"), ..opening.clone() };
        assert!(!check(&touched, &indices, &tree.trace(), &RESULT));
    };
    for at in 0..opening.siblings.len() {
        let mut flipped = opening.siblings.to_vec();
        flipped[at][31] ^= 1;
        refused(flipped);
        let mut shorter = opening.siblings.to_vec();
        shorter.remove(at);
        refused(shorter);
        let mut twice = opening.siblings.to_vec();
        twice.insert(at, twice[at]);
        refused(twice);
    }
    for at in 1..opening.siblings.len() {
        let mut turned = opening.siblings.to_vec();
        turned.swap(at - 1, at);
        refused(turned);
    }
    refused(vec![[0; 32]; MAX_SIBLINGS as usize]);
}

#[test]
fn an_opening_of_other_leaves_is_refused() {
    let tree = Tree::new(13);
    let opening = tree.open(&[2, 3, 11]);
    let others: [&[u64]; 10] = [
        &[2, 3, 12],
        &[2, 4, 11],
        &[3, 2, 11],
        &[2, 11, 3],
        &[2, 2, 11],
        &[2, 3, 3],
        &[2, 3],
        &[2, 3, 11, 12],
        &[2, 3, 13],
        &[2, 3, u64::MAX],
    ];
    for indices in others {
        assert!(!check(&opening, indices, &tree.trace(), &RESULT), "{indices:?}");
    }
}

#[test]
fn leaves_twice_or_out_of_order_are_refused_whatever_is_shown() {
    let tree = Tree::new(13);
    for indices in [[3, 2], [11, 2], [2, 2], [12, 12]] {
        assert!(!tree.opens(&indices), "{indices:?}");
    }
    assert!(tree.opens(&[2, 3]));
}

#[test]
fn an_opening_of_another_trace_or_result_is_refused() {
    let tree = Tree::new(13);
    let opening = tree.open(&[2, 11]);
    assert!(check(&opening, &[2, 11], &tree.trace(), &RESULT));
    assert!(!check(&opening, &[2, 11], &Tree::new(12).trace(), &RESULT));
    assert!(!check(&opening, &[2, 11], &tree.trace(), &[8; 32]));
    assert!(!check(&opening, &[2, 11], &RESULT, &RESULT));
}

#[test]
fn the_largest_trace_is_climbed_to_its_root() {
    let beside: Vec<Digest> = (0..64).map(|level| [level; 32]).collect();
    let opening = |leaf: Leaf, siblings: &[Digest]| Opening {
        count: u64::MAX,
        leaves: vec![leaf].try_into().expect("one leaf"),
        siblings: siblings.to_vec().try_into().expect("64 siblings"),
    };
    let trace = |root| trace_root(u64::MAX, &root, &RESULT);

    // The first leaf has a sibling on its right on each of the 64 levels.
    let root = beside.iter().fold(leaf_hash(&leaf(0)), |hash, right| node(&hash, right));
    assert!(check(&opening(leaf(0), &beside), &[0], &trace(root), &RESULT));
    // The last is the odd one out of the lowest, and has one on its left on each other.
    let root = beside[1..].iter().fold(leaf_hash(&leaf(7)), |hash, left| node(left, &hash));
    assert!(check(&opening(leaf(7), &beside[1..]), &[u64::MAX - 1], &trace(root), &RESULT));
    assert!(!check(&opening(leaf(7), &beside[1..]), &[u64::MAX], &trace(root), &RESULT));
}

#[test]
fn more_than_an_opening_can_hold_is_not_read() {
    let encoded = |leaves: usize, siblings: usize| {
        let leaves: Vec<Leaf> = (0..leaves as u64).map(leaf).collect();
        (70_u64, leaves, vec![[0_u8; 32]; siblings]).encode()
    };
    assert!(Opening::decode(&mut encoded(8, 512).as_slice()).is_ok());
    assert!(Opening::decode(&mut encoded(9, 0).as_slice()).is_err());
    assert!(Opening::decode(&mut encoded(0, 513).as_slice()).is_err());
}

proptest! {
    #![proptest_config(seeded())]

    #[test]
    fn nonsense_is_refused_and_never_fatal(
        count in prop_oneof![0..100_u64, any::<u64>()],
        indices in prop::collection::vec(prop_oneof![0..100_u64, any::<u64>()], 0..9),
        siblings in prop::collection::vec(any::<Digest>(), 0..80),
        trace in any::<Digest>(),
    ) {
        let shown: Vec<Leaf> = (0..indices.len().min(8) as u64).map(leaf).collect();
        let opening = Opening {
            count,
            leaves: shown.try_into().expect("at most eight"),
            siblings: siblings.try_into().expect("at most 80"),
        };
        prop_assert!(!check(&opening, &indices, &trace, &RESULT));
    }
}
