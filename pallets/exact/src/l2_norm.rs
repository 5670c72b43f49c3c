//! Rows of unit length.

use crate::error::{check_finite, Error, Refused};
use crate::float::sqrt;
use crate::layer_norm::NORM_BOUND;
use crate::quant::{magnitude, quantised_sum, Quantiser};
use crate::shape::{dimension, length, non_negative, volume, MAX_NORM};

/// y = x/max(‖x‖, ε) over each row, ‖x‖ = sqrt(f32(Σq²))·s with Q = 32,767.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct L2Norm {
    rows: usize,
    cols: usize,
    epsilon: f32,
}

/// ‖x‖ = sqrt(f32(Σq²))·s; the scale is not squared, so neither tiny nor huge vectors leave the range of f32.
fn norm(values: &[f32]) -> f32 {
    let quantiser = Quantiser::new(magnitude(values.iter().copied()), NORM_BOUND);
    let squares: i64 = values.iter().map(|x| i64::from(quantiser.quantise(*x))).map(|q| q * q).sum();
    sqrt(squares as f32) * quantiser.scale()
}

impl L2Norm {
    /// For `rows × cols`. Refuses `cols` over [`MAX_NORM`] and an ε that is not positive and finite.
    pub fn new(rows: usize, cols: usize, epsilon: f32) -> Result<Self, Refused> {
        dimension("columns of L2Norm", cols, MAX_NORM)?;
        volume("L2Norm", &[rows, cols])?;
        non_negative("epsilon of L2Norm", epsilon)?;
        if epsilon == 0.0 {
            return Err(Refused::Domain("epsilon of L2Norm"));
        }
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

    /// Writes `y` (`rows × cols`) and each row's divisor, max(‖x‖, ε) (`rows`).
    pub fn forward(&self, x: &[f32], y: &mut [f32], divisor: &mut [f32]) -> Result<(), Error> {
        length("x of L2Norm", x.len(), self.rows * self.cols)?;
        length("y of L2Norm", y.len(), self.rows * self.cols)?;
        length("divisor of L2Norm", divisor.len(), self.rows)?;
        check_finite(x)?;
        for (r, row) in x.chunks_exact(self.cols).enumerate() {
            let euclidean = norm(row);
            divisor[r] = if euclidean > self.epsilon { euclidean } else { self.epsilon };
            for c in 0..self.cols {
                y[r * self.cols + c] = row[c] / divisor[r];
            }
        }
        check_finite(y)?;
        Ok(check_finite(divisor)?)
    }

    /// Writes dx = (dy − (y·b))/d with b = Σ(dy·y), or dy/d where the divisor d is ε.
    pub fn backward(&self, dy: &[f32], y: &[f32], divisor: &[f32], dx: &mut [f32]) -> Result<(), Error> {
        length("dy of L2Norm", dy.len(), self.rows * self.cols)?;
        length("y of L2Norm", y.len(), self.rows * self.cols)?;
        length("divisor of L2Norm", divisor.len(), self.rows)?;
        length("dx of L2Norm", dx.len(), self.rows * self.cols)?;
        check_finite(dy)?;
        check_finite(y)?;
        check_finite(divisor)?;
        for r in 0..self.rows {
            let at = r * self.cols;
            let (dy, y) = (&dy[at..at + self.cols], &y[at..at + self.cols]);
            let b = quantised_sum(dy.iter().zip(y).map(|(dy, y)| dy * y));
            for c in 0..self.cols {
                let tangent = if divisor[r] > self.epsilon { dy[c] - y[c] * b } else { dy[c] };
                dx[at + c] = tangent / divisor[r];
            }
        }
        Ok(check_finite(dx)?)
    }
}
