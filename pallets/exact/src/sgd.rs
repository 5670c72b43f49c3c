//! Stochastic gradient descent with momentum.

use crate::error::{check_finite, Error, Refused};
use crate::optimizer::flush;
use crate::shape::{length, non_negative, volume};

/// v = flush((μ·v) + (g + (λ·p))), then p = p − (η·v).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SgdStep {
    len: usize,
    momentum: f32,
    decay: f32,
}

impl SgdStep {
    /// For a parameter of `len` elements, momentum μ and weight decay λ.
    pub fn new(len: usize, momentum: f32, decay: f32) -> Result<Self, Refused> {
        volume("SgdStep", &[len])?;
        non_negative("momentum of SgdStep", momentum)?;
        non_negative("decay of SgdStep", decay)?;
        Ok(Self { len, momentum, decay })
    }

    /// Elements of the parameter.
    pub fn elements(&self) -> usize {
        self.len
    }

    /// Momentum, μ.
    pub fn momentum(&self) -> f32 {
        self.momentum
    }

    /// Weight decay, λ.
    pub fn decay(&self) -> f32 {
        self.decay
    }

    /// Updates `parameter` and `velocity`; `rate` is η, this step's entry of the program's table.
    pub fn forward(
        &self,
        rate: f32,
        gradient: &[f32],
        velocity: &mut [f32],
        parameter: &mut [f32],
    ) -> Result<(), Error> {
        length("gradient of SgdStep", gradient.len(), self.len)?;
        length("velocity of SgdStep", velocity.len(), self.len)?;
        length("parameter of SgdStep", parameter.len(), self.len)?;
        non_negative("rate of SgdStep", rate)?;
        check_finite(gradient)?;
        check_finite(velocity)?;
        check_finite(parameter)?;
        for (i, g) in gradient.iter().enumerate() {
            velocity[i] = flush(self.momentum * velocity[i] + (g + self.decay * parameter[i]));
            parameter[i] -= rate * velocity[i];
        }
        check_finite(velocity)?;
        Ok(check_finite(parameter)?)
    }
}
