//! The gate of SwiGLU.

use crate::error::{check_finite, Error, Refused};
use crate::float::sigmoid;
use crate::shape::{length, volume};

/// y = (x·σ(x))·u, x the gate and u the up projection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SiluMul {
    len: usize,
}

impl SiluMul {
    /// For tensors of `len` elements.
    pub fn new(len: usize) -> Result<Self, Refused> {
        volume("SiluMul", &[len])?;
        Ok(Self { len })
    }

    /// Elements of a tensor.
    pub fn elements(&self) -> usize {
        self.len
    }

    /// Writes `y`.
    pub fn forward(&self, x: &[f32], u: &[f32], y: &mut [f32]) -> Result<(), Error> {
        length("x of SiluMul", x.len(), self.len)?;
        length("u of SiluMul", u.len(), self.len)?;
        length("y of SiluMul", y.len(), self.len)?;
        check_finite(x)?;
        check_finite(u)?;
        for (y, (x, u)) in y.iter_mut().zip(x.iter().zip(u)) {
            *y = (x * sigmoid(*x)) * u;
        }
        Ok(check_finite(y)?)
    }

    /// Writes dx = (dy·u)·(σ·(1 + (x·(1 − σ)))) and du = dy·(x·σ).
    pub fn backward(
        &self,
        dy: &[f32],
        x: &[f32],
        u: &[f32],
        dx: &mut [f32],
        du: &mut [f32],
    ) -> Result<(), Error> {
        length("dy of SiluMul", dy.len(), self.len)?;
        length("x of SiluMul", x.len(), self.len)?;
        length("u of SiluMul", u.len(), self.len)?;
        length("dx of SiluMul", dx.len(), self.len)?;
        length("du of SiluMul", du.len(), self.len)?;
        check_finite(dy)?;
        check_finite(x)?;
        check_finite(u)?;
        for i in 0..self.len {
            let s = sigmoid(x[i]);
            dx[i] = (dy[i] * u[i]) * (s * (1.0 + x[i] * (1.0 - s)));
            du[i] = dy[i] * (x[i] * s);
        }
        check_finite(dx)?;
        Ok(check_finite(du)?)
    }
}
