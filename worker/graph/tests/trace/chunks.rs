use assay_graph::root::Hash;
use assay_graph::trace::{chunks, Branch};

use crate::programs::Random;

fn bytes(len: usize) -> Vec<u8> {
    let mut random = Random(len as u64);
    (0..len).map(|_| random.draw() as u8).collect()
}

fn verify(branch: &Branch, wanted: &[u64], tensor: &[u8]) -> bool {
    chunks::verify(branch, wanted, tensor.len() as u64, &hash(tensor))
}

fn hash(tensor: &[u8]) -> Hash {
    *blake3::hash(tensor).as_bytes()
}

#[test]
fn every_chunk_of_a_tensor_of_any_length_is_proved() {
    for len in 1..=5000 {
        let tensor = bytes(len);
        let count = len.div_ceil(1024) as u64;
        for index in 0..count {
            let branch = chunks::prove(&tensor, &[index]).unwrap();
            let at = index as usize * 1024;
            assert_eq!(branch.leaves, [&tensor[at..len.min(at + 1024)]]);
            assert!(verify(&branch, &[index], &tensor), "chunk {index} of {len} bytes");
        }
        let all: Vec<u64> = (0..count).collect();
        assert!(verify(&chunks::prove(&tensor, &all).unwrap(), &all, &tensor), "all of {len} bytes");
        assert_eq!(chunks::prove(&tensor, &[count]), None);
    }
}

#[test]
fn any_chunks_of_a_longer_tensor_are_proved_at_once() {
    let mut random = Random(1);
    for count in [16, 17, 31, 32, 33, 100] {
        let tensor = bytes(count * 1024 - 5);
        for _ in 0..50 {
            let wanted: Vec<u64> = (0..count as u64).filter(|_| random.below(4) == 0).collect();
            match chunks::prove(&tensor, &wanted) {
                Some(branch) => assert!(verify(&branch, &wanted, &tensor), "{wanted:?} of {count}"),
                None => assert!(wanted.is_empty()),
            }
        }
    }
}

#[test]
fn chunks_that_were_touched_fail() {
    for len in [1, 63, 1024, 1025, 2048, 3000, 5000, 9000] {
        let tensor = bytes(len);
        let last = (len.div_ceil(1024) - 1) as u64;
        let branch = chunks::prove(&tensor, &[last]).unwrap();
        let mut flipped = branch.clone();
        flipped.leaves[0][0] ^= 1;
        assert!(!verify(&flipped, &[last], &tensor));
        for at in 0..branch.proof.siblings.len() {
            let mut flipped = branch.clone();
            flipped.proof.siblings[at][0] ^= 1;
            assert!(!verify(&flipped, &[last], &tensor));
        }
        let mut shorter = branch.clone();
        shorter.leaves[0].pop();
        assert!(!verify(&shorter, &[last], &tensor));
        let mut longer = branch.clone();
        longer.leaves[0].push(0);
        assert!(!verify(&longer, &[last], &tensor));
        let mut more = branch.clone();
        more.leaves.push(vec![0]);
        assert!(!verify(&more, &[last], &tensor));
        assert!(!verify(&more, &[last, last + 1], &tensor));
        assert!(!verify(&branch, &[last + 1], &tensor));
        assert!(!verify(&Branch::default(), &[], &tensor));
        assert!(!chunks::verify(&branch, &[last], len as u64, &hash(b"another tensor")));
    }
}

#[test]
fn a_chunk_is_no_chunk_of_another_place() {
    let tensor = vec![7; 4096];
    let branch = chunks::prove(&tensor, &[1]).unwrap();
    assert!(verify(&branch, &[1], &tensor));
    for other in [0, 2, 3] {
        assert!(
            !verify(&branch, &[other], &tensor),
            "the bytes of each chunk are the same, its number is not"
        );
    }
}
