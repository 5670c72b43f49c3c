//! What a job costs: compute units, which it is paid by, and memory, which a worker must have. Both follow from the
//! program's and the input's manifests and lengths alone. The formulas of units stand in the contract.

use assay_exact::Precision;

use crate::graph::{Form, Graph, Node, Rows};
use crate::manifest::{Attention, Manifest, Op, Optimizer, Training};

/// Multiply-adds that a byte touched counts as: about what a machine with int8 units does while its memory moves one.
const PER_BYTE: u128 = 16;
/// Multiply-adds that the call of an operator counts as.
const PER_NODE: u128 = 1 << 16;
/// Multiply-adds of a compute unit.
const PER_UNIT: u128 = 1_000_000_000;

/// Multiply-adds, bytes touched weighted in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cost(u128);

impl Cost {
    /// Of so many bytes to fetch and check.
    pub fn bytes(bytes: u64) -> Self {
        Self(PER_BYTE * u128::from(bytes))
    }

    /// Compute units, rounded up; at least one.
    pub fn units(self) -> u64 {
        u64::try_from(self.0.div_ceil(PER_UNIT)).unwrap_or(u64::MAX).max(1)
    }

    /// This cost so many times.
    pub fn times(self, count: u64) -> Self {
        Self(self.0.saturating_mul(u128::from(count)))
    }
}

impl std::ops::Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl std::iter::Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        costs.fold(Self::default(), |sum, cost| sum + cost)
    }
}

/// The cost of a pass over t tokens after which the unit has k keys: fixed + token·t + key·k + pair·t·k.
#[derive(Clone, Copy, Debug, Default)]
struct Terms {
    fixed: u128,
    token: u128,
    key: u128,
    pair: u128,
}

impl Terms {
    fn per_row(mut self, rows: Rows, cost: u128) -> Self {
        match rows {
            Rows::Tokens => self.token += cost,
            Rows::One => self.fixed += cost,
        }
        self
    }

    fn sum(terms: impl Iterator<Item = Self>) -> Self {
        terms.fold(Self::default(), |a, b| Self {
            fixed: a.fixed.saturating_add(b.fixed),
            token: a.token.saturating_add(b.token),
            key: a.key.saturating_add(b.key),
            pair: a.pair.saturating_add(b.pair),
        })
    }

    /// `passes` passes over `tokens` tokens each, with `keys` keys in sum.
    fn cost(&self, passes: u128, tokens: u128, keys: u128) -> Cost {
        let fixed = self.fixed.saturating_add(self.token.saturating_mul(tokens)).saturating_mul(passes);
        let keys = self.key.saturating_add(self.pair.saturating_mul(tokens)).saturating_mul(keys);
        Cost(fixed.saturating_add(keys))
    }
}

/// What passes of a graph cost.
#[derive(Clone, Copy, Debug)]
pub struct Passes(Terms);

impl Passes {
    /// Of a graph.
    pub fn new(graph: &Graph) -> Self {
        Self(Terms::sum(graph.nodes.iter().map(|node| forward(graph, node))))
    }

    /// One over `tokens` tokens after which the unit has `keys`.
    pub fn pass(&self, tokens: u64, keys: u64) -> Cost {
        self.0.cost(1, tokens.into(), keys.into())
    }

    /// The generation of `tokens` tokens after a prompt of `prompt`: the prefill, then a pass for each token but the last.
    pub fn generation(&self, prompt: u64, tokens: u64) -> Cost {
        let later = u128::from(tokens.saturating_sub(1));
        // Σ of prompt + i for i from 1.
        let keys = later * u128::from(prompt) + later * (later + 1) / 2;
        self.pass(prompt, prompt) + self.0.cost(later, 1, keys)
    }
}

/// A forward pass over `tokens` tokens after which the unit has `keys`.
pub fn pass(graph: &Graph, tokens: u64, keys: u64) -> Cost {
    Passes::new(graph).pass(tokens, keys)
}

/// One step of a training of so many parameters.
pub fn step(graph: &Graph, training: &Training, parameters: u64) -> Cost {
    let tokens = training.tokens;
    let backward = Terms::sum(graph.nodes.iter().map(|node| backward(graph, node, training.precision)));
    let unit = pass(graph, tokens, tokens) + backward.cost(1, tokens.into(), tokens.into());
    unit.times(training.units) + Cost::bytes(parameters.saturating_mul(64))
}

/// Columns of a node's first input and of its value.
fn widths(graph: &Graph, node: &Node) -> (u128, u128) {
    (node.inputs.first().map_or(0, |input| graph.nodes[*input].cols) as u128, node.cols as u128)
}

fn forward(graph: &Graph, node: &Node) -> Terms {
    let (inputs, outputs) = widths(graph, node);
    let call = Terms { fixed: PER_NODE, ..Terms::default() };
    match &node.op {
        Op::Linear { precision, weight, .. } => {
            let (matrix, w) = (inputs * outputs, digits(weight_precision(graph, weight, *precision)));
            let fixed = PER_NODE + PER_BYTE * (matrix * w + 4 * outputs);
            let row = matrix * digits(*precision) * w + PER_BYTE * 4 * (inputs + outputs);
            Terms { fixed, ..call }.per_row(node.rows, row)
        }
        Op::Attention(attention) => {
            let [d, v, p] = [attention.keys, attention.values, attention.weights].map(digits);
            let kv_cols = outputs / u128::from(attention.heads) * u128::from(attention.kv_heads);
            let pair = outputs * (d * d + p * v) + PER_BYTE * 8 * u128::from(attention.heads);
            Terms { pair, key: PER_BYTE * kv_cols * (d + v), token: PER_BYTE * 8 * outputs, ..call }
        }
        Op::MeanPool => call.per_row(Rows::Tokens, PER_BYTE * 8 * outputs),
        _ => call.per_row(node.rows, PER_BYTE * 4 * outputs * (node.inputs.len() as u128 + 1)),
    }
}

fn backward(graph: &Graph, node: &Node, precision: Precision) -> Terms {
    let (inputs, outputs) = widths(graph, node);
    let pairs = digits(precision) * digits(precision);
    let call = Terms { fixed: PER_NODE, ..Terms::default() };
    match &node.op {
        Op::Linear { .. } => {
            let fixed = PER_NODE + PER_BYTE * 12 * inputs * outputs;
            let row = 2 * inputs * outputs * pairs + PER_BYTE * 8 * (inputs + outputs);
            Terms { fixed, ..call }.per_row(node.rows, row)
        }
        Op::Attention(attention) => {
            let pair = 5 * outputs * pairs + PER_BYTE * 16 * u128::from(attention.heads);
            Terms { pair, ..call }
        }
        _ => call.per_row(node.rows, PER_BYTE * 4 * outputs * (node.inputs.len() as u128 + 2)),
    }
}

/// The precision at which a linear node's weight is multiplied.
fn weight_precision(graph: &Graph, weight: &str, activations: Precision) -> Precision {
    match graph.weights.get(weight).map(|weight| weight.form) {
        Some(Form::Quantised(precision)) => precision,
        _ => activations,
    }
}

fn digits(precision: Precision) -> u128 {
    precision.digits() as u128
}

/// Bytes of the weights in memory: floats, digits and scales.
pub fn weights(graph: &Graph) -> u64 {
    let published = graph.weights.values().map(|weight| {
        let elements: u128 = weight.shape.iter().map(|size| *size as u128).product();
        match weight.form {
            Form::Float => 4 * elements,
            Form::Quantised(precision) => quantised(elements, weight.shape[0] as u128, precision),
        }
    });
    saturated(published.sum::<u128>() + made(graph))
}

/// Of these, the digits and scales that are made of matrices in f32; the others are tensors as they are published.
pub fn made_weights(graph: &Graph) -> u64 {
    saturated(made(graph))
}

fn made(graph: &Graph) -> u128 {
    let is_float = |weight: &String| graph.weights.get(weight).is_some_and(|it| it.form == Form::Float);
    let mut bytes = 0;
    let mut seen = std::collections::BTreeSet::new();
    for node in &graph.nodes {
        let Op::Linear { precision, weight, .. } = &node.op else { continue };
        if is_float(weight) && seen.insert(weight) {
            let (inputs, outputs) = widths(graph, node);
            bytes += quantised(inputs * outputs, outputs, *precision);
        }
    }
    bytes
}

fn quantised(elements: u128, scales: u128, precision: Precision) -> u128 {
    elements * digits(precision) + 4 * scales
}

fn saturated(bytes: u128) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

fn value(node: &Node, tokens: u64) -> u128 {
    4 * node.rows.count(tokens as usize) as u128 * node.cols as u128
}

/// Most bytes of a pass over `tokens` tokens of a unit with room for `capacity`: the values that live at the same time,
/// the quantised operands, the scores of a row, the caches. The weights come on top.
pub fn activations(graph: &Graph, tokens: u64, capacity: u64) -> u64 {
    let values = 4 * graph.places.floats(tokens as usize) as u128;
    let (mut planes, mut queries) = (0u128, 0u128);
    for node in &graph.nodes {
        let (inputs, cols) = widths(graph, node);
        let rows = node.rows.count(tokens as usize) as u128;
        match &node.op {
            Op::Linear { precision, .. } => planes = planes.max(quantised(rows * inputs, rows, *precision)),
            Op::Attention(attention) => {
                let digits = quantised(rows * cols, rows * u128::from(attention.heads), attention.keys);
                queries = queries.max(digits + 4 * u128::from(capacity));
            }
            _ => {}
        }
    }
    saturated(values + planes + queries).saturating_add(caches(graph, capacity))
}

/// Bytes of the keys and values that a unit keeps, with room for `capacity` tokens.
pub fn caches(graph: &Graph, capacity: u64) -> u64 {
    let cache = |attention: &Attention, node: &Node| {
        let dim = node.cols as u128 / u128::from(attention.heads);
        let row = dim * (digits(attention.keys) + digits(attention.values)) + 12;
        u128::from(capacity) * u128::from(attention.kv_heads) * row
    };
    let bytes = graph.nodes.iter().map(|node| match &node.op {
        Op::Attention(attention) => cache(attention, node),
        _ => 0,
    });
    saturated(bytes.sum())
}

/// Most bytes of a training: its state and that of the step before, weights, sums of gradients, and of one unit all
/// values, their gradients, and operands as large as the largest of them or of an attention's probabilities.
pub fn training(graph: &Graph, manifest: &Manifest, training: &Training) -> u64 {
    let tokens = training.tokens;
    let values: u128 = graph.nodes.iter().map(|node| value(node, tokens)).sum();
    let largest = graph.nodes.iter().map(|node| value(node, tokens)).max().unwrap_or(0);
    let matrix = graph
        .weights
        .values()
        .map(|weight| 4 * weight.shape.iter().map(|size| *size as u128).product::<u128>());
    let probabilities = graph.nodes.iter().map(|node| match &node.op {
        Op::Attention(attention) => {
            4 * u128::from(tokens) * u128::from(tokens) * u128::from(attention.heads / attention.kv_heads)
        }
        _ => 0,
    });
    let operand = largest.max(matrix.max().unwrap_or(0)).max(probabilities.max().unwrap_or(0));
    let unit = saturated(2 * values + 6 * operand).saturating_add(caches(graph, tokens));
    let sums = parameters(manifest).saturating_mul(8);
    [weights(graph), unit, sums, state(manifest), state(manifest)]
        .iter()
        .fold(0, |sum, part| sum.saturating_add(*part))
}

/// Parameters that a training learns.
pub fn parameters(manifest: &Manifest) -> u64 {
    let sizes = manifest.parameters.values().map(|parameter| parameter.shape.iter().product::<u64>());
    sizes.fold(0, u64::saturating_add)
}

/// Bytes of a training's state: parameters and what the optimizer keeps of each.
pub fn state(manifest: &Manifest) -> u64 {
    let copies = match manifest.training.as_ref().map(|training| training.optimizer) {
        Some(Optimizer::Adam { .. }) => 3,
        Some(Optimizer::Sgd { .. }) => 2,
        None => 0,
    };
    parameters(manifest).saturating_mul(4 * copies)
}
