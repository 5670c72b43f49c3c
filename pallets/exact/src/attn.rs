//! Attention, forward. Scores are integer products; the softmax's sums are integers; maxima are exact.

use crate::cross_entropy::{exponential_sum, maximum, SOFTMAX_ONE};
use crate::error::{check_finite, Error, Refused};
use crate::float::{exp, ties_even};
use crate::kv_append::KeysValues;
use crate::quant::{dequantise, Precision, Quantised};
use crate::shape::{dimension, length, volume, MAX_DEPTH};

/// Which keys a query sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mask {
    /// All of them.
    Full,
    /// Those up to its own position; the last query stands at the last key.
    Causal,
}

/// The shape of one attention: queries are `queries × heads × dim`, keys and values `keys × kv_heads × dim`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttnShape {
    /// Tokens that ask.
    pub queries: usize,
    /// Tokens that are asked; a cache may have room for more.
    pub keys: usize,
    /// Query heads.
    pub heads: usize,
    /// Key-value heads; head h reads key-value head ⌊h/(heads/kv_heads)⌋.
    pub kv_heads: usize,
    /// Elements of a head.
    pub dim: usize,
    /// Which keys a query sees.
    pub mask: Mask,
}

impl AttnShape {
    /// The key-value head that head `head` reads.
    pub(crate) fn kv_head(&self, head: usize) -> usize {
        head / (self.heads / self.kv_heads)
    }

    /// How many keys, from the first on, query `i` sees.
    pub(crate) fn visible(&self, i: usize) -> usize {
        match self.mask {
            Mask::Full => self.keys,
            Mask::Causal => self.keys - self.queries + i + 1,
        }
    }

    fn check(&self) -> Result<(), Refused> {
        dimension("keys of Attn", self.keys, MAX_DEPTH)?;
        dimension("head dimension of Attn", self.dim, MAX_DEPTH)?;
        volume("queries of Attn", &[3, self.queries, self.heads, self.dim])?;
        volume("keys of Attn", &[3, self.keys, self.kv_heads, self.dim])?;
        if !self.heads.is_multiple_of(self.kv_heads) {
            return Err(Refused::Domain("key-value heads of Attn"));
        }
        if self.mask == Mask::Causal && self.queries > self.keys {
            let (limit, got) = (self.keys as u64, self.queries as u64);
            return Err(Refused::Limit { what: "queries of causal Attn", limit, got });
        }
        Ok(())
    }
}

/// softmax(c·Q·Kᵀ)·V. The scale of V lies on the axis that is summed, so it goes into the weights, as a logarithm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Attn {
    shape: AttnShape,
    scale: f32,
    weights: Precision,
}

/// What is the same for all keys of one (query, head).
struct Row<'a> {
    scores: &'a mut [f32],
    /// m = max score.
    maximum: f32,
    /// f32(D).
    denominator: f32,
}

impl Attn {
    /// `scale` is c of the program; `weights` the precision of the softmax's numerators: I8 or I15. Refuses keys over
    /// [`MAX_DEPTH`], heads that are no multiple of `kv_heads`, more causal queries than keys.
    pub fn new(shape: AttnShape, scale: f32, weights: Precision) -> Result<Self, Refused> {
        shape.check()?;
        if !scale.is_finite() {
            return Err(Refused::Domain("scale of Attn"));
        }
        if weights == Precision::I22 {
            return Err(Refused::Domain("weights of Attn"));
        }
        Ok(Self { shape, scale, weights })
    }

    /// The shape it was built with.
    pub fn shape(&self) -> &AttnShape {
        &self.shape
    }

    /// c of the program.
    pub fn scale(&self) -> f32 {
        self.scale
    }

    /// The precision of the softmax's numerators.
    pub fn weights(&self) -> Precision {
        self.weights
    }

    /// Writes `out` (queries × heads × dim). `q` has one row per (query, head), `cache` one per (token, head) with room
    /// for at least `keys` tokens; `scratch` holds at least `keys` floats.
    pub fn forward(
        &self,
        q: &Quantised<'_>,
        cache: &KeysValues<'_>,
        scratch: &mut [f32],
        out: &mut [f32],
    ) -> Result<(), Error> {
        let shape = &self.shape;
        self.check(q, cache)?;
        length("out of Attn", out.len(), shape.queries * shape.heads * shape.dim)?;
        if scratch.len() < shape.keys {
            let (expected, got) = (shape.keys as u64, scratch.len() as u64);
            return Err(Refused::Length { what: "scratch of Attn", expected, got }.into());
        }
        for (at, out) in out.chunks_exact_mut(shape.dim).enumerate() {
            let head = at % shape.heads;
            let visible = shape.visible(at / shape.heads);
            match self.row(q, at, cache, &mut scratch[..visible]) {
                Some(row) => self.weigh(row, cache, shape.kv_head(head), out),
                None => out.fill(f32::NAN),
            }
        }
        Ok(check_finite(out)?)
    }

    /// Writes the probabilities (exp(score − m)·2³⁰)/f32(D) of one (query, head), +0 for masked keys, for the backward
    /// form; NaN if a score is not finite.
    pub(crate) fn probabilities(&self, q: &Quantised<'_>, at: usize, cache: &KeysValues<'_>, p: &mut [f32]) {
        let (seen, masked) = p.split_at_mut(self.shape.visible(at / self.shape.heads));
        masked.fill(0.0);
        let Some(row) = self.row(q, at, cache, seen) else {
            return seen.fill(f32::NAN);
        };
        for p in row.scores.iter_mut() {
            *p = (exp(*p - row.maximum) * SOFTMAX_ONE) / row.denominator;
        }
    }

    pub(crate) fn check(&self, q: &Quantised<'_>, cache: &KeysValues<'_>) -> Result<(), Refused> {
        let shape = &self.shape;
        length("rows of q of Attn", q.rows(), shape.queries * shape.heads)?;
        length("head dimension of q of Attn", q.depth(), shape.dim)?;
        length("head dimension of keys of Attn", cache.keys.depth(), shape.dim)?;
        length("head dimension of values of Attn", cache.values.depth(), shape.dim)?;
        length("values of Attn", cache.values.rows(), cache.keys.rows())?;
        length("value logarithms of Attn", cache.logs.len(), cache.keys.rows())?;
        let (got, expected) = (cache.keys.rows(), shape.keys * shape.kv_heads);
        if got < expected || !got.is_multiple_of(shape.kv_heads) {
            let (expected, got) = (expected as u64, got as u64);
            return Err(Refused::Length { what: "keys of Attn", expected, got });
        }
        Ok(())
    }

    /// Pass 1 and the denominator: score = (f32(acc)·(sq·sk))·c; None if a score, or a score plus ln sv of a key with
    /// sv ≠ 0, is not finite.
    fn row<'s>(
        &self,
        q: &Quantised<'_>,
        at: usize,
        cache: &KeysValues<'_>,
        scores: &'s mut [f32],
    ) -> Option<Row<'s>> {
        let kv = self.shape.kv_head(at % self.shape.heads);
        for (j, score) in scores.iter_mut().enumerate() {
            let key = j * self.shape.kv_heads + kv;
            let product = q.dot(at, &cache.keys, key);
            *score = dequantise(product, q.scale(at), cache.keys.scale(key)) * self.scale;
            if !(*score + cache.logs[key]).is_finite() || !score.is_finite() {
                return None;
            }
        }
        let maximum = maximum(scores.iter().copied());
        let denominator = exponential_sum(scores.iter().copied(), maximum) as f32;
        Some(Row { scores, maximum, denominator })
    }

    /// Pass 2: out = (f32(Σ pq·v)·exp(m′ − m))·((2³⁰/Q)/f32(D)) with t = score + ln sv, m′ = max t over keys with
    /// sv ≠ 0, pq = ties_even(exp(t − m′)·Q); +0 if there is no such key.
    fn weigh(&self, row: Row<'_>, cache: &KeysValues<'_>, kv: usize, out: &mut [f32]) {
        let key = |j: usize| j * self.shape.kv_heads + kv;
        let counts = |j: &usize| cache.values.scale(key(*j)) != 0.0;
        let keys = 0..row.scores.len();
        let best = maximum(keys.clone().filter(counts).map(|j| row.scores[j] + cache.logs[key(j)]));
        if best == f32::NEG_INFINITY {
            return out.fill(0.0);
        }
        let bound = self.weights.bound() as f32;
        for j in keys {
            // Integers up to 16,319 are exact in f32, so the scores' place can hold the weights.
            let t = row.scores[j] + cache.logs[key(j)];
            row.scores[j] = if counts(&j) { ties_even(exp(t - best) * bound) } else { 0.0 };
        }
        let (back, share) = (exp(best - row.maximum), (SOFTMAX_ONE / bound) / row.denominator);
        for (c, out) in out.iter_mut().enumerate() {
            let weights = row.scores.iter().enumerate();
            let sum: i64 = weights.map(|(j, w)| *w as i64 * i64::from(cache.values.value(key(j), c))).sum();
            *out = (sum as f32 * back) * share;
        }
    }
}
