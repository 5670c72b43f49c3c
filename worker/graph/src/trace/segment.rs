//! The part of a graph between two trace points, and the tree over its values in the passes of one unit.
//!
//! Segment k has the nodes after trace point k − 1 up to point k; the last one runs to the end of the graph. Its tree
//! has, for each pass and in node order, the leaves of the value of point k − 1, which it starts from, and of every
//! node of its own. All passes of the unit are in it, since attention reads the keys and values of earlier ones. So the
//! tree follows from the graph, the numbers of tokens and the values alone.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::OnceLock;

use crate::error::Problem;
use crate::forward::Watch;
use crate::graph::{Graph, Node};
use crate::root::Hash;
use crate::tensor::Dtype;
use crate::trace::fault::Fault;
use crate::trace::opening::Element;
use crate::trace::tree::{leaf_size, Place, Tree, LEAF};

/// The nodes of each segment. Refuses a graph in which a node reads what lies before the trace point that its segment
/// starts from: such a value is in no tree that the segment could be checked by.
pub fn segments(graph: &Graph) -> Result<Vec<Range<usize>>, Problem> {
    let mut segments = Vec::with_capacity(graph.trace.len() + 1);
    let mut start = 0;
    for end in graph.trace.iter().map(|point| point + 1).chain([graph.nodes.len()]) {
        if start < end {
            segments.push(start..end);
        }
        start = end;
    }
    for segment in &segments {
        let boundary = segment.start.saturating_sub(1);
        for node in &graph.nodes[segment.clone()] {
            if let Some(input) = node.inputs.iter().find(|input| **input < boundary) {
                let [input, point] = [*input, boundary].map(|at| &graph.nodes[at].name);
                let text = format!("node {:?} reads {input:?} across the trace point {point:?}", node.name);
                return Err(Problem::Format(text));
            }
        }
    }
    Ok(segments)
}

/// The number of the segment that computes a node.
pub fn segment_of(graph: &Graph, node: usize) -> usize {
    graph.trace.partition_point(|point| *point < node)
}

/// A unit's token ids, pass by pass, as the job's input gives them, and its result where a pass continues the unit by
/// tokens chosen before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passes {
    /// The unit.
    pub unit: u64,
    /// The ids of each pass; the passes are numbered by the steps of the trace.
    pub ids: Vec<Vec<u32>>,
}

impl Passes {
    /// Tokens of the passes before one.
    pub(super) fn before(&self, step: usize) -> usize {
        self.ids.iter().take(step).map(Vec::len).sum()
    }

    fn check(&self, graph: &Graph) -> Result<(), Fault> {
        let got = self.before(self.ids.len());
        if self.ids.iter().any(Vec::is_empty) || got == 0 || got > graph.context {
            return Err(Fault::Passes { limit: graph.context as u64, got: got as u64 });
        }
        Ok(())
    }
}

/// The value of a node in a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Value {
    /// The pass.
    pub step: usize,
    /// The node.
    pub node: usize,
}

/// Where values lie in the tree of a segment.
#[derive(Clone, Debug)]
pub(super) struct Layout<'a> {
    pub graph: &'a Graph,
    pub passes: &'a Passes,
    /// The nodes of the segment.
    computed: Range<usize>,
    /// And before them the one that it starts from.
    pub nodes: Range<usize>,
    /// The first leaf of each pass, then the number of leaves.
    pass_starts: Vec<u64>,
    /// By the tokens of a pass, of which there are few different numbers: the first leaf of each node, counted from the
    /// pass', then the number of leaves.
    node_starts: BTreeMap<usize, Vec<u64>>,
}

fn shape(node: &Node, tokens: usize) -> [u64; 2] {
    [node.rows.count(tokens) as u64, node.cols as u64]
}

/// Bytes of a node's value. One that no memory could hold is none that a run could have: its size only must not wrap.
fn bytes(node: &Node, tokens: usize) -> u64 {
    shape(node, tokens).into_iter().fold(4, u64::saturating_mul)
}

/// Leaves of a node's value in a pass of `tokens` tokens.
pub(super) fn leaves(node: &Node, tokens: usize) -> u64 {
    bytes(node, tokens).div_ceil(LEAF as u64)
}

/// 0, and the sum up to each size.
fn sums(sizes: impl Iterator<Item = u64>) -> Vec<u64> {
    let mut sums = vec![0u64];
    sums.extend(sizes.scan(0u64, |sum, size| {
        *sum = sum.saturating_add(size);
        Some(*sum)
    }));
    sums
}

fn last(sums: &[u64]) -> u64 {
    sums.last().copied().unwrap_or(0)
}

impl<'a> Layout<'a> {
    pub fn new(graph: &'a Graph, passes: &'a Passes, number: usize) -> Result<Self, Fault> {
        passes.check(graph)?;
        let segments = segments(graph).map_err(|problem| Fault::Graph(problem.to_string()))?;
        let computed = segments.get(number).cloned().ok_or(Fault::Segment(number as u64))?;
        let nodes = computed.start.saturating_sub(1)..computed.end;
        let mut node_starts = BTreeMap::new();
        let pass_starts = sums(passes.ids.iter().map(|ids| {
            let tokens = ids.len();
            let sizes = graph.nodes[nodes.clone()].iter().map(|node| leaves(node, tokens));
            last(node_starts.entry(tokens).or_insert_with(|| sums(sizes)))
        }));
        Ok(Self { graph, passes, computed, nodes, pass_starts, node_starts })
    }

    /// Its values in the order of the tree.
    pub fn values(&self) -> impl Iterator<Item = Value> {
        let nodes = self.nodes.clone();
        (0..self.passes.ids.len()).flat_map(move |step| nodes.clone().map(move |node| Value { step, node }))
    }

    /// How many leaves the tree has.
    pub fn count(&self) -> u64 {
        last(&self.pass_starts)
    }

    /// The node of a value, and the tokens of its pass.
    fn of(&self, value: Value) -> (&Node, usize) {
        (&self.graph.nodes[value.node], self.passes.ids[value.step].len())
    }

    fn bytes(&self, value: Value) -> u64 {
        let (node, tokens) = self.of(value);
        bytes(node, tokens)
    }

    /// The index in the tree of leaf `number` of a value.
    pub fn index(&self, value: Value, number: u64) -> u64 {
        let (_, tokens) = self.of(value);
        let in_pass = self.node_starts[&tokens][value.node - self.nodes.start];
        self.pass_starts[value.step].saturating_add(in_pass).saturating_add(number)
    }

    /// Where leaf `number` of a value lies.
    pub fn place(&self, value: Value, number: u64) -> Place {
        let (node, tokens) = self.of(value);
        Place {
            step: value.step as u64,
            unit: self.passes.unit,
            point: value.node as u32,
            offset: number * LEAF as u64,
            dtype: Dtype::F32 as u8,
            shape: shape(node, tokens).into(),
        }
    }

    /// Bytes of leaf `number` of a value.
    pub fn leaf_size(&self, value: Value, number: u64) -> u64 {
        leaf_size(number, self.bytes(value))
    }

    /// The value, and the index in it, of an element that the segment computes.
    pub fn locate(&self, element: &Element) -> Result<(Value, usize), Fault> {
        let value = Value { step: element.step as usize, node: element.node as usize };
        let known = element.unit == self.passes.unit
            && element.step < self.passes.ids.len() as u64
            && self.computed.contains(&value.node);
        if !known || element.index >= self.bytes(value) / 4 {
            return Err(Fault::Absent(*element));
        }
        Ok((value, element.index as usize))
    }
}

/// The values of a segment, collected while a run is repeated. It holds all of them: as much memory as they take.
#[derive(Clone, Debug)]
pub struct Segment<'a> {
    pub(super) layout: Layout<'a>,
    step: usize,
    values: BTreeMap<Value, Vec<u8>>,
    tree: OnceLock<Tree>,
}

impl<'a> Segment<'a> {
    /// Segment `number` of the graph, for the passes of a unit.
    pub fn new(graph: &'a Graph, passes: &'a Passes, number: usize) -> Result<Self, Fault> {
        let layout = Layout::new(graph, passes, number)?;
        Ok(Self { layout, step: 0, values: BTreeMap::new(), tree: OnceLock::new() })
    }

    /// What is watched from now on is pass `step`; at first it is pass 0.
    pub fn pass(&mut self, step: usize) {
        self.step = step;
    }

    /// The tree over the values of all passes: hashed once, and anew only if other values are seen.
    pub fn tree(&self) -> Result<&Tree, Fault> {
        if let Some(tree) = self.tree.get() {
            return Ok(tree);
        }
        let mut tree = Tree::new();
        for value in self.layout.values() {
            for (place, leaf) in self.layout.place(value, 0).leaves(self.bytes(value)?) {
                tree.push(place.leaf(leaf));
            }
        }
        Ok(self.tree.get_or_init(|| tree))
    }

    /// The root of the tree: a pure function of the value that the segment starts from.
    pub fn root(&self) -> Result<Hash, Fault> {
        Ok(self.tree()?.root())
    }

    /// Leaf `number` of a value.
    pub(super) fn leaf(&self, value: Value, number: u64) -> Result<&[u8], Fault> {
        let leaf = self.bytes(value)?.chunks(LEAF).nth(number as usize);
        leaf.ok_or_else(|| unseen(value))
    }

    fn bytes(&self, value: Value) -> Result<&[u8], Fault> {
        match self.values.get(&value) {
            Some(bytes) if bytes.len() as u64 == self.layout.bytes(value) => Ok(bytes),
            _ => Err(unseen(value)),
        }
    }
}

fn unseen(value: Value) -> Fault {
    Fault::Unseen { step: value.step as u64, node: value.node as u64 }
}

impl Watch for Segment<'_> {
    fn value(&mut self, node: usize, value: &[f32]) {
        if self.layout.nodes.contains(&node) {
            let bytes = value.iter().flat_map(|x| x.to_le_bytes()).collect();
            self.values.insert(Value { step: self.step, node }, bytes);
            self.tree = OnceLock::new();
        }
    }
}
