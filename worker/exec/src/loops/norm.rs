//! Gradients of a norm's input, row by row.

use super::number::{finite, sum};
use super::Loop;

/// dx = (g − (x̂·b))·rstd with x̂ = x·rstd, g = dy·γ, b = Σ(g·x̂)/n; whether all of it is finite, and so the operands.
pub(crate) struct RmsGradient<'a> {
    pub(crate) dy: &'a [f32],
    pub(crate) x: &'a [f32],
    pub(crate) gamma: &'a [f32],
    pub(crate) rstd: f32,
    pub(crate) dx: &'a mut [f32],
}

impl Loop for RmsGradient<'_> {
    type Output = bool;

    #[inline(always)]
    fn run(self) -> bool {
        let Self { dy, x, gamma, rstd, dx } = self;
        for (((dx, dy), x), gamma) in dx.iter_mut().zip(dy).zip(x).zip(gamma) {
            *dx = (dy * gamma) * (x * rstd);
        }
        let b = sum(dx) / dx.len() as f32;
        let mut all = true;
        for (((dx, dy), x), gamma) in dx.iter_mut().zip(dy).zip(x).zip(gamma) {
            *dx = (dy * gamma - (x * rstd) * b) * rstd;
            all &= finite(*dx);
        }
        all
    }
}

/// dx = ((g − a) − (x̂·b))·rstd with x̂ = (x − mean)·rstd, g = dy·γ, a = Σg/n, b = Σ(g·x̂)/n; whether all of it is
/// finite, and so the operands.
pub(crate) struct LayerGradient<'a> {
    pub(crate) dy: &'a [f32],
    pub(crate) x: &'a [f32],
    pub(crate) gamma: &'a [f32],
    pub(crate) mean: f32,
    pub(crate) rstd: f32,
    pub(crate) dx: &'a mut [f32],
}

impl Loop for LayerGradient<'_> {
    type Output = bool;

    #[inline(always)]
    fn run(self) -> bool {
        let Self { dy, x, gamma, mean, rstd, dx } = self;
        let n = dx.len() as f32;
        for ((dx, dy), gamma) in dx.iter_mut().zip(dy).zip(gamma) {
            *dx = dy * gamma;
        }
        let a = sum(dx) / n;
        for (dx, x) in dx.iter_mut().zip(x) {
            *dx *= (x - mean) * rstd;
        }
        let b = sum(dx) / n;
        let mut all = true;
        for (((dx, dy), x), gamma) in dx.iter_mut().zip(dy).zip(x).zip(gamma) {
            *dx = ((dy * gamma - a) - ((x - mean) * rstd) * b) * rstd;
            all &= finite(*dx);
        }
        all
    }
}
