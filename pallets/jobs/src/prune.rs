//! Forgetting jobs that have ended.

use crate::{pallet::*, Queue, ReceiptOf, WeightInfo, MAX_SWEPT};
use assay_primitives::JobId;
use frame_support::{dispatch::DispatchResult, ensure, weights::WeightMeter};
use sp_runtime::traits::BlockNumberProvider;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_prune(id: JobId) -> DispatchResult {
        let receipt = Receipts::<T>::get(id).ok_or(Error::<T>::NoReceipt)?;
        ensure!(Self::is_over(&receipt), Error::<T>::Retained);
        Self::forget(id, &receipt);
        Ok(())
    }

    /// Notes that a job has ended, for the sweep.
    pub(crate) fn enqueue(id: JobId) {
        EndedQueue::<T>::mutate(|queue| {
            Ended::<T>::insert(queue.next, id);
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

    /// Prunes the receipt of a job that has ended, if it is time, and its place; gives whether they are gone.
    fn clear(place: u64) -> bool {
        if let Some(id) = Ended::<T>::get(place) {
            match Receipts::<T>::get(id) {
                Some(receipt) if !Self::is_over(&receipt) => return false,
                Some(receipt) => Self::forget(id, &receipt),
                None => (),
            }
        }
        Ended::<T>::remove(place);
        true
    }

    /// Whether a receipt was kept for the retention time that is in force now.
    fn is_over(receipt: &ReceiptOf<T>) -> bool {
        let kept = T::Clock::current_block_number().saturating_sub(receipt.ended);
        kept >= Params::<T>::get().retention
    }

    fn forget(id: JobId, receipt: &ReceiptOf<T>) {
        Receipts::<T>::remove(id);
        Sources::<T>::remove(id);
        JobsOf::<T>::remove(&receipt.requester, Self::place(id));
        Self::deposit_event(Event::Pruned { id });
    }
}
