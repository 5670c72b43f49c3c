//! The elementwise product of two tensors.

use crate::error::{check_finite, Error, Refused};
use crate::shape::{length, volume};

/// y = a·b.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mul {
    len: usize,
}

impl Mul {
    /// For tensors of `len` elements.
    pub fn new(len: usize) -> Result<Self, Refused> {
        volume("Mul", &[len])?;
        Ok(Self { len })
    }

    /// Elements of a tensor.
    pub fn elements(&self) -> usize {
        self.len
    }

    /// Writes `y`.
    pub fn forward(&self, a: &[f32], b: &[f32], y: &mut [f32]) -> Result<(), Error> {
        length("a of Mul", a.len(), self.len)?;
        length("b of Mul", b.len(), self.len)?;
        length("y of Mul", y.len(), self.len)?;
        check_finite(a)?;
        check_finite(b)?;
        for (y, (a, b)) in y.iter_mut().zip(a.iter().zip(b)) {
            *y = a * b;
        }
        Ok(check_finite(y)?)
    }

    /// Writes da = dy·b and db = dy·a.
    pub fn backward(
        &self,
        dy: &[f32],
        a: &[f32],
        b: &[f32],
        da: &mut [f32],
        db: &mut [f32],
    ) -> Result<(), Error> {
        self.forward(dy, b, da)?;
        self.forward(dy, a, db)
    }
}
