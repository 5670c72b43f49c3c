//! Layer normalisation.

use crate::error::{check_finite, Error, Refused};
use crate::fixed::FixedPoint;
use crate::float::sqrt;
use crate::linear::add_column_sums;
use crate::quant::{magnitude, quantised_sum, Quantiser};
use crate::shape::{dimension, length, non_negative, volume, MAX_NORM};

/// Q of the sums of a norm: n·Σq² stays below 2⁶² for n ≤ 65,536.
pub(crate) const NORM_BOUND: i32 = 32_767;

/// y = ((x − mean)·rstd)·γ + β over each row, mean and variance from integer sums, everything else from the f32 x.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LayerNorm {
    rows: usize,
    cols: usize,
    epsilon: f32,
}

/// What the forward form keeps of each row for the backward form.
#[derive(Clone, Copy, Debug)]
pub struct LayerNormStats<'a> {
    /// Each row's mean.
    pub mean: &'a [f32],
    /// Each row's 1/√(variance + ε).
    pub rstd: &'a [f32],
}

impl LayerNorm {
    /// For `rows × cols`. Refuses `cols` over [`MAX_NORM`] and an ε that is negative or not finite.
    pub fn new(rows: usize, cols: usize, epsilon: f32) -> Result<Self, Refused> {
        dimension("columns of LayerNorm", cols, MAX_NORM)?;
        volume("LayerNorm", &[rows, cols])?;
        non_negative("epsilon of LayerNorm", epsilon)?;
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

    /// Mean and 1/√(variance + ε) of one row.
    fn statistics(&self, row: &[f32]) -> (f32, f32) {
        let quantiser = Quantiser::new(magnitude(row.iter().copied()), NORM_BOUND);
        let (mut sum, mut squares) = (0i64, 0i64);
        for x in row {
            let q = i64::from(quantiser.quantise(*x));
            sum += q;
            squares += q * q;
        }
        let (n, s) = (self.cols as f32, quantiser.scale());
        let mean = (sum as f32 * s) / n;
        let v = self.cols as i64 * squares - sum * sum;
        let variance = (v as f32 * (s * s)) / (n * n);
        (mean, 1.0 / sqrt(variance + self.epsilon))
    }

    /// Writes `y` (`rows × cols`) and each row's `mean` and `rstd` (`rows`); γ and β are `cols`.
    pub fn forward(
        &self,
        x: &[f32],
        gamma: &[f32],
        beta: &[f32],
        y: &mut [f32],
        mean: &mut [f32],
        rstd: &mut [f32],
    ) -> Result<(), Error> {
        length("x of LayerNorm", x.len(), self.rows * self.cols)?;
        length("gamma of LayerNorm", gamma.len(), self.cols)?;
        length("beta of LayerNorm", beta.len(), self.cols)?;
        length("y of LayerNorm", y.len(), self.rows * self.cols)?;
        length("mean of LayerNorm", mean.len(), self.rows)?;
        length("rstd of LayerNorm", rstd.len(), self.rows)?;
        check_finite(x)?;
        check_finite(gamma)?;
        check_finite(beta)?;
        for (r, row) in x.chunks_exact(self.cols).enumerate() {
            (mean[r], rstd[r]) = self.statistics(row);
            for c in 0..self.cols {
                y[r * self.cols + c] = ((row[c] - mean[r]) * rstd[r]) * gamma[c] + beta[c];
            }
        }
        Ok(check_finite(y)?)
    }

    /// Writes dx = ((g − a) − (x̂·b))·rstd with x̂ = (x − mean)·rstd, g = dy·γ, a = Σg/n, b = Σ(g·x̂)/n.
    pub fn backward_input(
        &self,
        dy: &[f32],
        x: &[f32],
        gamma: &[f32],
        stats: &LayerNormStats<'_>,
        dx: &mut [f32],
    ) -> Result<(), Error> {
        self.check_backward(dy, x, stats)?;
        length("gamma of LayerNorm", gamma.len(), self.cols)?;
        length("dx of LayerNorm", dx.len(), self.rows * self.cols)?;
        check_finite(gamma)?;
        let n = self.cols as f32;
        for r in 0..self.rows {
            let normal = |c: usize| (x[r * self.cols + c] - stats.mean[r]) * stats.rstd[r];
            let scaled = |c: usize| dy[r * self.cols + c] * gamma[c];
            let a = quantised_sum((0..self.cols).map(scaled)) / n;
            let b = quantised_sum((0..self.cols).map(|c| scaled(c) * normal(c))) / n;
            for c in 0..self.cols {
                dx[r * self.cols + c] = ((scaled(c) - a) - normal(c) * b) * stats.rstd[r];
            }
        }
        Ok(check_finite(dx)?)
    }

    /// Adds the unit's dγ = Σ over rows of dy·x̂ and dβ = Σ over rows of dy (`cols` each).
    pub fn backward_weight(
        &self,
        dy: &[f32],
        x: &[f32],
        stats: &LayerNormStats<'_>,
        fixed: &FixedPoint,
        dgamma: &mut [i64],
        dbeta: &mut [i64],
    ) -> Result<(), Error> {
        self.check_backward(dy, x, stats)?;
        length("dgamma of LayerNorm", dgamma.len(), self.cols)?;
        length("dbeta of LayerNorm", dbeta.len(), self.cols)?;
        let scaled = |r: usize, c: usize| {
            let at = r * self.cols + c;
            dy[at] * ((x[at] - stats.mean[r]) * stats.rstd[r])
        };
        add_column_sums(self.rows, scaled, fixed, dgamma)?;
        Ok(add_column_sums(self.rows, |r, c| dy[r * self.cols + c], fixed, dbeta)?)
    }

    fn check_backward(&self, dy: &[f32], x: &[f32], stats: &LayerNormStats<'_>) -> Result<(), Error> {
        length("dy of LayerNorm", dy.len(), self.rows * self.cols)?;
        length("x of LayerNorm", x.len(), self.rows * self.cols)?;
        length("mean of LayerNorm", stats.mean.len(), self.rows)?;
        length("rstd of LayerNorm", stats.rstd.len(), self.rows)?;
        check_finite(dy)?;
        check_finite(x)?;
        check_finite(stats.mean)?;
        Ok(check_finite(stats.rstd)?)
    }
}
