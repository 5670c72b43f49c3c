//! Causal attention and its rotary positions.

use super::matrix::{add_scaled, dot};
use super::{Layer, Unit};

/// The head at place `at`, token·heads + head.
fn head(x: &[f32], at: usize, dim: usize) -> &[f32] {
    &x[at * dim..][..dim]
}

fn head_mut(x: &mut [f32], at: usize, dim: usize) -> &mut [f32] {
    &mut x[at * dim..][..dim]
}

impl Unit<'_> {
    fn dim(&self) -> usize {
        self.decoder.width / self.decoder.heads
    }

    /// What scores are multiplied by.
    fn scale(&self) -> f64 {
        1.0 / (self.dim() as f64).sqrt()
    }

    /// Where the key of token `j` lies that query head `h` reads.
    fn key(&self, j: usize, h: usize) -> usize {
        j * self.decoder.kv_heads + h * self.decoder.kv_heads / self.decoder.heads
    }

    /// Turns every head by its token's angles, or back for a `direction` of −1.
    pub(super) fn rotate(&self, x: &mut [f32], heads: usize, direction: f32) {
        let (dim, half) = (self.dim(), self.dim() / 2);
        for (at, head) in x.chunks_exact_mut(dim).enumerate() {
            let (low, high) = head.split_at_mut(half);
            let angles = &self.decoder.angles[at / heads * half..][..half];
            for ((a, b), (cos, sin)) in low.iter_mut().zip(high).zip(angles) {
                let sin = direction * sin;
                (*a, *b) = (*a * cos - *b * sin, *b * cos + *a * sin);
            }
        }
    }

    /// The mixed values, and the softmax of each (token, head) over all tokens, later ones with nothing.
    pub(super) fn attend(&self, q: &[f32], k: &[f32], v: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let (tokens, heads, dim) = (self.ids.len(), self.decoder.heads, self.dim());
        let (mut mixed, mut shares) = (vec![0.0; q.len()], vec![0.0; tokens * heads * tokens]);
        for at in 0..tokens * heads {
            let (i, h) = (at / heads, at % heads);
            let score = |j| dot(head(q, at, dim), head(k, self.key(j, h), dim)) * self.scale();
            let mut row: Vec<f64> = (0..=i).map(score).collect();
            let largest = row.iter().copied().fold(f64::MIN, f64::max);
            row.iter_mut().for_each(|score| *score = (*score - largest).exp());
            let sum: f64 = row.iter().sum();
            for (j, weight) in row.iter().enumerate() {
                let share = (weight / sum) as f32;
                shares[at * tokens + j] = share;
                add_scaled(head_mut(&mut mixed, at, dim), share, head(v, self.key(j, h), dim));
            }
        }
        (mixed, shares)
    }

    /// The gradients of queries, keys and values.
    pub(super) fn attend_backward(&self, dy: &[f32], layer: &Layer) -> [Vec<f32>; 3] {
        let (tokens, heads, dim) = (self.ids.len(), self.decoder.heads, self.dim());
        let [mut dq, mut dk, mut dv] = [&layer.q, &layer.k, &layer.v].map(|x| vec![0.0; x.len()]);
        for at in 0..tokens * heads {
            let (i, h) = (at / heads, at % heads);
            let (dy, shares) = (head(dy, at, dim), &layer.shares[at * tokens..][..=i]);
            let slopes: Vec<f64> = (0..=i).map(|j| dot(dy, head(&layer.v, self.key(j, h), dim))).collect();
            let mean: f64 = shares.iter().zip(&slopes).map(|(share, slope)| f64::from(*share) * slope).sum();
            for (j, (share, slope)) in shares.iter().zip(&slopes).enumerate() {
                let key = self.key(j, h);
                let ds = (f64::from(*share) * (slope - mean) * self.scale()) as f32;
                add_scaled(head_mut(&mut dq, at, dim), ds, head(&layer.k, key, dim));
                add_scaled(head_mut(&mut dk, key, dim), ds, head(&layer.q, at, dim));
                add_scaled(head_mut(&mut dv, key, dim), *share, dy);
            }
        }
        [dq, dk, dv]
    }
}
