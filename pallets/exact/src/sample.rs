//! The next token: the best one, or one by chance.

use crate::cross_entropy::{maximum, SOFTMAX_ONE};
use crate::error::{check_finite, Error, Refused, Trap, TrapKind};
use crate::float::{exp, ties_even};
use crate::shape::{dimension, length, non_negative, volume, MAX_DEPTH};

/// The index of the largest element of each row; the lowest of equals (−0 equals +0).
#[derive(Clone, Copy, Debug)]
pub struct ArgMax {
    rows: usize,
    classes: usize,
}

impl ArgMax {
    /// For `rows × classes`; `classes` up to 2³² − 1.
    pub fn new(rows: usize, classes: usize) -> Result<Self, Refused> {
        dimension("classes of ArgMax", classes, u32::MAX as usize)?;
        volume("ArgMax", &[rows, classes])?;
        Ok(Self { rows, classes })
    }

    /// Writes `best` (`rows`).
    pub fn forward(&self, x: &[f32], best: &mut [u32]) -> Result<(), Error> {
        length("x of ArgMax", x.len(), self.rows * self.classes)?;
        length("best of ArgMax", best.len(), self.rows)?;
        check_finite(x)?;
        for (best, row) in best.iter_mut().zip(x.chunks_exact(self.classes)) {
            let mut at = 0;
            for (i, x) in row.iter().enumerate() {
                if *x > row[at] {
                    at = i;
                }
            }
            *best = at as u32;
        }
        Ok(())
    }
}

/// Draws a class with the probabilities of a softmax, in integers: z = x·(1/temperature), m = max z,
/// e = ties_even(exp(z − m)·2³⁰), D = Σe; u = ⌊draw·D/2⁶⁴⌋; the class is the lowest i with e₀ + … + eᵢ > u.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    classes: usize,
    inverse_temperature: f32,
}

impl Sample {
    /// For `classes` logits. Refuses `classes` over [`MAX_DEPTH`] and an inverse temperature that is negative or not
    /// finite.
    pub fn new(classes: usize, inverse_temperature: f32) -> Result<Self, Refused> {
        dimension("classes of Sample", classes, MAX_DEPTH)?;
        non_negative("inverse temperature of Sample", inverse_temperature)?;
        Ok(Self { classes, inverse_temperature })
    }

    /// The class drawn. `draw` is the first two words of a Philox block: word 0 + 2³²·word 1. Traps where a scaled
    /// logit is not finite.
    pub fn forward(&self, logits: &[f32], draw: u64) -> Result<u32, Error> {
        length("logits of Sample", logits.len(), self.classes)?;
        check_finite(logits)?;
        let factor = self.inverse_temperature;
        let scaled = logits.iter().map(move |x| x * factor);
        if let Some(at) = scaled.clone().position(|z| !z.is_finite()) {
            return Err(Trap { kind: TrapKind::Infinite, index: at as u64 }.into());
        }
        let m = maximum(scaled.clone());
        let weight = |z: f32| ties_even(exp(z - m) * SOFTMAX_ONE) as u64;
        let total: u64 = scaled.clone().map(weight).sum();
        let mut left = ((u128::from(draw) * u128::from(total)) >> 64) as u64;
        for (i, z) in scaled.enumerate() {
            let weight = weight(z);
            if left < weight {
                return Ok(i as u32);
            }
            left -= weight;
        }
        // Not reached: u < D = Σe.
        Ok(self.classes as u32 - 1)
    }
}
