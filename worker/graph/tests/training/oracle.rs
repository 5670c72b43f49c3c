//! A graph in f64 without any quantisation, and its gradients by central differences: independent of the backward
//! pass, and of every operator of the contract.

use std::collections::BTreeMap;

use assay_exact::Mask;
use assay_graph::graph::{Graph, Node};
use assay_graph::manifest::{Attention, Index, Op};
use assay_graph::program::Program;
use assay_graph::tensor::Data;
use assay_graph::train::State;

/// Half of the distance of a difference.
const STEP: f64 = 1e-4;

pub struct Oracle<'a> {
    graph: &'a Graph,
    weights: BTreeMap<String, Vec<f64>>,
}

type Window<'a> = (&'a [u32], &'a [u32]);

impl<'a> Oracle<'a> {
    pub fn new(program: &'a Program, state: &State) -> Self {
        let wide = |values: &[f32]| values.iter().map(|x| f64::from(*x)).collect();
        let mut weights = BTreeMap::new();
        for (name, tensor) in &program.tensors {
            if let Data::F32(values) = &tensor.data {
                weights.insert(name.clone(), wide(values));
            }
        }
        weights.extend(state.parameters.iter().map(|(name, values)| (name.clone(), wide(values))));
        Self { graph: &program.graph, weights }
    }

    /// The mean loss of the tokens of all windows.
    pub fn loss(&self, windows: &[Window<'_>]) -> f64 {
        let (mut sum, mut count) = (0.0, 0u32);
        for (ids, labels) in windows {
            let logits = self.logits(ids);
            let classes = logits.len() / ids.len();
            for (row, label) in logits.chunks(classes).zip(*labels) {
                sum += row.iter().map(|z| (z - row[*label as usize]).exp()).sum::<f64>().ln();
                count += 1;
            }
        }
        sum / f64::from(count)
    }

    /// Of the mean loss, with respect to a parameter.
    pub fn gradient(&mut self, name: &str, windows: &[Window<'_>]) -> Vec<f64> {
        let len = self.weights[name].len();
        (0..len).map(|at| self.difference(name, at, windows)).collect()
    }

    fn difference(&mut self, name: &str, at: usize, windows: &[Window<'_>]) -> f64 {
        let value = self.weights[name][at];
        let mut loss_at = |value: f64| {
            self.weights.get_mut(name).unwrap()[at] = value;
            self.loss(windows)
        };
        let difference = loss_at(value + STEP) - loss_at(value - STEP);
        self.weights.get_mut(name).unwrap()[at] = value;
        difference / (2.0 * STEP)
    }

    fn logits(&self, ids: &[u32]) -> Vec<f64> {
        let mut values: Vec<Vec<f64>> = Vec::new();
        for node in &self.graph.nodes[..=self.graph.output] {
            let inputs: Vec<&[f64]> = node.inputs.iter().map(|input| values[*input].as_slice()).collect();
            let value = self.node(node, &inputs, ids);
            values.push(value);
        }
        values.swap_remove(self.graph.output)
    }

    fn node(&self, node: &Node, inputs: &[&[f64]], ids: &[u32]) -> Vec<f64> {
        let each = |f: fn(f64) -> f64| -> Vec<f64> { inputs[0].iter().map(|x| f(*x)).collect() };
        let pairs = |f: fn(f64, f64) -> f64| -> Vec<f64> {
            inputs[0].iter().zip(inputs[1]).map(|(a, b)| f(*a, *b)).collect()
        };
        match &node.op {
            Op::Add => pairs(|a, b| a + b),
            Op::Mul => pairs(|a, b| a * b),
            Op::SiluMul => pairs(|x, u| x / (1.0 + (-x).exp()) * u),
            Op::Gelu => each(|x| x * 0.5 * (1.0 + erf(x / 2f64.sqrt()))),
            Op::Tanh => each(f64::tanh),
            Op::L2Norm { .. } => {
                let norm = |row: &[f64]| row.iter().map(|x| x * x).sum::<f64>().sqrt();
                rows(inputs[0], node.cols, |row| row.iter().map(|x| x / norm(row)).collect())
            }
            Op::LayerNorm { beta, epsilon, gamma } => {
                let (epsilon, beta) = (f64::from(epsilon.get()), &self.weights[beta]);
                let centred = rows(inputs[0], node.cols, |row| {
                    let mean = row.iter().sum::<f64>() / row.len() as f64;
                    row.iter().map(|x| x - mean).collect()
                });
                let y = rms(&centred, node.cols, epsilon, &self.weights[gamma]);
                rows(&y, node.cols, |row| row.iter().zip(beta).map(|(y, beta)| y + beta).collect())
            }
            Op::RmsNorm { epsilon, gamma } => {
                rms(inputs[0], node.cols, f64::from(epsilon.get()), &self.weights[gamma])
            }
            Op::Linear { bias, weight, .. } => {
                let (weight, depth) = (&self.weights[weight], inputs[0].len() / ids.len());
                let bias = bias.as_ref().map(|bias| &self.weights[bias]);
                rows(inputs[0], depth, |x| {
                    let output = |(o, w): (usize, &[f64])| dot(x, w) + bias.map_or(0.0, |bias| bias[o]);
                    weight.chunks(depth).enumerate().map(output).collect()
                })
            }
            Op::Embed { index, table } => {
                let row = |(at, id): (usize, &u32)| {
                    let row = if *index == Index::Ids { *id as usize } else { at };
                    self.weights[table][row * node.cols..][..node.cols].to_vec()
                };
                ids.iter().enumerate().flat_map(row).collect()
            }
            Op::Rope { heads, table } => self.rope(inputs[0], *heads as usize, table, node.cols),
            Op::Attention(attention) => attend(attention, inputs, node.cols, ids.len()),
            Op::Last | Op::MeanPool => panic!("no training has one"),
        }
    }

    fn rope(&self, x: &[f64], heads: usize, table: &str, cols: usize) -> Vec<f64> {
        let (cos, sin) = (&self.weights[&format!("{table}.cos")], &self.weights[&format!("{table}.sin")]);
        let (dim, half) = (cols / heads, cols / heads / 2);
        let mut y = vec![0.0; x.len()];
        for at in (0..x.len()).filter(|at| at % dim < half) {
            let angle = at / cols * half + at % dim;
            y[at] = x[at] * cos[angle] - x[at + half] * sin[angle];
            y[at + half] = x[at + half] * cos[angle] + x[at] * sin[angle];
        }
        y
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn rows(x: &[f64], cols: usize, f: impl Fn(&[f64]) -> Vec<f64>) -> Vec<f64> {
    x.chunks(cols).flat_map(f).collect()
}

fn rms(x: &[f64], cols: usize, epsilon: f64, gamma: &[f64]) -> Vec<f64> {
    rows(x, cols, |row| {
        let rstd = 1.0 / (dot(row, row) / cols as f64 + epsilon).sqrt();
        row.iter().zip(gamma).map(|(x, gamma)| x * rstd * gamma).collect()
    })
}

/// By the power series whose terms all have one sign.
fn erf(x: f64) -> f64 {
    assert!(x.abs() < 8.0, "the series does not reach {x}");
    let (mut term, mut sum) = (x, x);
    for n in 0..300 {
        term *= 2.0 * x * x / f64::from(2 * n + 3);
        sum += term;
    }
    sum * (-x * x).exp() * 2.0 / std::f64::consts::PI.sqrt()
}

fn attend(attention: &Attention, inputs: &[&[f64]], cols: usize, tokens: usize) -> Vec<f64> {
    let (heads, kv_heads) = (attention.heads as usize, attention.kv_heads as usize);
    let dim = cols / heads;
    let scale = f64::from(attention.scale.get());
    let mut out = vec![0.0; inputs[0].len()];
    for (at, out) in out.chunks_mut(dim).enumerate() {
        let kv = at % heads / (heads / kv_heads);
        let of = |tensor: usize, token: usize| &inputs[tensor][(token * kv_heads + kv) * dim..][..dim];
        let visible = if attention.mask == Mask::Causal { at / heads + 1 } else { tokens };
        let q = &inputs[0][at * dim..][..dim];
        let weights: Vec<f64> = (0..visible).map(|j| (dot(q, of(1, j)) * scale).exp()).collect();
        let sum: f64 = weights.iter().sum();
        for (j, weight) in weights.iter().enumerate() {
            out.iter_mut().zip(of(2, j)).for_each(|(out, v)| *out += weight / sum * v);
        }
    }
    out
}
