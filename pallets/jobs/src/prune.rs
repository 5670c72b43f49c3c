//! Forgetting jobs that have ended.

use crate::{pallet::*, Queue, ReceiptOf, WeightInfo, MAX_SWEPT};
use assay_primitives::{page_of, JobId};
use frame_support::{
    defensive,
    dispatch::{DispatchClass, DispatchResult},
    ensure,
    traits::Get,
    weights::WeightMeter,
};
use sp_runtime::traits::BlockNumberProvider;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_prune(id: JobId) -> DispatchResult {
        let receipt = Self::receipt(id).ok_or(Error::<T>::NoReceipt)?;
        ensure!(Self::is_over(&receipt), Error::<T>::Retained);
        Self::forget(id, &receipt);
        Ok(())
    }

    /// Notes that a job has ended, for the sweep.
    pub(crate) fn enqueue(id: JobId) {
        EndedQueue::<T>::mutate(|queue| {
            let (page, index) = page_of(queue.next);
            if index == 0 {
                Self::count_page();
            }
            if Ended::<T>::try_append::<_, JobId, _>(page, id).is_err() {
                defensive!("a page has room until the next one begins");
            }
            queue.next = queue.next.saturating_add(1);
        });
    }

    /// Prunes in the order in which jobs have ended, as far as the weight and [`MAX_SWEPT`] allow. Stops at a receipt
    /// that is retained: those behind it ended no sooner.
    pub(crate) fn sweep(meter: &mut WeightMeter) {
        if meter.try_consume(T::WeightInfo::sweep_base()).is_err() {
            return;
        }
        let Queue { first, next } = EndedQueue::<T>::get();
        let swept = (first..next)
            .take(MAX_SWEPT)
            .take_while(|place| meter.try_consume(T::WeightInfo::sweep_job()).is_ok() && Self::clear(*place))
            .last();
        if let Some(last) = swept {
            // The next place is after it.
            EndedQueue::<T>::put(Queue { first: last.saturating_add(1), next });
        }
    }

    /// Prunes the receipt of a job that has ended, if it is time, and its page with the last place; gives whether its
    /// turn is over.
    fn clear(place: u64) -> bool {
        let (page, index) = page_of(place);
        if let Some(id) = Ended::<T>::get(page).get(index) {
            match Self::receipt(*id) {
                Some(receipt) if !Self::is_over(&receipt) => return false,
                Some(receipt) => Self::forget(*id, &receipt),
                None => (),
            }
        }
        if page_of(place.saturating_add(1)).0 != page {
            Ended::<T>::remove(page);
            Self::count_page();
        }
        true
    }

    /// Has the block account for a page beside the two that it began with: one is done with, or begins, and the next one
    /// is read and written.
    fn count_page() {
        let page = T::DbWeight::get().reads_writes(1, 1);
        frame_system::Pallet::<T>::register_extra_weight_unchecked(page, DispatchClass::Mandatory);
    }

    /// Whether a receipt was kept for the retention time that is in force now.
    fn is_over(receipt: &ReceiptOf<T>) -> bool {
        let kept = T::Clock::current_block_number().saturating_sub(receipt.ended);
        kept >= Params::<T>::get().retention
    }

    fn forget(id: JobId, receipt: &ReceiptOf<T>) {
        Jobs::<T>::remove(id);
        Sources::<T>::remove(id);
        JobsOf::<T>::remove(&receipt.requester, Self::place(id));
        PolicyJobs::<T>::mutate_exists(receipt.spec.class, receipt.policy, |jobs| {
            *jobs = jobs.and_then(|jobs| jobs.checked_sub(1)).filter(|jobs| *jobs > 0);
        });
        Self::deposit_event(Event::Pruned { id });
    }
}
