//! The hyperbolic tangent of a tensor.

use crate::error::{check_finite, Error, Refused};
use crate::float::tanh;
use crate::shape::{length, volume};

/// y = tanh x.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tanh {
    len: usize,
}

impl Tanh {
    /// For a tensor of `len` elements.
    pub fn new(len: usize) -> Result<Self, Refused> {
        volume("Tanh", &[len])?;
        Ok(Self { len })
    }

    /// Elements of a tensor.
    pub fn elements(&self) -> usize {
        self.len
    }

    /// Writes `y`.
    pub fn forward(&self, x: &[f32], y: &mut [f32]) -> Result<(), Error> {
        length("x of Tanh", x.len(), self.len)?;
        length("y of Tanh", y.len(), self.len)?;
        check_finite(x)?;
        for (y, x) in y.iter_mut().zip(x) {
            *y = tanh(*x);
        }
        Ok(check_finite(y)?)
    }

    /// Writes dx = dy·(1 − (y·y)), from the forward output `y`.
    pub fn backward(&self, dy: &[f32], y: &[f32], dx: &mut [f32]) -> Result<(), Error> {
        length("dy of Tanh", dy.len(), self.len)?;
        length("y of Tanh", y.len(), self.len)?;
        length("dx of Tanh", dx.len(), self.len)?;
        check_finite(dy)?;
        check_finite(y)?;
        for (dx, (dy, y)) in dx.iter_mut().zip(dy.iter().zip(y)) {
            *dx = dy * (1.0 - y * y);
        }
        Ok(check_finite(dx)?)
    }
}
