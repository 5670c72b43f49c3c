//! Sums of gradients (and losses) in i64 fixed point with 40 fractional bits: the same for any split of the work.

use crate::error::{non_finite, Error, Refused, Trap, TrapKind};
use crate::float::ties_even;
use crate::shape::length;

/// 2⁴⁰.
const ONE: f32 = f32::from_bits((127 + 40) << 23);
/// 2⁻⁴⁰.
const UNIT: f32 = f32::from_bits((127 - 40) << 23);
/// Most addends any one element of a sum may get in a step.
pub const MAX_ADDENDS: u64 = 1 << 22;

/// Fixed point for sums of at most so many addends an element: |x| < 2¹⁰ up to 2¹² addends, half of it for every
/// doubling beyond, so that the sum of all stays below 2⁶² in any order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FixedPoint {
    limit: f32,
}

impl FixedPoint {
    /// `addends`: the most that any one element of the sum gets in a step, over all shards. Refuses more than
    /// [`MAX_ADDENDS`].
    pub fn new(addends: u64) -> Result<Self, Refused> {
        if addends == 0 {
            return Err(Refused::Empty("addends of a fixed-point sum"));
        }
        if addends > MAX_ADDENDS {
            let what = "addends of a fixed-point sum";
            return Err(Refused::Limit { what, limit: MAX_ADDENDS, got: addends });
        }
        // ⌈log₂ addends⌉, at least 12.
        let exponent = (u64::BITS - (addends - 1).leading_zeros()).max(12);
        Ok(Self { limit: f32::from_bits((127 + 22 - exponent) << 23) })
    }

    /// What |x| must stay below.
    pub fn limit(&self) -> f32 {
        self.limit
    }

    /// ties_even(x·2⁴⁰), or what kind of trap `x` is.
    pub fn convert(&self, x: f32) -> Result<i64, TrapKind> {
        match non_finite(x) {
            Some(kind) => Err(kind),
            None if x.abs() >= self.limit => Err(TrapKind::Bound),
            None => Ok(ties_even(x * ONE) as i64),
        }
    }

    /// Adds `x` to a sum; `index` is the element's, for the trap.
    pub fn add(&self, sum: &mut i64, x: f32, index: usize) -> Result<(), Trap> {
        let addend = self.convert(x).map_err(|kind| Trap { kind, index: index as u64 })?;
        *sum = sum.wrapping_add(addend);
        Ok(())
    }

    /// Subtracts `x` from a sum; `index` is the element's, for the trap.
    pub fn subtract(&self, sum: &mut i64, x: f32, index: usize) -> Result<(), Trap> {
        let addend = self.convert(x).map_err(|kind| Trap { kind, index: index as u64 })?;
        *sum = sum.wrapping_sub(addend);
        Ok(())
    }
}

/// The mean of a fixed-point sum: (f32(Σ)·2⁻⁴⁰)/f32(count). With `count` 1 the sum itself.
pub fn mean(sum: i64, count: u32) -> f32 {
    (sum as f32 * UNIT) / count as f32
}

/// Writes the means of `sums`. Refuses a count of zero.
pub fn means(sums: &[i64], count: u32, y: &mut [f32]) -> Result<(), Error> {
    if count == 0 {
        return Err(Refused::Empty("count of a mean").into());
    }
    length("y of a mean", y.len(), sums.len())?;
    for (y, sum) in y.iter_mut().zip(sums) {
        *y = mean(*sum, count);
    }
    Ok(())
}
