//! BERT as it was trained, in plain floats: what the exact program is measured against. Reads the model's files by
//! itself and shares nothing with the crate. Products are in f32, all other sums in f64.

use std::collections::BTreeMap;
use std::f64::consts::SQRT_2;
use std::fs;
use std::path::Path;
use std::thread;

use safetensors::{Dtype, SafeTensors};
use serde_json::Value;

use crate::float_products::{dot, product};

pub struct FloatBert {
    tensors: BTreeMap<String, Vec<f32>>,
    layers: usize,
    hidden: usize,
    heads: usize,
    epsilon: f64,
}

impl FloatBert {
    pub fn open(directory: &Path) -> Self {
        let config: Value =
            serde_json::from_slice(&fs::read(directory.join("config.json")).unwrap()).unwrap();
        let size = |field: &str| config[field].as_u64().unwrap() as usize;
        let bytes = fs::read(directory.join("model.safetensors")).unwrap();
        let mut tensors = BTreeMap::new();
        for (name, view) in SafeTensors::deserialize(&bytes).unwrap().iter() {
            if view.dtype() == Dtype::F32 {
                let word = |bytes: &[u8]| f32::from_le_bytes(bytes.try_into().unwrap());
                tensors.insert(name.to_string(), view.data().chunks_exact(4).map(word).collect());
            }
        }
        Self {
            tensors,
            layers: size("num_hidden_layers"),
            hidden: size("hidden_size"),
            heads: size("num_attention_heads"),
            epsilon: config["layer_norm_eps"].as_f64().unwrap(),
        }
    }

    /// The embeddings of many units, by all processors.
    pub fn embed_all(&self, units: &[Vec<u32>]) -> Vec<Vec<f64>> {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let embed = |units: &[Vec<u32>]| units.iter().map(|ids| self.embed(ids)).collect::<Vec<_>>();
        thread::scope(|scope| {
            let shares = units.chunks(units.len().div_ceil(threads).max(1));
            let workers: Vec<_> = shares.map(|share| scope.spawn(move || embed(share))).collect();
            workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
        })
    }

    /// The mean of the last layer over the tokens, of unit length.
    pub fn embed(&self, ids: &[u32]) -> Vec<f64> {
        let mut x = self.embeddings(ids);
        for layer in 0..self.layers {
            x = self.layer(&format!("encoder.layer.{layer}"), &x);
        }
        let mut sums = vec![0.0f64; self.hidden];
        for row in x.chunks_exact(self.hidden) {
            sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += f64::from(*x));
        }
        let norm = sums.iter().map(|x| x * x).sum::<f64>().sqrt();
        sums.into_iter().map(|x| x / norm).collect()
    }

    fn embeddings(&self, ids: &[u32]) -> Vec<f32> {
        let table = |name: &str| self.tensor(&format!("embeddings.{name}_embeddings.weight"));
        let row = |table: &[f32], row: usize| table[row * self.hidden..(row + 1) * self.hidden].to_vec();
        let (words, types, positions) = (table("word"), table("token_type"), table("position"));
        let mut x = Vec::with_capacity(ids.len() * self.hidden);
        for (position, id) in ids.iter().enumerate() {
            let sum = add(&row(words, *id as usize), &row(types, 0));
            x.extend(add(&sum, &row(positions, position)));
        }
        self.layer_norm("embeddings.LayerNorm", &x)
    }

    fn layer(&self, name: &str, x: &[f32]) -> Vec<f32> {
        let [q, k, v] =
            ["query", "key", "value"].map(|part| self.linear(&format!("{name}.attention.self.{part}"), x));
        let y = self.linear(&format!("{name}.attention.output.dense"), &self.attention(&q, &k, &v));
        let x = self.layer_norm(&format!("{name}.attention.output.LayerNorm"), &add(&y, x));
        let mut y = self.linear(&format!("{name}.intermediate.dense"), &x);
        y.iter_mut().for_each(|x| *x = gelu(*x));
        let y = self.linear(&format!("{name}.output.dense"), &y);
        self.layer_norm(&format!("{name}.output.LayerNorm"), &add(&y, &x))
    }

    fn attention(&self, q: &[f32], k: &[f32], v: &[f32]) -> Vec<f32> {
        let (hidden, dim) = (self.hidden, self.hidden / self.heads);
        let tokens = q.len() / hidden;
        let mut out = vec![0.0f32; q.len()];
        for (query, head) in (0..tokens).flat_map(|query| (0..self.heads).map(move |head| (query, head))) {
            let part = |token: usize| token * hidden + head * dim..token * hidden + (head + 1) * dim;
            let score = |key: usize| f64::from(dot(&q[part(query)], &k[part(key)])) / (dim as f64).sqrt();
            let scores: Vec<f64> = (0..tokens).map(score).collect();
            let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let weights: Vec<f64> = scores.iter().map(|score| (score - largest).exp()).collect();
            let total: f64 = weights.iter().sum();
            let mut sums = vec![0.0f64; dim];
            for (key, weight) in weights.iter().enumerate() {
                sums.iter_mut().zip(&v[part(key)]).for_each(|(sum, v)| *sum += weight * f64::from(*v));
            }
            out[part(query)].iter_mut().zip(sums).for_each(|(out, sum)| *out = (sum / total) as f32);
        }
        out
    }

    fn linear(&self, name: &str, x: &[f32]) -> Vec<f32> {
        let (weight, bias) = (self.tensor(&format!("{name}.weight")), self.tensor(&format!("{name}.bias")));
        let (outputs, inputs) = (bias.len(), weight.len() / bias.len());
        let mut y = product(x, weight, inputs);
        for row in y.chunks_exact_mut(outputs) {
            row.iter_mut().zip(bias).for_each(|(y, bias)| *y += bias);
        }
        y
    }

    fn layer_norm(&self, name: &str, x: &[f32]) -> Vec<f32> {
        let (gamma, beta) = (self.tensor(&format!("{name}.weight")), self.tensor(&format!("{name}.bias")));
        let mut y = Vec::with_capacity(x.len());
        for row in x.chunks_exact(self.hidden) {
            let mean = row.iter().map(|x| f64::from(*x)).sum::<f64>() / self.hidden as f64;
            let square = |x: &f32| (f64::from(*x) - mean) * (f64::from(*x) - mean);
            let variance = row.iter().map(square).sum::<f64>() / self.hidden as f64;
            let divisor = (variance + self.epsilon).sqrt();
            for ((x, gamma), beta) in row.iter().zip(gamma).zip(beta) {
                y.push(((f64::from(*x) - mean) / divisor * f64::from(*gamma) + f64::from(*beta)) as f32);
            }
        }
        y
    }

    fn tensor(&self, name: &str) -> &[f32] {
        self.tensors.get(name).unwrap_or_else(|| panic!("the model has no {name}"))
    }
}

fn add(a: &[f32], b: &[f32]) -> Vec<f32> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

fn gelu(x: f32) -> f32 {
    let x = f64::from(x);
    (0.5 * x * (1.0 + erf(x / SQRT_2))) as f32
}

/// Within 1.5e-7: formula 7.1.26 of Abramowitz and Stegun's handbook.
pub fn erf(x: f64) -> f64 {
    const COEFFICIENTS: [f64; 5] = [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592];
    let t = 1.0 / (1.0 + 0.3275911 * x.abs());
    let polynomial = COEFFICIENTS.iter().fold(0.0, |sum, c| sum * t + c) * t;
    (1.0 - polynomial * (-x * x).exp()).copysign(x)
}
