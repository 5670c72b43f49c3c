//! Parameters of pallets, by their names on the chain: shown, and set.

use super::time::{Clock, Span};
use crate::{amount::Amount, context::Context, error::CliError, output::table, percent};
use assay_chain::{
    governance::{pallet_assay_dao, pallet_assay_rewards, pallet_assay_slashing, Settings},
    Balance, ChainClient, GovernanceClient, RuntimeCall,
};
use serde::{de::DeserializeOwned, Serialize};
use serde_json::{Number, Value};
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
    /// The value as the chain has it, read in the parameter's unit, which a bare number has too.
    fn number(&self, clock: &Clock) -> Result<Balance, CliError> {
        let text = self.value.as_str();
        let wrong = |problem: String| CliError::Usage(format!("{}: {problem}", self.name));
        match Unit::of(&self.name) {
            Unit::Planck => match text.parse::<Amount>() {
                Ok(amount) => Ok(amount.0),
                Err(problem) => Err(wrong(problem.to_string())),
            },
            Unit::Share => percent::read(text).map(|share| share.deconstruct().into()).map_err(wrong),
            Unit::Blocks => match text.parse::<Balance>() {
                Ok(blocks) => Ok(blocks),
                Err(_) => Ok(clock.blocks(text.parse::<Span>().map_err(wrong)?)?.into()),
            },
            Unit::Pieces => text
                .parse()
                .map_err(|_| wrong(format!("{text:?} is no number: it is a count, without a unit"))),
        }
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
        Pallet::Dao => {
            let params = changed(&current.dao, values, clock)?;
            RuntimeCall::Dao(pallet_assay_dao::Call::set_params { params })
        }
        Pallet::Jobs => {
            let params = changed(&current.jobs, values, clock)?;
            RuntimeCall::Jobs(pallet_assay_jobs::Call::set_params { params })
        }
        Pallet::Providers => {
            let params = changed(&current.providers, values, clock)?;
            RuntimeCall::Providers(pallet_assay_providers::Call::set_params { params })
        }
        Pallet::Slashing => {
            let params = changed(&current.slashing, values, clock)?;
            RuntimeCall::Slashing(pallet_assay_slashing::Call::set_params { params })
        }
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
    let mut fields = fields(current);
    let names: Vec<_> = leaves(&fields).into_iter().map(|(name, _)| name).collect();
    for setting in values {
        let place = fields.pointer_mut(&format!("/{}", setting.name.replace('.', "/")));
        // Only by the name that tells its unit, not by every pointer that leads there.
        match place.filter(|_| names.contains(&setting.name)) {
            Some(place) => *place = Value::from(setting.number(clock)?),
            None => {
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

/// Amounts above 64 bits are numbers here by the feature `arbitrary_precision` of `serde_json`.
fn fields(parameters: &impl Serialize) -> Value {
    serde_json::to_value(parameters).expect("parameters are numbers with names")
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
#[derive(Debug, PartialEq, Eq)]
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
        let number = value.as_number().and_then(Number::as_u128).expect("parameters are whole numbers");
        let small = u32::try_from(number).unwrap_or(u32::MAX);
        let amount = Amount(number);
        let (value, text) = match Unit::of(&name) {
            Unit::Planck => (Value::from(amount.number()), amount.to_string()),
            Unit::Blocks => (value, format!("{small} blocks, {}", clock.length(small))),
            Unit::Share => (value, percent::write(Perbill::from_parts(small))),
            Unit::Pieces => (value, number.to_string()),
        };
        Self { pallet, name, value, text }
    }
}

fn rows(settings: &Settings, clock: &Clock) -> Vec<Row> {
    let pallets = [
        ("dao", fields(&settings.dao)),
        ("jobs", fields(&settings.jobs)),
        ("providers", fields(&settings.providers)),
        ("rewards", fields(&settings.rewards)),
        ("slashing", fields(&settings.slashing)),
        ("staking", fields(&settings.staking)),
    ];
    let of_one = |(pallet, fields): (&'static str, Value)| {
        leaves(&fields).into_iter().map(move |(name, value)| Row::new(pallet, name, value, clock))
    };
    pallets.into_iter().flat_map(of_one).collect()
}

/// Shows every parameter.
pub async fn show(context: &Context) -> Result<(), CliError> {
    let chain = context.chain().await?;
    let best = chain.tip().await?.best;
    let clock = Clock::at(&chain, best).await?;
    let rows = rows(&chain.terms(best.hash).await?.settings, &clock);
    context.output.list("params", &rows, || {
        let cells = rows.iter().map(|row| vec![row.pallet.into(), row.name.clone(), row.text.clone()]);
        table(&["pallet", "name", "value"], &cells.collect::<Vec<_>>())
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::scene::terms;
    use super::*;
    use assay_chain::token::ASY;
    use std::collections::BTreeMap;

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
        assert_eq!(call, RuntimeCall::Slashing(pallet_assay_slashing::Call::set_params { params }));
        for values in [["appealDeposit=50 ASY", "longestPause=7"], ["appealDeposit=50", "longestPause=7b"]] {
            let mut params = terms().settings.dao;
            (params.appeal_deposit, params.longest_pause) = (50 * ASY, 7);
            let call = set(Pallet::Dao, &values).unwrap();
            assert_eq!(call, RuntimeCall::Dao(pallet_assay_dao::Call::set_params { params }), "{values:?}");
        }
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
        for name in ["fees", "fees/burn"] {
            let line = set(Pallet::Rewards, &[format!("{name}=40").as_str()]).unwrap_err().line();
            let told = format!("there is no parameter {name:?}: there are ");
            assert!(line.contains(&told) && line.contains("fees.burn"), "{line}");
        }
    }

    #[test]
    fn parameters_are_shown_in_their_units() {
        let mut settings = terms().settings;
        settings.rewards.inflation = Perbill::from_percent(3);
        let rows = rows(&settings, &Clock::new(0, 3_000));
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
    fn every_parameter_has_its_unit() {
        let units = [
            ("dao.appealDeposit", Unit::Planck),
            ("dao.appealShare", Unit::Share),
            ("dao.longestPause", Unit::Blocks),
            ("dao.policyDelay", Unit::Blocks),
            ("jobs.maxOutputBytes", Unit::Pieces),
            ("jobs.maxUnits", Unit::Pieces),
            ("jobs.retention", Unit::Blocks),
            ("providers.changeDelay", Unit::Blocks),
            ("providers.jailBlocks", Unit::Blocks),
            ("providers.maxBond", Unit::Planck),
            ("providers.priceBlocks", Unit::Blocks),
            ("rewards.expiry", Unit::Pieces),
            ("rewards.fees.burn", Unit::Share),
            ("rewards.fees.treasury", Unit::Share),
            ("rewards.inflation", Unit::Share),
            ("rewards.treasuryShare", Unit::Share),
            ("slashing.burnShare", Unit::Share),
            ("slashing.longestSuspension", Unit::Blocks),
            ("slashing.maxEquivocation", Unit::Share),
            ("slashing.reporterShare", Unit::Share),
            ("slashing.window", Unit::Blocks),
            ("staking.maxValidators", Unit::Pieces),
            ("staking.minProviderBond", Unit::Planck),
            ("staking.minValidatorBond", Unit::Planck),
            ("staking.minValidators", Unit::Pieces),
            ("staking.reportSessions", Unit::Pieces),
            ("staking.unbondingBlocks", Unit::Blocks),
        ]
        .map(|(name, unit)| (name.to_string(), unit));
        let rows = rows(&terms().settings, &Clock::new(0, 3_000));
        let shown = rows.iter().map(|row| (format!("{}.{}", row.pallet, row.name), Unit::of(&row.name)));
        assert_eq!(shown.collect::<BTreeMap<_, _>>(), BTreeMap::from(units));
    }

    #[test]
    fn amounts_above_64_bits_are_set_and_shown() {
        let clock = Clock::new(0, 3_000);
        let mut settings = terms().settings;
        settings.providers.max_bond = pallet_assay_providers::MAX_BOND_CAP;
        let shown = rows(&settings, &clock).into_iter().find(|row| row.name == "maxBond").unwrap();
        assert_eq!(shown.text, "1099511627.775 ASY");
        assert_eq!(shown.value, "1099511627.775");
        let params = pallet_assay_providers::Parameters { jail_blocks: 5, ..settings.providers };
        let beside = call(Pallet::Providers, settings, &["jailBlocks=5".parse().unwrap()], &clock).unwrap();
        assert_eq!(beside, RuntimeCall::Providers(pallet_assay_providers::Call::set_params { params }));
        let mut params = terms().settings.providers;
        params.max_bond = pallet_assay_providers::MAX_BOND_CAP;
        let capped = RuntimeCall::Providers(pallet_assay_providers::Call::set_params { params });
        for value in ["maxBond=1099511627.775 ASY", "maxBond=1099511627.775"] {
            assert_eq!(set(Pallet::Providers, &[value]).unwrap(), capped, "{value}");
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
        assert!(line(&["longestPause=soon"]).contains("longestPause: \"soon\" is no time"));
        assert!(line(&["appealDeposit=7d"]).contains("appealDeposit: \"7d\" is no amount"));
        assert!(line(&["appealShare=5 ASY"]).contains("appealShare: \"5 ASY\" is no share"));
        let pieces = set(Pallet::Staking, &["maxValidators=5%"]).unwrap_err().line();
        assert!(pieces.contains("maxValidators: \"5%\" is no number"), "{pieces}");
        assert!(line(&["longestPause=99999999999"]).contains("takes no such value"));
        assert!(line(&["appealDeposit=999999999999999999999999999 ASY"]).contains("more than there can be"));
        assert!(line(&["policyDelay=30"]).contains("nothing to change"));
        for text in ["", "window", "=7d", "window="] {
            assert!(text.parse::<Setting>().unwrap_err().contains("NAME=VALUE"), "{text}");
        }
    }
}
