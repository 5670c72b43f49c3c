//! Rotary position embedding of a run of tokens.

use super::number::finite;
use super::Loop;
use crate::coefficients::SIGN;

/// y[i] = x[i]·cos − x[i + h]·sin and y[i + h] = x[i + h]·cos + x[i]·sin of each head, h = dim/2; whether all of it is
/// finite, and so the operands. `back` has −sin in place of sin. A difference is the sum with the negative, bit for
/// bit.
pub(crate) struct Rotation<'a> {
    pub(crate) heads: usize,
    /// Elements of a head, an even number.
    pub(crate) dim: usize,
    pub(crate) back: bool,
    /// tokens × dim/2.
    pub(crate) cos: &'a [f32],
    /// tokens × dim/2.
    pub(crate) sin: &'a [f32],
    /// tokens × heads × dim.
    pub(crate) x: &'a [f32],
    /// tokens × heads × dim.
    pub(crate) y: &'a mut [f32],
}

impl Loop for Rotation<'_> {
    type Output = bool;

    #[inline(always)]
    fn run(self) -> bool {
        let half = self.dim / 2;
        let (plus, minus) = if self.back { (SIGN, 0) } else { (0, SIGN) };
        let mut all = true;
        let heads = self.x.chunks_exact(self.dim).zip(self.y.chunks_exact_mut(self.dim));
        for (head, (x, y)) in heads.enumerate() {
            let at = head / self.heads * half;
            let (cos, sin) = (&self.cos[at..at + half], &self.sin[at..at + half]);
            let ((a, b), (low, high)) = (x.split_at(half), y.split_at_mut(half));
            all &= turn(low, [a, b], cos, sin, minus);
            all &= turn(high, [b, a], cos, sin, plus);
        }
        all
    }
}

/// y = a·cos + b·sin, with the sign of sin flipped where `sign` is [`SIGN`]: one half of a head. Of a loop that writes
/// both halves the compiler can't tell that they never overlap, and makes no vectors.
#[inline(always)]
fn turn(y: &mut [f32], [a, b]: [&[f32]; 2], cos: &[f32], sin: &[f32], sign: u32) -> bool {
    let mut all = true;
    for ((y, (a, b)), (cos, sin)) in y.iter_mut().zip(a.iter().zip(b)).zip(cos.iter().zip(sin)) {
        *y = a * cos + b * f32::from_bits(sin.to_bits() ^ sign);
        all &= finite(*y);
    }
    all
}
