//! Alarms: what has referenda come to their next step. The scheduler's agendas have an end, and whoever has proposals enough
//! fills them: then it is a lost alarm that keeps a track's place for good. Here each has a place of its own.

use crate::{pallet::*, AlarmIdOf, WeightInfo};
use frame_support::{
    pallet_prelude::{MaxEncodedLen, Parameter},
    weights::{Weight, WeightMeter},
};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::traits::{One, Saturating};

/// Alarms take at most one part in so many of what a block has left.
const PART: u64 = 2;

/// Something that rings.
pub trait Ring: Parameter + MaxEncodedLen {
    /// The most that ringing takes.
    fn weight(&self) -> Weight;

    /// Rings.
    fn ring(self);
}

impl<T: Config> Pallet<T> {
    /// Sets an alarm for a block; for the next one, if that block has come. It rings then, or in the first block after it
    /// that has time. Gives what cancels it.
    pub fn set_alarm(at: BlockNumberFor<T>, alarm: T::Alarm) -> AlarmIdOf<T> {
        let next = frame_system::Pallet::<T>::block_number().saturating_add(One::one());
        let at = at.max(next);
        let place = AlarmCounts::<T>::get(at);
        // A transaction sets a handful at most, and a block ends before these are four billion.
        AlarmCounts::<T>::insert(at, place.saturating_add(1));
        Alarms::<T>::insert(at, place, alarm);
        (at, place)
    }

    /// Cancels an alarm and gives it; nothing if it has rung or was cancelled.
    pub fn cancel_alarm((at, place): AlarmIdOf<T>) -> Option<T::Alarm> {
        Alarms::<T>::take(at, place)
    }

    /// Rings what is due in the order in which it was set, as far as a part of the weight allows. The rest waits for the
    /// next block.
    pub(crate) fn ring(now: BlockNumberFor<T>, meter: &mut WeightMeter) {
        let mut part = WeightMeter::with_limit(meter.remaining().saturating_div(PART));
        let (mut at, mut place) = NextAlarm::<T>::get();
        while at <= now && part.try_consume(T::WeightInfo::alarms_of_block()).is_ok() {
            let count = AlarmCounts::<T>::get(at);
            while place < count && Self::ring_one((at, place), &mut part) {
                place = place.saturating_add(1);
            }
            if place < count {
                break;
            }
            AlarmCounts::<T>::remove(at);
            (at, place) = (at.saturating_add(One::one()), 0);
        }
        NextAlarm::<T>::put((at, place));
        meter.consume(part.consumed());
    }

    /// Whether there was weight for it. Of one that was cancelled the place is all that is left.
    fn ring_one((at, place): AlarmIdOf<T>, meter: &mut WeightMeter) -> bool {
        if meter.try_consume(T::WeightInfo::alarm()).is_err() {
            return false;
        }
        let Some(alarm) = Alarms::<T>::get(at, place) else { return true };
        if meter.try_consume(alarm.weight()).is_err() {
            return false;
        }
        Alarms::<T>::remove(at, place);
        alarm.ring();
        true
    }
}
