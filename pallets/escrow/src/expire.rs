//! Money that nobody has settled in time goes back.

use crate::pallet::*;
use alloc::vec::Vec;
use assay_primitives::{JobId, Settlement};
use frame_support::{dispatch::DispatchResult, ensure};
use sp_runtime::traits::BlockNumberProvider;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_expire(job: JobId) -> DispatchResult {
        let funds = Escrows::<T>::get(job).ok_or(Error::<T>::NoEscrow)?;
        ensure!(T::Clock::current_block_number() > funds.expires, Error::<T>::NotExpired);
        Self::deposit_event(Event::Expired { job });
        Self::do_settle(job, Settlement { payouts: Vec::new(), burnt: 0, treasury: 0 });
        Ok(())
    }
}
