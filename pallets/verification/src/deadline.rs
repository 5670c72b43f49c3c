//! Deadlines: a map whose keys, as the trie orders them, are in order of time. It only reminds: what has ended is read
//! off the case, in calls too.

use crate::{pallet::*, CaseOf, Stage, WeightInfo};
use alloc::vec::Vec;
use assay_primitives::{JobId, MarketBlock};
use frame_support::{defensive, weights::Weight};
use sp_runtime::SaturatedConversion;

/// A place in the queue: a block of [`Config::Clock`], then the job, both big-endian, so that the order of keys is the
/// order of time and what comes first is found without a scan.
pub type Place = [u8; 16];

impl<T: Config> Pallet<T> {
    /// The place of a job in a block.
    pub(crate) fn place(at: MarketBlock, job: JobId) -> Place {
        (u128::from(at).wrapping_shl(64) | u128::from(job)).to_be_bytes()
    }

    /// The job of a place.
    pub(crate) fn job_at(place: Place) -> JobId {
        let [_, _, _, _, _, _, _, _, job @ ..] = place;
        JobId::from_be_bytes(job)
    }

    /// Moves a job's reminder.
    pub(crate) fn remind(job: JobId, from: Option<MarketBlock>, to: MarketBlock) {
        Self::forget(job, from);
        let place = Self::place(to, job);
        Deadlines::<T>::insert(place, ());
        if Self::cursor().is_some_and(|cursor| place <= cursor) {
            DeadlineCursor::<T>::kill();
        }
    }

    /// Takes a job's reminder out of the queue.
    pub(crate) fn forget(job: JobId, reminder: Option<MarketBlock>) {
        if let Some(at) = reminder {
            Deadlines::<T>::remove(Self::place(at, job));
        }
    }

    /// The last place that this block has worked off, if nothing stands at it or before it.
    pub(crate) fn cursor() -> Option<Place> {
        let (block, place) = DeadlineCursor::<T>::get()?;
        (block == Self::this_block()).then_some(place)
    }

    /// The place that comes first. What a block has taken out of the queue is passed one by one until the block ends, so
    /// that each look begins where the one before has got to.
    fn first_place() -> Option<Place> {
        match Self::cursor() {
            Some(cursor) => Deadlines::<T>::iter_keys_from_key(cursor).next(),
            None => Deadlines::<T>::iter_keys().next(),
        }
    }

    /// Looks at the case whose reminder comes first, if that is due. Says what it took; `None` if there is none.
    pub(crate) fn work_deadline(now: MarketBlock) -> Option<Weight> {
        let first = Self::first_place()?;
        if first >= Self::place(now.saturating_add(1), 0) {
            return None;
        }
        Deadlines::<T>::remove(first);
        DeadlineCursor::<T>::put((Self::this_block(), first));
        let job = Self::job_at(first);
        let Some(mut case) = Cases::<T>::get(job) else {
            defensive!("a job in the queue of deadlines is being verified");
            return Some(T::WeightInfo::deadline());
        };
        case.reminder = None;
        Some(Self::pass(job, case, now))
    }

    /// Ends what has ended by itself, if anything has.
    pub(crate) fn pass(job: JobId, case: CaseOf<T>, now: MarketBlock) -> Weight {
        let taken = if case.reveals_until().is_some_and(|until| until <= now) {
            Self::close_reveals(job, case)
        } else {
            Self::pass_commits(job, case, now)
        };
        T::WeightInfo::deadline().saturating_add(taken)
    }

    /// Seats that have not committed in time have missed; their slots are filled again as long as the job has time. The
    /// draw of one that is used up ends the job.
    fn pass_commits(job: JobId, mut case: CaseOf<T>, now: MarketBlock) -> Weight {
        let slots = Self::strike(job, &mut case, now);
        let taken = Self::fail_weight(slots.len().saturated_into());
        let vacant = !slots.is_empty() || case.has_vacancy();
        if case.is_expired(now) || (vacant && case.is_stale(now)) {
            return taken.saturating_add(Self::give_up(job, case));
        }
        if !slots.is_empty() {
            Self::refill(job, &mut case, &slots);
        }
        Self::keep(job, case);
        taken
    }

    /// Counts seats as missed that should have committed before a block. Gives their slots.
    pub(crate) fn strike(job: JobId, case: &mut CaseOf<T>, at: MarketBlock) -> Vec<u8> {
        let late = case.seats_where(|seat| seat.stage == Stage::Assigned && seat.commit_by <= at);
        late.into_iter().filter_map(|index| Self::miss(job, case, index)).collect()
    }
}
