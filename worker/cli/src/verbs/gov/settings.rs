//! Parameters of pallets, by their names on the chain: shown, and set.

use super::{
    calls,
    time::{Clock, Span},
};
use crate::{amount::Amount, context::Context, error::CliError, output::table, verbs::model::percent};
use assay_chain::{
    governance::{pallet_assay_rewards, Settings},
    ChainClient, GovernanceClient, RuntimeCall,
};
use serde::{de::DeserializeOwned, Serialize};
use serde_json::Value;
use sp_runtime::Perbill;
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
    /// Of new money and fees: inflation, shares
    Rewards,
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
        Pallet::Rewards => {
            let params = changed(&current.rewards, values, clock)?;
            RuntimeCall::Rewards(pallet_assay_rewards::Call::set_params { params })
        }
    })
}

fn changed<T: Serialize + DeserializeOwned + PartialEq>(
    current: &T,
    values: &[Setting],
    clock: &Clock,
) -> Result<T, CliError> {
    let mut fields = fields(current)?;
    for setting in values {
        let place = fields.pointer_mut(&format!("/{}", setting.name.replace('.', "/")));
        match place.filter(|place| !place.is_object()) {
            Some(place) => *place = Value::from(setting.number(clock)?),
            None => {
                let names: Vec<_> = leaves(&fields).into_iter().map(|(name, _)| name).collect();
                let (name, names) = (&setting.name, names.join(", "));
                return Err(CliError::Usage(format!("there is no parameter {name:?}: there are {names}")));
            }
        }
    }
    let changed: T = serde_json::from_value(fields)
        .map_err(|problem| CliError::Usage(format!("the chain takes no such value: {problem}")))?;
    if changed == *current {
        return Err(CliError::Usage("nothing to change: the chain has these values".into()));
    }
    Ok(changed)
}

fn fields(parameters: &impl Serialize) -> Result<Value, CliError> {
    let large = "the pallet has values that this can't hold: propose it by --call";
    serde_json::to_value(parameters).map_err(|_| CliError::Usage(large.into()))
}

/// Parameters by their names, those of a group as `group.name`.
fn leaves(fields: &Value) -> Vec<(String, Value)> {
    let below = |(name, value): (&String, &Value)| match value.is_object() {
        false => vec![(name.clone(), value.clone())],
        true => leaves(value).into_iter().map(|(part, value)| (format!("{name}.{part}"), value)).collect(),
    };
    fields.as_object().into_iter().flatten().flat_map(below).collect()
}

/// What a number among the parameters counts.
enum Unit {
    Planck,
    Blocks,
    /// Parts per billion.
    Share,
    Pieces,
}

impl Unit {
    /// By the parameter's name.
    fn of(name: &str) -> Self {
        match name {
            "appealDeposit" | "maxBond" | "minProviderBond" | "minValidatorBond" => Self::Planck,
            "policyDelay" | "longestPause" | "retention" | "changeDelay" | "priceBlocks" | "jailBlocks"
            | "window" | "longestSuspension" | "unbondingBlocks" => Self::Blocks,
            "appealShare" | "maxEquivocation" | "reporterShare" | "burnShare" | "inflation"
            | "treasuryShare" | "fees.burn" | "fees.treasury" => Self::Share,
            _ => Self::Pieces,
        }
    }
}

/// What is shown of a parameter.
#[derive(Serialize)]
struct Row {
    pallet: &'static str,
    name: String,
    /// Amounts in ASY, shares in parts per billion, times in blocks.
    value: Value,
    #[serde(skip)]
    text: String,
}

impl Row {
    fn new(pallet: &'static str, name: String, value: Value, clock: &Clock) -> Self {
        let number = value.as_u64().unwrap_or_default();
        let small = u32::try_from(number).unwrap_or(u32::MAX);
        let amount = Amount(number.into());
        let (value, text) = match Unit::of(&name) {
            Unit::Planck => (Value::from(amount.number()), amount.to_string()),
            Unit::Blocks => (value, format!("{small} blocks, {}", clock.length(small))),
            Unit::Share => (value, percent::write(Perbill::from_parts(small))),
            Unit::Pieces => (value, number.to_string()),
        };
        Self { pallet, name, value, text }
    }
}

fn rows(settings: &Settings, clock: &Clock) -> Result<Vec<Row>, CliError> {
    let pallets = [
        ("dao", fields(&settings.dao)?),
        ("jobs", fields(&settings.jobs)?),
        ("providers", fields(&settings.providers)?),
        ("rewards", fields(&settings.rewards)?),
        ("slashing", fields(&settings.slashing)?),
        ("staking", fields(&settings.staking)?),
    ];
    let of_one = |(pallet, fields): (&'static str, Value)| {
        leaves(&fields).into_iter().map(move |(name, value)| Row::new(pallet, name, value, clock))
    };
    Ok(pallets.into_iter().flat_map(of_one).collect())
}

/// Shows every parameter.
pub async fn show(context: &Context) -> Result<(), CliError> {
    let chain = context.chain().await?;
    let best = chain.tip().await?.best;
    let clock = Clock::at(&chain, best).await?;
    let rows = rows(&chain.terms(best.hash).await?.settings, &clock)?;
    context.output.value(&rows, || {
        let cells = rows.iter().map(|row| vec![row.pallet.into(), row.name.clone(), row.text.clone()]);
        table(&["pallet", "name", "value"], &cells.collect::<Vec<_>>())
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::scene::terms;
    use super::*;
    use assay_chain::{governance::pallet_assay_slashing, token::ASY};

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
            (Pallet::Rewards, "inflation=2%", "Rewards.set_params"),
        ] {
            assert_eq!(crate::calls::name(&set(pallet, &[value]).unwrap()), name);
        }
    }

    #[test]
    fn a_parameter_of_a_group_is_set_by_both_names() {
        let call = set(Pallet::Rewards, &["fees.burn=40%"]).unwrap();
        let mut params = terms().settings.rewards;
        params.fees.burn = Perbill::from_percent(40);
        assert_eq!(call, RuntimeCall::Rewards(pallet_assay_rewards::Call::set_params { params }));
        let line = set(Pallet::Rewards, &["fees=40%"]).unwrap_err().line();
        assert!(line.contains("no parameter \"fees\"") && line.contains("fees.burn"), "{line}");
    }

    #[test]
    fn parameters_are_shown_in_their_units() {
        let mut settings = terms().settings;
        settings.rewards.inflation = Perbill::from_percent(3);
        let rows = rows(&settings, &Clock::new(0, 3_000)).unwrap();
        for (name, text) in [
            ("policyDelay", "30 blocks, 1 min 30 s"),
            ("unbondingBlocks", "100 blocks, 5 min"),
            ("minProviderBond", "1 ASY"),
            ("inflation", "3%"),
            ("maxValidators", "10"),
        ] {
            let row = rows.iter().find(|row| row.name == name).unwrap_or_else(|| panic!("no {name}"));
            assert_eq!(row.text, text, "{name}");
        }
        let bond = rows.iter().find(|row| row.name == "minProviderBond").unwrap();
        assert_eq!(serde_json::to_value(bond).unwrap()["value"], "1");
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
