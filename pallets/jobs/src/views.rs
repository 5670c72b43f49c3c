//! What clients ask.

use crate::{pallet::*, post::Terms, Estimate, Record, Status, MAX_PAGE};
use alloc::vec::Vec;
use assay_primitives::{JobId, JobSpec, Machine, Sortition};
use assay_rules::policy::least_price;
use sp_runtime::{DispatchError, Perbill};

impl<T: Config> Pallet<T> {
    pub(crate) fn status_of(id: JobId) -> Option<Status> {
        Jobs::<T>::get(id).map(|record| match record {
            Record::Open(_) => Status::Open,
            Record::Ended(receipt) => Status::Ended(receipt.outcome),
        })
    }

    pub(crate) fn jobs_after(
        requester: &T::AccountId,
        after: Option<JobId>,
        limit: u32,
    ) -> Vec<(JobId, Status)> {
        let places = match after {
            Some(id) => {
                let from = JobsOf::<T>::hashed_key_for(requester, Self::place(id));
                JobsOf::<T>::iter_key_prefix_from(requester, from)
            }
            None => JobsOf::<T>::iter_key_prefix(requester),
        };
        places
            .map(JobId::from_be_bytes)
            .filter_map(|id| Self::status_of(id).map(|status| (id, status)))
            .zip(0..limit.min(MAX_PAGE))
            .map(|(found, _)| found)
            .collect()
    }

    pub(crate) fn estimate_of(spec: &JobSpec) -> Result<Estimate, DispatchError> {
        let Terms { version, policy, hold, total, expires, .. } = Self::terms(spec)?;
        let price =
            T::Providers::price(spec.machine).max(least_price(spec.units, &policy)).min(spec.price_cap);
        let seat = price.checked_mul(spec.units.into()).ok_or(Error::<T>::AmountOverflow)?;
        let share = Self::share(spec.machine);
        Ok(Estimate { policy: version, hold, total, price, seat, share, expires })
    }

    /// A machine's share of all weight in play, rounded down; nothing where nobody is.
    fn share(machine: Machine) -> Perbill {
        match T::Providers::total_in_play() {
            0 => Perbill::zero(),
            total => Perbill::from_rational(T::Providers::in_play(machine), total),
        }
    }
}
