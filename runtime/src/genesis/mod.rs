//! The presets that a chain can start from, and the accounts of development networks.

mod check;
mod development;

use crate::{
    opaque::SessionKeys, token, AccountId, Balance, RuntimeGenesisConfig, BABE_GENESIS_EPOCH_CONFIG,
};
use alloc::{format, string::String, vec, vec::Vec};
pub use development::{session_keys, MAX_DEVELOPMENT_VALIDATORS};
use frame_support::traits::BuildGenesisConfig;
use serde_json::{json, Value};
use sp_genesis_builder::PresetId;

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
    sudo: Option<AccountId>,
}

impl Preset {
    /// The preset as a patch of the default genesis configuration.
    fn into_json(self) -> Value {
        json!({
            "babe": { "epochConfig": BABE_GENESIS_EPOCH_CONFIG },
            "balances": { "balances": self.balances },
            "clock": { "slotMillis": self.slot_millis, "epochSlots": self.epoch_slots },
            "session": { "keys": self.validators },
            "sudo": { "key": self.sudo },
        })
    }
}

/// The preset of a name as JSON, `None` if there is none of that name.
pub fn preset(id: &str) -> Option<Value> {
    let preset = match id {
        DEVELOPMENT => development::preset(1, 3_000),
        LOCAL => development::preset(2, 3_000),
        TEST => development::preset(4, 1_000),
        PRODUCTION => production(),
        _ => return None,
    };
    Some(preset.into_json())
}

fn production() -> Preset {
    Preset { slot_millis: 3_000, epoch_slots: 1_200, validators: vec![], balances: vec![], sudo: None }
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
