//! Random tensors with planted extremes, from Philox, for the tests of this directory.
#![allow(dead_code)] // Each test file uses a part.

use assay_exact::{Philox, Precision, QuantRow, Quantised};

/// Gives tensors one after another.
pub struct Random(u32);

impl Random {
    pub fn new(seed: u32) -> Self {
        Self(seed << 16)
    }

    pub fn stream(&mut self) -> Philox {
        self.0 += 1;
        Philox::new(*b"exact-v1", self.0, 0)
    }

    pub fn floats(&mut self, len: usize, bound: f32) -> Vec<f32> {
        let stream = self.stream();
        (0..len as u64).map(|i| stream.symmetric(i, bound)).collect()
    }

    pub fn digits(&mut self, len: usize) -> Vec<i8> {
        let stream = self.stream();
        (0..len as u64).map(|i| ((stream.word(i) % 255) as i32 - 127) as i8).collect()
    }

    /// In 1..=limit.
    pub fn dimension(&mut self, limit: u32) -> usize {
        (self.stream().word(0) % limit + 1) as usize
    }
}

/// Quantised rows that own their memory.
pub struct Rows {
    pub planes: Vec<i8>,
    pub scales: Vec<f32>,
    depth: usize,
    precision: Precision,
}

impl Rows {
    pub fn new(x: &[f32], depth: usize, precision: Precision) -> Self {
        let rows = x.len() / depth;
        let (mut planes, mut scales) = (vec![77; precision.digits() * x.len()], vec![f32::NAN; rows]);
        let op = QuantRow::new(rows, depth, precision).unwrap();
        op.forward(x, &mut planes, &mut scales).unwrap();
        Self { planes, scales, depth, precision }
    }

    pub fn view(&self) -> Quantised<'_> {
        Quantised::new(&self.planes, &self.scales, self.depth, self.precision).unwrap()
    }
}

/// Cosine of the angle between two vectors.
pub fn cosine(a: &[f32], b: &[f64]) -> f64 {
    let dot: f64 = a.iter().zip(b).map(|(a, b)| f64::from(*a) * b).sum();
    let (aa, bb): (f64, f64) =
        (a.iter().map(|a| f64::from(*a) * f64::from(*a)).sum(), b.iter().map(|b| b * b).sum());
    dot / (aa * bb).sqrt()
}
