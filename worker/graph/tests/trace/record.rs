use std::collections::BTreeSet;

use assay_graph::root::Hash;
use assay_graph::tensor::Dtype;
use assay_graph::trace::{LeafOpening, Place, Recorder, Tree};
use codec::{Decode, Encode};

const RESULT: Hash = [9; 32];

/// Two trace points of one unit in two passes: leaves of 1024 + 76, 100, 1024 + 76 and 100 bytes.
fn record(mut recorder: Recorder) -> Recorder {
    for step in 0..2u8 {
        let long: Vec<u8> = (0..1100).map(|i| i as u8 ^ step).collect();
        recorder.record(step.into(), 4, 0, Dtype::F32, &[5, 55], &long);
        recorder.record(step.into(), 4, 1, Dtype::U8, &[100], &[step; 100]);
    }
    recorder
}

fn blake2b(bytes: &[u8]) -> Vec<u8> {
    blake2b_simd::Params::new().hash_length(32).hash(bytes).as_bytes().to_vec()
}

#[test]
fn the_root_covers_the_leaves_in_their_order_and_the_result() {
    let trace = record(Recorder::new()).finish(RESULT);
    let mut tree = Tree::new();
    for step in 0..2u8 {
        let long: Vec<u8> = (0..1100).map(|i| i as u8 ^ step).collect();
        let at = |point, offset, dtype, shape: &[u64]| Place {
            step: step.into(),
            unit: 4,
            point,
            offset,
            dtype,
            shape: shape.to_vec(),
        };
        tree.push(at(0, 0, 0, &[5, 55]).leaf(&long[..1024]));
        tree.push(at(0, 1024, 0, &[5, 55]).leaf(&long[1024..]));
        tree.push(at(1, 0, 2, &[100]).leaf(&[step; 100]));
    }
    assert_eq!((trace.leaves, trace.leaves_root, trace.result_root), (6, tree.root(), RESULT));
    let encoded = [b"assay/trace/v1".as_slice(), &6u64.to_le_bytes(), &tree.root(), &RESULT].concat();
    assert_eq!(trace.root().to_vec(), blake2b(&encoded));
    assert_ne!(trace.root(), record(Recorder::new()).finish([8; 32]).root());
}

#[test]
fn the_root_of_any_number_of_leaves_is_that_of_their_tree() {
    let mut tree = Tree::new();
    for count in 0..=70u64 {
        let (mut forgetful, mut keeping) = (Recorder::new(), Recorder::keeping(BTreeSet::new()));
        for step in 0..count {
            forgetful.record(step, 0, 0, Dtype::U8, &[1], &[7]);
            keeping.record(step, 0, 0, Dtype::U8, &[1], &[7]);
        }
        let (forgetful, keeping) = (forgetful.finish(RESULT), keeping.finish(RESULT));
        assert_eq!((forgetful.leaves, forgetful.leaves_root), (count, tree.root()));
        assert_eq!(forgetful.root(), keeping.root());
        let place = Place { step: count, unit: 0, point: 0, offset: 0, dtype: 2, shape: vec![1] };
        tree.push(place.leaf(&[7]));
    }
}

#[test]
fn only_a_run_that_is_repeated_to_be_opened_keeps_its_leaves() {
    let (first, repeated) = (record(Recorder::new()), record(Recorder::keeping(BTreeSet::new())));
    let (first, repeated) = (first.finish(RESULT), repeated.finish(RESULT));
    for index in 0..6 {
        assert_eq!(first.prove(index), None);
        let proof = repeated.prove(index).unwrap();
        let leaf =
            Place { step: 1, unit: 4, point: 1, offset: 0, dtype: 2, shape: vec![100] }.leaf(&[1; 100]);
        assert_eq!(proof.root(vec![(index, leaf)], 6) == Some(first.leaves_root), index == 5);
        assert_eq!(repeated.open(index), None, "its bytes were not asked for");
    }
}

#[test]
fn a_run_without_trace_points_has_a_root() {
    let trace = Recorder::new().finish(RESULT);
    assert_eq!((trace.leaves, trace.leaves_root), (0, [0; 32]));
    assert_eq!(trace.prove(0), None);
    let encoded = [b"assay/trace/v1".as_slice(), &[0; 8], &[0; 32], &RESULT].concat();
    assert_eq!(trace.root().to_vec(), blake2b(&encoded));
}

#[test]
fn a_repeated_run_opens_the_leaves_it_was_asked_for() {
    let root = record(Recorder::new()).finish(RESULT).root();
    let repeated = record(Recorder::keeping(BTreeSet::from([1, 5]))).finish(RESULT);
    assert_eq!(repeated.root(), root);
    assert_eq!(repeated.open(0), None);
    for index in [1, 5] {
        let opening = repeated.open(index).unwrap();
        assert!(opening.verify(index, &root, &RESULT));
        assert_eq!(LeafOpening::decode(&mut opening.encode().as_slice()), Ok(opening));
    }
    assert_eq!(repeated.open(1).unwrap().bytes.len(), 76);
}

#[test]
fn an_opened_leaf_that_was_touched_fails() {
    let trace = record(Recorder::keeping(BTreeSet::from([2]))).finish(RESULT);
    let (root, opening) = (trace.root(), trace.open(2).unwrap());
    let fails = |change: fn(&mut LeafOpening)| {
        let mut opening = opening.clone();
        change(&mut opening);
        !opening.verify(2, &root, &RESULT)
    };
    assert!(!fails(|_| ()));
    assert!(fails(|opening| opening.bytes[0] ^= 1));
    assert!(fails(|opening| opening.bytes.truncate(99)));
    assert!(fails(|opening| opening.leaves += 1));
    assert!(fails(|opening| opening.place.step = 1));
    assert!(fails(|opening| opening.place.unit = 0));
    assert!(fails(|opening| opening.place.point = 0));
    assert!(fails(|opening| opening.place.offset = 1024));
    assert!(fails(|opening| opening.place.shape = vec![10, 10]));
    assert!(fails(|opening| opening.proof.siblings[0][0] ^= 1));
    assert!(!opening.verify(3, &root, &RESULT));
    assert!(!opening.verify(2, &RESULT, &RESULT));
    assert!(!opening.verify(2, &root, &root));
}
