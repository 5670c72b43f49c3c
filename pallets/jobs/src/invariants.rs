//! The invariants of the README, checked after every test and by `try-runtime`.

use crate::{pallet::*, JobOf, Queue, ReceiptOf, Record};
use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};
use assay_primitives::{has_page, page_of, Escrow, JobId};
use frame_support::ensure;
use sp_runtime::{traits::BlockNumberProvider, SaturatedConversion, TryRuntimeError};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_try_state() -> Result<(), TryRuntimeError> {
        Jobs::<T>::iter().try_for_each(|(id, record)| match record {
            Record::Open(job) => Self::check_job(id, &job),
            Record::Ended(receipt) => Self::check_receipt(id, &receipt),
        })?;
        Self::check_index()?;
        Self::check_ended()?;
        Self::check_policies()?;
        Self::check_params()
    }

    /// Invariants 1, 2 and 3, of a job that is open.
    fn check_job(id: JobId, job: &JobOf<T>) -> Result<(), TryRuntimeError> {
        Self::check_number(id, &job.requester)?;
        let (now, held) = (T::Clock::current_block_number(), T::Escrow::held(id));
        let expired = now > job.expires && held == 0;
        ensure!(expired || job.hold.total() == Some(held), "an open job's escrow is not its hold");
        ensure!(job.hold.seats > 0, "a job is open that pays nothing for a seat");
        ensure!(
            job.royalty.is_some() == job.spec.listing.is_some(),
            "a royalty without a listing, or the reverse"
        );
        ensure!(job.posted <= now, "a job was posted in the future");
        Ok(())
    }

    /// Invariants 1, 2 and 4, of a job that has ended.
    fn check_receipt(id: JobId, receipt: &ReceiptOf<T>) -> Result<(), TryRuntimeError> {
        Self::check_number(id, &receipt.requester)?;
        ensure!(T::Escrow::held(id) == 0, "a job has ended for which something is on hold");
        ensure!(receipt.posted <= receipt.ended, "a job ended before it was posted");
        ensure!(receipt.ended <= T::Clock::current_block_number(), "a job ended in the future");
        let held = [receipt.burnt, receipt.treasury, receipt.refunded]
            .into_iter()
            .try_fold(receipt.paid, |sum, amount| sum.checked_add(amount));
        ensure!(held.is_some_and(|held| held > 0), "a receipt's amounts are not those of a hold");
        ensure!(receipt.burnt >= receipt.treasury, "less than half of a fee was burnt");
        Ok(())
    }

    /// Invariant 1: the number was given, and stands in the requester's index.
    fn check_number(id: JobId, requester: &T::AccountId) -> Result<(), TryRuntimeError> {
        ensure!(id < NextJob::<T>::get(), "a job has a number that was not given yet");
        let indexed = JobsOf::<T>::contains_key(requester, Self::place(id));
        ensure!(indexed, "a job is missing in its requester's index");
        Ok(())
    }

    /// Invariant 1: nothing else stands in the index.
    fn check_index() -> Result<(), TryRuntimeError> {
        for id in Sources::<T>::iter_keys() {
            ensure!(Jobs::<T>::contains_key(id), "a source is kept of a job of which nothing is left");
        }
        let indexed = JobsOf::<T>::iter_keys().count();
        ensure!(indexed == Jobs::<T>::iter_keys().count(), "the index names a job of which nothing is left");
        Ok(())
    }

    /// Invariant 6: each receipt has a place among those of jobs that have ended, in order of time; the others' receipts
    /// are pruned.
    fn check_ended() -> Result<(), TryRuntimeError> {
        let Queue { first, next } = EndedQueue::<T>::get();
        let queue = first..next;
        let sound = Ended::<T>::iter().all(|(page, places)| has_page(&queue, page, places.len()));
        ensure!(sound, "a place of an ended job is outside of the queue");
        let at = |place| {
            let (page, index) = page_of(place);
            Ended::<T>::get(page).into_iter().nth(index)
        };
        let jobs: Vec<JobId> = queue.filter_map(at).collect();
        let complete = jobs.len().saturated_into::<u64>() == next.saturating_sub(first);
        ensure!(complete, "a place of an ended job is outside of the queue");
        let distinct: BTreeSet<_> = jobs.iter().collect();
        ensure!(distinct.len() == jobs.len(), "a job has ended twice");
        let ended = |id: &JobId| Self::receipt(*id).map(|receipt| receipt.ended);
        let ends: Vec<_> = jobs.iter().filter_map(ended).collect();
        ensure!(ends.is_sorted(), "ended jobs are not in order of time");
        let receipts = Jobs::<T>::iter_values().filter_map(Record::receipt).count();
        ensure!(ends.len() == receipts, "a receipt would never be swept");
        Ok(())
    }

    /// Invariant 7: jobs and receipts are counted by the version of the policy that they name.
    fn check_policies() -> Result<(), TryRuntimeError> {
        let versions = Jobs::<T>::iter_values().map(|record| match record {
            Record::Open(job) => (job.spec.class, job.policy),
            Record::Ended(receipt) => (receipt.spec.class, receipt.policy),
        });
        let mut named = BTreeMap::<_, u64>::new();
        for version in versions {
            let jobs = named.entry(version).or_default();
            *jobs = jobs.saturating_add(1);
        }
        let counted: BTreeMap<_, _> =
            PolicyJobs::<T>::iter().map(|(class, version, jobs)| ((class, version), jobs)).collect();
        ensure!(named == counted, "jobs are not counted by the version of the policy that they name");
        Ok(())
    }

    /// Invariant 5: the parameters are ones that the setter would accept.
    fn check_params() -> Result<(), TryRuntimeError> {
        Self::check(&Params::<T>::get()).map_err(|wrong| TryRuntimeError::Other(wrong.into()))
    }
}
