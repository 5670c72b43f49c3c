//! How a chain starts.

use crate::{pallet::*, Description, GenesisMachine, GenesisProvider, MachineEntry, Provider, Terms};
use assay_primitives::{Machine, ProviderBond};
use frame_support::ensure;
use sp_runtime::DispatchError;

impl<T: Config> GenesisConfig<T> {
    /// Puts the configuration into storage. Bonds have to be there already.
    pub(crate) fn put(&self) -> Result<(), &'static str> {
        Pallet::<T>::check(&self.params)?;
        Params::<T>::put(self.params);
        self.machines.iter().try_for_each(put_machine::<T>)?;
        self.providers.iter().try_for_each(put_provider::<T>)
    }
}

fn put_machine<T: Config>(genesis: &GenesisMachine) -> Result<(), &'static str> {
    let machine = Machine { hardware: genesis.hardware, memory: genesis.memory };
    ensure!(!Machines::<T>::contains_key(machine), "a machine is named twice");
    let description = Description::try_from(genesis.description.as_bytes().to_vec())
        .map_err(|_| "a machine's description is too long")?;
    let entry = MachineEntry { description, price: genesis.price, enabled: true };
    Pallet::<T>::do_set_machine(machine, entry).map_err(name)
}

/// There is no draw yet that a provider could steer: it is in the tree at once.
fn put_provider<T: Config>(genesis: &GenesisProvider<T::AccountId>) -> Result<(), &'static str> {
    let owner = &genesis.owner;
    ensure!(!Providers::<T>::contains_key(owner), "a provider is named twice");
    let machine = Machine { hardware: genesis.hardware, memory: genesis.memory };
    let terms = Terms { machine, reserve: genesis.reserve, capacity: genesis.capacity };
    Pallet::<T>::check_terms(&terms)?;
    Pallet::<T>::check_room(machine)?;
    let stake = Pallet::<T>::counted(T::Bonds::active(owner));
    ensure!(stake > 0, "a provider has no bond");
    let before = Provider::new(terms);
    let mut after = Provider { stake, ..before.clone() };
    Pallet::<T>::enter(owner, &mut after);
    Pallet::<T>::keep(owner, &before, after);
    Ok(())
}

fn name(error: DispatchError) -> &'static str {
    error.into()
}
