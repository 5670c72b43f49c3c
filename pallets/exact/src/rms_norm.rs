//! Root-mean-square normalisation.

use crate::error::{check_finite, Error, Refused};
use crate::fixed::FixedPoint;
use crate::float::sqrt;
use crate::layer_norm::NORM_BOUND;
use crate::linear::add_column_sums;
use crate::quant::{magnitude, quantised_sum, Quantiser};
use crate::shape::{dimension, length, non_negative, volume, MAX_NORM};

/// y = (x·rstd)·γ over each row, the mean square from an integer sum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RmsNorm {
    rows: usize,
    cols: usize,
    epsilon: f32,
}

impl RmsNorm {
    /// For `rows × cols`. Refuses `cols` over [`MAX_NORM`] and an ε that is negative or not finite.
    pub fn new(rows: usize, cols: usize, epsilon: f32) -> Result<Self, Refused> {
        dimension("columns of RmsNorm", cols, MAX_NORM)?;
        volume("RmsNorm", &[rows, cols])?;
        non_negative("epsilon of RmsNorm", epsilon)?;
        Ok(Self { rows, cols, epsilon })
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// ε.
    pub fn epsilon(&self) -> f32 {
        self.epsilon
    }

    /// 1/√(mean square + ε) of one row.
    fn statistics(&self, row: &[f32]) -> f32 {
        let quantiser = Quantiser::new(magnitude(row.iter().copied()), NORM_BOUND);
        let squares: i64 = row.iter().map(|x| i64::from(quantiser.quantise(*x))).map(|q| q * q).sum();
        let (n, s) = (self.cols as f32, quantiser.scale());
        let v = self.cols as i64 * squares;
        let mean_square = (v as f32 * (s * s)) / (n * n);
        1.0 / sqrt(mean_square + self.epsilon)
    }

    /// Writes `y` (`rows × cols`) and each row's `rstd` (`rows`); γ is `cols`.
    pub fn forward(&self, x: &[f32], gamma: &[f32], y: &mut [f32], rstd: &mut [f32]) -> Result<(), Error> {
        length("x of RmsNorm", x.len(), self.rows * self.cols)?;
        length("gamma of RmsNorm", gamma.len(), self.cols)?;
        length("y of RmsNorm", y.len(), self.rows * self.cols)?;
        length("rstd of RmsNorm", rstd.len(), self.rows)?;
        check_finite(x)?;
        check_finite(gamma)?;
        for (r, row) in x.chunks_exact(self.cols).enumerate() {
            rstd[r] = self.statistics(row);
            for c in 0..self.cols {
                y[r * self.cols + c] = (row[c] * rstd[r]) * gamma[c];
            }
        }
        Ok(check_finite(y)?)
    }

    /// Writes dx = (g − (x̂·b))·rstd with x̂ = x·rstd, g = dy·γ, b = Σ(g·x̂)/n.
    pub fn backward_input(
        &self,
        dy: &[f32],
        x: &[f32],
        gamma: &[f32],
        rstd: &[f32],
        dx: &mut [f32],
    ) -> Result<(), Error> {
        self.check_backward(dy, x, rstd)?;
        length("gamma of RmsNorm", gamma.len(), self.cols)?;
        length("dx of RmsNorm", dx.len(), self.rows * self.cols)?;
        check_finite(gamma)?;
        let n = self.cols as f32;
        for r in 0..self.rows {
            let normal = |c: usize| x[r * self.cols + c] * rstd[r];
            let scaled = |c: usize| dy[r * self.cols + c] * gamma[c];
            let b = quantised_sum((0..self.cols).map(|c| scaled(c) * normal(c))) / n;
            for c in 0..self.cols {
                dx[r * self.cols + c] = (scaled(c) - normal(c) * b) * rstd[r];
            }
        }
        Ok(check_finite(dx)?)
    }

    /// Adds the unit's dγ = Σ over rows of dy·x̂ (`cols`).
    pub fn backward_weight(
        &self,
        dy: &[f32],
        x: &[f32],
        rstd: &[f32],
        fixed: &FixedPoint,
        dgamma: &mut [i64],
    ) -> Result<(), Error> {
        self.check_backward(dy, x, rstd)?;
        length("dgamma of RmsNorm", dgamma.len(), self.cols)?;
        let scaled = |r: usize, c: usize| dy[r * self.cols + c] * (x[r * self.cols + c] * rstd[r]);
        Ok(add_column_sums(self.rows, scaled, fixed, dgamma)?)
    }

    fn check_backward(&self, dy: &[f32], x: &[f32], rstd: &[f32]) -> Result<(), Error> {
        length("dy of RmsNorm", dy.len(), self.rows * self.cols)?;
        length("x of RmsNorm", x.len(), self.rows * self.cols)?;
        length("rstd of RmsNorm", rstd.len(), self.rows)?;
        check_finite(dy)?;
        check_finite(x)?;
        Ok(check_finite(rstd)?)
    }
}
