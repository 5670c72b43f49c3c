//! Adam with decoupled weight decay.

use crate::error::{check_finite, Error, Refused};
use crate::float::sqrt;
use crate::optimizer::flush;
use crate::shape::{length, non_negative, volume};

/// m = flush((β₁·m) + ((1 − β₁)·g)); v = flush((β₂·v) + (((1 − β₂)·g)·g)); then
/// p = p − (η·(((m/(1 − β₁ᵗ))/(sqrt(v/(1 − β₂ᵗ)) + ε)) + (λ·p))).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamStep {
    beta1: f32,
    beta2: f32,
    epsilon: f32,
    decay: f32,
}

/// β₁ᵗ and β₂ᵗ, kept as state of the program beside m and v.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamPowers {
    /// β₁ᵗ.
    pub beta1: f32,
    /// β₂ᵗ.
    pub beta2: f32,
}

impl AdamPowers {
    /// Before the first step: both 1.
    pub const START: Self = Self { beta1: 1.0, beta2: 1.0 };
}

/// A parameter's two moments.
#[derive(Debug)]
pub struct AdamMoments<'a> {
    /// m, of the gradient.
    pub first: &'a mut [f32],
    /// v, of its square.
    pub second: &'a mut [f32],
}

impl AdamStep {
    /// Refuses β outside 0 ≤ β < 1, and ε and λ that are negative or not finite; ε must not be zero.
    pub fn new(beta1: f32, beta2: f32, epsilon: f32, decay: f32) -> Result<Self, Refused> {
        for beta in [beta1, beta2] {
            non_negative("beta of AdamStep", beta)?;
            if beta >= 1.0 {
                return Err(Refused::Domain("beta of AdamStep"));
            }
        }
        non_negative("epsilon of AdamStep", epsilon)?;
        if epsilon == 0.0 {
            return Err(Refused::Domain("epsilon of AdamStep"));
        }
        non_negative("decay of AdamStep", decay)?;
        Ok(Self { beta1, beta2, epsilon, decay })
    }

    /// β₁, of the first moment.
    pub fn beta1(&self) -> f32 {
        self.beta1
    }

    /// β₂, of the second moment.
    pub fn beta2(&self) -> f32 {
        self.beta2
    }

    /// ε.
    pub fn epsilon(&self) -> f32 {
        self.epsilon
    }

    /// Weight decay, λ.
    pub fn decay(&self) -> f32 {
        self.decay
    }

    /// The powers of the next step: flush(βᵗ·β). Once per step, before the tensors are updated.
    pub fn advance(&self, powers: AdamPowers) -> AdamPowers {
        AdamPowers { beta1: flush(powers.beta1 * self.beta1), beta2: flush(powers.beta2 * self.beta2) }
    }

    /// Updates `parameter` and its `moments`; `rate` is η, this step's entry of the program's table, and `powers` are
    /// this step's (β¹ in the first).
    pub fn forward(
        &self,
        rate: f32,
        powers: AdamPowers,
        gradient: &[f32],
        moments: &mut AdamMoments<'_>,
        parameter: &mut [f32],
    ) -> Result<(), Error> {
        let len = volume("gradient of AdamStep", &[gradient.len()])?;
        length("first moment of AdamStep", moments.first.len(), len)?;
        length("second moment of AdamStep", moments.second.len(), len)?;
        length("parameter of AdamStep", parameter.len(), len)?;
        non_negative("rate of AdamStep", rate)?;
        check_finite(gradient)?;
        check_finite(moments.first)?;
        check_finite(moments.second)?;
        check_finite(parameter)?;
        let (one_minus1, one_minus2) = (1.0 - self.beta1, 1.0 - self.beta2);
        let (correction1, correction2) = (1.0 - powers.beta1, 1.0 - powers.beta2);
        for (i, g) in gradient.iter().enumerate() {
            let m = flush(self.beta1 * moments.first[i] + one_minus1 * g);
            let v = flush(self.beta2 * moments.second[i] + (one_minus2 * g) * g);
            let direction = (m / correction1) / (sqrt(v / correction2) + self.epsilon);
            parameter[i] -= rate * (direction + self.decay * parameter[i]);
            (moments.first[i], moments.second[i]) = (m, v);
        }
        check_finite(moments.first)?;
        check_finite(moments.second)?;
        Ok(check_finite(parameter)?)
    }
}
