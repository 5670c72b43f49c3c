//! Attention over the keys of units.

use assay_exact::{Attn, AttnShape, KvAppend, Mask, Precision, QuantRow, Refused};

use super::{CacheRegions, Part, Region};

/// Attention: queries are quantised per (token, head), keys and values per (token, key-value head) into the caches, and
/// each part asks the keys that it has then.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Attention<'a> {
    /// Query heads.
    pub heads: usize,
    /// Key-value heads.
    pub kv_heads: usize,
    /// Elements of a head.
    pub dim: usize,
    /// Which keys a query sees.
    pub mask: Mask,
    /// c of the program.
    pub scale: f32,
    /// Of keys and queries.
    pub keys: Precision,
    /// Of values.
    pub values: Precision,
    /// Of the softmax's numerators.
    pub weights: Precision,
    /// The position of each token.
    pub positions: Region<u32>,
    /// The first row of each unit, and the number of all rows.
    pub bounds: Region<u32>,
    /// tokens × heads × dim.
    pub q: Region<f32>,
    /// tokens × key-value heads × dim.
    pub k: Region<f32>,
    /// tokens × key-value heads × dim.
    pub v: Region<f32>,
    /// tokens × heads × dim.
    pub y: Region<f32>,
    /// The units.
    pub parts: &'a [Part],
    /// One for each part; none at all where no part has tokens before this pass, nor any after: then keys and values
    /// are the device's own, while it computes.
    pub caches: &'a [CacheRegions],
}

impl Attention<'_> {
    /// How the queries of `tokens` tokens are quantised.
    pub fn queries(&self, tokens: usize) -> Result<QuantRow, Refused> {
        QuantRow::new(tokens * self.heads, self.dim, self.keys)
    }

    /// How keys and values are written into a cache for `capacity` tokens.
    pub fn append(&self, capacity: usize) -> Result<KvAppend, Refused> {
        KvAppend::new(capacity, self.kv_heads, self.dim, self.keys, self.values)
    }

    /// What a part asks.
    pub fn of(&self, part: &Part) -> Result<Attn, Refused> {
        let shape = AttnShape {
            queries: part.tokens,
            keys: part.start + part.tokens,
            heads: self.heads,
            kv_heads: self.kv_heads,
            dim: self.dim,
            mask: self.mask,
        };
        Attn::new(shape, self.scale, self.weights)
    }
}
