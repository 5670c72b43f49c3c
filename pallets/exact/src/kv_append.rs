//! The cache of keys and values.

use crate::error::{check_finite, Error, Refused};
use crate::float::ln;
use crate::quant::{quantise_vector, Precision, Quantised};
use crate::shape::{dimension, length, volume, MAX_DEPTH};

/// Quantises keys and values per (token, head) and writes them behind those that the cache holds. Also how a prefill
/// and a training step quantise theirs: into an empty cache.
#[derive(Clone, Copy, Debug)]
pub struct KvAppend {
    capacity: usize,
    heads: usize,
    dim: usize,
    keys: Precision,
    values: Precision,
}

/// Keys and values of `capacity × heads` vectors of `dim`, quantised.
#[derive(Debug)]
pub struct KvCache<'a> {
    /// Digit planes of the keys: digits × capacity × heads × dim.
    pub key_planes: &'a mut [i8],
    /// Scales of the keys: capacity × heads.
    pub key_scales: &'a mut [f32],
    /// Digit planes of the values: digits × capacity × heads × dim.
    pub value_planes: &'a mut [i8],
    /// Scales of the values: capacity × heads.
    pub value_scales: &'a mut [f32],
    /// ln of the values' scales, +0 where the scale is 0: capacity × heads.
    pub value_logs: &'a mut [f32],
}

/// A cache as attention reads it.
#[derive(Clone, Copy, Debug)]
pub struct KeysValues<'a> {
    /// Keys.
    pub keys: Quantised<'a>,
    /// Values.
    pub values: Quantised<'a>,
    /// ln of the values' scales, +0 where the scale is 0.
    pub logs: &'a [f32],
}

impl KvAppend {
    /// A cache of `capacity` tokens, `heads` key-value heads of `dim`. Refuses a capacity over [`MAX_DEPTH`].
    pub fn new(
        capacity: usize,
        heads: usize,
        dim: usize,
        keys: Precision,
        values: Precision,
    ) -> Result<Self, Refused> {
        dimension("capacity of KvAppend", capacity, MAX_DEPTH)?;
        dimension("head dimension of KvAppend", dim, MAX_DEPTH)?;
        volume("keys of KvAppend", &[keys.digits(), capacity, heads, dim])?;
        volume("values of KvAppend", &[values.digits(), capacity, heads, dim])?;
        Ok(Self { capacity, heads, dim, keys, values })
    }

    /// Tokens that the cache has room for.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Key-value heads.
    pub fn heads(&self) -> usize {
        self.heads
    }

    /// Elements of a head.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// The digits of the keys.
    pub fn keys(&self) -> Precision {
        self.keys
    }

    /// The digits of the values.
    pub fn values(&self) -> Precision {
        self.values
    }

    /// Writes `k` and `v` (tokens × heads × dim) at token `at` of the cache; gives the number of tokens held then.
    /// Refuses what exceeds the capacity: positions are known before a program runs.
    pub fn forward(&self, at: usize, k: &[f32], v: &[f32], cache: &mut KvCache<'_>) -> Result<usize, Error> {
        self.check(cache)?;
        length("v of KvAppend", v.len(), k.len())?;
        let width = self.heads * self.dim;
        let tokens = k.len() / width;
        length("k of KvAppend", k.len(), tokens * width)?;
        if at > self.capacity || tokens > self.capacity - at {
            let got = (at as u64).saturating_add(tokens as u64);
            return Err(
                Refused::Limit { what: "tokens of KvAppend", limit: self.capacity as u64, got }.into()
            );
        }
        check_finite(k)?;
        check_finite(v)?;
        let stride = self.capacity * width;
        for (i, (k, v)) in k.chunks_exact(self.dim).zip(v.chunks_exact(self.dim)).enumerate() {
            let row = at * self.heads + i;
            let place = row * self.dim;
            cache.key_scales[row] =
                quantise_vector(k.iter().copied(), self.keys, cache.key_planes, stride, place);
            let scale = quantise_vector(v.iter().copied(), self.values, cache.value_planes, stride, place);
            cache.value_scales[row] = scale;
            cache.value_logs[row] = if scale == 0.0 { 0.0 } else { ln(scale) };
        }
        Ok(at + tokens)
    }

    /// The whole cache, for [`crate::Attn`].
    pub fn view<'a>(&self, cache: &'a KvCache<'_>) -> Result<KeysValues<'a>, Refused> {
        self.check(cache)?;
        Ok(KeysValues {
            keys: Quantised::new(cache.key_planes, cache.key_scales, self.dim, self.keys)?,
            values: Quantised::new(cache.value_planes, cache.value_scales, self.dim, self.values)?,
            logs: cache.value_logs,
        })
    }

    fn check(&self, cache: &KvCache<'_>) -> Result<(), Refused> {
        let rows = self.capacity * self.heads;
        length("key planes of KvAppend", cache.key_planes.len(), self.keys.digits() * rows * self.dim)?;
        length("key scales of KvAppend", cache.key_scales.len(), rows)?;
        length("value planes of KvAppend", cache.value_planes.len(), self.values.digits() * rows * self.dim)?;
        length("value scales of KvAppend", cache.value_scales.len(), rows)?;
        length("value logarithms of KvAppend", cache.value_logs.len(), rows)
    }
}
