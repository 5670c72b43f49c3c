//! Seats decline.

use crate::{pallet::*, verdict::Ending, CaseOf, Phase, Round, Stage, WeightInfo};
use assay_primitives::JobId;
use assay_rules::{draw::Purpose, policy::MAX_DECLINES};
use frame_support::dispatch::DispatchResultWithPostInfo;

impl<T: Config> Pallet<T> {
    /// The provider keeps its place: so it can't be drawn for more than it has room for, whatever it declines.
    pub(crate) fn do_decline(signer: &T::AccountId, job: JobId, index: u8) -> DispatchResultWithPostInfo {
        let mut case = Self::case_of(job)?;
        let seat = Self::seat_for(signer, &case, index)?;
        Self::ensure_assigned(&case, seat)?;
        let (owner, slot, lock) = (seat.owner.clone(), seat.slot, seat.lock);

        Self::release(lock);
        case.set_stage(index, Stage::Declined);
        let mut declined = 0;
        case.with_slot(slot, |slot| {
            slot.declined = slot.declined.saturating_add(1);
            declined = slot.declined;
        });
        Self::deposit_event(Event::Declined { job, seat: index, owner });
        let taken = T::WeightInfo::decline();
        if declined < MAX_DECLINES {
            Self::refill(job, &mut case, &[slot]);
            Self::keep(job, case);
            return Ok(Some(taken.saturating_add(Self::due_weight(1))).into());
        }
        let ended = if case.phase == Phase::Committing(Round::Fresh) {
            Self::give_up(job, case)
        } else {
            Self::end(job, case, Ending::Unavailable { slot })
        };
        Ok(Some(taken.saturating_add(ended)).into())
    }

    /// Slots whose seats are gone are filled again.
    pub(crate) fn refill(job: JobId, case: &mut CaseOf<T>, slots: &[u8]) {
        let attempt = Self::make_due(job, case, Purpose::Refill);
        Self::vacate(case, slots, attempt);
    }
}
