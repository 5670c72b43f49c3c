//! The next token: the best one, or one by chance.

use core::cmp::Reverse;

use crate::cross_entropy::{maximum, SOFTMAX_ONE};
use crate::error::{check_finite, Error, Refused, Trap, TrapKind};
use crate::float::{exp, ties_even};
use crate::shape::{dimension, front, length, non_negative, volume, MAX_CLASSES};

/// The index of the largest element of each row; the lowest of equals (−0 equals +0).
#[derive(Clone, Copy, Debug, PartialEq)]
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

    /// Rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Classes.
    pub fn classes(&self) -> usize {
        self.classes
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
/// e = ties_even(exp(z − m)·2³⁰). Of all classes, or of those that [`Sample::top_k`] and [`Sample::top_p`] keep, D = Σe;
/// u = ⌊draw·D/2⁶⁴⌋; the class is the lowest kept i with Σe of the kept classes up to i above u.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    classes: usize,
    inverse_temperature: f32,
    /// At most `classes`.
    top_k: usize,
    /// In units of 2⁻³⁰.
    top_p: u32,
}

impl Sample {
    /// For `classes` logits. Refuses `classes` over [`MAX_CLASSES`] and an inverse temperature that is negative or not
    /// finite.
    pub fn new(classes: usize, inverse_temperature: f32) -> Result<Self, Refused> {
        dimension("classes of Sample", classes, MAX_CLASSES)?;
        non_negative("inverse temperature of Sample", inverse_temperature)?;
        Ok(Self { classes, inverse_temperature, top_k: classes, top_p: SOFTMAX_ONE as u32 })
    }

    /// Keeps the first `k` classes in the order of falling e, of equal e the lower index first; all of them if there are
    /// no more. Refuses 0.
    pub fn top_k(self, k: usize) -> Result<Self, Refused> {
        dimension("k of Sample", k, usize::MAX)?;
        Ok(Self { top_k: k.min(self.classes), ..self })
    }

    /// Keeps, of the classes that k keeps and in that order, the fewest whose Σe·2³⁰ is at least ties_even(p·2³⁰) times
    /// the Σe of all that k keeps; at least one. Refuses what is not above 0 and at most 1.
    pub fn top_p(self, p: f32) -> Result<Self, Refused> {
        if !(p > 0.0 && p <= 1.0) {
            return Err(Refused::Domain("p of Sample"));
        }
        Ok(Self { top_p: ties_even(p * SOFTMAX_ONE) as u32, ..self })
    }

    /// Classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// What logits are multiplied by.
    pub fn inverse_temperature(&self) -> f32 {
        self.inverse_temperature
    }

    /// How many classes [`Sample::top_k`] keeps, all at most.
    pub fn most_kept(&self) -> usize {
        self.top_k
    }

    /// The share of them that [`Sample::top_p`] keeps, in units of 2⁻³⁰.
    pub fn share_kept(&self) -> u32 {
        self.top_p
    }

    /// Elements of the scratch that [`Sample::forward`] needs: none if all classes are kept.
    pub fn scratch(&self) -> usize {
        if self.keeps_all() {
            0
        } else {
            self.classes
        }
    }

    /// The class drawn. `draw` is the first two words of a Philox block: word 0 + 2³²·word 1; `scratch` holds at least
    /// [`Sample::scratch`] elements. Traps where a scaled logit is not finite.
    pub fn forward(&self, logits: &[f32], draw: u64, scratch: &mut [u64]) -> Result<u32, Error> {
        length("logits of Sample", logits.len(), self.classes)?;
        let order = front("scratch of Sample", scratch, self.scratch())?;
        check_finite(logits)?;
        let factor = self.inverse_temperature;
        let scaled = logits.iter().map(move |x| x * factor);
        if let Some(at) = scaled.clone().position(|z| !z.is_finite()) {
            return Err(Trap { kind: TrapKind::Infinite, index: at as u64 }.into());
        }
        let m = maximum(scaled.clone());
        let weights = scaled.map(move |z| ties_even(exp(z - m) * SOFTMAX_ONE) as u64);
        let classes = (0u32..).zip(weights);
        if self.keeps_all() {
            return Ok(pick(classes, draw));
        }
        // One integer for each class, which falls with e and then with the index.
        for (key, (class, weight)) in order.iter_mut().zip(classes) {
            *key = (weight << 32) | u64::from(u32::MAX - class);
        }
        let kept = self.keep(order);
        kept.sort_unstable_by_key(|key| Reverse(*key as u32));
        Ok(pick(kept.iter().map(|key| (u32::MAX - *key as u32, key >> 32)), draw))
    }

    /// Whether every class may be drawn.
    pub fn keeps_all(&self) -> bool {
        self.top_k == self.classes && self.top_p == SOFTMAX_ONE as u32
    }

    /// The keys of the classes that k and p keep, largest first.
    fn keep<'a>(&self, order: &'a mut [u64]) -> &'a mut [u64] {
        let falling = |a: &u64, b: &u64| b.cmp(a);
        if self.top_k < order.len() {
            order.select_nth_unstable_by(self.top_k, falling);
        }
        let kept = &mut order[..self.top_k];
        kept.sort_unstable_by(falling);
        let total: u64 = kept.iter().map(|key| key >> 32).sum();
        let bound = u128::from(self.top_p) * u128::from(total);
        let mut sum = 0u64;
        let last = kept.iter().position(|key| {
            sum += key >> 32;
            u128::from(sum) << 30 >= bound
        });
        let end = last.map_or(kept.len(), |last| last + 1);
        &mut kept[..end]
    }
}

/// The class in which the draw falls, of classes in the order of their indices, each with its weight.
fn pick(classes: impl Iterator<Item = (u32, u64)> + Clone, draw: u64) -> u32 {
    let total: u64 = classes.clone().map(|(_, weight)| weight).sum();
    let mut left = ((u128::from(draw) * u128::from(total)) >> 64) as u64;
    let mut last = 0;
    for (class, weight) in classes {
        if left < weight {
            return class;
        }
        left -= weight;
        last = class;
    }
    // Not reached: u < D = Σe.
    last
}
