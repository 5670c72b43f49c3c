//! What clients ask.

use crate::{pallet::*, Backlog, SeatView, MAX_JOBS};
use alloc::vec::Vec;
use assay_primitives::{JobId, PendingDraws};
use sp_runtime::SaturatedConversion;

/// The most deadlines that are counted.
const MAX_COUNTED: usize = 1_000;

impl<T: Config> Pallet<T> {
    pub(crate) fn seats_in(owner: &T::AccountId, jobs: Vec<JobId>) -> Vec<SeatView<T::AccountId>> {
        let jobs = jobs.into_iter().zip(0..MAX_JOBS).map(|(job, _)| job);
        jobs.filter_map(|job| Self::seat_in(owner, job)).collect()
    }

    /// The owner's seat of a job: it never has two.
    fn seat_in(owner: &T::AccountId, job: JobId) -> Option<SeatView<T::AccountId>> {
        let case = Cases::<T>::get(job)?;
        let (index, seat) = (0_u8..).zip(&case.seats).find(|(_, seat)| seat.owner == *owner)?;
        let round = case.round(seat)?;
        Some(SeatView { job, index, round, seat: seat.clone(), phase: case.phase })
    }

    pub(crate) fn what_waits() -> Backlog {
        let end = Self::place(Self::now().saturating_add(1), 0);
        let passed = Deadlines::<T>::iter_keys().take(MAX_COUNTED).take_while(|place| *place < end);
        Backlog {
            draws: Self::draws_due(),
            oldest_draw: <Self as PendingDraws>::oldest(),
            deadlines: passed.count().saturated_into(),
        }
    }
}
