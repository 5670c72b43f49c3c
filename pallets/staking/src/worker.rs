//! The accounts that work for providers.

use crate::*;
use frame_support::{ensure, pallet_prelude::DispatchResult};

impl<T: Config> assay_primitives::Workers<T::AccountId> for Pallet<T> {
    fn acts_for(signer: &T::AccountId, owner: &T::AccountId) -> bool {
        signer == owner || Workers::<T>::get(signer).as_ref() == Some(owner)
    }
}

impl<T: Config> Pallet<T> {
    pub(crate) fn do_set_worker(owner: &T::AccountId, worker: Option<T::AccountId>) -> DispatchResult {
        let mut ledger = Self::ledger_of(owner)?;
        ensure!(ledger.provider.is_bonded(), Error::<T>::NotBonded);
        ensure!(ledger.worker != worker, Error::<T>::NothingToChange);
        if let Some(worker) = &worker {
            ensure!(!Ledgers::<T>::contains_key(worker), Error::<T>::WorkerOwnsBond);
            ensure!(!Workers::<T>::contains_key(worker), Error::<T>::WorkerTaken);
            Workers::<T>::insert(worker, owner);
        }
        if let Some(before) = ledger.worker.take() {
            Workers::<T>::remove(before);
        }
        ledger.worker = worker.clone();
        Self::keep(owner, ledger);
        Self::deposit_event(Event::WorkerSet { owner: owner.clone(), worker });
        Ok(())
    }

    pub(crate) fn do_resign(worker: &T::AccountId) -> DispatchResult {
        ensure!(Workers::<T>::contains_key(worker), Error::<T>::NotWorker);
        Self::quit_work(worker);
        Ok(())
    }

    /// Takes the worker off a ledger, if there is one.
    pub(crate) fn dismiss_worker(owner: &T::AccountId, ledger: &mut Ledger<T>) {
        if let Some(worker) = ledger.worker.take() {
            Workers::<T>::remove(worker);
            Self::deposit_event(Event::WorkerSet { owner: owner.clone(), worker: None });
        }
    }

    /// Ends the work of an account, if it works for anybody. One that bonds for itself works for nobody any more: so
    /// nobody can keep another one from bonding by naming it as a worker.
    pub(crate) fn quit_work(account: &T::AccountId) {
        let Some(owner) = Workers::<T>::get(account) else { return };
        if let Some(mut ledger) = Ledgers::<T>::get(&owner) {
            Self::dismiss_worker(&owner, &mut ledger);
            Self::keep(&owner, ledger);
        }
    }
}
