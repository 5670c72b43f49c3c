//! Attention over the keys of units.

use assay_exact::{Attn, AttnShape, KvAppend, Mask, Precision, QuantRow, Refused};

use super::{CacheRegions, Part, Region};

/// Attention: queries are quantised per (token, head), keys and values per (token, key-value head) into the cache, and
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
    /// The slot of each token's unit: the token's place in the cache is as far behind it as its position says. Nothing
    /// without a cache.
    pub slots: Region<u32>,
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
    /// Of all units; none where no part has tokens before this pass, nor any after: then keys and values are the
    /// device's own, while it computes.
    pub cache: Option<CacheRegions>,
}

impl Attention<'_> {
    /// How the queries of `tokens` tokens are quantised.
    pub fn queries(&self, tokens: usize) -> Result<QuantRow, Refused> {
        QuantRow::new(tokens * self.heads, self.dim, self.keys)
    }

    /// Refuses parts whose tokens have no place in the cache: beyond those of the unit, where another's may be, or of
    /// all.
    pub fn check_places(&self) -> Result<(), Refused> {
        let Some(cache) = &self.cache else { return Ok(()) };
        self.parts.iter().try_for_each(|part| {
            at_most("tokens of a unit in a cache", part.start.saturating_add(part.tokens), part.capacity)?;
            at_most("places of units in a cache", part.slot.saturating_add(part.capacity), cache.capacity)
        })
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

fn at_most(what: &'static str, got: usize, limit: usize) -> Result<(), Refused> {
    if got <= limit {
        Ok(())
    } else {
        Err(Refused::Limit { what, limit: limit as u64, got: got as u64 })
    }
}
