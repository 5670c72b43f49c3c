//! Rows of a table by token id, and the gradient of that.

use crate::error::{check_below, check_finite, Error, Refused};
use crate::fixed::FixedPoint;
use crate::quant::Quantised;
use crate::shape::{length, volume};

/// y[t] = table[id[t]]. Traps (bound) at the first id that is not below `vocabulary`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EmbedGather {
    tokens: usize,
    vocabulary: usize,
    cols: usize,
}

impl EmbedGather {
    /// For a table of `vocabulary × cols` and `tokens` ids.
    pub fn new(tokens: usize, vocabulary: usize, cols: usize) -> Result<Self, Refused> {
        volume("table of EmbedGather", &[vocabulary, cols])?;
        volume("y of EmbedGather", &[tokens, cols])?;
        Ok(Self { tokens, vocabulary, cols })
    }

    /// Tokens, each with an id.
    pub fn tokens(&self) -> usize {
        self.tokens
    }

    /// Rows of the table.
    pub fn vocabulary(&self) -> usize {
        self.vocabulary
    }

    /// Columns of the table.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Writes `y` (`tokens × cols`) from an f32 table, whose rows in use must be finite (others are not read).
    pub fn forward(&self, ids: &[u32], table: &[f32], y: &mut [f32]) -> Result<(), Error> {
        length("ids of EmbedGather", ids.len(), self.tokens)?;
        length("table of EmbedGather", table.len(), self.vocabulary * self.cols)?;
        length("y of EmbedGather", y.len(), self.tokens * self.cols)?;
        check_below(ids, self.vocabulary)?;
        for (id, y) in ids.iter().zip(y.chunks_exact_mut(self.cols)) {
            let at = *id as usize * self.cols;
            y.copy_from_slice(&table[at..at + self.cols]);
        }
        Ok(check_finite(y)?)
    }

    /// Writes `y` (`tokens × cols`) from a table quantised per row: y = f32(q)·s.
    pub fn forward_quantised(&self, ids: &[u32], table: &Quantised<'_>, y: &mut [f32]) -> Result<(), Error> {
        length("ids of EmbedGather", ids.len(), self.tokens)?;
        length("rows of the table of EmbedGather", table.rows(), self.vocabulary)?;
        length("columns of the table of EmbedGather", table.depth(), self.cols)?;
        length("y of EmbedGather", y.len(), self.tokens * self.cols)?;
        check_below(ids, self.vocabulary)?;
        for (id, y) in ids.iter().zip(y.chunks_exact_mut(self.cols)) {
            for (c, y) in y.iter_mut().enumerate() {
                *y = table.value(*id as usize, c) as f32 * table.scale(*id as usize);
            }
        }
        Ok(check_finite(y)?)
    }
}

/// The gradient of [`EmbedGather`]: adds dy[t] to row id[t] of fixed-point sums.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EmbedScatterAdd {
    tokens: usize,
    vocabulary: usize,
    cols: usize,
}

impl EmbedScatterAdd {
    /// For a table of `vocabulary × cols` and `tokens` ids.
    pub fn new(tokens: usize, vocabulary: usize, cols: usize) -> Result<Self, Refused> {
        volume("table of EmbedScatterAdd", &[vocabulary, cols])?;
        volume("dy of EmbedScatterAdd", &[tokens, cols])?;
        Ok(Self { tokens, vocabulary, cols })
    }

    /// Tokens, each with an id.
    pub fn tokens(&self) -> usize {
        self.tokens
    }

    /// Rows of the table.
    pub fn vocabulary(&self) -> usize {
        self.vocabulary
    }

    /// Columns of the table.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// table[id[t]] += dy[t] for every token. Traps (bound) at the first element of `dy` at or over the fixed limit.
    pub fn add(&self, ids: &[u32], dy: &[f32], fixed: &FixedPoint, table: &mut [i64]) -> Result<(), Error> {
        self.check(ids, dy, table)?;
        for (at, x) in dy.iter().enumerate() {
            fixed.add(&mut table[self.target(ids, at)], *x, at)?;
        }
        Ok(())
    }

    /// table[id[t]] −= dy[t] for every token: the labels' part of a language-model head's gradient.
    pub fn subtract(
        &self,
        ids: &[u32],
        dy: &[f32],
        fixed: &FixedPoint,
        table: &mut [i64],
    ) -> Result<(), Error> {
        self.check(ids, dy, table)?;
        for (at, x) in dy.iter().enumerate() {
            fixed.subtract(&mut table[self.target(ids, at)], *x, at)?;
        }
        Ok(())
    }

    fn target(&self, ids: &[u32], at: usize) -> usize {
        ids[at / self.cols] as usize * self.cols + at % self.cols
    }

    fn check(&self, ids: &[u32], dy: &[f32], table: &[i64]) -> Result<(), Error> {
        length("ids of EmbedScatterAdd", ids.len(), self.tokens)?;
        length("dy of EmbedScatterAdd", dy.len(), self.tokens * self.cols)?;
        length("table of EmbedScatterAdd", table.len(), self.vocabulary * self.cols)?;
        Ok(check_below(ids, self.vocabulary)?)
    }
}
