//! Seats decline.

use crate::{pallet::*, CaseOf, Stage};
use assay_primitives::{Digest, JobId};
use assay_rules::draw::Purpose;
use frame_support::dispatch::DispatchResult;

impl<T: Config> Pallet<T> {
    /// The provider keeps its place: so it can't be drawn for more than it has room for, whatever it declines.
    pub(crate) fn do_decline(signer: &T::AccountId, job: JobId, index: u8, spec: &Digest) -> DispatchResult {
        let mut case = Self::case_with(job, spec)?;
        let seat = Self::seat_for(signer, &case, index)?;
        Self::ensure_assigned(&case, seat)?;
        let (owner, slot, lock) = (seat.owner.clone(), seat.slot, seat.lock);

        Self::release(&owner, lock);
        case.set_stage(index, Stage::Declined);
        case.with_slot(slot, |slot| slot.declined = slot.declined.saturating_add(1));
        Self::deposit_event(Event::Declined { job, seat: index, owner });
        Self::refill(job, &mut case, &[slot]);
        Self::keep(job, case);
        Ok(())
    }

    /// A draw becomes due that fills slots again whose seats are gone; or, where one is used up, ends the job.
    ///
    /// That end waits for its turn as a draw does, behind those that are due already: whoever declines or misses last
    /// may know their seeds, and could otherwise choose between the next draw with and without the room that one of this
    /// job takes.
    pub(crate) fn refill(job: JobId, case: &mut CaseOf<T>, slots: &[u8]) {
        let attempt = Self::make_due(job, case, Purpose::Refill);
        Self::vacate(case, slots, attempt);
    }
}
