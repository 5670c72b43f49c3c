//! How a chain starts.

use crate::{params::Periods, *};
use alloc::collections::BTreeSet;
use frame_support::{ensure, traits::Get};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::SaturatedConversion;

impl<T: Config> Default for GenesisConfig<T> {
    fn default() -> Self {
        Self {
            sessions_per_era: 1,
            params: Pallet::<T>::default_params(),
            validators: Vec::new(),
            providers: Vec::new(),
        }
    }
}

impl<T: Config> GenesisConfig<T> {
    /// Says what is wrong with this configuration, if anything is, on a chain whose sessions and slashes are as long
    /// as that. That owners have session keys, and more than they bond, only the runtime can tell.
    pub fn check(
        &self,
        session_blocks: BlockNumberFor<T>,
        slash_window: BlockNumberFor<T>,
    ) -> Result<(), &'static str> {
        ensure!(self.sessions_per_era > 0, "staking.sessionsPerEra is zero");
        let periods = Periods { sessions_per_era: self.sessions_per_era, session_blocks, slash_window };
        Pallet::<T>::check_params(&self.params, &periods).map_err(|(_, wrong)| wrong)?;
        ensure!(!named_twice(&self.validators), "staking.validators names an account twice");
        ensure!(!named_twice(&self.providers), "staking.providers names an account twice");
        ensure!(
            self.validators.iter().all(|(_, bond)| *bond >= self.params.min_validator_bond),
            "staking.validators: a bond is below staking.params.minValidatorBond"
        );
        ensure!(
            self.providers.iter().all(|(_, bond)| *bond >= self.params.min_provider_bond),
            "staking.providers: a bond is below staking.params.minProviderBond"
        );
        let validators: u32 = self.validators.len().saturated_into();
        ensure!(validators <= T::MaxCandidates::get(), "staking.validators names more than MaxCandidates");
        ensure!(
            validators == 0 || validators >= self.params.min_validators,
            "staking.validators names fewer than staking.params.minValidators"
        );
        Ok(())
    }

    /// Puts the configuration into storage. Balances have to be there already, and sessions must not be.
    pub(crate) fn put(&self) -> Result<(), &'static str> {
        self.check(T::SessionBlocks::get(), T::SlashWindow::get())?;
        SessionsPerEra::<T>::put(self.sessions_per_era);
        Params::<T>::put(&self.params);
        let validators = self.validators.iter().map(|(owner, bond)| (owner, Role::Validator, bond));
        let providers = self.providers.iter().map(|(owner, bond)| (owner, Role::Provider, bond));
        for (owner, role, bond) in validators.chain(providers) {
            Pallet::<T>::do_bond(owner, role, *bond).map_err(|_| {
                "staking: an account's balance does not cover its bond and the existential deposit"
            })?;
        }
        Candidates::<T>::mutate(|candidates| {
            for (owner, bond) in &self.validators {
                Pallet::<T>::rank(candidates, Staker { owner: owner.clone(), bond: *bond });
            }
        });
        Ok(())
    }
}

fn named_twice<AccountId: Ord, Balance>(bonds: &[(AccountId, Balance)]) -> bool {
    let owners: BTreeSet<_> = bonds.iter().map(|(owner, _)| owner).collect();
    owners.len() < bonds.len()
}
