//! Cross-entropy over a vocabulary, and the gradient of the language-model head under it.
//!
//! The gradient of the logits, p − y, is never formed: beside the label's −1 a large vocabulary's other entries would
//! be lost in quantisation. The head's gradients split into a product with p and a correction by rows of the labels.

use crate::embed::EmbedScatterAdd;
use crate::error::{check_below, check_finite, Error, Refused};
use crate::fixed::FixedPoint;
use crate::float::{exp, ln, ties_even};
use crate::linear::{Linear, Scratch};
use crate::shape::{dimension, length, volume, MAX_DEPTH};

/// 2³⁰, the unit of a softmax's integer denominator.
pub(crate) const SOFTMAX_ONE: f32 = f32::from_bits((127 + 30) << 23);

/// The exact maximum of a row that is not empty. Which zero it is when both are the maximum makes no difference.
pub(crate) fn maximum(values: impl Iterator<Item = f32>) -> f32 {
    values.fold(f32::NEG_INFINITY, |m, x| if x > m { x } else { m })
}

/// Σ ties_even(exp(x − m)·2³⁰).
pub(crate) fn exponential_sum(values: impl Iterator<Item = f32>, maximum: f32) -> i64 {
    values.map(|x| ties_even(exp(x - maximum) * SOFTMAX_ONE) as i64).sum()
}

/// loss[t] = ln(f32(D)·2⁻³⁰) − (z[label] − m) with m = max z, D = Σ ties_even(exp(z − m)·2³⁰).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CrossEntropy {
    tokens: usize,
    classes: usize,
}

/// The operands of a language-model head that its gradients need.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// The head: the loss's tokens, any inputs, the loss's classes as outputs.
    pub linear: &'a Linear,
    /// Each token's class.
    pub labels: &'a [u32],
    /// Each token's probabilities ([`CrossEntropy::probabilities`]), tokens × classes.
    pub probabilities: &'a [f32],
}

impl CrossEntropy {
    /// For logits of `tokens × classes`. Refuses `classes` over [`MAX_DEPTH`].
    pub fn new(tokens: usize, classes: usize) -> Result<Self, Refused> {
        dimension("classes of CrossEntropy", classes, MAX_DEPTH)?;
        volume("CrossEntropy", &[tokens, classes])?;
        Ok(Self { tokens, classes })
    }

    /// Tokens.
    pub fn tokens(&self) -> usize {
        self.tokens
    }

    /// Classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Writes each token's loss. Traps (bound) at the first label that is not below `classes`.
    pub fn forward(&self, logits: &[f32], labels: &[u32], losses: &mut [f32]) -> Result<(), Error> {
        length("logits of CrossEntropy", logits.len(), self.tokens * self.classes)?;
        length("labels of CrossEntropy", labels.len(), self.tokens)?;
        length("losses of CrossEntropy", losses.len(), self.tokens)?;
        check_finite(logits)?;
        check_below(labels, self.classes)?;
        for (t, row) in logits.chunks_exact(self.classes).enumerate() {
            let m = maximum(row.iter().copied());
            let sum = exponential_sum(row.iter().copied(), m);
            losses[t] = ln(sum as f32 * (1.0 / SOFTMAX_ONE)) - (row[labels[t] as usize] - m);
        }
        Ok(check_finite(losses)?)
    }

    /// Writes the softmax: p = (exp(z − m)·2³⁰)/f32(D).
    pub fn probabilities(&self, logits: &[f32], p: &mut [f32]) -> Result<(), Error> {
        length("logits of CrossEntropy", logits.len(), self.tokens * self.classes)?;
        length("probabilities of CrossEntropy", p.len(), self.tokens * self.classes)?;
        check_finite(logits)?;
        for (row, p) in logits.chunks_exact(self.classes).zip(p.chunks_exact_mut(self.classes)) {
            let m = maximum(row.iter().copied());
            let sum = exponential_sum(row.iter().copied(), m) as f32;
            for (p, z) in p.iter_mut().zip(row) {
                *p = (exp(z - m) * SOFTMAX_ONE) / sum;
            }
        }
        Ok(check_finite(p)?)
    }

    /// Writes dx = (p·W) − W[label], the gradient of the summed losses with respect to the head's input: p·W is
    /// [`Linear::backward_input`] with p in place of dy.
    pub fn backward_input(
        &self,
        head: &Head<'_>,
        weight: &[f32],
        scratch: &mut Scratch<'_>,
        dx: &mut [f32],
    ) -> Result<(), Error> {
        self.check(head)?;
        head.linear.backward_input(head.probabilities, weight, scratch, dx)?;
        let inputs = head.linear.inputs();
        for (dx, label) in dx.chunks_exact_mut(inputs).zip(head.labels) {
            let at = *label as usize * inputs;
            for (dx, w) in dx.iter_mut().zip(&weight[at..at + inputs]) {
                *dx -= w;
            }
        }
        Ok(check_finite(dx)?)
    }

    /// Adds dW = (pᵀ·x, [`Linear::backward_weight`] with p in place of dy) − x scattered to the labels' rows.
    pub fn backward_weight(
        &self,
        head: &Head<'_>,
        x: &[f32],
        fixed: &FixedPoint,
        scratch: &mut Scratch<'_>,
        dw: &mut [i64],
    ) -> Result<(), Error> {
        self.check(head)?;
        head.linear.backward_weight(head.probabilities, x, fixed, scratch, dw)?;
        let scatter = EmbedScatterAdd::new(self.tokens, self.classes, head.linear.inputs())?;
        scatter.subtract(head.labels, x, fixed, dw)
    }

    fn check(&self, head: &Head<'_>) -> Result<(), Error> {
        length("tokens of the head of CrossEntropy", head.linear.tokens(), self.tokens)?;
        length("outputs of the head of CrossEntropy", head.linear.outputs(), self.classes)?;
        length("labels of CrossEntropy", head.labels.len(), self.tokens)?;
        length("probabilities of CrossEntropy", head.probabilities.len(), self.tokens * self.classes)?;
        Ok(check_below(head.labels, self.classes)?)
    }
}
