//! The sum of two tensors.

use crate::error::{check_finite, Error, Refused};
use crate::shape::{length, volume};

/// y = a + b. Its backward form is the identity for both: da = db = dy. Gradients that meet at one tensor are added in
/// the program's order of their users.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Add {
    len: usize,
}

impl Add {
    /// For tensors of `len` elements.
    pub fn new(len: usize) -> Result<Self, Refused> {
        volume("Add", &[len])?;
        Ok(Self { len })
    }

    /// Elements of a tensor.
    pub fn elements(&self) -> usize {
        self.len
    }

    /// Writes `y`.
    pub fn forward(&self, a: &[f32], b: &[f32], y: &mut [f32]) -> Result<(), Error> {
        length("a of Add", a.len(), self.len)?;
        length("b of Add", b.len(), self.len)?;
        length("y of Add", y.len(), self.len)?;
        check_finite(a)?;
        check_finite(b)?;
        for (y, (a, b)) in y.iter_mut().zip(a.iter().zip(b)) {
            *y = a + b;
        }
        Ok(check_finite(y)?)
    }
}
