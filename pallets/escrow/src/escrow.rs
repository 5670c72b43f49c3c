//! What jobs ask.

use crate::{pallet::*, FrozenBalance, WeightInfo};
use assay_primitives::{Balance, JobId, MarketBlock, Settlement};
use frame_support::{dispatch::DispatchResult, weights::Weight};

impl<T: Config> assay_primitives::Escrow<T::AccountId> for Pallet<T> {
    fn open(job: JobId, requester: &T::AccountId, amount: Balance, expires: MarketBlock) -> DispatchResult {
        Self::do_open(job, requester, amount, expires)
    }

    fn settle(job: JobId, settlement: Settlement<T::AccountId>) {
        Self::do_settle(job, settlement);
    }

    fn held(job: JobId) -> Balance {
        Escrows::<T>::get(job).map_or(0, |funds| funds.amount)
    }

    fn locks_weight(requester: Option<&T::AccountId>) -> Weight {
        if requester.is_none_or(T::Frozen::has_locks) {
            T::WeightInfo::follow()
        } else {
            Weight::zero()
        }
    }
}
