//! What a program costs: compute units, which a job is paid by, and memory, which a worker must have.
//!
//! A pass over t tokens of a unit that has k keys then costs, node by node,
//!
//! ```text
//! Linear      t·in·out·a·w multiply-adds, a and w the digits of activations and weights;
//!             bytes: in·out·w + 4·out (weights and scales) + 4·t·(in + out)
//! Attention   t·k·heads·dim·(d·d + p·v) multiply-adds, d the digits of keys, v of values, p of the softmax's numerators;
//!             bytes: k·kv_heads·dim·(d + v) + 8·t·heads·dim
//! others      no multiply-adds; bytes: 4·t·columns·(inputs + 1)
//! ```
//!
//! and a backward pass, at the training's precision of b digits,
//!
//! ```text
//! Linear      2·t·in·out·b·b;  bytes: 4·in·out·3 + 8·t·(in + out)
//! Attention   5·t·k·heads·dim·b·b;  bytes: 16·t·k·heads
//! others      bytes: 4·t·columns·(inputs + 2)
//! ```
//!
//! with 64 bytes more for each parameter in a step (gradient, moments, update). A byte counts as 16 multiply-adds, what
//! a machine with int8 units does while its memory moves one. One unit is 10⁹ multiply-adds, rounded up over the job.

use assay_exact::Precision;

use crate::graph::{Form, Graph, Node};
use crate::manifest::{Attention, Manifest, Op, Optimizer, Training};

/// Multiply-adds that a byte touched counts as.
const PER_BYTE: u128 = 16;
/// Multiply-adds of a compute unit.
const PER_UNIT: u128 = 1_000_000_000;

/// Multiply-adds, bytes touched weighted in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cost(u128);

impl Cost {
    fn new(multiply_adds: u128, bytes: u128) -> Self {
        Self(multiply_adds + PER_BYTE * bytes)
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

/// A forward pass over `tokens` tokens after which the unit has `keys`.
pub fn pass(graph: &Graph, tokens: u64, keys: u64) -> Cost {
    graph.nodes.iter().map(|node| forward(graph, node, tokens, keys)).sum()
}

/// The generation of `tokens` tokens after a prompt of `prompt`: the prefill, then a pass for each token but the last.
pub fn generation(graph: &Graph, prompt: u64, tokens: u64) -> Cost {
    let decode = (1..tokens).map(|i| pass(graph, 1, prompt.saturating_add(i)));
    pass(graph, prompt, prompt) + decode.sum()
}

/// One step of a training.
pub fn step(graph: &Graph, training: &Training, parameters: u64) -> Cost {
    let t = training.tokens;
    let backward = graph.nodes.iter().map(|node| backward(graph, node, t, training.precision)).sum();
    (pass(graph, t, t) + backward).times(training.units) + Cost::new(0, 64 * u128::from(parameters))
}

fn size(graph: &Graph, node: &Node, tokens: u64) -> (u128, u128, u128) {
    let rows = node.rows.count(tokens as usize) as u128;
    let inputs = node.inputs.first().map_or(0, |input| graph.nodes[*input].cols) as u128;
    (rows, inputs, node.cols as u128)
}

fn forward(graph: &Graph, node: &Node, tokens: u64, keys: u64) -> Cost {
    let (t, inputs, outputs) = size(graph, node, tokens);
    match &node.op {
        Op::Linear { precision, weight, .. } => {
            let form = graph.weights.get(weight).map_or(Form::Float, |weight| weight.form);
            let w = match form {
                Form::Float => *precision,
                Form::Quantised(precision) => precision,
            };
            let matrix = inputs * outputs;
            let bytes = matrix * digits(w) + 4 * outputs + 4 * t * (inputs + outputs);
            Cost::new(t * matrix * digits(*precision) * digits(w), bytes)
        }
        Op::Attention(attention) => attend(attention, t, u128::from(keys), outputs),
        _ => Cost::new(0, 4 * t * outputs * (node.inputs.len() as u128 + 1)),
    }
}

fn attend(attention: &Attention, t: u128, keys: u128, cols: u128) -> Cost {
    let [d, v, p] = [attention.keys, attention.values, attention.weights].map(digits);
    let kv_cols = cols / u128::from(attention.heads) * u128::from(attention.kv_heads);
    Cost::new(t * keys * cols * (d * d + p * v), keys * kv_cols * (d + v) + 8 * t * cols)
}

fn backward(graph: &Graph, node: &Node, tokens: u64, precision: Precision) -> Cost {
    let (t, inputs, outputs) = size(graph, node, tokens);
    let pairs = digits(precision) * digits(precision);
    match &node.op {
        Op::Linear { .. } => {
            let matrix = inputs * outputs;
            Cost::new(2 * t * matrix * pairs, 12 * matrix + 8 * t * (inputs + outputs))
        }
        Op::Attention(attention) => {
            Cost::new(5 * t * t * outputs * pairs, 16 * t * t * u128::from(attention.heads))
        }
        _ => Cost::new(0, 4 * t * outputs * (node.inputs.len() as u128 + 2)),
    }
}

fn digits(precision: Precision) -> u128 {
    precision.digits() as u128
}

/// Most bytes of a unit's forward pass over `tokens` tokens after which it has `keys`, with room for `capacity`: the
/// values that live at the same time, the largest quantised operand, the caches. The weights come on top.
pub fn activations(graph: &Graph, tokens: u64, capacity: u64) -> u64 {
    let (mut live, mut most, mut scratch, mut caches) = (0u64, 0u64, 0u64, 0u64);
    for (at, node) in graph.nodes.iter().enumerate() {
        let bytes = |node: &Node| 4 * (node.rows.count(tokens as usize) * node.cols) as u64;
        live += bytes(node);
        most = most.max(live);
        live -= graph.frees[at].iter().map(|value| bytes(&graph.nodes[*value])).sum::<u64>();
        let (t, inputs, cols) = size(graph, node, tokens);
        match &node.op {
            Op::Linear { precision, .. } => {
                scratch = scratch.max((t * (inputs * digits(*precision) + 4)) as u64);
            }
            Op::Attention(attention) => {
                scratch = scratch.max((t * cols * digits(attention.keys)) as u64 + 4 * capacity);
                let dim = cols as u64 / attention.heads;
                let vector = dim * (digits(attention.keys) + digits(attention.values)) as u64 + 12;
                caches += capacity * attention.kv_heads * vector;
            }
            _ => {}
        }
    }
    most + scratch + caches
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
