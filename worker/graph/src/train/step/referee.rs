//! Who is right about one element of a step.

use std::ops::Range;

use assay_exact::{Error, Trap};

use crate::error::Invalid;
use crate::graph::Graph;
use crate::manifest::{Manifest, TensorRef};
use crate::root::{key, Entry, Hash};
use crate::tensor::{elements, Dtype};
use crate::trace::chunks;
use crate::trace::fault::{expect, Fault};
use crate::trace::leaves::Leaves;
use crate::trace::Branch;
use crate::train::start;
use crate::train::step::layout::Layout;
use crate::train::step::needs::{reads_tokens, Demand, Holder, Piece, Source, Tokens};
use crate::train::step::recompute::Recompute;
use crate::train::step::record::leaves;
use crate::train::step::{Claim, Element, Opening};

/// Checks openings of a training's steps. It knows the program (its manifest and graph) and of the job the seed and the
/// place of its data; it has no tensor of the program, no token, and no value of the run.
#[derive(Clone, Copy, Debug)]
pub struct Referee<'a> {
    /// Of the program.
    pub manifest: &'a Manifest,
    /// Of the program.
    pub graph: &'a Graph,
    /// What the manifest of the job's input says of its tensor `data`.
    pub data: &'a TensorRef,
    /// The job's.
    pub seed: &'a [u8],
}

/// What a sound opening shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The element is what the contract says.
    Agrees,
    /// It is not.
    Differs {
        /// The bytes that the claim holds.
        claimed: Vec<u8>,
        /// Those that it must hold.
        computed: Vec<u8>,
    },
    /// The operator traps on these operands: there is nothing that it could hold. The index is that of the operator
    /// built for the element alone.
    Traps(Trap),
}

/// Where the tokens of a unit lie in the data.
pub(super) struct Window {
    dtype: Dtype,
    /// Bytes of the data.
    pub bytes: Range<usize>,
}

impl Window {
    /// Of a unit of `tokens` tokens, in data of `ids` ids.
    pub fn new(
        key: [u8; 8],
        element: &Element,
        tokens: usize,
        dtype: Dtype,
        ids: u64,
    ) -> Result<Self, Fault> {
        let places = ids.checked_sub(tokens as u64).filter(|places| *places > 0).ok_or(Fault::Data)?;
        if !matches!(dtype, Dtype::U8 | Dtype::U32) {
            return Err(Fault::Data);
        }
        let start = start(key, element.step, element.unit, places) as usize;
        let size = dtype.size();
        Ok(Self { dtype, bytes: start * size..(start + tokens + 1) * size })
    }

    /// The tokens, from these bytes.
    pub fn tokens(&self, bytes: &[u8]) -> Tokens {
        let ids: Vec<u32> = match self.dtype {
            Dtype::U8 => bytes.iter().map(|id| u32::from(*id)).collect(),
            _ => bytes.chunks_exact(4).map(|id| u32::from_le_bytes([id[0], id[1], id[2], id[3]])).collect(),
        };
        let labels = ids.get(1..).unwrap_or_default().to_vec();
        Tokens { ids: ids[..labels.len()].to_vec(), labels }
    }
}

/// Of a tensor without bytes nothing can be shown.
fn bytes_of(shape: &[u64], dtype: Dtype) -> u64 {
    elements(shape).unwrap_or(0).saturating_mul(dtype.size() as u64)
}

/// An opening whose leaves are as many as its element takes.
struct Opened<'a> {
    layout: Layout<'a>,
    tokens: Tokens,
    demand: Demand,
    leaves: Leaves<'a, Source>,
}

impl Opened<'_> {
    fn read(&self, pieces: &[Piece]) -> Result<Vec<u8>, Fault> {
        let mut bytes = Vec::new();
        for piece in pieces {
            let part = self.leaves.read(&piece.source, piece.bytes.clone());
            bytes.extend(part.ok_or_else(|| Fault::Proof(format!("{:?}", piece.source)))?);
        }
        Ok(bytes)
    }
}

impl<'a> Referee<'a> {
    /// Checks that the opening brings exactly the leaves that its element takes, that they belong to the step, to the
    /// states, to the program and to the data, and that the element follows from them by the reference.
    ///
    /// The caller must know that the claim's two states are those that the run has committed to, or a chain of claims
    /// between such ([`super::check_stretch`]).
    pub fn check(&self, claim: &Claim, opening: &Opening) -> Result<Verdict, Fault> {
        let opened = self.opened(claim, opening)?;
        // Some values of the state after follow from the state before alone.
        if opened.demand.values().next().is_none() {
            expect("nodes of the step", 0, opening.values.proof.siblings.len())?;
        } else if self.root_of(&opened, claim.step, opening)? != claim.root {
            return Err(Fault::Proof("step".into()));
        }
        let claimed = opened.read(std::slice::from_ref(&opened.demand.output))?;
        let operands = opened.demand.inputs.iter().map(|operand| opened.read(operand));
        let operands = operands.collect::<Result<Vec<_>, _>>()?;
        let reference = Recompute { layout: &opened.layout, tokens: &opened.tokens, key: key(self.seed) };
        let Element { value, index, .. } = opening.element;
        match reference.element(value, index as usize, &operands) {
            Ok(computed) if computed == claimed => Ok(Verdict::Agrees),
            Ok(computed) => Ok(Verdict::Differs { claimed, computed }),
            Err(Error::Trap(trap)) => Ok(Verdict::Traps(trap)),
            Err(Error::Refused(refused)) => Err(refused.into()),
        }
    }

    /// The root of the step that the leaves of an opening lie in, whatever the claim says of it.
    pub fn root(&self, claim: &Claim, opening: &Opening) -> Result<Hash, Fault> {
        self.root_of(&self.opened(claim, opening)?, claim.step, opening)
    }

    fn opened<'o>(&self, claim: &Claim, opening: &'o Opening) -> Result<Opened<'o>, Fault>
    where
        'a: 'o,
    {
        let invalid = |invalid: Invalid| Fault::Graph(invalid.to_string());
        let layout = Layout::new(self.manifest, self.graph).map_err(invalid)?;
        layout.check_state("the state before", &claim.before)?;
        layout.check_state("the state after", &claim.after)?;
        claim.check_step()?;
        layout.locate(&opening.element, claim.step)?;
        let tokens = self.tokens(&layout, opening)?;
        let demand = Demand::new(&layout, &opening.element, &tokens)?;
        let mut leaves = Leaves::default();
        expect("leaves of the step", demand.values().count(), opening.values.leaves.len())?;
        for ((unit, point, number), leaf) in demand.values().zip(&opening.values.leaves) {
            leaves.add(Source::Value(unit, point), number, leaf);
        }
        expect("tensors", demand.tensors().count(), opening.tensors.len())?;
        for ((holder, name, wanted), branch) in demand.tensors().zip(&opening.tensors) {
            self.check_tensor(claim, holder, name, &wanted, branch)?;
            for (number, leaf) in wanted.iter().zip(&branch.leaves) {
                leaves.add(Source::Tensor(holder, name.into()), *number, leaf);
            }
        }
        Ok(Opened { layout, tokens, demand, leaves })
    }

    /// The root over the leaves opened.
    fn root_of(&self, opened: &Opened<'_>, step: u64, opening: &Opening) -> Result<Hash, Fault> {
        let mut hashes = Vec::with_capacity(opening.values.leaves.len());
        for (number, (at, leaf)) in (0u64..).zip(opened.demand.values().zip(&opening.values.leaves)) {
            let (place, expected) = opened.layout.place(step, at).ok_or(Fault::Outside(opening.element))?;
            let got = leaf.len() as u64;
            if expected != got {
                return Err(Fault::Size { of: "step".into(), number, expected, got });
            }
            hashes.push((opened.layout.index(at), place.leaf(leaf)));
        }
        let root = opening.values.proof.root(hashes, opened.layout.count());
        root.ok_or_else(|| Fault::Proof("step".into()))
    }

    /// The tokens of the element's unit, if it takes any.
    fn tokens(&self, layout: &Layout<'_>, opening: &Opening) -> Result<Tokens, Fault> {
        if !reads_tokens(layout, opening.element.value) {
            expect("chunks of the data", 0, opening.tokens.leaves.len())?;
            expect("nodes of the data", 0, opening.tokens.proof.siblings.len())?;
            return Ok(Tokens::default());
        }
        let TensorRef { dtype, shape, blake3, .. } = self.data;
        let ids = elements(shape).ok_or(Fault::Data)?;
        let window = Window::new(key(self.seed), &opening.element, layout.plan.tokens, *dtype, ids)?;
        let wanted: Vec<u64> = leaves(&window.bytes).collect();
        expect("chunks of the data", wanted.len(), opening.tokens.leaves.len())?;
        if !chunks::verify(&opening.tokens, &wanted, bytes_of(shape, *dtype), &blake3.0) {
            return Err(Fault::Proof("data".into()));
        }
        let mut data = Leaves::default();
        for (number, leaf) in wanted.iter().zip(&opening.tokens.leaves) {
            data.add((), *number, leaf);
        }
        let bytes = data.read(&(), window.bytes.clone()).ok_or_else(|| Fault::Proof("data".into()))?;
        Ok(window.tokens(&bytes))
    }

    fn check_tensor(
        &self,
        claim: &Claim,
        holder: Holder,
        name: &str,
        wanted: &[u64],
        branch: &Branch,
    ) -> Result<(), Fault> {
        let unpublished = || Fault::Unpublished(name.into());
        let held = |entries: &[Entry]| {
            let entry = entries.iter().find(|entry| entry.name == name);
            // All types of a state's tensors have four bytes.
            entry.map(|entry| (bytes_of(&entry.shape, Dtype::F32), entry.blake3)).ok_or_else(unpublished)
        };
        let (len, hash) = match holder {
            Holder::Before => held(&claim.before)?,
            Holder::After => held(&claim.after)?,
            Holder::Program => {
                let tensor = self.manifest.tensors.get(name).ok_or_else(unpublished)?;
                (bytes_of(&tensor.shape, tensor.dtype), tensor.blake3.0)
            }
        };
        expect(name, wanted.len(), branch.leaves.len())?;
        match chunks::verify(branch, wanted, len, &hash) {
            true => Ok(()),
            false => Err(Fault::Proof(name.into())),
        }
    }
}
