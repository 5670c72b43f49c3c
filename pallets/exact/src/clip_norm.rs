//! Scaling all gradients down when their joint norm is too large.

use crate::error::{check_finite, Error, Refused};
use crate::float::sqrt;
use crate::layer_norm::NORM_BOUND;
use crate::quant::{magnitude, Quantiser};
use crate::shape::{dimension, MAX_SUM};

/// Clips the norm of all gradients together.
#[derive(Clone, Copy, Debug)]
pub struct ClipNorm {
    limit: f32,
}

impl ClipNorm {
    /// Refuses a limit that is not positive and finite.
    pub fn new(limit: f32) -> Result<Self, Refused> {
        if limit.is_finite() && limit > 0.0 {
            Ok(Self { limit })
        } else {
            Err(Refused::Domain("limit of ClipNorm"))
        }
    }

    /// The most that the norm may be.
    pub fn limit(&self) -> f32 {
        self.limit
    }

    /// A tensor's square norm, f32(Σq²)·(s·s) with Q = 32,767 and one scale for the tensor. Refuses more than
    /// [`MAX_SUM`] elements; traps at index 0 if the square norm is not finite.
    pub fn square(gradient: &[f32]) -> Result<f32, Error> {
        dimension("elements of a gradient", gradient.len(), MAX_SUM)?;
        check_finite(gradient)?;
        let quantiser = Quantiser::new(magnitude(gradient.iter().copied()), NORM_BOUND);
        let squares: i64 = gradient.iter().map(|x| i64::from(quantiser.quantise(*x))).map(|q| q * q).sum();
        let s = quantiser.scale();
        let square = squares as f32 * (s * s);
        check_finite(&[square])?;
        Ok(square)
    }

    /// The factor for all gradients: limit/norm where norm = sqrt(Σ squares) is above the limit, else 1. The squares
    /// are added one after another, from +0, in the order of the tensors' names. Traps at index 0 if the sum overflows.
    pub fn factor(&self, squares: impl Iterator<Item = f32>) -> Result<f32, Error> {
        let norm = sqrt(squares.fold(0.0, |sum, square| sum + square));
        check_finite(&[norm])?;
        Ok(if norm > self.limit { self.limit / norm } else { 1.0 })
    }

    /// g = g·factor.
    pub fn apply(factor: f32, gradient: &mut [f32]) -> Result<(), Error> {
        check_finite(gradient)?;
        for g in gradient.iter_mut() {
            *g *= factor;
        }
        Ok(check_finite(gradient)?)
    }
}
