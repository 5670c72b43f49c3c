//! One pass over tokens of one unit or of several, as calls of a device.

use std::collections::BTreeMap;
use std::iter;
use std::ops::Range;

use assay_exact::{ArgMax, Error, Refused, Sample};
use assay_exec::resident::{
    subtree_hashes, Block, CacheRegions, Call, DeviceFault, Operator, Part, Region, Source, Target,
    HASH_WORDS, LEAF_FLOATS, PREFIX_WORDS, SHARE_WORDS, SUBTREE_LEAVES,
};

use super::layout::{rows, Layout};
use super::nodes::Nodes;
use crate::generate::draw;
use crate::graph::{Graph, Node, Rows};
use crate::trace::point::place;
use crate::trace::Place;

/// What one unit does in a pass.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn<'t> {
    /// Its number.
    pub unit: u64,
    /// Its next tokens.
    pub ids: &'t [u32],
    /// The tokens that it had before.
    pub start: usize,
    /// The tokens that it may have in the end, if this pass is not its only one.
    pub capacity: Option<usize>,
}

/// How a device chooses a token of each unit's logits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice {
    /// None takes the most likely one.
    pub sample: Option<Sample>,
    /// Of the draws.
    pub key: [u8; 8],
}

impl Choice {
    /// The trap that the reference has for a choice from these logits.
    pub fn check(&self, logits: &[f32], step: u64, unit: u64) -> Result<(), Error> {
        match &self.sample {
            Some(op) => {
                op.forward(logits, draw(self.key, step, unit), &mut vec![0; op.scratch()]).map(|_| ())
            }
            None => ArgMax::new(1, logits.len())?.forward(logits, &mut [0]),
        }
    }

    /// Of logits, a row for each unit.
    fn operator(&self, units: usize, x: Region<f32>, layout: &Layout) -> Result<Operator<'static>, Refused> {
        let (draws, chosen) = (layout.draws.range(0..units), layout.chosen.range(0..units));
        Ok(match self.sample {
            Some(op) => Operator::Sample { op, x, draws, drawn: chosen },
            None => Operator::ArgMax { op: ArgMax::new(units, x.len() / units)?, x, best: chosen },
        })
    }
}

/// A pass, laid out.
#[derive(Debug)]
pub(super) struct Pass<'a> {
    graph: &'a Graph,
    layout: &'a Layout,
    turns: &'a [Turn<'a>],
    parts: Vec<Part>,
    tokens: usize,
    step: u64,
    /// Of each trace point, the first leaf of each unit among those of the pass, if leaves are hashed.
    firsts: Vec<usize>,
    /// How many leaves the pass has then.
    leaves: usize,
}

/// What the host gets of leaves that a device hashes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Leaves {
    /// The hashes of all: there are so few that it would not get less.
    All(Region<u32>),
    /// The roots of full subtrees, and the leaves beside them ([`Operator::Subtrees`]).
    Joined {
        /// How many leaves there are.
        count: usize,
        /// Where the device writes roots and leaves.
        roots: Region<u32>,
    },
}

impl<'a> Pass<'a> {
    /// Of units whose tokens together are no more than the layout has room for.
    pub fn new(graph: &'a Graph, layout: &'a Layout, step: u64, turns: &'a [Turn<'a>]) -> Self {
        let (mut parts, mut tokens) = (Vec::with_capacity(turns.len()), 0);
        for turn in turns {
            let slot = layout.first_places.get(turn.unit as usize).copied().unwrap_or(0);
            let capacity = turn.capacity.unwrap_or(0);
            parts.push(Part { first: tokens, tokens: turn.ids.len(), start: turn.start, slot, capacity });
            tokens += turn.ids.len();
        }
        let (firsts, leaves) = (Vec::new(), 0);
        let mut pass = Self { graph, layout, turns, parts, tokens, step, firsts, leaves };
        if !layout.hashes.is_empty() {
            pass.place_leaves();
        }
        pass
    }

    /// They lie as they are recorded: unit by unit, and those of a unit point by point.
    fn place_leaves(&mut self) {
        let units = self.parts.len();
        self.firsts = vec![0; self.graph.trace.len() * units];
        for number in 0..units {
            for (point, at) in self.graph.trace.iter().enumerate() {
                self.firsts[point * units + number] = self.leaves;
                self.leaves += self.leaves_of(*at, number);
            }
        }
    }

    /// How many leaves a unit has of a node's value.
    fn leaves_of(&self, at: usize, number: usize) -> usize {
        self.share(at, number).len().div_ceil(LEAF_FLOATS)
    }

    /// Computes the nodes before `end`, and then chooses a token of each unit if one is wanted. `recorded` is how many
    /// leaves the run has of the passes before. Gives the lowest node that the device reported.
    pub fn run(
        &self,
        block: &mut dyn Block,
        end: usize,
        choice: Option<&Choice>,
        recorded: u64,
    ) -> Result<Option<u32>, DeviceFault> {
        let ids: Vec<u32> = self.turns.iter().flat_map(|turn| turn.ids).copied().collect();
        let positions =
            self.parts.iter().flat_map(|part| part.start as u32..(part.start + part.tokens) as u32);
        block.upload(self.layout.ids.start(), Source::U32(&ids))?;
        block.upload(self.layout.positions.start(), Source::U32(&positions.collect::<Vec<_>>()))?;
        block.upload(self.layout.bounds.start(), Source::U32(&self.bounds()))?;
        if !self.layout.slots.is_empty() {
            block.upload(self.layout.slots.start(), Source::U32(&self.slots()))?;
        }
        if !self.firsts.is_empty() {
            block.upload(self.layout.shares.start(), Source::U32(&self.shares(recorded)))?;
        }
        if let Some(choice) = choice.filter(|choice| choice.sample.is_some()) {
            block.upload(self.layout.draws.start(), Source::U32(&self.draws(choice.key)))?;
        }
        block.run(&self.calls(end, choice)?)
    }

    /// The first row of each unit, and the number of all rows.
    fn bounds(&self) -> Vec<u32> {
        self.parts.iter().map(|part| part.first).chain([self.tokens]).map(|row| row as u32).collect()
    }

    /// The slot of each token's unit.
    fn slots(&self) -> Vec<u32> {
        let slots = |part: &Part| iter::repeat_n(part.slot as u32, part.tokens);
        self.parts.iter().flat_map(slots).collect()
    }

    /// The draw of each unit, its lower word first.
    fn draws(&self, key: [u8; 8]) -> Vec<u32> {
        let words = |turn: &Turn<'_>| {
            let draw = draw(key, self.step, turn.unit);
            [draw as u32, (draw >> 32) as u32]
        };
        self.turns.iter().flat_map(words).collect()
    }

    fn calls(&self, end: usize, choice: Option<&Choice>) -> Result<Vec<Call<'_>>, Refused> {
        let points: BTreeMap<usize, Region<f32>> = self.points().collect();
        let together = self.hashes_together();
        let mut calls = Vec::with_capacity(end + self.graph.trace.len() + 3);
        for at in 0..end {
            let node = at as u32;
            calls.push(Call { node, operator: self.operator(at)? });
            if let Some(to) = points.get(&at) {
                calls.push(Call { node, operator: Operator::Copy { from: self.value(at), to: *to } });
            }
            if !together {
                calls.extend(self.hash(at..at + 1).map(|operator| Call { node, operator }));
            }
        }
        let node = end.saturating_sub(1) as u32;
        if together {
            calls.extend(self.hash(0..end).map(|operator| Call { node, operator }));
        }
        if let Some(Leaves::Joined { count, roots }) = self.leaves_before(end) {
            let (hashes, first) = (self.hashes(count), self.first());
            let operator = Operator::Subtrees { hashes, first, roots };
            calls.push(Call { node, operator });
        }
        if let Some(choice) = choice {
            let logits = self.value(self.graph.output);
            let operator = choice.operator(self.parts.len(), logits, self.layout)?;
            calls.push(Call { node: end as u32, operator });
        }
        Ok(calls)
    }

    /// Whether leaves of all trace points are hashed by one call in the end: a leaf alone takes as long as many do.
    /// There has to be room for the points until then.
    fn hashes_together(&self) -> bool {
        let floats = |at: &usize| self.rows(&self.graph.nodes[*at]) * self.graph.nodes[*at].cols;
        self.leaves > 0 && self.graph.trace.iter().map(floats).sum::<usize>() <= self.layout.points.len()
    }

    /// Hashes the leaves of some nodes: of one where it is computed, or of several where they are kept. None if none of
    /// them is a trace point, or leaves are not hashed.
    fn hash(&self, nodes: Range<usize>) -> Option<Operator<'_>> {
        let [first, end] = [nodes.start, nodes.end].map(|end| self.points_before(end));
        let units = self.parts.len();
        if first == end || self.leaves == 0 {
            return None;
        }
        let points = self.graph.trace[first..end].iter();
        let most = points.flat_map(|at| (0..units).map(move |number| self.leaves_of(*at, number))).max()?;
        Some(Operator::Leaves {
            x: if self.hashes_together() { self.layout.points } else { self.value(self.graph.trace[first]) },
            shares: self.layout.shares.range(first * units * SHARE_WORDS..end * units * SHARE_WORDS),
            bytes: PREFIX,
            most,
            hashes: self.hashes(self.leaves),
        })
    }

    /// How many trace points come before node `end`.
    fn points_before(&self, end: usize) -> usize {
        self.graph.trace.partition_point(|at| *at < end)
    }

    /// What units have of trace points, point by point; behind it, how many leaves the run has before the pass.
    fn shares(&self, recorded: u64) -> Vec<u32> {
        let mut words = Vec::with_capacity(self.firsts.len() * SHARE_WORDS + 1);
        let kept: BTreeMap<usize, Region<f32>> = self.points().collect();
        for (number, first) in self.firsts.iter().enumerate() {
            let (at, number) = (self.graph.trace[number / self.parts.len()], number % self.parts.len());
            let begin = kept.get(&at).map_or(0, |kept| kept.start() - self.layout.points.start());
            let share = self.share(at, number);
            let start = begin / size_of::<f32>() as u64 + share.start as u64;
            let mut bytes = self.place(at, number).prefix();
            debug_assert_eq!(bytes.len(), PREFIX);
            bytes.resize(4 * PREFIX_WORDS, 0);
            let (prefix, _) = bytes.as_chunks::<4>();
            words.extend(prefix.iter().map(|word| u32::from_le_bytes(*word)));
            let sizes = [start, share.len() as u64];
            words.extend(sizes.into_iter().flat_map(|size| [size as u32, (size >> 32) as u32]));
            words.push(*first as u32);
        }
        words.push((recorded % SUBTREE_LEAVES as u64) as u32);
        words
    }

    /// The last of these words.
    fn first(&self) -> Region<u32> {
        let end = self.firsts.len() * SHARE_WORDS;
        self.layout.shares.range(end..end + 1)
    }

    /// The hashes of the first leaves of the pass.
    fn hashes(&self, count: usize) -> Region<u32> {
        self.layout.hashes.range(0..count * HASH_WORDS)
    }

    /// What the host gets of the leaves before node `end`, or of all of them where several units are joined, which only
    /// a whole pass does; none if there are none, or they are not hashed.
    pub fn leaves_before(&self, end: usize) -> Option<Leaves> {
        let units = self.parts.len();
        let first = if units == 1 { self.firsts.get(self.points_before(end)) } else { None };
        let count = *first.unwrap_or(&self.leaves);
        let roots = subtree_hashes(count);
        match count {
            0 => None,
            _ if count <= roots => Some(Leaves::All(self.hashes(count))),
            _ => Some(Leaves::Joined { count, roots: self.layout.roots.range(0..roots * HASH_WORDS) }),
        }
    }

    /// Where the first leaf of what a unit has of a trace point lies.
    pub fn place(&self, at: usize, number: usize) -> Place {
        place(self.graph, self.step, self.turns[number].unit, at, self.share(at, number).len())
    }

    /// Where the values of trace points come to the host from: none where leaves are hashed, or not recorded.
    pub fn values(&self) -> impl Iterator<Item = (usize, Region<f32>)> + '_ {
        self.points().filter(move |_| self.leaves == 0)
    }

    /// Where the values of trace points are kept until the pass is over: none if they need not be.
    fn points(&self) -> impl Iterator<Item = (usize, Region<f32>)> + '_ {
        let is_kept = !self.layout.points.is_empty() && (self.leaves == 0 || self.hashes_together());
        let kept: &[usize] = if is_kept { &self.graph.trace } else { &[] };
        kept.iter().scan(0, move |end, at| {
            let (start, node) = (*end, &self.graph.nodes[*at]);
            *end += self.rows(node) * node.cols;
            Some((*at, self.layout.points.range(start..*end)))
        })
    }

    /// The elements that a unit, by its number in the pass, has of a node's value.
    pub fn share(&self, at: usize, number: usize) -> Range<usize> {
        let node = &self.graph.nodes[at];
        let part = &self.parts[number];
        let (first, rows) = match node.rows {
            Rows::Tokens => (part.first, part.tokens),
            Rows::One => (number, 1),
        };
        first * node.cols..(first + rows) * node.cols
    }

    fn rows(&self, node: &Node) -> usize {
        rows(node, self.tokens, self.parts.len())
    }

    /// Where the value of a node lies while it lives.
    pub fn value(&self, at: usize) -> Region<f32> {
        let Graph { places, nodes, .. } = self.graph;
        self.layout.values.range(places.joined(nodes, at, self.tokens, self.parts.len()))
    }

    /// The tokens that were chosen.
    pub fn chosen(&self) -> Region<u32> {
        self.layout.chosen.range(0..self.parts.len())
    }

    /// The cache of an attention, if it has one.
    pub fn cache(&self, at: usize) -> Option<CacheRegions> {
        self.layout.caches.get(&at).copied()
    }

    /// What a unit, by its number in the pass, has of it.
    pub fn part(&self, number: usize) -> &Part {
        &self.parts[number]
    }

    fn operator(&self, at: usize) -> Result<Operator<'_>, Refused> {
        let nodes = Nodes {
            graph: self.graph,
            floats: &self.layout.floats,
            digits: &self.layout.digits,
            ids: self.layout.ids.range(0..self.tokens),
            positions: self.layout.positions.range(0..self.tokens),
            bounds: self.layout.bounds.range(0..self.parts.len() + 1),
            slots: self.layout.slots.range(0..self.tokens.min(self.layout.slots.len())),
            parts: &self.parts,
        };
        let statistics = self.statistics(self.rows(&self.graph.nodes[at]));
        nodes.operator(at, &|at| self.value(at), statistics, self.cache(at))
    }

    /// Room for two floats of each row.
    fn statistics(&self, rows: usize) -> [Region<f32>; 2] {
        [0, 1].map(|i| self.layout.statistics.range(i * rows..(i + 1) * rows))
    }
}

/// Bytes that are hashed before those of a leaf: its place, with two axes.
const PREFIX: usize = 47;

/// Floats of a device.
pub(crate) fn download(block: &mut dyn Block, from: Region<f32>) -> Result<Vec<f32>, DeviceFault> {
    let mut values = vec![0.0; from.len()];
    block.download(from.start(), Target::F32(&mut values))?;
    Ok(values)
}
