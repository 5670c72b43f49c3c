//! The hyperbolic tangent, and gradients of other activations.

use super::number::{exp, finite, horner};
use super::Loop;
use crate::coefficients::{ERFC, ERFC_STEP, SIGN, TANH};

/// 1/√(2π).
const INV_SQRT_TAU: f32 = f32::from_bits(0x3ECC_422A);

/// dx = (dy·u)·(σ·(1 + (x·(1 − σ)))) and du = dy·(x·σ); whether all of both is finite, and so the operands.
pub(crate) struct SiluGradients<'a> {
    pub(crate) dy: &'a [f32],
    pub(crate) x: &'a [f32],
    pub(crate) u: &'a [f32],
    pub(crate) dx: &'a mut [f32],
    pub(crate) du: &'a mut [f32],
}

impl Loop for SiluGradients<'_> {
    type Output = bool;

    #[inline(always)]
    fn run(self) -> bool {
        let mut all = true;
        let inputs = self.dy.iter().zip(self.x).zip(self.u);
        for ((dx, du), ((dy, x), u)) in self.dx.iter_mut().zip(self.du).zip(inputs) {
            let s = sigmoid(*x);
            *dx = (dy * u) * (s * (1.0 + x * (1.0 - s)));
            *du = dy * (x * s);
            all &= finite(*dx) & finite(*du);
        }
        all
    }
}

/// dx = dy·(Φ(x) + (x·φ(x))); whether all of it is finite, and so the operands.
pub(crate) struct GeluGradient<'a> {
    pub(crate) dy: &'a [f32],
    pub(crate) x: &'a [f32],
    pub(crate) dx: &'a mut [f32],
}

impl Loop for GeluGradient<'_> {
    type Output = bool;

    #[inline(always)]
    fn run(self) -> bool {
        let mut all = true;
        for ((dx, dy), x) in self.dx.iter_mut().zip(self.dy).zip(self.x) {
            let (cumulative, density) = normal(*x);
            *dx = dy * (cumulative + x * density);
            all &= finite(*dx);
        }
        all
    }
}

/// y = tanh x; whether all of x is finite.
pub(crate) struct HyperbolicTangent<'a> {
    pub(crate) x: &'a [f32],
    pub(crate) y: &'a mut [f32],
}

impl Loop for HyperbolicTangent<'_> {
    type Output = bool;

    #[inline(always)]
    fn run(self) -> bool {
        let mut all = true;
        for (y, x) in self.y.iter_mut().zip(self.x) {
            *y = tanh(*x);
            all &= finite(*x);
        }
        all
    }
}

#[inline(always)]
fn tanh(x: f32) -> f32 {
    let a = x.abs();
    let z = x * x;
    let near = x + x * (z * horner(&TANH, z));
    let e = exp(-2.0 * a);
    let far = (1.0 - e) / (1.0 + e);
    if a < 0.5625 {
        near
    } else {
        f32::from_bits(far.to_bits() | (x.to_bits() & SIGN))
    }
}

/// Whether the sign bit is set.
#[inline(always)]
fn negative(x: f32) -> bool {
    (x.to_bits() as i32) < 0
}

/// 1/(1 + e⁻ˣ).
#[inline(always)]
fn sigmoid(x: f32) -> f32 {
    let e = exp(-x.abs());
    let numerator = if negative(x) { e } else { 1.0 };
    numerator / (1.0 + e)
}

/// The normal distribution at `x`: its cumulative function and its density.
#[inline(always)]
fn normal(x: f32) -> (f32, f32) {
    let e = exp((x * x) * -0.5);
    let t = 1.0 / (1.0 + f32::from_bits(ERFC_STEP) * x.abs());
    let tail = e * (t * horner(&ERFC, t));
    (if negative(x) { tail } else { 1.0 - tail }, e * INV_SQRT_TAU)
}
