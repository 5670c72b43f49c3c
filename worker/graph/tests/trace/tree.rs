use assay_graph::root::Hash;
use assay_graph::trace::{Place, Proof, Tree};

fn node(left: &Hash, right: &Hash) -> Hash {
    *blake3::hash(&[&[1u8][..], left, right].concat()).as_bytes()
}

fn leaf(index: u64) -> Hash {
    *blake3::hash(&index.to_le_bytes()).as_bytes()
}

fn tree(count: u64) -> Tree {
    let mut tree = Tree::new();
    (0..count).for_each(|index| tree.push(leaf(index)));
    tree
}

#[test]
fn a_leaf_is_hashed_with_its_place() {
    let place = Place { step: 3, unit: 5, point: 7, offset: 2048, dtype: 0, shape: vec![9, 11] };
    let mut bytes = vec![0u8];
    bytes.extend(3u64.to_le_bytes());
    bytes.extend(5u64.to_le_bytes());
    bytes.extend(7u32.to_le_bytes());
    bytes.extend(2048u64.to_le_bytes());
    bytes.push(0);
    bytes.push(2 << 2);
    bytes.extend(9u64.to_le_bytes());
    bytes.extend(11u64.to_le_bytes());
    bytes.extend(b"value");
    assert_eq!(place.leaf(b"value"), *blake3::hash(&bytes).as_bytes());
}

#[test]
fn a_value_is_cut_into_leaves_of_a_kibibyte() {
    let first = Place { step: 0, unit: 0, point: 0, offset: 0, dtype: 2, shape: vec![2049] };
    let value = vec![1; 2049];
    let leaves: Vec<(u64, usize)> =
        first.leaves(&value).map(|(place, leaf)| (place.offset, leaf.len())).collect();
    assert_eq!(leaves, [(0, 1024), (1024, 1024), (2048, 1)]);
}

#[test]
fn roots_are_those_made_by_hand() {
    let [a, b, c, d, e] = [0, 1, 2, 3, 4].map(leaf);
    assert_eq!(tree(0).root(), [0; 32]);
    assert_eq!(tree(1).root(), a);
    assert_eq!(tree(2).root(), node(&a, &b));
    assert_eq!(tree(3).root(), node(&node(&a, &b), &c));
    assert_eq!(tree(5).root(), node(&node(&node(&a, &b), &node(&c, &d)), &e));
}

#[test]
fn proofs_are_those_made_by_hand() {
    let [a, b, c, d, e] = [0, 1, 2, 3, 4].map(leaf);
    let siblings = |leaves: &[u64]| tree(5).prove(leaves).unwrap().siblings;
    assert_eq!(siblings(&[0]), [b, node(&c, &d), e]);
    assert_eq!(siblings(&[4]), [node(&node(&a, &b), &node(&c, &d))]);
    assert_eq!(siblings(&[1, 2]), [a, d, e]);
    assert_eq!(siblings(&[0, 1, 2, 3, 4]), [[0; 32]; 0]);
}

#[test]
fn every_leaf_is_proved_in_trees_of_any_size() {
    for count in (1..=40).chain([64, 65, 100]) {
        let (tree, root) = (tree(count), tree(count).root());
        for index in 0..count {
            let proof = tree.prove(&[index]).unwrap();
            assert_eq!(proof.root(vec![(index, leaf(index))], count), Some(root), "leaf {index} of {count}");
            assert_ne!(proof.root(vec![(index, leaf(index + 1))], count), Some(root));
            for other in (0..count).filter(|other| *other != index) {
                assert_ne!(proof.root(vec![(other, leaf(index))], count), Some(root));
            }
        }
        assert_eq!(tree.prove(&[count]), None);
        assert_eq!(tree.prove(&[]), None);
    }
}

#[test]
fn any_set_of_leaves_is_proved_at_once() {
    for count in 1..=9u64 {
        let tree = tree(count);
        for set in 1..1u64 << count {
            let wanted: Vec<u64> = (0..count).filter(|index| (set >> index) & 1 == 1).collect();
            let known: Vec<(u64, Hash)> = wanted.iter().map(|index| (*index, leaf(*index))).collect();
            let proof = tree.prove(&wanted).unwrap();
            assert_eq!(proof.root(known, count), Some(tree.root()), "leaves {wanted:?} of {count}");
        }
    }
}

#[test]
fn a_proof_that_was_touched_fails() {
    let (tree, root, known) = (tree(13), tree(13).root(), vec![(2, leaf(2)), (11, leaf(11))]);
    let proof = tree.prove(&[2, 11]).unwrap();
    assert_eq!(proof.root(known.clone(), 13), Some(root));
    for at in 0..proof.siblings.len() {
        let mut flipped = proof.clone();
        flipped.siblings[at][31] ^= 1;
        assert_ne!(flipped.root(known.clone(), 13), Some(root));
        let mut shorter = proof.clone();
        shorter.siblings.remove(at);
        assert_eq!(shorter.root(known.clone(), 13), None);
    }
    let mut longer = proof.clone();
    longer.siblings.push(root);
    assert_eq!(longer.root(known.clone(), 13), None);
    let reversed = known.iter().rev().copied().collect();
    assert_eq!(proof.root(reversed, 13), None, "leaves out of order");
    assert_eq!(proof.root(vec![known[0], known[0]], 13), None, "a leaf twice");
    assert_eq!(Proof::default().root(vec![(13, root)], 13), None, "a leaf beyond the end");
    assert_eq!(Proof::default().root(vec![], 13), None);
    assert_eq!(Proof::default().root(vec![(u64::MAX - 1, root)], u64::MAX), None);
}
