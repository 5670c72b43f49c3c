//! What seats find out: results with traces that can be opened.

use assay_primitives::{inline_root, trace_root, Claim, Digest, InlineOutput};
use assay_rules::{
    draw,
    trace::{Leaf, Opening},
};
use std::collections::BTreeSet;

/// Leaves of each trace: more than are opened, and no power of two.
const LEAVES: u64 = 21;

/// What a seat claims, and what it knows of it.
pub enum Answer {
    /// It has run the job.
    Computed(Run),
    /// It has run something, and claims what others said.
    Copied(Claim, Run),
    /// It has seen that the units are not those of the specification.
    Misdeclared {
        /// What they are.
        units: u64,
    },
}

/// A run of a program, of which there are as many as numbers.
pub struct Run {
    number: u8,
    result: Digest,
    output: Option<InlineOutput>,
}

impl Answer {
    /// Of a run whose result is elsewhere.
    pub fn run(number: u8) -> Self {
        Self::Computed(Run { number, result: [number; 32], output: None })
    }

    /// Of a run whose result is this file of outputs.
    pub fn with_output(number: u8, output: InlineOutput) -> Self {
        let result = inline_root(&output).expect("a file of outputs");
        Self::Computed(Run { number, result, output: Some(output) })
    }

    /// What somebody else found out, by one that has run something else.
    pub fn copied(original: &Answer, number: u8) -> Self {
        Self::Copied(original.claim(), Run { number, result: [number; 32], output: None })
    }

    /// What the seat commits to.
    pub fn claim(&self) -> Claim {
        match self {
            Self::Computed(run) => Claim::Computed { result: run.result, trace: run.trace() },
            Self::Copied(claim, _) => *claim,
            Self::Misdeclared { units } => Claim::Misdeclared { units: *units },
        }
    }

    /// The result that the seat puts on the chain.
    pub fn output(&self) -> Option<InlineOutput> {
        match self {
            Self::Computed(run) => run.output.clone(),
            Self::Copied(..) | Self::Misdeclared { .. } => None,
        }
    }

    /// The leaves that a fresh seat opens.
    pub fn opening(&self, seed: &Digest, seat: u8) -> Option<Opening> {
        match self {
            Self::Computed(run) | Self::Copied(_, run) => Some(run.open(&draw::leaves(seed, seat, LEAVES))),
            Self::Misdeclared { .. } => None,
        }
    }
}

impl Run {
    fn trace(&self) -> Digest {
        let levels = self.levels();
        let root = levels.last().and_then(|top| top.first()).expect("there are leaves");
        trace_root(LEAVES, root, &self.result)
    }

    fn leaf(&self, index: u64) -> Leaf {
        Leaf {
            step: 0,
            unit: index,
            point: 1,
            offset: 0,
            dtype: 2,
            shape: vec![4_u64].try_into().expect("one axis"),
            bytes: vec![self.number, index as u8, 0, 0].try_into().expect("four bytes"),
        }
    }

    /// The tree, the lowest level first.
    fn levels(&self) -> Vec<Vec<Digest>> {
        let mut levels = vec![(0..LEAVES).map(|index| self.leaf(index).hash()).collect::<Vec<_>>()];
        while let Some(level) = levels.last().filter(|level| level.len() > 1) {
            let above = level.chunks(2).map(join).collect();
            levels.push(above);
        }
        levels
    }

    fn open(&self, indices: &[u64]) -> Opening {
        let leaves: Vec<Leaf> = indices.iter().map(|index| self.leaf(*index)).collect();
        Opening {
            count: LEAVES,
            leaves: leaves.try_into().expect("eight leaves at most"),
            siblings: self.siblings(indices).try_into().expect("few siblings"),
        }
    }

    /// The nodes beside those that follow from the leaves opened, level by level.
    fn siblings(&self, indices: &[u64]) -> Vec<Digest> {
        let mut known: BTreeSet<usize> = indices.iter().map(|index| *index as usize).collect();
        let mut siblings = Vec::new();
        for level in self.levels() {
            let beside = known.iter().map(|index| index ^ 1).filter(|index| !known.contains(index));
            siblings.extend(beside.filter_map(|index| level.get(index).copied()));
            known = known.iter().map(|index| index / 2).collect();
        }
        siblings
    }
}

/// The node above two others; the odd one out moves up as it is.
fn join(pair: &[Digest]) -> Digest {
    match pair {
        [left, right] => *blake3::hash(&[&[1_u8][..], left, right].concat()).as_bytes(),
        _ => pair[0],
    }
}
