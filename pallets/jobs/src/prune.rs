//! Forgetting jobs that have ended.

use crate::{pallet::*, ReceiptOf, WeightInfo, MAX_SWEPT};
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

    /// Prunes from the oldest job on, as far as the weight and [`MAX_SWEPT`] allow. Stops at a job that is open or
    /// retained: those behind it have their turn when it is gone. A job that is open for long holds them up; each can be
    /// pruned by its number meanwhile.
    pub(crate) fn sweep(meter: &mut WeightMeter) {
        if meter.try_consume(T::WeightInfo::sweep_base()).is_err() {
            return;
        }
        let first = FirstKept::<T>::get();
        let cleared = (first..NextJob::<T>::get())
            .take(MAX_SWEPT)
            .take_while(|id| meter.try_consume(T::WeightInfo::sweep_job()).is_ok() && Self::clear(*id))
            .last();
        if let Some(last) = cleared {
            // There is a number after it: that of the next job is higher.
            FirstKept::<T>::put(last.saturating_add(1));
        }
    }

    /// Prunes the job's receipt if it is time; gives whether nothing is left of the job.
    fn clear(id: JobId) -> bool {
        match Receipts::<T>::get(id) {
            Some(receipt) if Self::is_over(&receipt) => {
                Self::forget(id, &receipt);
                true
            }
            Some(_) => false,
            None => !Jobs::<T>::contains_key(id),
        }
    }

    /// Whether a receipt was kept for the retention time that is in force now.
    fn is_over(receipt: &ReceiptOf<T>) -> bool {
        let kept = T::Clock::current_block_number().saturating_sub(receipt.ended);
        kept >= Params::<T>::get().retention
    }

    fn forget(id: JobId, receipt: &ReceiptOf<T>) {
        Receipts::<T>::remove(id);
        JobsOf::<T>::remove(&receipt.requester, Self::place(id));
        Self::deposit_event(Event::Pruned { id });
    }
}
