//! What an opening weighs, in bytes of SCALE, for a layer of the widths of all-MiniLM-L6-v2 over 128 tokens.

use assay_graph::trace::{open, segments, Element, Passes, Referee, Verdict, LEAF};
use codec::Encode;

use crate::programs::{encoder, Random, Sizes};
use crate::runs::run;

const SIZES: Sizes = Sizes { width: 384, heads: 12, hidden: 1536, layers: 1, context: 128, vocabulary: 100 };
/// The place of the element, and the number of tensors.
const HEADER: usize = 28 + 1;

/// A run of bytes, all of one tree, that begins at a multiple of `align`.
struct Part {
    bytes: usize,
    align: usize,
    /// How many of them there are.
    times: usize,
}

fn part(bytes: usize, align: usize, times: usize) -> Part {
    Part { bytes, align, times }
}

/// Most bytes of a branch: each leaf with a length of two bytes and a node of every level beside it; two counts.
fn most(parts: &[Part], tree: u64) -> usize {
    let leaves = |part: &Part| part.times * ((LEAF - part.align + part.bytes - 1) / LEAF + 1);
    let depth = tree.next_power_of_two().trailing_zeros() as usize;
    parts.iter().map(leaves).sum::<usize>() * (LEAF + 2 + 32 * depth) + 8
}

/// The same for one run of a tensor of `len` bytes.
fn most_of_tensor(bytes: usize, align: usize, len: usize) -> usize {
    most(&[part(bytes, align, 1)], len.div_ceil(LEAF) as u64)
}

#[test]
fn openings_stay_below_the_bounds_that_their_shapes_give() {
    let program = encoder(&SIZES);
    let (graph, tokens) = (&program.graph, SIZES.context);
    let passes = Passes { unit: 0, ids: vec![Random(2).ids(tokens, SIZES.vocabulary)] };
    let segment = run(&program, &passes, 1, None);
    let (root, nodes) = (segment.root().unwrap(), segments(graph).unwrap()[1].clone());
    let values = graph.nodes[nodes.start - 1..nodes.end].iter();
    let tree: u64 = values.map(|node| (4 * tokens * node.cols).div_ceil(LEAF) as u64).sum();
    assert_eq!(segment.tree().unwrap().count(), tree);

    let (width, hidden, head) = (SIZES.width, SIZES.hidden, SIZES.width / SIZES.heads);
    let output = || part(4, 4, 1);
    let vector = |len| most_of_tensor(4, 4, 4 * len);
    // A row of 1,536 bytes begins at a multiple of 512, one of 6,144 at a multiple of 1,024; weights are bytes.
    let narrow = || part(4 * width, 512, 1);
    let wide = || part(4 * hidden, 1024, 1);
    let bounds = [
        ("GEMM of 384 inputs", "up1", {
            let weight = most_of_tensor(width, 128, width * hidden);
            most(&[output(), narrow()], tree) + weight + 2 * vector(hidden)
        }),
        ("GEMM of 1536 inputs", "down1", {
            let weight = most_of_tensor(hidden, 512, width * hidden);
            most(&[output(), wide()], tree) + weight + 2 * vector(width)
        }),
        ("norm row of 384", "norm1", most(&[output(), narrow()], tree) + 2 * vector(width)),
        ("softmax row of 128 keys", "attention1", {
            let heads = part(4 * head, 4 * head, 1 + 2 * tokens);
            most(&[output(), heads], tree)
        }),
    ];
    let mut random = Random(4);
    for (what, name, bound) in bounds {
        let node = graph.node(name).unwrap();
        let mut largest = 0;
        for _ in 0..20 {
            let index = random.below(tokens * graph.nodes[node].cols) as u64;
            let element = Element { unit: 0, step: 0, node: node as u32, index };
            let opening = open(&segment, &program.tensors, element).unwrap();
            let verdict = Referee { passes: &passes }.check(&program.manifest, graph, &root, &opening);
            assert_eq!(verdict, Ok(Verdict::Agrees), "{what}: {element:?}");
            largest = largest.max(opening.encode().len());
        }
        println!("{what}: an opening has up to {largest} bytes; its shapes allow {}", bound + HEADER);
        assert!(largest <= bound + HEADER, "{what}: {largest} bytes, above {}", bound + HEADER);
    }
}
