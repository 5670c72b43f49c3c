//! Rotary position embedding. Cosines and sines are tables of the program: nothing is computed from angles at run time.

use crate::error::{check_finite, Error, Refused};
use crate::shape::{length, volume};

/// Rotates element i of a head against element i + dim/2 (the halves pairing).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rope {
    tokens: usize,
    heads: usize,
    dim: usize,
}

/// The program's angles: `positions × dim/2` each.
#[derive(Clone, Copy, Debug)]
pub struct RopeTable<'a> {
    /// Cosines.
    pub cos: &'a [f32],
    /// Sines.
    pub sin: &'a [f32],
}

impl Rope {
    /// For `tokens × heads × dim`. Refuses an odd `dim`.
    pub fn new(tokens: usize, heads: usize, dim: usize) -> Result<Self, Refused> {
        volume("Rope", &[tokens, heads, dim])?;
        if !dim.is_multiple_of(2) {
            return Err(Refused::Domain("head dimension of Rope"));
        }
        Ok(Self { tokens, heads, dim })
    }

    /// Tokens.
    pub fn tokens(&self) -> usize {
        self.tokens
    }

    /// Heads.
    pub fn heads(&self) -> usize {
        self.heads
    }

    /// Elements of a head.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Writes `y`: y[i] = (x[i]·cos) − (x[i + h]·sin), y[i + h] = (x[i + h]·cos) + (x[i]·sin), h = dim/2; the first
    /// token stands at position `start` of the table.
    pub fn forward(
        &self,
        start: usize,
        table: &RopeTable<'_>,
        x: &[f32],
        y: &mut [f32],
    ) -> Result<(), Error> {
        self.rotate(start, table, x, y, |a, b, cos, sin| (a * cos - b * sin, b * cos + a * sin))
    }

    /// Writes `dx`: dx[i] = (dy[i]·cos) + (dy[i + h]·sin), dx[i + h] = (dy[i + h]·cos) − (dy[i]·sin).
    pub fn backward(
        &self,
        start: usize,
        table: &RopeTable<'_>,
        dy: &[f32],
        dx: &mut [f32],
    ) -> Result<(), Error> {
        self.rotate(start, table, dy, dx, |a, b, cos, sin| (a * cos + b * sin, b * cos - a * sin))
    }

    fn rotate(
        &self,
        start: usize,
        table: &RopeTable<'_>,
        x: &[f32],
        y: &mut [f32],
        turn: impl Fn(f32, f32, f32, f32) -> (f32, f32),
    ) -> Result<(), Error> {
        let half = self.dim / 2;
        let from = start.checked_mul(half).ok_or(Refused::Overflow("position of Rope"))?;
        let (cos, sin) = (self.rows(from, table.cos)?, self.rows(from, table.sin)?);
        length("x of Rope", x.len(), self.tokens * self.heads * self.dim)?;
        length("y of Rope", y.len(), self.tokens * self.heads * self.dim)?;
        check_finite(x)?;
        check_finite(cos)?;
        check_finite(sin)?;
        for (head, (x, y)) in x.chunks_exact(self.dim).zip(y.chunks_exact_mut(self.dim)).enumerate() {
            let at = head / self.heads * half;
            for i in 0..half {
                (y[i], y[i + half]) = turn(x[i], x[i + half], cos[at + i], sin[at + i]);
            }
        }
        Ok(check_finite(y)?)
    }

    /// The rows of a table that this unit's tokens use.
    fn rows<'a>(&self, from: usize, table: &'a [f32]) -> Result<&'a [f32], Refused> {
        let expected = self.tokens * (self.dim / 2);
        let refused = Refused::Length {
            what: "table of Rope",
            expected: (from as u64).saturating_add(expected as u64),
            got: table.len() as u64,
        };
        table.get(from..).and_then(|rest| rest.get(..expected)).ok_or(refused)
    }
}
