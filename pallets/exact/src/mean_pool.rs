//! The mean over a unit's tokens.

use crate::error::{check_finite, Error, Refused};
use crate::quant::quantised_sum;
use crate::shape::{dimension, length, volume, MAX_DEPTH};

/// y[c] = (f32(Σₜ q[t, c])·s[c])/f32(tokens), Q = 2,088,895 per column. Padding is no token of a unit.
#[derive(Clone, Copy, Debug)]
pub struct MeanPool {
    tokens: usize,
    cols: usize,
}

impl MeanPool {
    /// For `tokens × cols`. Refuses `tokens` over [`MAX_DEPTH`].
    pub fn new(tokens: usize, cols: usize) -> Result<Self, Refused> {
        dimension("tokens of MeanPool", tokens, MAX_DEPTH)?;
        volume("MeanPool", &[tokens, cols])?;
        Ok(Self { tokens, cols })
    }

    /// Tokens of the unit.
    pub fn tokens(&self) -> usize {
        self.tokens
    }

    /// Columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Writes `y` (`cols`).
    pub fn forward(&self, x: &[f32], y: &mut [f32]) -> Result<(), Error> {
        length("x of MeanPool", x.len(), self.tokens * self.cols)?;
        length("y of MeanPool", y.len(), self.cols)?;
        check_finite(x)?;
        for (c, y) in y.iter_mut().enumerate() {
            *y = quantised_sum(x[c..].iter().step_by(self.cols).copied()) / self.tokens as f32;
        }
        Ok(check_finite(y)?)
    }

    /// Writes `dx` (`tokens × cols`): dx[t, c] = dy[c]/f32(tokens).
    pub fn backward(&self, dy: &[f32], dx: &mut [f32]) -> Result<(), Error> {
        length("dy of MeanPool", dy.len(), self.cols)?;
        length("dx of MeanPool", dx.len(), self.tokens * self.cols)?;
        check_finite(dy)?;
        for row in dx.chunks_exact_mut(self.cols) {
            for (dx, dy) in row.iter_mut().zip(dy) {
                *dx = dy / self.tokens as f32;
            }
        }
        Ok(check_finite(dx)?)
    }
}
