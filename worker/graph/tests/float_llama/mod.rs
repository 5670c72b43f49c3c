//! Decoders of the Llama type in plain floats: what exact programs are measured against. Reads a model's files by itself
//! and shares nothing with the crate. Products are in f32, all other sums in f64.

use std::collections::BTreeMap;
use std::f64::consts::TAU;
use std::fs;
use std::path::Path;

use half::bf16;
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;

use crate::float_products::{dot, product};

pub struct FloatLlama {
    config: Value,
    tensors: BTreeMap<String, Vec<f32>>,
    hidden: usize,
    heads: usize,
    kv_heads: usize,
    dim: usize,
}

impl FloatLlama {
    pub fn open(directory: &Path) -> Self {
        let read = |file: &str| fs::read(directory.join(file)).unwrap();
        let config: Value = serde_json::from_slice(&read("config.json")).unwrap();
        let size = |field: &str| config[field].as_u64().unwrap() as usize;
        let mut tensors = BTreeMap::new();
        for file in files(directory) {
            let bytes = read(&file);
            for (name, view) in SafeTensors::deserialize(&bytes).unwrap().iter() {
                tensors.insert(name.to_string(), floats(view.dtype(), view.data()));
            }
        }
        let (hidden, heads) = (size("hidden_size"), size("num_attention_heads"));
        let dim = config["head_dim"].as_u64().map_or(hidden / heads, |dim| dim as usize);
        Self { hidden, heads, kv_heads: size("num_key_value_heads"), dim, tensors, config }
    }

    /// The logits after each token.
    pub fn logits(&self, ids: &[u32]) -> Vec<Vec<f32>> {
        let table = &self.tensors["model.embed_tokens.weight"];
        let row = |id: &u32| &table[*id as usize * self.hidden..][..self.hidden];
        let mut x: Vec<f32> = ids.iter().flat_map(row).copied().collect();
        for layer in 0..self.config["num_hidden_layers"].as_u64().unwrap() {
            let name = |part: &str| format!("model.layers.{layer}.{part}");
            let normal = self.norm(&name("input_layernorm"), &x);
            add(&mut x, &self.attention(&name("self_attn"), &normal));
            let normal = self.norm(&name("post_attention_layernorm"), &x);
            add(&mut x, &self.feed_forward(&name("mlp"), &normal));
        }
        let normal = self.norm("model.norm", &x);
        let head = self.tensors.get("lm_head.weight").unwrap_or(table);
        normal.chunks(self.hidden).map(|row| product(row, head, self.hidden)).collect()
    }

    fn attention(&self, name: &str, x: &[f32]) -> Vec<f32> {
        let [mut q, mut k, v] =
            ["q", "k", "v"].map(|part| self.linear(&format!("{name}.{part}_proj"), x, self.hidden));
        self.rotate(&mut q, self.heads);
        self.rotate(&mut k, self.kv_heads);
        let (dim, mut mixed) = (self.dim, Vec::with_capacity(q.len()));
        for (at, q) in q.chunks(dim).enumerate() {
            let (token, head) = (at / self.heads, at % self.heads);
            let place = |key: usize| (key * self.kv_heads + head * self.kv_heads / self.heads) * dim;
            let score = |key: usize| f64::from(dot(q, &k[place(key)..][..dim])) / (dim as f64).sqrt();
            let scores: Vec<f64> = (0..=token).map(score).collect();
            let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let weights: Vec<f64> = scores.iter().map(|score| (score - largest).exp()).collect();
            let total: f64 = weights.iter().sum();
            mixed.extend((0..dim).map(|column| {
                let part = |(key, weight): (usize, &f64)| weight * f64::from(v[place(key) + column]);
                (weights.iter().enumerate().map(part).sum::<f64>() / total) as f32
            }));
        }
        self.linear(&format!("{name}.o_proj"), &mixed, self.heads * dim)
    }

    fn feed_forward(&self, name: &str, x: &[f32]) -> Vec<f32> {
        let [gate, up] =
            ["gate", "up"].map(|part| self.linear(&format!("{name}.{part}_proj"), x, self.hidden));
        let silu = |x: f32| f64::from(x) / (1.0 + (-f64::from(x)).exp());
        let gated: Vec<f32> = gate.iter().zip(&up).map(|(x, u)| (silu(*x) * f64::from(*u)) as f32).collect();
        let inputs = self.config["intermediate_size"].as_u64().unwrap() as usize;
        self.linear(&format!("{name}.down_proj"), &gated, inputs)
    }

    /// Turns the halves of every head by its token's angles.
    fn rotate(&self, x: &mut [f32], heads: usize) {
        let half = self.dim / 2;
        for (at, head) in x.chunks_mut(self.dim).enumerate() {
            let (low, high) = head.split_at_mut(half);
            for (i, (a, b)) in low.iter_mut().zip(high).enumerate() {
                let (sin, cos) = ((at / heads) as f64 * self.speed(i)).sin_cos();
                let (x, y) = (f64::from(*a), f64::from(*b));
                (*a, *b) = ((x * cos - y * sin) as f32, (y * cos + x * sin) as f32);
            }
        }
    }

    /// Of a pair, as Llama 3.1 slows down the slow ones: by the length of their waves.
    fn speed(&self, pair: usize) -> f64 {
        let theta = self.config["rope_theta"].as_f64().unwrap();
        let speed = theta.powf(-2.0 * pair as f64 / self.dim as f64);
        let scaling = &self.config["rope_scaling"];
        if scaling.is_null() {
            return speed;
        }
        let [factor, low, high, original] =
            ["factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"]
                .map(|field| scaling[field].as_f64().unwrap());
        let wave = TAU / speed;
        if wave < original / high {
            return speed;
        }
        if wave > original / low {
            return speed / factor;
        }
        let smooth = (original / wave - low) / (high - low);
        (1.0 - smooth) * speed / factor + smooth * speed
    }

    fn norm(&self, name: &str, x: &[f32]) -> Vec<f32> {
        let gamma = &self.tensors[&format!("{name}.weight")];
        let epsilon = self.config["rms_norm_eps"].as_f64().unwrap();
        let mut y = Vec::with_capacity(x.len());
        for row in x.chunks(self.hidden) {
            let square = row.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>() / row.len() as f64;
            let rstd = 1.0 / (square + epsilon).sqrt();
            let scaled = |(x, gamma): (&f32, &f32)| (f64::from(*x) * rstd * f64::from(*gamma)) as f32;
            y.extend(row.iter().zip(gamma).map(scaled));
        }
        y
    }

    fn linear(&self, name: &str, x: &[f32], inputs: usize) -> Vec<f32> {
        let mut y = product(x, &self.tensors[&format!("{name}.weight")], inputs);
        if let Some(bias) = self.tensors.get(&format!("{name}.bias")) {
            y.chunks_mut(bias.len()).for_each(|row| add(row, bias));
        }
        y
    }
}

/// The files that the index names, or the only one.
fn files(directory: &Path) -> Vec<String> {
    let Ok(index) = fs::read(directory.join("model.safetensors.index.json")) else {
        return vec!["model.safetensors".into()];
    };
    let index: Value = serde_json::from_slice(&index).unwrap();
    let map = index["weight_map"].as_object().unwrap();
    let mut files: Vec<String> = map.values().map(|file| file.as_str().unwrap().into()).collect();
    files.sort();
    files.dedup();
    files
}

fn floats(dtype: Dtype, data: &[u8]) -> Vec<f32> {
    match dtype {
        Dtype::F32 => data.chunks_exact(4).map(|x| f32::from_le_bytes(x.try_into().unwrap())).collect(),
        Dtype::BF16 => {
            data.chunks_exact(2).map(|x| bf16::from_le_bytes(x.try_into().unwrap()).to_f32()).collect()
        }
        other => panic!("{other:?}"),
    }
}

fn add(y: &mut [f32], x: &[f32]) {
    y.iter_mut().zip(x).for_each(|(y, x)| *y += x);
}
