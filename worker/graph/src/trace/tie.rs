//! That a segment belongs to a run: its tree and the trace hold the same leaves at the points between which it lies.
//!
//! A leaf's place is hashed with its bytes, and is the same in both trees. So a tie shows equal hashes, not bytes: what
//! is opened later under the segment's root at such a leaf is what the run has committed to.

use codec::{Decode, Encode};

use crate::graph::Graph;
use crate::root::Hash;
use crate::trace::fault::{expect, Fault};
use crate::trace::record::{self, Trace};
use crate::trace::segment::{leaves, Layout, Passes, Segment, Value};
use crate::trace::tree::Proof;

/// How many leaves of the trace a pass of `tokens` tokens makes.
pub fn pass_leaves(graph: &Graph, tokens: usize) -> u64 {
    let leaves = graph.trace.iter().map(|point| leaves(&graph.nodes[*point], tokens));
    leaves.fold(0, u64::saturating_add)
}

/// Where a pass of a segment meets the trace: at the value that it starts from, unless it starts from the input, and
/// the one that it ends in, unless it ends in the result.
#[derive(Clone, Copy, Debug)]
pub struct Seam<'a> {
    /// What was run.
    pub graph: &'a Graph,
    /// On what.
    pub passes: &'a Passes,
    /// The number of the segment.
    pub segment: usize,
    /// The pass.
    pub step: usize,
    /// How many leaves the trace has before this pass: [`pass_leaves`] of all passes of all units before it, in the
    /// order of (step, unit).
    pub before: u64,
}

/// The leaves of a seam, shown in both trees.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Tie {
    /// How many leaves the trace has.
    pub leaves: u64,
    /// The hashes of the seam's leaves, in the order of both trees.
    pub hashes: Vec<Hash>,
    /// That they belong to the trace.
    pub trace: Proof,
    /// That they belong to the segment.
    pub segment: Proof,
}

impl Tie {
    fn known(&self, indices: Vec<u64>) -> Vec<(u64, Hash)> {
        indices.into_iter().zip(self.hashes.iter().copied()).collect()
    }
}

/// The leaves of one value: where they begin in either tree, and how many they are.
struct Span {
    trace: u64,
    segment: u64,
    leaves: u64,
}

/// The index of every leaf in the tree where spans begin at `start`.
fn indices(spans: &[Span], start: fn(&Span) -> u64) -> Vec<u64> {
    let span = |span: &Span| {
        let start = start(span);
        (0..span.leaves).map(move |number| start.saturating_add(number))
    };
    spans.iter().flat_map(span).collect()
}

impl Seam<'_> {
    fn layout(&self) -> Result<Layout<'_>, Fault> {
        let layout = Layout::new(self.graph, self.passes, self.segment)?;
        match self.step < self.passes.ids.len() {
            true => Ok(layout),
            false => Err(Fault::Pass(self.step as u64)),
        }
    }

    fn spans(&self, layout: &Layout<'_>) -> Vec<Span> {
        let mut trace = self.before;
        let mut spans = Vec::new();
        for node in &self.graph.trace {
            let leaves = leaves(&self.graph.nodes[*node], self.passes.ids[self.step].len());
            if layout.nodes.contains(node) {
                let segment = layout.index(Value { step: self.step, node: *node }, 0);
                spans.push(Span { trace, segment, leaves });
            }
            trace = trace.saturating_add(leaves);
        }
        spans
    }

    /// Ties a segment to a trace that has kept the hashes of its leaves. Whether they hold the same is for
    /// [`Seam::check`] to say.
    pub fn tie(&self, trace: &Trace, segment: &Segment<'_>) -> Result<Tie, Fault> {
        let spans = self.spans(&self.layout()?);
        let tree = segment.tree()?;
        let in_segment = indices(&spans, |span| span.segment);
        let hashes = in_segment.iter().map(|index| tree.leaf(*index)).collect::<Option<_>>();
        let in_trace = trace.prove_all(&indices(&spans, |span| span.trace));
        let missing = || Fault::Proof("segment".into());
        Ok(Tie {
            leaves: trace.leaves,
            hashes: hashes.ok_or_else(missing)?,
            trace: in_trace.ok_or(Fault::Untraced(self.step as u64))?,
            segment: tree.prove(&in_segment).ok_or_else(missing)?,
        })
    }

    /// Checks that the trace that was committed to with this result, and the segment of this root, hold the same in all
    /// leaves of the seam.
    ///
    /// A seam is of one pass, and attention reads the keys and values of earlier ones, which follow from the points of
    /// those. So a segment belongs to a run once **every pass** of its unit has been checked. Besides, the caller must
    /// know
    ///
    /// - that the passes are the unit's: their ids are those of the input, and those that the result says were chosen;
    /// - what the trace has before each pass, from the numbers of tokens, not from who made the tie: a false trace can
    ///   hold the right leaves where nobody looks for them;
    /// - of the last segment, that the output in it is that of the result, which no trace point covers.
    pub fn check(
        &self,
        trace_root: &Hash,
        result_root: &Hash,
        segment_root: &Hash,
        tie: &Tie,
    ) -> Result<(), Fault> {
        let layout = self.layout()?;
        let spans = self.spans(&layout);
        let expected = spans.iter().map(|span| span.leaves).fold(0, u64::saturating_add);
        expect("leaves of the seam", expected as usize, tie.hashes.len())?;
        let in_trace = tie.known(indices(&spans, |span| span.trace));
        let leaves_root = tie.trace.root(in_trace, tie.leaves);
        let root = leaves_root.map(|leaves_root| record::root(tie.leaves, &leaves_root, result_root));
        if root != Some(*trace_root) {
            return Err(Fault::Proof("trace".into()));
        }
        let in_segment = tie.known(indices(&spans, |span| span.segment));
        if tie.segment.root(in_segment, layout.count()) != Some(*segment_root) {
            return Err(Fault::Proof("segment".into()));
        }
        Ok(())
    }
}
