//! What is done when its time has come.

use crate::{pallet::*, WeightInfo};
use frame_support::weights::WeightMeter;
use frame_system::pallet_prelude::BlockNumberFor;

impl<T: Config> Pallet<T> {
    /// Lifts pauses, puts policies in force and rings alarms, as far as the weight allows. What is left waits for the next block.
    pub(crate) fn tick(now: BlockNumberFor<T>, meter: &mut WeightMeter) {
        if meter.try_consume(T::WeightInfo::tick_base()).is_err() {
            return;
        }
        Self::lift_pauses(now, meter, T::WeightInfo::tick_pause());
        Self::enact_policies(meter, T::WeightInfo::tick_policy());
        Self::ring(now, meter);
    }
}
