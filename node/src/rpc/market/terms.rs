//! On which terms jobs are done: machines and their prices, providers, policies.

use super::spec::Machine;
use crate::rpc::answers::Planck;
use assay_runtime::{
    market::{self, JobId, MarketBlock},
    BlockNumber,
};
use serde::Serialize;

/// A machine on the governed lists, and how much there is to be had on it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MachineState {
    machine: Machine,
    description: String,
    /// Whether jobs can be posted for it.
    enabled: bool,
    /// What a unit costs.
    price: Planck,
    price_rule: PriceRule,
    /// Sum of the weights of those that can be drawn now.
    weight: u64,
    /// The same with those that are full, at what they weigh when they have room.
    in_play: u64,
    /// Its share of all weight in play, in parts per billion.
    share: u32,
    /// How many there are, drawable or not.
    providers: u32,
    /// How many of them can be drawn now.
    drawable: u32,
    /// Seats that those in play can have at a time.
    capacity: u64,
    /// Seats that are taken.
    busy: u64,
}

impl From<market::MachineState> for MachineState {
    fn from(state: market::MachineState) -> Self {
        let market::MachineState { machine, entry, liquidity } = state;
        Self {
            machine: machine.into(),
            description: String::from_utf8_lossy(&entry.description).into_owned(),
            enabled: liquidity.enabled,
            price: Planck(liquidity.price),
            price_rule: entry.price.into(),
            weight: liquidity.weight,
            in_play: liquidity.in_play,
            share: liquidity.share.deconstruct(),
            providers: liquidity.providers,
            drawable: liquidity.drawable,
            capacity: liquidity.capacity,
            busy: liquidity.busy,
        }
    }
}

/// How a price moves. Shares in parts per billion.
#[derive(Clone, Debug, Serialize)]
pub struct PriceRule {
    floor: Planck,
    ceiling: Planck,
    /// Used less than this, the price falls.
    low: u32,
    /// Used more than this, it rises.
    high: u32,
    /// By which share of itself.
    step: u32,
}

impl From<market::PriceRule> for PriceRule {
    fn from(rule: market::PriceRule) -> Self {
        Self {
            floor: Planck(rule.floor),
            ceiling: Planck(rule.ceiling),
            low: rule.low.deconstruct(),
            high: rule.high.deconstruct(),
            step: rule.step.deconstruct(),
        }
    }
}

/// Answer of `assay_provider`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Provider {
    /// What it offers; where it is not drawn, what it offered last or wants to offer.
    #[serde(flatten)]
    terms: Terms,
    state: State,
    /// Whether it has missed a commit and given no sign of life since.
    silent: bool,
    /// Whether it is drawn whenever it has room.
    in_play: bool,
    /// By how much it is drawn now.
    weight: u64,
    /// What counts of its bond.
    stake: Planck,
    /// What counts of its score.
    standing: u32,
    /// How well it did so far, from 0 to 100.
    score: u32,
    /// The jobs that it has a seat of.
    jobs: Vec<JobId>,
    /// What it has asked for and what is not in force yet.
    pending: Option<Pending>,
    /// What it has not asked for: another weight that waits.
    weighing: Option<Pending>,
}

impl From<market::Provider> for Provider {
    fn from(provider: market::Provider) -> Self {
        Self {
            terms: provider.terms.into(),
            state: provider.state.into(),
            silent: provider.silent,
            in_play: provider.in_play(),
            weight: provider.weight,
            stake: Planck(provider.stake),
            standing: provider.standing,
            score: provider.score,
            jobs: provider.open.into_inner(),
            pending: provider.pending.map(Into::into),
            weighing: provider.weighing.map(Into::into),
        }
    }
}

/// What a provider offers.
#[derive(Clone, Debug, Serialize)]
pub struct Terms {
    machine: Machine,
    /// The least it wants for a unit.
    reserve: Planck,
    /// How many seats it can have at a time.
    capacity: u32,
}

impl From<market::Terms> for Terms {
    fn from(terms: market::Terms) -> Self {
        Self { machine: terms.machine.into(), reserve: Planck(terms.reserve), capacity: terms.capacity }
    }
}

/// Whether a provider may be drawn.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum State {
    /// It may.
    Active,
    /// It may not, and from this block of the market clock on it may ask for its release.
    Jailed { until: MarketBlock },
}

impl From<market::State> for State {
    fn from(state: market::State) -> Self {
        match state {
            market::State::Active => Self::Active,
            market::State::Jailed { until } => Self::Jailed { until },
        }
    }
}

/// A change that waits.
#[derive(Clone, Debug, Serialize)]
pub struct Pending {
    #[serde(flatten)]
    change: Change,
    /// What was bonded when it was asked for.
    bond: Planck,
    /// Its score then.
    score: u32,
    /// Seats that were taken back by then, and are free once this is applied.
    freed: u32,
    /// The block of the chain in which it was asked for.
    since: BlockNumber,
}

impl From<market::Pending> for Pending {
    fn from(pending: market::Pending) -> Self {
        Self {
            change: pending.change.into(),
            bond: Planck(pending.bond),
            score: pending.score,
            freed: pending.freed,
            since: pending.since,
        }
    }
}

/// What changes.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Change {
    /// What it offers.
    Terms { terms: Terms },
    /// It is drawn no more.
    Retire,
    /// It has given a sign of life.
    Awake,
    /// It comes out of jail.
    Release,
    /// Nothing but what it weighs: its bond, its score or its room is another one.
    Weight,
}

impl From<market::Change> for Change {
    fn from(change: market::Change) -> Self {
        match change {
            market::Change::Terms(terms) => Self::Terms { terms: terms.into() },
            market::Change::Retire => Self::Retire,
            market::Change::Awake => Self::Awake,
            market::Change::Release => Self::Release,
            market::Change::Weight => Self::Weight,
        }
    }
}

/// By which rules jobs of a class are verified: the fields of the policy as genesis names them, shares in parts per
/// billion.
#[derive(Clone, Debug, Serialize)]
pub struct Policy {
    version: u32,
    #[serde(flatten)]
    policy: market::Policy,
}

impl Policy {
    /// A policy of a version.
    pub fn new(version: u32, policy: market::Policy) -> Self {
        Self { version, policy }
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use assay_runtime::token::ASY;
    use serde_json::{json, to_value, Value};
    use sp_runtime::Perbill;

    /// The policy of the preset for tests.
    pub fn policy() -> market::Policy {
        market::Policy {
            audit: Perbill::one(),
            collateral: 10,
            draw_blocks: 2,
            commit_blocks: 20,
            units_per_block: 10,
            reveal_blocks: 40,
            no_show: Perbill::from_percent(10),
            wrong: Perbill::one(),
            withheld: Perbill::one(),
            requester_bond: Perbill::from_percent(5),
            fee: Perbill::from_percent(2),
            min_payment: 1_000_000_000,
        }
    }

    /// How a version of that policy is told.
    pub fn policy_json(version: u32) -> Value {
        json!({
            "version": version,
            "audit": 1_000_000_000,
            "collateral": 10,
            "drawBlocks": 2,
            "commitBlocks": 20,
            "unitsPerBlock": 10,
            "revealBlocks": 40,
            "noShow": 100_000_000,
            "wrong": 1_000_000_000,
            "withheld": 1_000_000_000,
            "requesterBond": 50_000_000,
            "fee": 20_000_000,
            "minPayment": 1_000_000_000,
        })
    }

    #[test]
    fn a_policy_is_told_with_its_version() {
        assert_eq!(to_value(Policy::new(3, policy())).unwrap(), policy_json(3));
    }

    #[test]
    fn a_machine_is_told_with_its_price_and_its_liquidity() {
        let state = market::MachineState {
            machine: market::Machine { hardware: 1, memory: 2 },
            entry: market::MachineEntry {
                description: b"CUDA GPU".to_vec().try_into().unwrap(),
                price: market::PriceRule {
                    floor: 1_000_000,
                    ceiling: ASY,
                    low: Perbill::from_percent(40),
                    high: Perbill::from_percent(60),
                    step: Perbill::from_percent(1),
                },
                enabled: true,
            },
            liquidity: market::Liquidity {
                weight: 1_000,
                in_play: 1_500,
                share: Perbill::from_percent(25),
                providers: 3,
                drawable: 2,
                capacity: 12,
                busy: 5,
                price: 1_500_000,
                enabled: true,
            },
        };
        let expected = json!({
            "machine": { "hardware": 1, "memory": 2 },
            "description": "CUDA GPU",
            "enabled": true,
            "price": "1500000",
            "priceRule": {
                "floor": "1000000",
                "ceiling": "1000000000000",
                "low": 400_000_000,
                "high": 600_000_000,
                "step": 10_000_000,
            },
            "weight": 1_000,
            "inPlay": 1_500,
            "share": 250_000_000,
            "providers": 3,
            "drawable": 2,
            "capacity": 12,
            "busy": 5,
        });
        assert_eq!(to_value(MachineState::from(state)).unwrap(), expected);
    }

    fn offer() -> market::Terms {
        market::Terms { machine: market::Machine { hardware: 0, memory: 1 }, reserve: 900_000, capacity: 4 }
    }

    fn provider() -> market::Provider {
        market::Provider {
            terms: offer(),
            slot: Some(7),
            weight: 600,
            stake: 2 * ASY,
            standing: 18,
            score: 20,
            state: market::State::Active,
            silent: false,
            open: vec![3, 8].try_into().unwrap(),
            freed: 0,
            pending: None,
            weighing: None,
        }
    }

    #[test]
    fn a_provider_is_told_with_its_terms_its_weight_and_its_jobs() {
        let expected = json!({
            "machine": { "hardware": 0, "memory": 1 },
            "reserve": "900000",
            "capacity": 4,
            "state": { "kind": "active" },
            "silent": false,
            "inPlay": true,
            "weight": 600,
            "stake": "2000000000000",
            "standing": 18,
            "score": 20,
            "jobs": [3, 8],
            "pending": null,
            "weighing": null,
        });
        assert_eq!(to_value(Provider::from(provider())).unwrap(), expected);
    }

    #[test]
    fn a_provider_in_jail_or_silent_is_not_in_play() {
        let jailed = market::Provider { state: market::State::Jailed { until: 90 }, ..provider() };
        let told = to_value(Provider::from(jailed)).unwrap();
        assert_eq!(told["state"], json!({ "kind": "jailed", "until": 90 }));
        assert_eq!(told["inPlay"], false);
        let silent = market::Provider { silent: true, ..provider() };
        let told = to_value(Provider::from(silent)).unwrap();
        assert_eq!((&told["silent"], &told["inPlay"]), (&json!(true), &json!(false)));
    }

    #[test]
    fn a_change_is_told_by_its_kind() {
        let pending = |change| {
            let pending = market::Pending { change, bond: ASY, score: 5, freed: 1, since: 40 };
            let provider = market::Provider { pending: Some(pending), ..provider() };
            to_value(Provider::from(provider)).unwrap()["pending"].clone()
        };
        let terms = json!({
            "kind": "terms",
            "terms": {
                "machine": { "hardware": 0, "memory": 1 },
                "reserve": "900000",
                "capacity": 4,
            },
            "bond": "1000000000000",
            "score": 5,
            "freed": 1,
            "since": 40,
        });
        assert_eq!(pending(market::Change::Terms(offer())), terms);
        let others =
            [market::Change::Retire, market::Change::Awake, market::Change::Release, market::Change::Weight];
        let kinds = others.map(|change| pending(change)["kind"].clone());
        assert_eq!(kinds, ["retire", "awake", "release", "weight"]);
    }
}
