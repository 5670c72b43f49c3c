//! Prices: what a unit costs follows how busy those are that can compute it, by small steps.

use assay_primitives::Balance;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::fmt;
use scale_info::TypeInfo;
use sp_arithmetic::Perbill;

/// The largest step.
pub const MAX_STEP: Perbill = Perbill::from_percent(1);

/// How a price moves, once an hour.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PriceRule {
    /// The lowest price of a unit, in planck; more than zero.
    pub floor: Balance,
    /// The highest, in planck.
    pub ceiling: Balance,
    /// Used less than this, the price falls.
    pub low: Perbill,
    /// Used more than this, it rises.
    pub high: Perbill,
    /// By which share of itself; at most [`MAX_STEP`].
    pub step: Perbill,
}

/// Why a rule is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriceError {
    /// The floor is zero, or above the ceiling.
    Bounds,
    /// The band has its low end above the high one, or ends above one.
    Band,
    /// The step is above [`MAX_STEP`].
    Step,
}

impl fmt::Display for PriceError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(match self {
            Self::Bounds => "prices must be 0 < floor <= ceiling",
            Self::Band => "the band must be low <= high <= 100%",
            Self::Step => "the step is above 1%",
        })
    }
}

impl PriceRule {
    /// Whether prices may move so.
    ///
    /// # Errors
    ///
    /// The first of [`PriceError`] that holds, in their order.
    pub fn check(&self) -> Result<(), PriceError> {
        if self.floor == 0 || self.floor > self.ceiling {
            return Err(PriceError::Bounds);
        }
        if self.low > self.high || self.high > Perbill::one() {
            return Err(PriceError::Band);
        }
        if self.step > MAX_STEP {
            return Err(PriceError::Step);
        }
        Ok(())
    }
}

/// How much of what could be used was: busy seats over seats that there was room for, both summed over the same blocks;
/// rounded down, at most one. Nothing where there was no room: then there is also nobody to draw.
pub fn utilisation(busy: u128, capacity: u128) -> Perbill {
    match capacity {
        0 => Perbill::zero(),
        _ => Perbill::from_rational(busy, capacity),
    }
}

/// The price after another hour, in planck: up by the step above the band, down by it below, as it was within; by at
/// least one planck where it moves, the step rounded down otherwise; then at least the floor, at most the ceiling.
pub fn next_price(price: Balance, utilisation: Perbill, rule: &PriceRule) -> Balance {
    let step = rule.step.mul_floor(price).max(1);
    let next = if utilisation > rule.high {
        price.saturating_add(step)
    } else if utilisation < rule.low {
        price.saturating_sub(step)
    } else {
        price
    };
    // Not by `clamp`, which panics where the floor is above the ceiling.
    next.max(rule.floor).min(rule.ceiling)
}
