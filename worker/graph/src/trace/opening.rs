//! One element of a value, shown with everything that it is computed from.

use std::collections::{BTreeMap, BTreeSet};

use codec::{Decode, Encode};

use crate::tensor::Tensors;
use crate::trace::chunks;
use crate::trace::fault::Fault;
use crate::trace::needs::{needs, Operand, Piece, Source};
use crate::trace::segment::{Layout, Segment, Value};
use crate::trace::tree::{Branch, LEAF};

/// One element of a node's value in a pass of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Element {
    /// The unit.
    pub unit: u64,
    /// The pass.
    pub step: u64,
    /// The node, in program order.
    pub node: u32,
    /// Row-major, in the value.
    pub index: u64,
}

/// An element and what it is computed from. Which leaves there must be follows from the element, the graph and the
/// passes; so they are named by their order alone.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Opening {
    /// The element.
    pub element: Element,
    /// Leaves of the segment, in the order of its tree: those with the element and with the values it is computed from.
    pub values: Branch,
    /// Chunks of each tensor that it is computed from, in the order of their names.
    pub tensors: Vec<Branch>,
}

/// Which leaves an element takes.
#[derive(Debug)]
pub(super) struct Demand {
    /// The element itself.
    pub output: Operand,
    /// What it is computed from.
    pub inputs: Vec<Operand>,
    leaves: BTreeMap<Source, BTreeSet<u64>>,
}

impl Demand {
    pub fn new(layout: &Layout<'_>, element: &Element) -> Result<Self, Fault> {
        let (value, index) = layout.locate(element)?;
        let source = Source::Value(value);
        let output = Operand::Floats(vec![Piece { source, elements: index..index + 1 }]);
        let inputs = needs(layout.graph, layout.passes, value, index)?;
        let mut leaves: BTreeMap<Source, BTreeSet<u64>> = BTreeMap::new();
        for operand in inputs.iter().chain([&output]) {
            for piece in operand.pieces() {
                let first = piece.elements.start * operand.size() / LEAF;
                let end = (piece.elements.end * operand.size()).div_ceil(LEAF);
                leaves.entry(piece.source.clone()).or_default().extend(first as u64..end as u64);
            }
        }
        Ok(Self { output, inputs, leaves })
    }

    /// Leaves of the segment: of which value, and their numbers in it, in the order of the tree.
    pub fn values(&self) -> impl Iterator<Item = (Value, u64)> + '_ {
        let values = self.leaves.iter().filter_map(|(source, numbers)| match source {
            Source::Value(value) => Some((*value, numbers)),
            Source::Tensor(_) => None,
        });
        values.flat_map(|(value, numbers)| numbers.iter().map(move |number| (value, *number)))
    }

    /// Tensors of the program, and the chunks needed of each.
    pub fn tensors(&self) -> impl Iterator<Item = (&str, Vec<u64>)> {
        self.leaves.iter().filter_map(|(source, numbers)| match source {
            Source::Value(_) => None,
            Source::Tensor(name) => Some((name.as_str(), numbers.iter().copied().collect())),
        })
    }
}

/// Opens an element of a segment of a run, with the tensors of the program that was run.
pub fn open(segment: &Segment<'_>, tensors: &Tensors, element: Element) -> Result<Opening, Fault> {
    let demand = Demand::new(&segment.layout, &element)?;
    let (mut indices, mut leaves) = (Vec::new(), Vec::new());
    for (value, number) in demand.values() {
        indices.push(segment.layout.index(value, number));
        leaves.push(segment.leaf(value, number)?.to_vec());
    }
    let proof = segment.tree()?.prove(&indices).ok_or_else(|| Fault::Proof("segment".into()))?;
    let branch = |(name, chunks): (&str, Vec<u64>)| {
        let tensor = tensors.get(name).ok_or_else(|| Fault::Unpublished(name.into()))?;
        chunks::prove(&tensor.bytes(), &chunks).ok_or_else(|| Fault::Proof(name.into()))
    };
    let tensors = demand.tensors().map(branch).collect::<Result<_, _>>()?;
    Ok(Opening { element, values: Branch { leaves, proof }, tensors })
}
