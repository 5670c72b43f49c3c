//! One pass over tokens of one unit or of several, as calls of a device.

use std::collections::BTreeMap;
use std::ops::Range;

use assay_exact::{ArgMax, Error, Refused, Sample};
use assay_exec::resident::{
    Block, CacheRegions, Call, DeviceFault, Operator, Part, Region, Source, Target, HASH_WORDS, LEAF_FLOATS,
    PREFIX_WORDS,
};

use super::layout::{rows, unit_caches, Layout};
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
    /// Of each attention, those of each unit.
    caches: BTreeMap<usize, Vec<CacheRegions>>,
    /// Of each trace point, those of each unit, if leaves are hashed.
    leaves: Vec<Leaves>,
}

/// The leaves of what a unit has of a trace point.
#[derive(Clone, Debug)]
struct Leaves {
    /// Which of the prefixes is theirs.
    prefix: usize,
    /// Words of their hashes, among those of the pass.
    hashes: Range<usize>,
}

impl<'a> Pass<'a> {
    /// Of units whose tokens together are no more than the layout has room for.
    pub fn new(
        graph: &'a Graph,
        layout: &'a Layout,
        step: u64,
        turns: &'a [Turn<'a>],
    ) -> Result<Self, Refused> {
        let (mut parts, mut tokens) = (Vec::with_capacity(turns.len()), 0);
        let mut caches: BTreeMap<usize, Vec<CacheRegions>> = BTreeMap::new();
        for turn in turns {
            parts.push(Part { first: tokens, tokens: turn.ids.len(), start: turn.start });
            tokens += turn.ids.len();
            let (Some(capacity), Some(start)) = (turn.capacity, layout.caches.get(turn.unit as usize)) else {
                continue;
            };
            unit_caches(graph, *start, capacity, |at, cache| caches.entry(at).or_default().push(cache))?;
        }
        let mut pass = Self { graph, layout, turns, parts, tokens, step, caches, leaves: Vec::new() };
        if !layout.hashes.is_empty() {
            pass.place_leaves();
        }
        Ok(pass)
    }

    fn place_leaves(&mut self) {
        let mut end = 0;
        for at in &self.graph.trace {
            for number in 0..self.parts.len() {
                let start = end;
                end += HASH_WORDS * self.share(*at, number).len().div_ceil(LEAF_FLOATS);
                self.leaves.push(Leaves { prefix: self.leaves.len(), hashes: start..end });
            }
        }
    }

    /// Computes the nodes before `end`, and then chooses a token of each unit if one is wanted. Gives the lowest node that
    /// the device reported.
    pub fn run(
        &self,
        block: &mut dyn Block,
        end: usize,
        choice: Option<&Choice>,
    ) -> Result<Option<u32>, DeviceFault> {
        let ids: Vec<u32> = self.turns.iter().flat_map(|turn| turn.ids).copied().collect();
        let positions =
            self.parts.iter().flat_map(|part| part.start as u32..(part.start + part.tokens) as u32);
        block.upload(self.layout.ids.start(), Source::U32(&ids))?;
        block.upload(self.layout.positions.start(), Source::U32(&positions.collect::<Vec<_>>()))?;
        block.upload(self.layout.bounds.start(), Source::U32(&self.bounds()))?;
        block.upload(self.layout.prefixes.start(), Source::U32(&self.prefixes()))?;
        if let Some(choice) = choice.filter(|choice| choice.sample.is_some()) {
            block.upload(self.layout.draws.start(), Source::U32(&self.draws(choice.key)))?;
        }
        block.run(&self.calls(end, choice)?)
    }

    /// The first row of each unit, and the number of all rows.
    fn bounds(&self) -> Vec<u32> {
        self.parts.iter().map(|part| part.first).chain([self.tokens]).map(|row| row as u32).collect()
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
        let mut calls = Vec::with_capacity(end + points.len() + 1);
        for at in 0..end {
            let node = at as u32;
            calls.push(Call { node, operator: self.operator(at)? });
            if let Some(to) = points.get(&at) {
                calls.push(Call { node, operator: Operator::Copy { from: self.value(at), to: *to } });
            }
            let hashed = self.leaves_of(at).iter().enumerate();
            calls.extend(
                hashed.map(|(number, leaves)| Call { node, operator: self.hash(at, number, leaves) }),
            );
        }
        if let Some(choice) = choice {
            let logits = self.value(self.graph.output);
            let operator = choice.operator(self.parts.len(), logits, self.layout)?;
            calls.push(Call { node: end as u32, operator });
        }
        Ok(calls)
    }

    /// The leaves of a node, unit by unit; none if it is no trace point, or its leaves are not hashed.
    fn leaves_of(&self, at: usize) -> &[Leaves] {
        let units = self.parts.len();
        match self.graph.trace.binary_search(&at) {
            Ok(point) => self.leaves.get(point * units..(point + 1) * units).unwrap_or_default(),
            Err(_) => &[],
        }
    }

    fn hash(&self, at: usize, number: usize, leaves: &Leaves) -> Operator<'_> {
        let first = leaves.prefix * PREFIX_WORDS;
        Operator::Leaves {
            x: self.value(at).range(self.share(at, number)),
            prefix: self.layout.prefixes.range(first..first + PREFIX_WORDS),
            bytes: PREFIX,
            hashes: self.layout.hashes.range(leaves.hashes.clone()),
        }
    }

    /// What is hashed before leaves, in the order of the leaves.
    fn prefixes(&self) -> Vec<u32> {
        let mut words = Vec::with_capacity(self.leaves.len() * PREFIX_WORDS);
        for (number, leaves) in self.leaves.iter().enumerate() {
            let (at, number) = (self.graph.trace[number / self.parts.len()], number % self.parts.len());
            let mut bytes = self.place(at, number).prefix();
            debug_assert_eq!((bytes.len(), leaves.prefix * PREFIX_WORDS), (PREFIX, words.len()));
            bytes.resize(4 * PREFIX_WORDS, 0);
            let (prefix, _) = bytes.as_chunks::<4>();
            words.extend(prefix.iter().map(|word| u32::from_le_bytes(*word)));
        }
        words
    }

    /// Where the first leaf of what a unit has of a trace point lies.
    pub fn place(&self, at: usize, number: usize) -> Place {
        place(self.graph, self.step, self.turns[number].unit, at, self.share(at, number).len())
    }

    /// The hashes of all leaves of the pass, word by word; none unless leaves are hashed.
    pub fn hashes(&self) -> Option<Region<u32>> {
        Some(self.layout.hashes.range(0..self.leaves.last()?.hashes.end))
    }

    /// The trace points of a unit, and the words of their leaves' hashes.
    pub fn hashed(&self, number: usize) -> impl Iterator<Item = (usize, Range<usize>)> + '_ {
        let points = self.graph.trace.iter().zip(self.leaves.chunks(self.parts.len()));
        points.map(move |(at, leaves)| (*at, leaves[number].hashes.clone()))
    }

    /// Where the values of trace points are kept until the pass is over: none if they are not recorded.
    pub fn points(&self) -> impl Iterator<Item = (usize, Region<f32>)> + '_ {
        let kept: &[usize] = if self.layout.points.is_empty() { &[] } else { &self.graph.trace };
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

    /// The caches of an attention: one for each unit, or none.
    pub fn caches(&self, at: usize) -> &[CacheRegions] {
        self.caches.get(&at).map_or(&[], Vec::as_slice)
    }

    fn operator(&self, at: usize) -> Result<Operator<'_>, Refused> {
        let nodes = Nodes {
            graph: self.graph,
            floats: &self.layout.floats,
            digits: &self.layout.digits,
            ids: self.layout.ids.range(0..self.tokens),
            positions: self.layout.positions.range(0..self.tokens),
            bounds: self.layout.bounds.range(0..self.parts.len() + 1),
            parts: &self.parts,
        };
        let statistics = self.statistics(self.rows(&self.graph.nodes[at]));
        nodes.operator(at, &|at| self.value(at), statistics, self.caches(at))
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
