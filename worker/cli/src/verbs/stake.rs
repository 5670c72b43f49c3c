//! `assay stake`: bonds of providers and validators, and what validators earn.

mod rewards;

use super::sent;
use crate::{
    amount::Amount,
    calls,
    context::Context,
    error::CliError,
    keys,
    output::{fields, table},
};
use assay_chain::{
    bonds::{self, FaultKind, Ledger, Slash, SlashId, Stake, State},
    AccountId, BlockNumber, ChainClient,
};
use assay_primitives::Role;
use assay_runtime::opaque::SessionKeys;
use clap::{Subcommand, ValueEnum};
use codec::DecodeAll;
use serde::Serialize;
use sp_core::crypto::Ss58Codec;

/// The most waiting slashes that a status shows.
const MAX_SLASHES: u32 = 100;

/// What to do with bonds.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Bond money, or add to a bond
    #[command(after_help = "Example:\n  assay --key owner.json stake bond 5000 --role provider")]
    Bond(Part),
    /// Put a part of a bond on its way out
    #[command(after_help = "Example:\n  assay --key owner.json stake unbond 1000 --role provider")]
    Unbond(Part),
    /// Take back what is on its way out
    #[command(after_help = "Example:\n  assay --key owner.json stake rebond 500 --role provider")]
    Rebond(Part),
    /// Free what has been on its way out for long enough
    #[command(after_help = "Example:\n  assay --key owner.json stake withdraw --role provider")]
    Withdraw {
        /// As what it was bonded
        #[arg(long, default_value = "provider")]
        role: As,
    },
    /// Stand in elections of validators
    #[command(after_help = "It takes a bond as a validator, and session keys.\n\nExample:\n  \
                            assay --key owner.json stake validate")]
    Validate,
    /// Stand in elections no more; what one was elected for goes on until its era is over
    #[command(after_help = "Example:\n  assay --key owner.json stake chill")]
    Chill,
    /// Register the session keys of one's node, for a deposit; `scripts/rotate-keys` makes them and shows this command
    #[command(after_help = "Example:\n  assay --key owner.json stake set-keys 0x4e2f… 0x0188…")]
    SetKeys {
        /// The keys, in hex
        #[arg(value_parser = session_keys)]
        keys: SessionKeys,
        /// The proof that the node holds them for their owner, in hex
        #[arg(value_parser = proof)]
        proof: Proof,
    },
    /// Remove session keys that are not in use; their deposit comes back
    #[command(after_help = "Example:\n  assay --key owner.json stake purge-keys")]
    PurgeKeys,
    /// Show what a validator has earned and nobody has claimed
    #[command(after_help = "Example:\n  assay --key owner.json stake rewards")]
    Rewards {
        /// Whose (default: those of the key)
        #[arg(long, value_parser = keys::address)]
        account: Option<AccountId>,
    },
    /// Have a validator paid what it has earned, and those who earned beside it; anyone can
    #[command(after_help = "Example:\n  assay --key owner.json stake claim")]
    Claim {
        /// Whose (default: those of the key)
        #[arg(long, value_parser = keys::address)]
        account: Option<AccountId>,
    },
    /// Show bonds, collateral and waiting slashes
    #[command(after_help = "Example:\n  assay --key owner.json stake status")]
    Status {
        /// Whose (default: that of the key)
        #[arg(long, value_parser = keys::address)]
        account: Option<AccountId>,
    },
}

#[derive(clap::Args, Debug)]
struct Part {
    /// How much, in ASY
    amount: Amount,
    /// As what
    #[arg(long, default_value = "provider")]
    role: As,
}

/// What a bond stands for.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum As {
    /// Computes jobs
    Provider,
    /// Runs a validator's node
    Validator,
}

impl From<As> for Role {
    fn from(role: As) -> Self {
        match role {
            As::Provider => Self::Provider,
            As::Validator => Self::Validator,
        }
    }
}

/// What shows that a node holds session keys for their owner.
#[derive(Clone, Debug)]
struct Proof(Vec<u8>);

fn session_keys(text: &str) -> Result<SessionKeys, &'static str> {
    let keys = hexadecimal(text).and_then(|bytes| SessionKeys::decode_all(&mut bytes.as_slice()).ok());
    keys.ok_or("session keys are 64 bytes in hex, as `scripts/rotate-keys` shows them")
}

fn proof(text: &str) -> Result<Proof, &'static str> {
    hexadecimal(text).map(Proof).ok_or("the proof is bytes in hex, as `scripts/rotate-keys` shows it")
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    hex::decode(text.strip_prefix("0x").unwrap_or(text)).ok()
}

/// Runs the verb.
pub async fn run(args: Args, context: &Context) -> Result<(), CliError> {
    match args.verb {
        Verb::Bond(part) => bond(context, &part).await,
        Verb::Unbond(Part { amount, role }) => {
            let done = format!(
                "{amount} are on their way out: `assay stake status` shows from which block on they are free"
            );
            sent::send(context, calls::unbond(role.into(), amount.0), &done).await
        }
        Verb::Rebond(Part { amount, role }) => {
            let done = format!("{amount} are bonded again");
            sent::send(context, calls::rebond(role.into(), amount.0), &done).await
        }
        Verb::Withdraw { role } => {
            sent::send(context, calls::withdraw(role.into()), "what was out for long enough is free").await
        }
        Verb::Validate => {
            let done = "a candidate: the next election decides, and `assay stake status` says what it did";
            sent::send(context, calls::validate(), done).await
        }
        Verb::Chill => sent::send(context, calls::chill(), "no candidate any more").await,
        Verb::SetKeys { keys, proof } => {
            sent::send(context, calls::set_keys(keys, proof.0), "the session keys are registered").await
        }
        Verb::PurgeKeys => {
            let done = "the session keys are removed, their deposit is back";
            sent::send(context, calls::purge_keys(), done).await
        }
        Verb::Rewards { account } => rewards::show(context, account).await,
        Verb::Claim { account } => rewards::claim(context, account).await,
        Verb::Status { account } => status(context, account).await,
    }
}

/// The chain has one call for a first bond, and one to add to it.
async fn bond(context: &Context, part: &Part) -> Result<(), CliError> {
    let (owner, role) = (context.account(None)?, Role::from(part.role));
    let chain = context.chain().await?;
    let ledger = chain.ledger(chain.tip().await?.best.hash, &owner).await?;
    let is_bonded = ledger.is_some_and(|ledger| {
        let stake = match role {
            Role::Validator => ledger.validator,
            Role::Provider => ledger.provider,
        };
        stake.active > 0 || !stake.unbonding.is_empty() || stake.accused > 0
    });
    let bond = if is_bonded { calls::bond_extra } else { calls::bond };
    let done = format!("{} more are bonded", part.amount);
    sent::send_to(context, &chain, bond(role, part.amount.0), &done).await
}

async fn status(context: &Context, account: Option<AccountId>) -> Result<(), CliError> {
    let account = context.account(account)?;
    let chain = context.chain().await?;
    let at = chain.tip().await?.best.hash;
    let money = chain.account(at, &account).await?;
    let slashes = chain.pending_slashes(at, Some(&account), None, MAX_SLASHES).await?;
    let status = Status {
        free: Amount(money.free),
        on_hold: Amount(money.on_hold),
        market_block: chain.market_block(at).await?,
        bonds: chain.ledger(at, &account).await?.map(Bonds::from),
        slashes: slashes.into_iter().map(Waiting::from).collect(),
        account,
    };
    context.output.value(&status, || status.text());
    Ok(())
}

/// What an account has at stake.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    account: AccountId,
    free: Amount,
    on_hold: Amount,
    market_block: BlockNumber,
    bonds: Option<Bonds>,
    slashes: Vec<Waiting>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Bonds {
    provider: Bond,
    validator: Bond,
    locked: Amount,
    available: Amount,
    worker: Option<AccountId>,
    is_validating: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Bond {
    active: Amount,
    unbonding: Vec<Leaving>,
}

#[derive(Serialize)]
struct Leaving {
    amount: Amount,
    at: BlockNumber,
}

/// A slash that waits.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Waiting {
    id: SlashId,
    fault: &'static str,
    amount: Amount,
    /// The block of the market clock from which on it is taken.
    ready: BlockNumber,
    is_suspended: bool,
}

impl From<Ledger> for Bonds {
    fn from(ledger: Ledger) -> Self {
        Self {
            provider: ledger.provider.into(),
            validator: ledger.validator.into(),
            locked: Amount(ledger.locked),
            available: Amount(ledger.available),
            worker: ledger.worker,
            is_validating: ledger.status.active,
        }
    }
}

impl From<Stake> for Bond {
    fn from(stake: Stake) -> Self {
        let leaving = |chunk: bonds::Chunk| Leaving { amount: Amount(chunk.value), at: chunk.at };
        Self { active: Amount(stake.active), unbonding: stake.unbonding.into_iter().map(leaving).collect() }
    }
}

impl From<(SlashId, Slash)> for Waiting {
    fn from((id, slash): (SlashId, Slash)) -> Self {
        let fault = match slash.kind {
            FaultKind::Equivocation => "equivocation",
            FaultKind::NoShow => "no-show",
            FaultKind::WrongResult => "wrong result",
            FaultKind::WithheldReveal => "withheld reveal",
        };
        let is_suspended = matches!(slash.state, State::Suspended { .. });
        Self { id, fault, amount: Amount(slash.amount), ready: slash.ready(), is_suspended }
    }
}

impl Status {
    fn text(&self) -> String {
        let mut rows = vec![
            ("account", self.account.to_ss58check()),
            ("free", self.free.to_string()),
            ("on hold", self.on_hold.to_string()),
            ("market block", self.market_block.to_string()),
        ];
        match &self.bonds {
            None => rows.push(("bonds", "none: `assay stake bond AMOUNT` makes one".into())),
            Some(bonds) => rows.extend(bonds.rows()),
        }
        let slashes: Vec<_> = self.slashes.iter().map(Waiting::row).collect();
        let slashes = match slashes.as_slice() {
            [] => String::new(),
            rows => format!("\n{}", table(&["slash", "for", "amount", "taken at market block"], rows)),
        };
        fields(&rows) + &slashes
    }
}

impl Bonds {
    fn rows(&self) -> Vec<(&'static str, String)> {
        let worker = self.worker.as_ref().map_or("none".into(), Ss58Codec::to_ss58check);
        let validating = if self.is_validating { ", validating" } else { "" };
        vec![
            ("as provider", self.provider.text()),
            ("as validator", format!("{}{validating}", self.validator.text())),
            ("locked", format!("{}, {} can still be locked", self.locked, self.available)),
            ("worker", worker),
        ]
    }
}

impl Bond {
    fn text(&self) -> String {
        let leaving = self.unbonding.iter().map(|part| format!("; {} out at block {}", part.amount, part.at));
        format!("{}{}", self.active, leaving.collect::<String>())
    }
}

impl Waiting {
    fn row(&self) -> Vec<String> {
        let ready =
            if self.is_suspended { format!("{}, suspended", self.ready) } else { self.ready.to_string() };
        vec![self.id.to_string(), self.fault.into(), self.amount.to_string(), ready]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_chain::bonds::Subject;
    use codec::Encode;

    #[test]
    fn session_keys_are_two_public_keys() {
        let text = format!("0x{}{}", "01".repeat(32), "02".repeat(32));
        assert_eq!(hex::encode(session_keys(&text).unwrap().encode()), text[2..]);
        for wrong in [&text[..text.len() - 2], &format!("{text}00"), "0x", "keys"] {
            assert!(session_keys(wrong).unwrap_err().contains("64 bytes"), "{wrong}");
        }
        assert_eq!(proof("0x0aff").unwrap().0, [10, 255]);
        assert!(proof("0xa").is_err());
    }

    #[test]
    fn a_slash_is_shown_with_the_block_that_takes_it() {
        let slash = Slash {
            owner: AccountId::new([1; 32]),
            kind: FaultKind::WrongResult,
            subject: Subject::Seat { lock: 1 },
            amount: 2_500_000_000_000,
            reporter: None,
            due: 40,
            state: State::Suspended { until: 90 },
        };
        let row = Waiting::from((7, slash)).row();
        assert_eq!(row, ["7", "wrong result", "2.5 ASY", "90, suspended"]);
    }

    #[test]
    fn a_bond_is_shown_with_what_leaves_it() {
        let unbonding = vec![bonds::Chunk { value: 1_000_000_000_000, at: 12 }];
        let bond = Bond::from(Stake { active: 3_000_000_000_000, unbonding, accused: 0 });
        assert_eq!(bond.text(), "3 ASY; 1 ASY out at block 12");
    }
}
