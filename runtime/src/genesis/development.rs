//! Accounts whose keys everyone knows, and networks of them.

use super::{market::PRICE_FLOOR, Bonds, Market, Money, Preset, Votes, GENESIS_ISSUANCE};
use crate::{opaque::SessionKeys, token, AccountId, Balance, BlockNumber};
use alloc::{vec, vec::Vec};
use serde_json::{json, Value};
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};

const ACCOUNTS: [(Sr25519Keyring, Ed25519Keyring); 8] = [
    (Sr25519Keyring::Alice, Ed25519Keyring::Alice),
    (Sr25519Keyring::Bob, Ed25519Keyring::Bob),
    (Sr25519Keyring::Charlie, Ed25519Keyring::Charlie),
    (Sr25519Keyring::Dave, Ed25519Keyring::Dave),
    (Sr25519Keyring::Eve, Ed25519Keyring::Eve),
    (Sr25519Keyring::Ferdie, Ed25519Keyring::Ferdie),
    (Sr25519Keyring::One, Ed25519Keyring::One),
    (Sr25519Keyring::Two, Ed25519Keyring::Two),
];

/// How many validators a development network can start with.
pub const MAX_DEVELOPMENT_VALIDATORS: usize = ACCOUNTS.len();

/// Epoch length of development networks in slots.
const EPOCH_SLOTS: u64 = 20;

/// What each validator of a development network has bonded.
const BOND: Balance = 1_000_000 * token::ASY;

/// A network of the first `validators` accounts, all of them endowed.
pub(super) fn preset(validators: usize, slot_millis: u64, commit_blocks: BlockNumber) -> Preset {
    Preset {
        slot_millis,
        epoch_slots: EPOCH_SLOTS,
        validators: keys(validators),
        balances: ACCOUNTS
            .iter()
            .map(|(account, _)| (account.to_account_id(), GENESIS_ISSUANCE / ACCOUNTS.len() as Balance))
            .collect(),
        bonds: Bonds {
            sessions_per_era: 1,
            min_validator: 10_000 * token::ASY,
            min_provider: 1_000 * token::ASY,
            max_validators: 8,
            min_validators: 1,
            unbonding: 100,
            report_sessions: 2,
            slash_window: 20,
            longest_suspension: 100,
            validators: bonds(validators),
        },
        market: Market {
            audit: 100,
            draw_blocks: 2,
            commit_blocks,
            units_per_block: 3,
            reveal_blocks: commit_blocks.max(40),
            week: 1_000,
            hour: 100,
            min_payment: PRICE_FLOOR,
        },
        // A week of production is 20 blocks, as long as a slash waits.
        votes: Votes { shortening: 10_080, policy_delay: 20, longest_pause: 100 },
        money: Money { expiry: 100, vesting: vec![vesting()] },
    }
}

/// A fifth of what Two has vests in 1,000 blocks.
fn vesting() -> (AccountId, BlockNumber, BlockNumber, Balance) {
    let balance = GENESIS_ISSUANCE / ACCOUNTS.len() as Balance;
    (Sr25519Keyring::Two.to_account_id(), 0, 1_000, balance / 5 * 4)
}

/// Patches a genesis configuration so that the first `validators` accounts, at most [`MAX_DEVELOPMENT_VALIDATORS`],
/// validate: their session keys and bonds.
pub fn validators(genesis: &mut Value, validators: usize) {
    genesis["session"]["keys"] = json!(keys(validators));
    genesis["staking"]["validators"] = json!(bonds(validators));
}

fn bonds(validators: usize) -> Vec<(AccountId, Balance)> {
    ACCOUNTS.iter().take(validators).map(|(account, _)| (account.to_account_id(), BOND)).collect()
}

fn keys(validators: usize) -> Vec<(AccountId, AccountId, SessionKeys)> {
    ACCOUNTS
        .iter()
        .take(validators)
        .map(|(sr25519, ed25519)| {
            let account = sr25519.to_account_id();
            let keys = SessionKeys { babe: sr25519.public().into(), grandpa: ed25519.public().into() };
            (account.clone(), account, keys)
        })
        .collect()
}
