//! Hashes of whole tensors, by BLAKE3's own code.

use assay_exec::resident::DIGEST_NODES;
use assay_graph::tensor::Tensor;

use super::{on_each_path, Random};
use crate::gpu::Gpu;
use crate::launch::hash::digest_joining;

/// The hash of floats, where a block joins so many nodes.
fn digest(gpu: &Gpu, joined: usize, x: &[f32]) -> [u8; 32] {
    let (values, hash) = (gpu.scratch(x.len()).unwrap(), gpu.scratch(8).unwrap());
    gpu.upload(x, values.span()).unwrap();
    digest_joining(gpu, joined, values.span(), hash.span()).unwrap();
    let mut words = [0u32; 8];
    gpu.download(hash.span(), &mut words).unwrap();
    let mut bytes = [0; 32];
    bytes.chunks_exact_mut(4).zip(words).for_each(|(bytes, word)| bytes.copy_from_slice(&word.to_le_bytes()));
    bytes
}

fn check(joined: usize, lengths: &[usize]) {
    let mut random = Random::new(148);
    let x = random.floats(lengths.iter().copied().max().unwrap(), 3.0);
    for len in lengths {
        let expected = Tensor::f32(&[*len as u64], x[..*len].to_vec()).hash();
        on_each_path(|cuda| {
            let got = digest(&cuda.gpu, joined, &x[..*len]);
            assert_eq!(got, expected, "{len} floats, {joined} nodes together");
        });
    }
}

#[test]
fn a_digest_is_the_hash_of_all_bytes() {
    // One chunk; several of them, the last one short; as many as a block has, as many as are joined, and more.
    check(DIGEST_NODES, &[0, 1, 15, 16, 17, 255, 256, 257, 511, 512, 513, 3 * 256, 7 * 256 + 100]);
    let blocks = [127, 128, 129, 511, 512, 513, 1_030].map(|chunks| 256 * chunks);
    check(DIGEST_NODES, &blocks);
    check(DIGEST_NODES, &blocks.map(|len| len - 77));
}

#[test]
fn a_digest_is_the_same_however_many_nodes_are_joined_at_a_time() {
    // Up to seven levels by two, four by four, with odd ones out on each.
    for joined in [2, 4, 16] {
        check(joined, &[1, 2, 3, 4, 5, 7, 16, 17, 63, 64, 65, 77].map(|chunks| 256 * chunks - 3));
    }
}
