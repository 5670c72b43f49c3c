//! Hashes of leaves and of full subtrees, against those of the trace.

use assay_exec::resident::{
    subtree_hashes, Block, Call, Operator, Region, Resident, Source, Subtrees, Target, HASH_WORDS,
    LEAF_FLOATS, PREFIX_WORDS, SUBTREE_LEAVES,
};
use assay_graph::trace::{Place, Tree};

use super::{subjects, Random, Room};
use crate::gpu::locked;

type Hash = [u8; 32];

/// What memory has that nothing wrote.
const NOTHING: Hash = [0xEE; 32];

fn words(bytes: &[u8]) -> Vec<u32> {
    bytes.chunks(4).map(|word| u32::from_le_bytes(word.try_into().unwrap())).collect()
}

fn of_words(words: &[u32]) -> Vec<Hash> {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    bytes.chunks(32).map(|hash| hash.try_into().unwrap()).collect()
}

fn compute(block: &mut dyn Block, operator: Operator<'_>) {
    assert_eq!(block.run(&[Call { node: 3, operator }]).unwrap(), None);
}

fn hashes(block: &mut dyn Block, from: Region<u32>) -> Vec<Hash> {
    let mut words = vec![0; from.len()];
    block.download(from.start(), Target::U32(&mut words)).unwrap();
    of_words(&words)
}

fn erase(block: &mut dyn Block, region: Region<u32>) {
    let nothing = vec![u32::from_le_bytes([0xEE; 4]); region.len()];
    block.upload(region.start(), Source::U32(&nothing)).unwrap();
}

fn place(unit: u64, rows: usize, cols: usize) -> Place {
    let shape = vec![rows as u64, cols as u64];
    Place { step: 1 << 33, unit, point: 7, offset: 0, dtype: 2, shape }
}

/// What is hashed before the bytes of a place's leaves: a zero and its SCALE.
fn prefix(Place { step, unit, point, offset, dtype, shape }: &Place) -> Vec<u8> {
    let mut bytes = vec![0];
    bytes.extend([step.to_le_bytes(), unit.to_le_bytes()].concat());
    bytes.extend(point.to_le_bytes());
    bytes.extend(offset.to_le_bytes());
    bytes.extend([*dtype, 4 * shape.len() as u8]);
    bytes.extend(shape.iter().flat_map(|size| size.to_le_bytes()));
    bytes
}

/// Units of so many rows, whose leaves lie in another order than their rows, with one between that is nobody's.
fn leaves_of(cols: usize, units: &[usize]) {
    let subject = locked(&subjects()[0]);
    let rows: usize = units.iter().sum();
    let values: Vec<f32> = Random::new(cols as u32).floats(rows * cols, 3.0);
    let (mut shares, mut expected, mut row) = (Vec::new(), Vec::new(), 0);
    let counts: Vec<usize> = units.iter().map(|rows| (rows * cols).div_ceil(LEAF_FLOATS)).collect();
    let mut firsts = vec![0; units.len()];
    let mut end = 0;
    for unit in (0..units.len()).rev() {
        firsts[unit] = end;
        end += counts[unit] + 1;
    }
    expected.resize(end, NOTHING);
    for (unit, rows) in units.iter().enumerate() {
        let place = place(unit as u64, *rows, cols);
        let mut prefix = prefix(&place);
        prefix.resize(4 * PREFIX_WORDS, 0);
        shares.extend(words(&prefix));
        let [start, len] = [row, *rows].map(|rows| (rows * cols) as u32);
        shares.extend([start, 0, len, 0, firsts[unit] as u32]);
        let own = &values[row * cols..(row + rows) * cols];
        let bytes: Vec<u8> = own.iter().flat_map(|x| x.to_le_bytes()).collect();
        for (number, (place, leaf)) in place.leaves(&bytes).enumerate() {
            expected[firsts[unit] + number] = place.leaf(leaf);
        }
        row += rows;
    }
    let mut room = Room::default();
    let (x, table, to) =
        (room.take(values.len()), room.take(shares.len()), room.take::<u32>(end * HASH_WORDS));
    let mut block = subject.cuda.block(room.0).unwrap();
    block.upload(x.start(), Source::F32(&values)).unwrap();
    block.upload(table.start(), Source::U32(&shares)).unwrap();
    erase(block.as_mut(), to);
    let (bytes, most) = (prefix(&place(0, 1, cols)).len(), counts.iter().copied().max().unwrap());
    compute(block.as_mut(), Operator::Leaves { x, shares: table, bytes, most, hashes: to });
    let got = hashes(block.as_mut(), to);
    // Not assert_eq: thousands of numbers would hide the message.
    let wrong = got.iter().zip(&expected).position(|(got, expected)| got != expected);
    assert_eq!(wrong, None, "units of {units:?} rows of {cols}");
}

#[test]
fn leaves_of_all_units_are_hashed_as_each_is_alone() {
    leaves_of(1, &[1]);
    leaves_of(1, &[255, 3, 257]);
    leaves_of(48, &[11, 1, 300, 5]);
    leaves_of(300, &[1, 1, 1]);
    leaves_of(1024, &[9, 2, 31]);
}

#[test]
fn full_subtrees_are_joined_and_the_leaves_beside_them_stay() {
    let subject = locked(&subjects()[0]);
    let mut random = Random::new(5);
    for count in [1, 2, 254, 255, 256, 257, 511, 512, 513, 700, 1025] {
        let leaves = of_words(&random.indices(count * HASH_WORDS, u32::MAX));
        let mut room = Room::default();
        let (from, first) = (room.take(count * HASH_WORDS), room.take(1));
        let roots = room.take(subtree_hashes(count) * HASH_WORDS);
        let mut block = subject.cuda.block(room.0).unwrap();
        block.upload(from.start(), Source::U32(&words(leaves.as_flattened()))).unwrap();
        for before in [0, 1, 100, 255] {
            block.upload(first.start(), Source::U32(&[before])).unwrap();
            erase(block.as_mut(), roots);
            compute(block.as_mut(), Operator::Subtrees { hashes: from, first, roots });
            let (got, expected) = (hashes(block.as_mut(), roots), joined(u64::from(before), &leaves));
            let wrong = got.iter().zip(&expected).position(|(got, expected)| got != expected);
            assert_eq!(wrong, None, "{count} leaves behind {before}");
        }
    }
}

/// Leaves before the first subtree, leaves behind the last one, and the roots between, each where it belongs.
fn joined(first: u64, leaves: &[Hash]) -> Vec<Hash> {
    let mut expected = vec![NOTHING; subtree_hashes(leaves.len())];
    let Subtrees { before, behind, .. } = Subtrees::of(first, leaves.len());
    let full = &leaves[before..leaves.len() - behind];
    expected[..before].copy_from_slice(&leaves[..before]);
    expected[SUBTREE_LEAVES..][..behind].copy_from_slice(&leaves[leaves.len() - behind..]);
    for (root, leaves) in expected[2 * SUBTREE_LEAVES..].iter_mut().zip(full.chunks(SUBTREE_LEAVES)) {
        let mut tree = Tree::new();
        leaves.iter().for_each(|leaf| tree.push(*leaf));
        *root = tree.root();
    }
    expected
}
