//! Cancelling a job.

use crate::pallet::*;
use assay_primitives::{JobId, Verification};
use frame_support::{dispatch::DispatchResult, ensure};

impl<T: Config> Pallet<T> {
    /// Whether the job's phase allows it is verification's to say, and so is what its end looks like: the verdict
    /// comes back before the call returns.
    pub(crate) fn do_cancel(who: &T::AccountId, id: JobId) -> DispatchResult {
        let job = Self::job(id).ok_or(Error::<T>::NotOpen)?;
        ensure!(job.requester == *who, Error::<T>::NotRequester);
        T::Verification::cancel(id)
    }
}
