//! The lists of machines.

use crate::{pallet::*, MachineEntry, Pool};
use assay_primitives::Machine;
use frame_support::{dispatch::DispatchResult, ensure};
use sp_runtime::traits::BlockNumberProvider;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_set_machine(machine: Machine, entry: MachineEntry) -> DispatchResult {
        ensure!(entry.price.check().is_ok(), Error::<T>::BadPriceRule);
        let (floor, ceiling) = (entry.price.floor, entry.price.ceiling);
        if Machines::<T>::contains_key(machine) {
            Pools::<T>::mutate_extant(machine, |pool| pool.price = pool.price.max(floor).min(ceiling));
        } else {
            MachineList::<T>::try_mutate(|list| list.try_push(machine))
                .map_err(|_| Error::<T>::TooManyMachines)?;
            Pools::<T>::insert(machine, Pool::new(floor, T::Clock::current_block_number()));
        }
        Machines::<T>::insert(machine, &entry);
        Self::deposit_event(Event::MachineSet { machine, entry });
        Ok(())
    }

    pub(crate) fn do_close_machine(machine: Machine) -> DispatchResult {
        let entry = Machines::<T>::get(machine).ok_or(Error::<T>::NoSuchMachine)?;
        ensure!(entry.enabled, Error::<T>::MachineClosed);
        Machines::<T>::insert(machine, MachineEntry { enabled: false, ..entry });
        Self::deposit_event(Event::MachineClosed { machine });
        Ok(())
    }

    pub(crate) fn do_remove_machine(machine: Machine) -> DispatchResult {
        let pool = Pools::<T>::get(machine).ok_or(Error::<T>::NoSuchMachine)?;
        ensure!(pool.members == 0, Error::<T>::MachineInUse);
        MachineList::<T>::mutate(|list| list.retain(|listed| *listed != machine));
        Machines::<T>::remove(machine);
        Pools::<T>::remove(machine);
        Self::deposit_event(Event::MachineRemoved { machine });
        Ok(())
    }
}
