//! The Gaussian error linear unit, in its exact (erf) form.

use crate::error::{check_finite, Error, Refused};
use crate::float::normal;
use crate::shape::{length, volume};

/// y = x·Φ(x), Φ the normal distribution's cumulative function.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gelu {
    len: usize,
}

impl Gelu {
    /// For a tensor of `len` elements.
    pub fn new(len: usize) -> Result<Self, Refused> {
        volume("Gelu", &[len])?;
        Ok(Self { len })
    }

    /// Elements of a tensor.
    pub fn elements(&self) -> usize {
        self.len
    }

    /// Writes `y`.
    pub fn forward(&self, x: &[f32], y: &mut [f32]) -> Result<(), Error> {
        length("x of Gelu", x.len(), self.len)?;
        length("y of Gelu", y.len(), self.len)?;
        check_finite(x)?;
        for (y, x) in y.iter_mut().zip(x) {
            *y = x * normal(*x).0;
        }
        Ok(check_finite(y)?)
    }

    /// Writes dx = dy·(Φ(x) + (x·φ(x))), φ the normal density.
    pub fn backward(&self, dy: &[f32], x: &[f32], dx: &mut [f32]) -> Result<(), Error> {
        length("dy of Gelu", dy.len(), self.len)?;
        length("x of Gelu", x.len(), self.len)?;
        length("dx of Gelu", dx.len(), self.len)?;
        check_finite(dy)?;
        check_finite(x)?;
        for (dx, (dy, x)) in dx.iter_mut().zip(dy.iter().zip(x)) {
            let (cumulative, density) = normal(*x);
            *dx = dy * (cumulative + x * density);
        }
        Ok(check_finite(dx)?)
    }
}
