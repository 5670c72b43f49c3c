use std::collections::BTreeMap;

use assay_exec::Reference;
use assay_graph::forward::{Executor, Watch};
use assay_graph::program::Program;
use assay_graph::trace::{segments, Passes, Place, Tree};

use crate::programs::{decoder, Random, SMALL};
use crate::runs::run;

/// Every value of a pass.
#[derive(Default)]
struct All(BTreeMap<usize, Vec<f32>>);

impl Watch for All {
    fn value(&mut self, node: usize, value: &[f32]) {
        self.0.insert(node, value.to_vec());
    }
}

fn values(program: &Program, passes: &Passes) -> Vec<All> {
    let weights = program.weights().unwrap();
    let executor = Executor { graph: &program.graph, weights: &weights, backend: &Reference };
    let mut unit = executor.unit(program.graph.context).unwrap();
    let pass = |ids: &Vec<u32>| {
        let mut all = All::default();
        executor.run(&mut unit, ids, &mut all).unwrap();
        all
    };
    passes.ids.iter().map(pass).collect()
}

/// Passes of lengths that come again.
fn passes() -> Passes {
    let mut random = Random(21);
    Passes { unit: 5, ids: [6, 1, 1, 4, 1, 6].map(|count| random.ids(count, SMALL.vocabulary)).into() }
}

#[test]
fn a_tree_has_pass_after_pass_the_value_before_the_segment_and_its_own() {
    let (program, passes) = (decoder(&SMALL), passes());
    let all = values(&program, &passes);
    for (number, nodes) in segments(&program.graph).unwrap().into_iter().enumerate() {
        let mut tree = Tree::new();
        for (step, values) in all.iter().enumerate() {
            for node in nodes.start.saturating_sub(1)..nodes.end {
                let bytes: Vec<u8> = values.0[&node].iter().flat_map(|x| x.to_le_bytes()).collect();
                let cols = program.graph.nodes[node].cols;
                let shape = vec![(bytes.len() / 4 / cols) as u64, cols as u64];
                let (step, point) = (step as u64, node as u32);
                let first = Place { step, unit: 5, point, offset: 0, dtype: 0, shape };
                first.leaves(&bytes).for_each(|(place, leaf)| tree.push(place.leaf(leaf)));
            }
        }
        assert_eq!(run(&program, &passes, number, None).tree(), Ok(&tree), "segment {number}");
    }
}

#[test]
fn a_tree_is_made_once_and_anew_only_after_other_values() {
    let (program, passes) = (decoder(&SMALL), passes());
    let mut segment = run(&program, &passes, 1, None);
    let root = segment.root().unwrap();
    assert!(std::ptr::eq(segment.tree().unwrap(), segment.tree().unwrap()));

    let node = program.graph.node("norm2").unwrap();
    let seen = values(&program, &passes)[3].0[&node].clone();
    let mut other = seen.clone();
    other[9] += 1.0;
    segment.pass(3);
    segment.value(node, &other);
    assert_ne!(segment.root(), Ok(root));
    segment.value(node, &seen);
    assert_eq!(segment.root(), Ok(root));
}
