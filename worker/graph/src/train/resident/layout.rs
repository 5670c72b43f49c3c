//! Where everything that a training has on a device lies, in one block of the device's memory.

use std::collections::BTreeMap;

use assay_exact::Refused;
use assay_exec::resident::{self, Call, Operator, Part, QuantisedRegions, Region, HASH_WORDS};

use crate::graph::{Graph, Node, WeightShape};
use crate::manifest::Op;
use crate::resident::layout::{rows, Room};
use crate::resident::nodes::Nodes;
use crate::train::plan::Plan;
use crate::train::update::{Rule, Update};

/// Where things lie. What a unit has and what the update has lie in the same place: one is over before the other
/// begins.
#[derive(Debug)]
pub(super) struct Layout {
    /// f32 weights by name, parameters among them.
    pub floats: BTreeMap<String, Region<f32>>,
    /// By name what linear nodes multiply by.
    pub digits: BTreeMap<String, QuantisedRegions>,
    /// In the order of names.
    pub parameters: Vec<Parameter>,
    /// The sums of all parameters' gradients, with what lies between them.
    pub sums: Region<i64>,
    /// The sums of a scale or a shift that is no parameter, which nobody reads.
    pub spare: Region<i64>,
    /// The square norm of each parameter's gradient.
    pub squares: Region<f32>,
    /// The factor of all gradients: one element.
    pub factor: Region<f32>,
    /// The hashes of [`Layout::state`].
    pub hashes: Region<u32>,
    /// Tokens of a unit.
    pub ids: Region<u32>,
    /// Their classes.
    pub labels: Region<u32>,
    /// Their positions.
    pub positions: Region<u32>,
    /// The first row of the unit, which is 0, and the number of its rows.
    pub bounds: Region<u32>,
    /// Their losses.
    pub losses: Region<f32>,
    /// Of a unit: the value of each node.
    pub values: Vec<Region<f32>>,
    /// Of a unit: what each norm writes beside its value, one for each row; empty for other nodes.
    pub statistics: Vec<[Region<f32>; 2]>,
    /// The byte behind all that a unit has but gradients of its values.
    pub unit_end: u64,
    /// The byte behind all that the update has.
    pub update_end: u64,
}

/// What a parameter has.
#[derive(Debug)]
pub(super) struct Parameter {
    /// Its elements.
    pub values: Region<f32>,
    /// As a linear node multiplies by it, if one does.
    pub digits: Option<QuantisedRegions>,
    /// What the optimizer keeps: of Adam the first and the second moment, of SGD the velocity.
    pub moments: Vec<Region<f32>>,
    /// Of its gradient.
    pub sums: Region<i64>,
    /// Of the update: its gradient.
    pub gradient: Region<f32>,
}

impl Layout {
    pub fn new(graph: &Graph, plan: &Plan, update: &Update) -> Self {
        let mut room = Room { end: 0 };
        let (floats, digits) = weights(graph, &mut room);
        let (parameters, sums) = parameters(plan, update, &floats, &digits, &mut room);
        let widest = graph.nodes.iter().filter(|node| matches!(node.op, Op::LayerNorm { .. }));
        let spare = room.take(widest.map(|node| node.cols).max().unwrap_or(0));
        let (squares, factor) = (room.take(parameters.len()), room.take(1));
        let tensors: usize = parameters.iter().map(|parameter| 1 + parameter.moments.len()).sum();
        let hashes = room.take(HASH_WORDS * tensors);
        let [ids, labels, positions] = [(); 3].map(|()| room.take(plan.tokens));
        let (bounds, losses) = (room.take(2), room.take(plan.tokens));
        let start = room.end;
        let (values, statistics) = values(graph, plan.tokens, &mut room);
        let mut layout = Self {
            floats,
            digits,
            parameters,
            sums,
            spare,
            squares,
            factor,
            hashes,
            ids,
            labels,
            positions,
            bounds,
            losses,
            values,
            statistics,
            unit_end: room.end,
            update_end: start,
        };
        layout.place_gradients();
        layout
    }

    /// The nodes of a unit, which `parts` has alone.
    pub fn nodes<'p, 'a>(&'a self, graph: &'a Graph, parts: &'p [Part]) -> Nodes<'p, 'a> {
        let Self { floats, digits, ids, positions, bounds, .. } = self;
        let (positions, slots) = (*positions, Region::new(0, 0));
        Nodes { graph, floats, digits, ids: *ids, positions, bounds: *bounds, slots, parts }
    }

    /// The forward pass of a unit.
    pub fn forward<'p>(&self, graph: &Graph, parts: &'p [Part]) -> Result<Vec<Call<'p>>, Refused> {
        let nodes = self.nodes(graph, parts);
        let call = |at: usize| -> Result<Call<'p>, Refused> {
            let operator = nodes.operator(at, &|at| self.values[at], self.statistics[at], None)?;
            Ok(Call { node: at as u32, operator })
        };
        (0..graph.nodes.len()).map(call).collect()
    }

    /// The vectors of the state: parameters, and then each thing that the optimizer keeps of them.
    pub fn state(&self) -> impl Iterator<Item = Region<f32>> + '_ {
        let kept = self.parameters.first().map_or(0, |parameter| parameter.moments.len());
        let of = move |moment: usize| self.parameters.iter().map(move |parameter| parameter.moments[moment]);
        self.parameters.iter().map(|parameter| parameter.values).chain((0..kept).flat_map(of))
    }

    /// Hashes each vector of the state. None of these calls reports.
    pub fn digests(&self) -> Vec<Call<'static>> {
        let digest = |(at, x): (usize, Region<f32>)| {
            let hash = self.hashes.range(at * HASH_WORDS..(at + 1) * HASH_WORDS);
            Call { node: 0, operator: Operator::Update(resident::Update::Digest { x, hash }) }
        };
        self.state().enumerate().map(digest).collect()
    }

    /// The gradients that the update has.
    fn place_gradients(&mut self) {
        let mut room = Room { end: self.update_end };
        for parameter in &mut self.parameters {
            parameter.gradient = room.take(parameter.values.len());
        }
        self.update_end = room.end;
    }
}

type Weights = (BTreeMap<String, Region<f32>>, BTreeMap<String, QuantisedRegions>);

/// All weights in f32, in which gradients take them, and the digits that linear nodes take.
fn weights(graph: &Graph, room: &mut Room) -> Weights {
    let float = |(name, weight): (&String, &WeightShape)| {
        let elements = weight.shape.iter().copied().fold(1, usize::saturating_mul);
        (name.clone(), room.take(elements))
    };
    let floats = graph.weights.iter().map(float).collect();
    let mut digits = BTreeMap::new();
    for node in &graph.nodes {
        let Op::Linear { precision, weight, .. } = &node.op else { continue };
        let shape = graph.weights.get(weight).map(|weight| weight.shape.as_slice());
        if let Some([rows, depth]) = shape {
            digits.entry(weight.clone()).or_insert_with(|| room.quantised(*rows, *depth, *precision));
        }
    }
    (floats, digits)
}

/// What each parameter has, and all sums of their gradients.
fn parameters(
    plan: &Plan,
    update: &Update,
    floats: &BTreeMap<String, Region<f32>>,
    digits: &BTreeMap<String, QuantisedRegions>,
    room: &mut Room,
) -> (Vec<Parameter>, Region<i64>) {
    let kept = match update.rule {
        Rule::Adam { .. } => 2,
        Rule::Sgd { .. } => 1,
    };
    let mut parameters = Vec::with_capacity(plan.fixed.len());
    for name in plan.fixed.keys() {
        let values = floats.get(name).copied().unwrap_or_else(|| Region::new(0, 0));
        let moments = (0..kept).map(|_| room.take(values.len())).collect();
        let (digits, sums, gradient) = (digits.get(name).copied(), Region::new(0, 0), Region::new(0, 0));
        parameters.push(Parameter { values, digits, moments, sums, gradient });
    }
    for parameter in &mut parameters {
        parameter.sums = room.take(parameter.values.len());
    }
    let start = parameters.first().map_or(room.end, |parameter| parameter.sums.start());
    let sums = Region::new(start, ((room.end - start) / size_of::<i64>() as u64) as usize);
    (parameters, sums)
}

type Values = (Vec<Region<f32>>, Vec<[Region<f32>; 2]>);

/// The values of all nodes, which the backward pass reads, and the statistics of norms.
fn values(graph: &Graph, tokens: usize, room: &mut Room) -> Values {
    let place = |node: &Node| {
        let rows = rows(node, tokens, 1);
        let statistics = match node.op {
            Op::LayerNorm { .. } => [rows, rows],
            Op::L2Norm { .. } | Op::RmsNorm { .. } => [rows, 0],
            _ => [0, 0],
        };
        (room.take(rows.saturating_mul(node.cols)), statistics.map(|len| room.take(len)))
    };
    graph.nodes.iter().map(place).unzip()
}
