//! Who is right about one element.

use assay_exact::{Error, Trap};

use crate::graph::Graph;
use crate::manifest::Manifest;
use crate::root::Hash;
use crate::tensor::elements;
use crate::trace::chunks;
use crate::trace::fault::{expect, Fault};
use crate::trace::leaves::Leaves;
use crate::trace::needs::{Operand, Source};
use crate::trace::opening::{Demand, Opening};
use crate::trace::recompute::{recompute, Operands};
use crate::trace::segment::{segment_of, Layout, Passes};
use crate::trace::tree::Branch;

/// Checks openings of a unit. It knows the program (its manifest and graph), the unit's token ids and the root of the
/// segment that is in question; it has neither the program's tensors nor any value of the run.
#[derive(Clone, Copy, Debug)]
pub struct Referee<'a> {
    /// What the unit was run on.
    pub passes: &'a Passes,
}

/// What a sound opening shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// The element is what the contract says.
    Agrees,
    /// It is not.
    Differs {
        /// What the segment holds.
        claimed: f32,
        /// What it must hold.
        computed: f32,
    },
    /// The operator traps on these operands: there is nothing that it could hold. The index is that of the operator
    /// built for the element alone.
    Traps(Trap),
}

impl Referee<'_> {
    /// Checks that the opening brings exactly the leaves that its element takes, that they belong to the segment and to
    /// the program's tensors, and that the element follows from them by the reference.
    pub fn check(
        &self,
        manifest: &Manifest,
        graph: &Graph,
        segment_root: &Hash,
        opening: &Opening,
    ) -> Result<Verdict, Fault> {
        let node = opening.element.node as usize;
        let layout = Layout::new(graph, self.passes, segment_of(graph, node))?;
        let (value, index) = layout.locate(&opening.element)?;
        let demand = Demand::new(&layout, &opening.element)?;
        let mut opened = Opened::default();
        opened.add_values(&layout, &demand, segment_root, &opening.values)?;
        opened.add_tensors(manifest, &demand, &opening.tensors)?;
        let claimed = opened.operands(std::slice::from_ref(&demand.output))?;
        let claimed = claimed.floats.concat().first().copied().ok_or(Fault::Absent(opening.element))?;
        let node = &graph.nodes[value.node];
        match recompute(graph, node, index % node.cols, &opened.operands(&demand.inputs)?) {
            Ok(computed) if computed.to_bits() == claimed.to_bits() => Ok(Verdict::Agrees),
            Ok(computed) => Ok(Verdict::Differs { claimed, computed }),
            Err(Error::Trap(trap)) => Ok(Verdict::Traps(trap)),
            Err(Error::Refused(refused)) => Err(refused.into()),
        }
    }
}

/// Leaves that have been proved.
#[derive(Debug, Default)]
struct Opened<'a>(Leaves<'a, Source>);

impl<'a> Opened<'a> {
    fn add_values(
        &mut self,
        layout: &Layout<'_>,
        demand: &Demand,
        root: &Hash,
        branch: &'a Branch,
    ) -> Result<(), Fault> {
        expect("leaves of the segment", demand.values().count(), branch.leaves.len())?;
        let mut hashes = Vec::with_capacity(branch.leaves.len());
        for (at, ((value, number), leaf)) in demand.values().zip(&branch.leaves).enumerate() {
            let (expected, got) = (layout.leaf_size(value, number), leaf.len() as u64);
            if expected != got {
                return Err(Fault::Size { of: "segment".into(), number: at as u64, expected, got });
            }
            hashes.push((layout.index(value, number), layout.place(value, number).leaf(leaf)));
            self.0.add(Source::Value(value), number, leaf);
        }
        if branch.proof.root(hashes, layout.count()) != Some(*root) {
            return Err(Fault::Proof("segment".into()));
        }
        Ok(())
    }

    fn add_tensors(
        &mut self,
        manifest: &Manifest,
        demand: &Demand,
        branches: &'a [Branch],
    ) -> Result<(), Fault> {
        expect("tensors of the program", demand.tensors().count(), branches.len())?;
        for ((name, chunks), branch) in demand.tensors().zip(branches) {
            let tensor = manifest.tensors.get(name).ok_or_else(|| Fault::Unpublished(name.into()))?;
            let len = elements(&tensor.shape).unwrap_or(0).saturating_mul(tensor.dtype.size() as u64);
            expect(name, chunks.len(), branch.leaves.len())?;
            if !chunks::verify(branch, &chunks, len, &tensor.blake3.0) {
                return Err(Fault::Proof(name.into()));
            }
            for (number, leaf) in chunks.iter().zip(&branch.leaves) {
                self.0.add(Source::Tensor(name.into()), *number, leaf);
            }
        }
        Ok(())
    }

    /// The bytes of an operand.
    fn bytes(&self, operand: &Operand) -> Result<Vec<u8>, Fault> {
        let (mut bytes, size) = (Vec::new(), operand.size());
        for piece in operand.pieces() {
            let part = self.0.read(&piece.source, piece.elements.start * size..piece.elements.end * size);
            bytes.extend(part.ok_or_else(|| Fault::Proof(format!("{:?}", piece.source)))?);
        }
        Ok(bytes)
    }

    fn operands(&self, operands: &[Operand]) -> Result<Operands, Fault> {
        let mut read = Operands::default();
        for operand in operands {
            let bytes = self.bytes(operand)?;
            match operand {
                Operand::Floats(_) => {
                    let float = |word: &[u8]| f32::from_le_bytes([word[0], word[1], word[2], word[3]]);
                    read.floats.push(bytes.chunks_exact(4).map(float).collect());
                }
                Operand::Digits(_) => {
                    read.digits.extend(bytes.iter().map(|byte| i8::from_le_bytes([*byte])));
                }
            }
        }
        Ok(read)
    }
}
