//! Runs of a job, with traces that can be opened: trees of 16 leaves, as the format lays them down.

use assay_primitives::{trace_root, Claim, Digest};
use assay_rules::{
    draw::leaves,
    trace::{Leaf, Opening},
};

/// Leaves of a trace.
const COUNT: u64 = 16;

/// What a provider computed. Two of one number are the same, two of different ones have other results and traces.
#[derive(Clone, Debug)]
pub struct Run {
    result: Digest,
    leaves: Vec<Leaf>,
}

impl Run {
    pub fn new(number: u8) -> Self {
        Self::of([number; 32], number)
    }

    /// A run whose result root this is.
    pub fn of(result: Digest, number: u8) -> Self {
        let leaf = |index: u64| Leaf {
            step: 0,
            unit: 0,
            point: 1,
            offset: index * 1_024,
            dtype: 1,
            shape: vec![COUNT].try_into().expect("one axis"),
            bytes: vec![number; 8].try_into().expect("few bytes"),
        };
        Self { result, leaves: (0..COUNT).map(leaf).collect() }
    }

    /// What a seat claims that has run this.
    pub fn claim(&self) -> Claim {
        let [root] = self.levels().pop().expect("there is a root")[..] else { panic!("a root is one node") };
        Claim::Computed { result: self.result, trace: trace_root(COUNT, &root, &self.result) }
    }

    /// The leaves that a seat has to open.
    pub fn opening(&self, seed: &Digest, seat: u8) -> Opening {
        self.open(&leaves(seed, seat, COUNT))
    }

    /// Some of the leaves, in ascending order.
    pub fn open(&self, indices: &[u64]) -> Opening {
        let mut siblings = Vec::new();
        let mut known = indices.to_vec();
        for level in &self.levels()[..4] {
            let missing = known.iter().map(|index| index ^ 1).filter(|sibling| !known.contains(sibling));
            siblings.extend(missing.map(|sibling| level[sibling as usize]));
            known = known.iter().map(|index| index / 2).collect();
            known.dedup();
        }
        let leaves: Vec<_> = indices.iter().map(|index| self.leaves[*index as usize].clone()).collect();
        Opening {
            count: COUNT,
            leaves: leaves.try_into().expect("no more than eight"),
            siblings: siblings.try_into().expect("few"),
        }
    }

    /// The tree's levels, from the leaves to the root.
    fn levels(&self) -> Vec<Vec<Digest>> {
        let mut levels = vec![self.leaves.iter().map(Leaf::hash).collect::<Vec<_>>()];
        while levels[levels.len() - 1].len() > 1 {
            let below = &levels[levels.len() - 1];
            let above = below.chunks(2).map(|pair| join(&pair[0], &pair[1])).collect();
            levels.push(above);
        }
        levels
    }
}

fn join(left: &Digest, right: &Digest) -> Digest {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&[1]).update(left).update(right);
    *hasher.finalize().as_bytes()
}

#[test]
fn openings_of_a_run_are_those_that_the_rules_accept() {
    let run = Run::new(3);
    let Claim::Computed { result, trace } = run.claim() else { panic!("it was computed") };
    for seat in 0..20 {
        let indices = leaves(&[9; 32], seat, COUNT);
        assert!(assay_rules::trace::check(&run.opening(&[9; 32], seat), &indices, &trace, &result));
        assert!(!assay_rules::trace::check(&Run::new(4).opening(&[9; 32], seat), &indices, &trace, &result));
    }
}
