//! What is due is worked off: by a metered hook in each block, or by anyone.

use crate::{pallet::*, WeightInfo};
use assay_primitives::MarketBlock;
use assay_rules::policy::{FIRST_SEATS, FRESH_SEATS, MAX_DECLINES, MAX_DRAW_BLOCKS, MAX_SLOTS, MAX_TRIES};
use frame_support::{
    dispatch::{DispatchResultWithPostInfo, WithPostDispatchInfo},
    ensure,
    traits::Get,
    weights::{Weight, WeightMeter},
};

/// The most providers that can have a place in a case at once: in each fresh slot three that declined and one that sits
/// there, or four that declined; in each slot of the first round one, since its commit lets those go.
#[allow(clippy::arithmetic_side_effects, clippy::as_conversions, reason = "a constant of small numbers")]
pub const MAX_SEATED: u32 = FIRST_SEATS as u32 + FRESH_SEATS as u32 * MAX_DECLINES as u32;

impl<T: Config> Pallet<T> {
    /// Works off what is due, as far as the weight, [`Config::MaxTickWeight`] and [`Config::MaxPerBlock`] allow. What
    /// is left is first in the next block.
    pub(crate) fn tick(meter: &mut WeightMeter) {
        let mut own = WeightMeter::with_limit(meter.remaining().min(T::MaxTickWeight::get()));
        if own.try_consume(T::WeightInfo::tick_base()).is_err() {
            return;
        }
        let now = Self::now();
        for _ in 0..T::MaxPerBlock::get() {
            // What it takes is known only after it was done.
            if !own.can_consume(Self::step_weight()) {
                break;
            }
            match Self::step(now) {
                Some(taken) => own.consume(taken),
                None => break,
            }
        }
        meter.consume(own.consumed());
    }

    pub(crate) fn do_advance(limit: u32) -> DispatchResultWithPostInfo {
        let now = Self::now();
        let mut taken = T::WeightInfo::tick_base();
        let mut done = false;
        for _ in 0..limit {
            let Some(step) = Self::step(now) else { break };
            taken = taken.saturating_add(step);
            done = true;
        }
        ensure!(done, Error::<T>::NothingDue.with_weight(taken));
        Ok(Some(taken).into())
    }

    /// The oldest draw and the first deadline, if they are due: side by side, so that a flood of one doesn't keep the
    /// other waiting. Says what it took; `None` if neither is.
    fn step(now: MarketBlock) -> Option<Weight> {
        let draw = Self::work_draw(now);
        let deadline = Self::work_deadline(now);
        // To look at a draw that is not ready takes as much as it did for the block.
        let looked = draw.unwrap_or_else(T::WeightInfo::tick_base);
        let taken = looked.saturating_add(deadline.unwrap_or_default());
        (draw.is_some() || deadline.is_some()).then_some(taken)
    }

    /// The most that a number of steps can take, and looking for them.
    pub(crate) fn tick_weight(steps: u32) -> Weight {
        T::WeightInfo::tick_base().saturating_add(Self::step_weight().saturating_mul(steps.into()))
    }

    /// The most that a step can take.
    fn step_weight() -> Weight {
        let failed = Self::fail_weight(MAX_SLOTS.into());
        let passed =
            T::WeightInfo::deadline().saturating_add(failed).saturating_add(Self::end_weight(MAX_SEATED));
        let seats = u32::from(FRESH_SEATS);
        let drawn = Self::draw_weight(MAX_DRAW_BLOCKS, MAX_TRIES.saturating_mul(seats), seats);
        drawn.max(passed).saturating_add(passed)
    }
}
