//! Loops of attention's gradients, and softmax.

use super::number::{exp, finite, sum, wide_integer};
use super::Loop;

/// 2³⁰, the unit of a softmax's denominator.
pub(crate) const SOFTMAX_ONE: f32 = f32::from_bits((127 + 30) << 23);

/// y = (f32(sum)·(scale·s))·factor.
pub(crate) struct Scaled<'a> {
    pub(crate) sums: &'a [i64],
    pub(crate) scale: f32,
    pub(crate) scales: &'a [f32],
    pub(crate) factor: f32,
    pub(crate) y: &'a mut [f32],
}

impl Loop for Scaled<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for ((y, sum), other) in self.y.iter_mut().zip(self.sums).zip(self.scales) {
            *y = (*sum as f32 * (self.scale * other)) * self.factor;
        }
    }
}

/// δ = Σ dy·out, the contract's sum; `products` are of the same length, and anything.
pub(crate) struct Delta<'a> {
    pub(crate) dy: &'a [f32],
    pub(crate) out: &'a [f32],
    pub(crate) products: &'a mut [f32],
}

impl Loop for Delta<'_> {
    type Output = f32;

    #[inline(always)]
    fn run(self) -> f32 {
        for ((product, dy), out) in self.products.iter_mut().zip(self.dy).zip(self.out) {
            *product = dy * out;
        }
        sum(self.products)
    }
}

/// ds = p·((f32(sum)·(scale·s)) − δ).
pub(crate) struct ScoreGradients<'a> {
    pub(crate) sums: &'a [i64],
    pub(crate) scale: f32,
    pub(crate) scales: &'a [f32],
    pub(crate) delta: f32,
    pub(crate) p: &'a [f32],
    pub(crate) ds: &'a mut [f32],
}

impl Loop for ScoreGradients<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let sums = self.sums.iter().zip(self.scales);
        for ((ds, p), (sum, other)) in self.ds.iter_mut().zip(self.p).zip(sums) {
            *ds = p * (*sum as f32 * (self.scale * other) - self.delta);
        }
    }
}

/// Makes probabilities, (exp(z − m)·2³⁰)/f32(D), of one row. Gives m and D; None if a score, or one plus its logarithm,
/// is not finite.
pub(crate) struct Softmax<'a> {
    pub(crate) scores: &'a mut [f32],
    /// One for each score, or none at all.
    pub(crate) logs: &'a [f32],
}

impl Loop for Softmax<'_> {
    type Output = Option<(f32, i64)>;

    #[inline(always)]
    fn run(self) -> Option<(f32, i64)> {
        let (mut all, mut most) = (true, i32::MIN);
        for score in self.scores.iter() {
            all &= finite(*score);
            let order = ordered(score.to_bits() as i32);
            most = if order > most { order } else { most };
        }
        for (score, log) in self.scores.iter().zip(self.logs) {
            all &= finite(score + log);
        }
        if !all {
            return None;
        }
        let most = f32::from_bits(ordered(most) as u32);
        let mut sum = 0i64;
        for score in self.scores.iter_mut() {
            *score = exp(*score - most) * SOFTMAX_ONE;
            sum += wide_integer(*score);
        }
        let denominator = sum as f32;
        for score in self.scores.iter_mut() {
            *score /= denominator;
        }
        Some((most, sum))
    }
}

/// Integers in the order of the floats with these bits, and back.
#[inline(always)]
fn ordered(bits: i32) -> i32 {
    bits ^ ((bits >> 31) & i32::MAX)
}
