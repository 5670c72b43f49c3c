//! What providers ask for themselves.

use crate::{pallet::*, Change, Provider, State, Terms, MAX_CAPACITY, MAX_LEAVES};
use assay_primitives::{is_endpoint, Endpoint, Machine, ProviderBond, Workers};
use assay_rules::price::PriceRule;
use frame_support::{dispatch::DispatchResult, ensure};
use sp_runtime::traits::BlockNumberProvider;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_register(owner: &T::AccountId, terms: Terms) -> DispatchResult {
        ensure!(!Providers::<T>::contains_key(owner), Error::<T>::AlreadyRegistered);
        Self::check_terms(&terms)?;
        Self::check_room(terms.machine)?;
        ensure!(T::Bonds::active(owner) > 0, Error::<T>::NoBond);
        Self::deposit_event(Event::Registered { owner: owner.clone(), terms });
        Self::ask(owner, Provider::new(terms), Change::Terms(terms))
    }

    pub(crate) fn do_update(owner: &T::AccountId, terms: Terms) -> DispatchResult {
        let provider = Self::provider_of(owner)?;
        let placed = provider.slot.is_some();
        ensure!(!placed || provider.terms != terms, Error::<T>::NothingToChange);
        Self::check_terms(&terms)?;
        if !placed || provider.terms.machine != terms.machine {
            Self::check_room(terms.machine)?;
        }
        ensure!(T::Bonds::active(owner) > 0, Error::<T>::NoBond);
        Self::ask(owner, provider, Change::Terms(terms))
    }

    pub(crate) fn do_heartbeat(signer: &T::AccountId, owner: &T::AccountId) -> DispatchResult {
        ensure!(T::Workers::acts_for(signer, owner), Error::<T>::NotItsWorker);
        let provider = Self::provider_of(owner)?;
        ensure!(provider.silent, Error::<T>::NotSilent);
        Self::ask(owner, provider, Change::Awake)
    }

    pub(crate) fn do_retire(owner: &T::AccountId) -> DispatchResult {
        let provider = Self::provider_of(owner)?;
        ensure!(provider.slot.is_some() || provider.pending.is_some(), Error::<T>::NothingToChange);
        Self::ask(owner, provider, Change::Retire)
    }

    pub(crate) fn do_release(owner: &T::AccountId) -> DispatchResult {
        let provider = Self::provider_of(owner)?;
        let State::Jailed { until } = provider.state else { return Err(Error::<T>::NotJailed.into()) };
        ensure!(until <= T::Clock::current_block_number(), Error::<T>::StillJailed);
        Self::ask(owner, provider, Change::Release)
    }

    pub(crate) fn do_set_endpoint(owner: &T::AccountId, endpoint: Option<Endpoint>) -> DispatchResult {
        ensure!(Providers::<T>::contains_key(owner), Error::<T>::NotRegistered);
        ensure!(endpoint.as_ref().is_none_or(|url| is_endpoint(url)), Error::<T>::BadEndpoint);
        Endpoints::<T>::set(owner, endpoint.clone());
        Self::deposit_event(Event::EndpointSet { owner: owner.clone(), endpoint });
        Ok(())
    }

    pub(crate) fn provider_of(owner: &T::AccountId) -> Result<Provider, Error<T>> {
        Providers::<T>::get(owner).ok_or(Error::<T>::NotRegistered)
    }

    pub(crate) fn check_terms(terms: &Terms) -> Result<(), Error<T>> {
        let entry = Machines::<T>::get(terms.machine).ok_or(Error::<T>::NoSuchMachine)?;
        Self::check_offer(terms, &entry.price)
    }

    /// Whether an offer can be met where prices move so.
    pub(crate) fn check_offer(terms: &Terms, price: &PriceRule) -> Result<(), Error<T>> {
        ensure!((1..=MAX_CAPACITY).contains(&terms.capacity), Error::<T>::BadCapacity);
        ensure!(terms.reserve <= price.ceiling, Error::<T>::ReserveTooHigh);
        Ok(())
    }

    /// Whether a machine takes another provider in.
    pub(crate) fn check_room(machine: Machine) -> Result<(), Error<T>> {
        let entry = Machines::<T>::get(machine).ok_or(Error::<T>::NoSuchMachine)?;
        ensure!(entry.enabled, Error::<T>::MachineClosed);
        let members = Pools::<T>::get(machine).map_or(0, |pool| pool.members);
        ensure!(members < MAX_LEAVES, Error::<T>::ClassFull);
        Ok(())
    }
}
