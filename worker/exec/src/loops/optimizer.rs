//! Loops of an update: elements of a parameter, its gradient and its moments.

use assay_exact::TINY_BITS;

use super::number::{finite, magnitude, quantised};
use super::Loop;

/// 2⁻⁴⁰, the unit of fixed-point sums.
const FIXED_UNIT: f32 = f32::from_bits((127 - 40) << 23);
/// Q of the sums of a norm.
const NORM_BOUND: i32 = 32_767;

/// y = (f32(Σ)·2⁻⁴⁰)/f32(count).
pub(crate) struct Means<'a> {
    pub(crate) sums: &'a [i64],
    pub(crate) count: u32,
    pub(crate) y: &'a mut [f32],
}

impl Loop for Means<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let count = self.count as f32;
        for (y, sum) in self.y.iter_mut().zip(self.sums) {
            *y = (*sum as f32 * FIXED_UNIT) / count;
        }
    }
}

/// The largest magnitude as a bit pattern.
pub(crate) struct Magnitude<'a>(pub(crate) &'a [f32]);

impl Loop for Magnitude<'_> {
    type Output = u32;

    #[inline(always)]
    fn run(self) -> u32 {
        magnitude(self.0)
    }
}

/// Σq² with Q = 32,767, of finite floats.
pub(crate) struct Squares<'a> {
    pub(crate) x: &'a [f32],
    pub(crate) inverse: f32,
}

impl Loop for Squares<'_> {
    type Output = i64;

    #[inline(always)]
    fn run(self) -> i64 {
        let mut squares = 0i64;
        for x in self.x {
            let q = i64::from(quantised(*x, self.inverse, NORM_BOUND));
            squares += q * q;
        }
        squares
    }
}

/// g = g·factor; whether all of it is finite.
pub(crate) struct Clip<'a> {
    pub(crate) factor: f32,
    pub(crate) g: &'a mut [f32],
}

impl Loop for Clip<'_> {
    type Output = bool;

    #[inline(always)]
    fn run(self) -> bool {
        let mut all = true;
        for g in self.g {
            *g *= self.factor;
            all &= finite(*g);
        }
        all
    }
}

/// The elements of an Adam step, without the operator's checks; whether all that is written is finite.
pub(crate) struct Adam<'a> {
    /// β₁, β₂, ε, λ.
    pub(crate) constants: [f32; 4],
    /// 1 − β₁ᵗ and 1 − β₂ᵗ.
    pub(crate) corrections: [f32; 2],
    pub(crate) rate: f32,
    pub(crate) g: &'a [f32],
    pub(crate) first: &'a mut [f32],
    pub(crate) second: &'a mut [f32],
    pub(crate) parameter: &'a mut [f32],
}

impl Loop for Adam<'_> {
    type Output = bool;

    #[inline(always)]
    fn run(self) -> bool {
        let Self { constants: [beta1, beta2, epsilon, decay], corrections, rate, .. } = self;
        let (rest1, rest2) = (1.0 - beta1, 1.0 - beta2);
        let moments = self.first.iter_mut().zip(self.second);
        let mut all = true;
        for ((parameter, g), (first, second)) in self.parameter.iter_mut().zip(self.g).zip(moments) {
            let m = flushed(beta1 * *first + rest1 * g);
            let v = flushed(beta2 * *second + (rest2 * g) * g);
            let direction = (m / corrections[0]) / ((v / corrections[1]).sqrt() + epsilon);
            *parameter -= rate * (direction + decay * *parameter);
            (*first, *second) = (m, v);
            all &= finite(m) & finite(v) & finite(*parameter);
        }
        all
    }
}

/// The elements of a step of gradient descent, without the operator's checks; whether all that is written is finite.
pub(crate) struct Sgd<'a> {
    pub(crate) momentum: f32,
    pub(crate) decay: f32,
    pub(crate) rate: f32,
    pub(crate) g: &'a [f32],
    pub(crate) velocity: &'a mut [f32],
    pub(crate) parameter: &'a mut [f32],
}

impl Loop for Sgd<'_> {
    type Output = bool;

    #[inline(always)]
    fn run(self) -> bool {
        let mut all = true;
        for ((parameter, velocity), g) in self.parameter.iter_mut().zip(self.velocity).zip(self.g) {
            *velocity = flushed(self.momentum * *velocity + (g + self.decay * *parameter));
            *parameter -= self.rate * *velocity;
            all &= finite(*velocity) & finite(*parameter);
        }
        all
    }
}

/// +0 for what is below 2⁻¹⁰⁰ in magnitude.
#[inline(always)]
fn flushed(x: f32) -> f32 {
    if x.to_bits() & i32::MAX as u32 >= TINY_BITS {
        x
    } else {
        0.0
    }
}
