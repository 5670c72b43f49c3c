//! Changes of policies: announced, then in force, then kept by version for as long as a job names them.

use crate::{pallet::*, Change};
use assay_primitives::{JobClass, MarketBlock, OnPolicy, Policies, Policy};
use frame_support::{
    dispatch::DispatchResult,
    ensure,
    storage::with_storage_layer,
    weights::{Weight, WeightMeter},
};
use sp_runtime::{traits::BlockNumberProvider, DispatchError};

impl<T: Config> OnPolicy for Pallet<T> {
    /// Keeps it, whoever has put another one in force.
    fn replaced(class: JobClass, version: u32, policy: Policy) {
        Retired::<T>::insert(class, version, policy);
    }
}

impl<T: Config> Pallet<T> {
    pub(crate) fn do_change_policy(class: JobClass, policy: Policy, delay: MarketBlock) -> DispatchResult {
        ensure!(delay >= Params::<T>::get().policy_delay, Error::<T>::DelayTooShort);
        ensure!(!Changes::<T>::contains_key(class), Error::<T>::ChangeWaits);
        T::Policies::check(&policy)?;
        let at = T::Clock::current_block_number().checked_add(delay).ok_or(Error::<T>::DelayTooLong)?;
        let change = Change { policy, at };
        Changes::<T>::insert(class, change);
        Self::deposit_event(Event::PolicyAnnounced { class, change });
        Ok(())
    }

    pub(crate) fn do_withdraw_policy(class: JobClass) -> DispatchResult {
        ensure!(Changes::<T>::take(class).is_some(), Error::<T>::NoChange);
        Self::deposit_event(Event::PolicyWithdrawn { class });
        Ok(())
    }

    pub(crate) fn do_forget_policy(class: JobClass, version: u32) -> DispatchResult {
        ensure!(Retired::<T>::contains_key(class, version), Error::<T>::NoSuchVersion);
        ensure!(!T::Policies::is_referenced(class, version), Error::<T>::VersionInUse);
        Retired::<T>::remove(class, version);
        Self::deposit_event(Event::PolicyForgotten { class, version });
        Ok(())
    }

    /// Puts in force what is due.
    pub(crate) fn enact_policies(meter: &mut WeightMeter, cost: Weight) {
        let now = T::Clock::current_block_number();
        for class in JobClass::ALL {
            let due = Changes::<T>::get(class).filter(|change| change.at <= now);
            if let Some(change) = due {
                if meter.try_consume(cost).is_err() {
                    return;
                }
                Changes::<T>::remove(class);
                Self::enact(class, change.policy);
            }
        }
    }

    /// Puts a policy in force. What was sound when it was announced may not be so any more, because of other parameters:
    /// then the one in force stays.
    fn enact(class: JobClass, policy: Policy) {
        let set = with_storage_layer::<_, DispatchError, _>(|| T::Policies::set(class, policy));
        match set {
            Ok(()) => Self::deposit_event(Event::PolicyEnacted { class }),
            Err(error) => Self::deposit_event(Event::PolicyDropped { class, error }),
        }
    }

    /// A policy by its version, in force or retired.
    pub(crate) fn policy_of(class: JobClass, version: u32) -> Option<Policy> {
        let current = T::Policies::current(class).filter(|(current, _)| *current == version);
        current.map(|(_, policy)| policy).or_else(|| Retired::<T>::get(class, version))
    }
}
