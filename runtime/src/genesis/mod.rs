//! The presets that a chain can start from, and the accounts of development networks.

mod check;
mod development;
mod market;

use crate::{
    opaque::SessionKeys, token, AccountId, Balance, BlockNumber, RuntimeGenesisConfig,
    BABE_GENESIS_EPOCH_CONFIG,
};
use alloc::{format, string::String, vec, vec::Vec};
pub use development::{validators, MAX_DEVELOPMENT_VALIDATORS};
use frame_support::traits::BuildGenesisConfig;
use market::Market;
use serde_json::{json, Value};
use sp_genesis_builder::PresetId;
use sp_runtime::Perbill;

/// One validator, quick to start, for work on one machine.
pub const DEVELOPMENT: &str = "development";
/// Several validators on one machine.
pub const LOCAL: &str = "local";
/// Several validators and slots of one second, for tests.
pub const TEST: &str = "test";
/// The public network. Names no validator and no allocation: both are filled in for the launch.
pub const PRODUCTION: &str = "production";

/// All presets, by name.
pub const PRESETS: [&str; 4] = [DEVELOPMENT, LOCAL, TEST, PRODUCTION];

/// What differs from preset to preset.
struct Preset {
    slot_millis: u64,
    epoch_slots: u64,
    validators: Vec<(AccountId, AccountId, SessionKeys)>,
    balances: Vec<(AccountId, Balance)>,
    bonds: Bonds,
    market: Market,
    votes: Votes,
    money: Money,
}

/// Terms of governance.
struct Votes {
    /// How many times shorter its periods are than in production.
    shortening: u32,
    /// The least time before a policy is in force, in blocks of the market clock.
    policy_delay: BlockNumber,
    /// The longest that a call can be paused for, and how long safe-mode lasts, in blocks.
    longest_pause: BlockNumber,
}

impl Votes {
    fn dao(&self) -> Value {
        json!({
            "shortening": self.shortening,
            "params": {
                "policyDelay": self.policy_delay,
                "appealDeposit": 100 * token::ASY,
                "appealShare": Perbill::from_percent(10).deconstruct(),
                "longestPause": self.longest_pause,
            },
        })
    }
}

/// Terms of new money, and what of genesis' money its owners can't spend yet.
struct Money {
    /// For how many eras rewards can be claimed.
    expiry: u32,
    /// Whose, from which block on, over how many blocks, and how much can be spent at once, in planck.
    vesting: Vec<(AccountId, BlockNumber, BlockNumber, Balance)>,
}

impl Money {
    /// Of a year's 3%, a fifth to the treasury. Of fees half into the fire, a fifth to the treasury, the rest to authors.
    fn rewards(&self) -> Value {
        let percent = |share| Perbill::from_percent(share).deconstruct();
        json!({
            "params": {
                "inflation": percent(3),
                "treasuryShare": percent(20),
                "fees": { "burn": percent(50), "treasury": percent(20) },
                "expiry": self.expiry,
            },
        })
    }
}

/// Terms of bonds and slashes; times in blocks of the market clock.
struct Bonds {
    sessions_per_era: u32,
    min_validator: Balance,
    min_provider: Balance,
    max_validators: u32,
    min_validators: u32,
    unbonding: BlockNumber,
    report_sessions: u32,
    slash_window: BlockNumber,
    longest_suspension: BlockNumber,
    validators: Vec<(AccountId, Balance)>,
}

impl Bonds {
    fn staking(&self) -> Value {
        json!({
            "sessionsPerEra": self.sessions_per_era,
            "params": {
                "minValidatorBond": self.min_validator,
                "minProviderBond": self.min_provider,
                "maxValidators": self.max_validators,
                "minValidators": self.min_validators,
                "unbondingBlocks": self.unbonding,
                "reportSessions": self.report_sessions,
            },
            "validators": self.validators,
        })
    }

    fn slashing(&self) -> Value {
        let percent = |share| Perbill::from_percent(share).deconstruct();
        json!({
            "params": {
                "window": self.slash_window,
                "longestSuspension": self.longest_suspension,
                "maxEquivocation": percent(50),
                "reporterShare": percent(5),
                "burnShare": percent(100),
            },
        })
    }
}

impl Preset {
    /// The preset as a patch of the default genesis configuration.
    fn into_json(self) -> Value {
        json!({
            "babe": { "epochConfig": BABE_GENESIS_EPOCH_CONFIG },
            "balances": { "balances": self.balances },
            "clock": { "slotMillis": self.slot_millis, "epochSlots": self.epoch_slots },
            "dao": self.votes.dao(),
            "jobs": self.market.jobs(),
            "providers": self.market.providers(),
            "rewards": self.money.rewards(),
            "session": { "keys": self.validators },
            "slashing": self.bonds.slashing(),
            "staking": self.bonds.staking(),
            "verification": self.market.verification(),
            "vesting": { "vesting": self.money.vesting },
        })
    }
}

/// The preset of a name as JSON, `None` if there is none of that name.
pub fn preset(id: &str) -> Option<Value> {
    let preset = match id {
        DEVELOPMENT => development::preset(1, 3_000, 60),
        LOCAL => development::preset(2, 3_000, 60),
        TEST => development::preset(4, 1_000, 20),
        PRODUCTION => production(),
        _ => return None,
    };
    Some(preset.into_json())
}

fn production() -> Preset {
    // 28 days to unbond, 14 to report, 7 in which a slash can be appealed.
    let bonds = Bonds {
        sessions_per_era: 6,
        min_validator: 100_000 * token::ASY,
        min_provider: 10_000 * token::ASY,
        max_validators: 100,
        min_validators: 4,
        unbonding: 806_400,
        report_sessions: 336,
        slash_window: 201_600,
        longest_suspension: 806_400,
        validators: vec![],
    };
    let market = Market {
        audit: 20,
        draw_blocks: 8,
        commit_blocks: 200,
        units_per_block: 30,
        reveal_blocks: 200,
        week: 201_600,
        hour: 1_200,
        min_payment: token::ASY,
    };
    Preset {
        slot_millis: 3_000,
        epoch_slots: 1_200,
        validators: vec![],
        balances: vec![],
        bonds,
        market,
        // A week until a policy is in force; a day that a call is paused for.
        votes: Votes { shortening: 1, policy_delay: 201_600, longest_pause: 28_800 },
        // 28 days to claim.
        money: Money { expiry: 112, vesting: vec![] },
    }
}

/// The preset of a name as the genesis builder API hands it out.
pub(crate) fn encoded_preset(id: &PresetId) -> Option<Vec<u8>> {
    preset(id.as_ref()).and_then(|json| serde_json::to_vec(&json).ok())
}

/// Puts the state of a genesis configuration, JSON in full, into storage.
///
/// # Errors
///
/// The configuration is none, or no chain could run with it.
pub fn build(json: Vec<u8>) -> Result<(), String> {
    let config: RuntimeGenesisConfig =
        serde_json::from_slice(&json).map_err(|error| format!("genesis configuration: {error}"))?;
    check::check(&config).map_err(|wrong| format!("genesis configuration: {wrong}"))?;
    config.build();
    Ok(())
}

/// Names of the presets.
pub(crate) fn preset_names() -> Vec<PresetId> {
    PRESETS.into_iter().map(PresetId::from).collect()
}

/// What genesis issues on a development network: as much as on the public one.
const GENESIS_ISSUANCE: Balance = 1_000_000_000 * token::ASY;
