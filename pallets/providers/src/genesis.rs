//! How a chain starts.

use crate::{pallet::*, Description, GenesisMachine, GenesisProvider, MachineEntry, Provider, Terms};
use alloc::collections::{BTreeMap, BTreeSet};
use assay_primitives::{Balance, Machine, ProviderBond};
use assay_rules::price::PriceRule;
use frame_support::ensure;
use sp_runtime::DispatchError;

impl GenesisMachine {
    fn machine(&self) -> Machine {
        Machine { hardware: self.hardware, memory: self.memory }
    }
}

impl<AccountId> GenesisProvider<AccountId> {
    fn terms(&self) -> Terms {
        let machine = Machine { hardware: self.hardware, memory: self.memory };
        Terms { machine, reserve: self.reserve, capacity: self.capacity }
    }
}

impl<T: Config> GenesisConfig<T> {
    /// Says what is wrong with this configuration, if anything is, on a chain where an owner has so much bonded. That
    /// changes wait longer than seeds take, only those can tell who know the policies.
    pub fn check(&self, bonded: impl Fn(&T::AccountId) -> Balance) -> Result<(), &'static str> {
        Pallet::<T>::check(&self.params)?;
        let prices = self.check_machines()?;
        let mut owners = BTreeSet::new();
        for provider in &self.providers {
            let terms = provider.terms();
            ensure!(owners.insert(&provider.owner), "a provider is named twice");
            let price = prices.get(&terms.machine).ok_or("a provider's machine is not listed")?;
            Pallet::<T>::check_offer(&terms, price)?;
            ensure!(bonded(&provider.owner) > 0, "a provider has no bond");
        }
        Ok(())
    }

    /// Of the machines, how prices move.
    fn check_machines(&self) -> Result<BTreeMap<Machine, PriceRule>, &'static str> {
        let mut prices = BTreeMap::new();
        for listed in &self.machines {
            entry(listed)?.price.check().map_err(|_| Error::<T>::BadPriceRule)?;
            ensure!(prices.insert(listed.machine(), listed.price).is_none(), "a machine is named twice");
        }
        Ok(prices)
    }

    /// Puts the configuration into storage. Bonds have to be there already.
    pub(crate) fn put(&self) -> Result<(), &'static str> {
        self.check(T::Bonds::active)?;
        Params::<T>::put(self.params);
        for listed in &self.machines {
            Pallet::<T>::do_set_machine(listed.machine(), entry(listed)?).map_err(name)?;
        }
        self.providers.iter().try_for_each(put_provider::<T>)
    }
}

fn entry(listed: &GenesisMachine) -> Result<MachineEntry, &'static str> {
    let description = Description::try_from(listed.description.as_bytes().to_vec())
        .map_err(|_| "a machine's description is too long")?;
    Ok(MachineEntry { description, price: listed.price, enabled: true })
}

/// There is no draw yet that a provider could steer: it is in the tree at once.
fn put_provider<T: Config>(genesis: &GenesisProvider<T::AccountId>) -> Result<(), &'static str> {
    let owner = &genesis.owner;
    let terms = genesis.terms();
    Pallet::<T>::check_room(terms.machine)?;
    let stake = Pallet::<T>::counted(T::Bonds::active(owner));
    let before = Provider::new(terms);
    let mut after = Provider { stake, ..before.clone() };
    Pallet::<T>::enter(owner, &mut after);
    Pallet::<T>::keep(owner, &before, after);
    Ok(())
}

fn name(error: DispatchError) -> &'static str {
    error.into()
}
