//! Parameters of pallets, by their names on the chain.

use super::{
    calls,
    time::{Clock, Span},
};
use crate::{amount::Amount, error::CliError, verbs::model::percent};
use assay_chain::{governance::Settings, RuntimeCall};
use serde::{de::DeserializeOwned, Serialize};
use serde_json::Value;
use std::str::FromStr;

/// Whose parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Pallet {
    /// Of governance: delays, appeals, pauses
    Dao,
    /// Of jobs: receipts, sizes
    Jobs,
    /// Of providers: prices, jail, weight
    Providers,
    /// Of slashes: windows, shares
    Slashing,
    /// Of bonds: minima, unbonding, validators
    Staking,
}

/// A parameter and its value, as people write them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    name: String,
    value: String,
}

impl FromStr for Setting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() && !value.is_empty() => {
                Ok(Self { name: name.into(), value: value.into() })
            }
            _ => Err(format!("{text:?} sets nothing: write NAME=VALUE, as in window=7d")),
        }
    }
}

impl Setting {
    /// The value as the chain has it: shares in parts per billion, amounts in planck, times in blocks.
    fn number(&self, clock: &Clock) -> Result<u64, CliError> {
        let text = self.value.as_str();
        if let Ok(number) = text.parse() {
            return Ok(number);
        }
        if text.ends_with('%') {
            return percent::read(text).map(|share| share.deconstruct().into()).map_err(CliError::Usage);
        }
        if text.contains("ASY") {
            let amount: Amount = text.parse()?;
            return u64::try_from(amount.0).map_err(|_| {
                CliError::Usage(format!("{amount} is more than this takes: propose it by --call"))
            });
        }
        let span: Span = text.parse().map_err(|_| {
            let problem = format!("{text:?} is no value: write a number, 7d, 100b, \"5 ASY\" or 5%");
            CliError::Usage(problem)
        })?;
        Ok(clock.blocks(span)?.into())
    }
}

/// The call that sets a pallet's parameters: those it has, changed.
pub fn call(
    pallet: Pallet,
    current: Settings,
    values: &[Setting],
    clock: &Clock,
) -> Result<RuntimeCall, CliError> {
    Ok(match pallet {
        Pallet::Dao => calls::set_dao_params(changed(&current.dao, values, clock)?),
        Pallet::Jobs => {
            let params = changed(&current.jobs, values, clock)?;
            RuntimeCall::Jobs(pallet_assay_jobs::Call::set_params { params })
        }
        Pallet::Providers => {
            let params = changed(&current.providers, values, clock)?;
            RuntimeCall::Providers(pallet_assay_providers::Call::set_params { params })
        }
        Pallet::Slashing => calls::set_slashing_params(changed(&current.slashing, values, clock)?),
        Pallet::Staking => {
            let params = changed(&current.staking, values, clock)?;
            RuntimeCall::Staking(pallet_assay_staking::Call::set_params { params })
        }
    })
}

fn changed<T: Serialize + DeserializeOwned + PartialEq>(
    current: &T,
    values: &[Setting],
    clock: &Clock,
) -> Result<T, CliError> {
    let large =
        |_| CliError::Usage("the pallet has values that this can't hold: propose it by --call".into());
    let mut fields = serde_json::to_value(current).map_err(large)?;
    for setting in values {
        let names = || fields.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
        if !names().any(|name| name == setting.name) {
            let names: Vec<_> = names().collect();
            let problem = format!("there is no parameter {:?}: there are {}", setting.name, names.join(", "));
            return Err(CliError::Usage(problem));
        }
        fields[&setting.name] = Value::from(setting.number(clock)?);
    }
    let changed: T = serde_json::from_value(fields)
        .map_err(|problem| CliError::Usage(format!("the chain takes no such value: {problem}")))?;
    if changed == *current {
        return Err(CliError::Usage("nothing to change: the chain has these values".into()));
    }
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use super::super::scene::terms;
    use super::*;
    use assay_chain::{governance::pallet_assay_slashing, token::ASY};
    use sp_runtime::Perbill;

    fn set(pallet: Pallet, values: &[&str]) -> Result<RuntimeCall, CliError> {
        let values: Vec<Setting> = values.iter().map(|value| value.parse().unwrap()).collect();
        call(pallet, terms().settings, &values, &Clock::new(0, 3_000))
    }

    #[test]
    fn values_are_what_people_write() {
        let call = set(Pallet::Slashing, &["window=7d", "longestSuspension=100b", "burnShare=25%"]).unwrap();
        let params = pallet_assay_slashing::Parameters {
            window: 201_600,
            longest_suspension: 100,
            burn_share: Perbill::from_percent(25),
            ..terms().settings.slashing
        };
        assert_eq!(call, calls::set_slashing_params(params));
        let call = set(Pallet::Dao, &["appealDeposit=50 ASY", "longestPause=7"]).unwrap();
        let mut params = terms().settings.dao;
        (params.appeal_deposit, params.longest_pause) = (50 * ASY, 7);
        assert_eq!(call, calls::set_dao_params(params));
    }

    #[test]
    fn each_pallet_has_its_call() {
        for (pallet, value, name) in [
            (Pallet::Jobs, "maxUnits=5", "Jobs.set_params"),
            (Pallet::Providers, "jailBlocks=5", "Providers.set_params"),
            (Pallet::Staking, "maxValidators=5", "Staking.set_params"),
        ] {
            assert_eq!(crate::calls::name(&set(pallet, &[value]).unwrap()), name);
        }
    }

    #[test]
    fn what_the_chain_does_not_know_is_named() {
        let line = |values: &[&str]| {
            let error = set(Pallet::Dao, values).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            error.line()
        };
        assert!(
            line(&["windows=7d"]).contains("no parameter \"windows\": there are "),
            "{}",
            line(&["windows=7d"])
        );
        assert!(line(&["longestPause=soon"]).contains("\"soon\" is no value"));
        assert!(line(&["longestPause=99999999999"]).contains("takes no such value"));
        assert!(line(&["appealDeposit=99999999999 ASY"]).contains("by --call"));
        assert!(line(&["policyDelay=30"]).contains("nothing to change"));
        for text in ["", "window", "=7d", "window="] {
            assert!(text.parse::<Setting>().unwrap_err().contains("NAME=VALUE"), "{text}");
        }
    }
}
