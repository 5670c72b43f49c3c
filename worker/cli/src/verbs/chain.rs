//! `assay chain`: where the chain is.

use crate::{
    context::Context,
    error::CliError,
    output::{fields, Hex},
};
use assay_chain::{AccountId, BlockId, ChainClient};
use clap::Subcommand;
use serde::Serialize;

/// What to look at.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show where the chain is, its times and its validators
    #[command(after_help = "Example:\n  assay --node ws://127.0.0.1:9944 chain info")]
    Info,
}

/// What is shown of a chain.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Info {
    genesis: Hex,
    spec_version: u32,
    best: Block,
    finalized: Block,
    slot_millis: u64,
    epoch_slots: u64,
    epoch: u64,
    market_block: u32,
    is_market_halted: bool,
    validators: Vec<AccountId>,
}

#[derive(Serialize)]
struct Block {
    number: u32,
    hash: Hex,
}

impl From<BlockId> for Block {
    fn from(block: BlockId) -> Self {
        Self { number: block.number, hash: Hex(block.hash.0) }
    }
}

/// Runs the verb.
pub async fn run(args: Args, context: &Context) -> Result<(), CliError> {
    let Verb::Info = args.verb;
    let chain = context.chain().await?;
    let tip = chain.tip().await?;
    let network = chain.network_at(tip.best.hash).await?;
    let info = Info {
        genesis: Hex(chain.genesis().0),
        spec_version: chain.version(tip.best.hash).await?.spec_version,
        best: tip.best.into(),
        finalized: tip.finalized.into(),
        slot_millis: network.slot_millis,
        epoch_slots: network.epoch_slots,
        epoch: network.epoch,
        market_block: network.market_block,
        is_market_halted: network.market_halted,
        validators: network.validators,
    };
    context.output.value(&info, || info.text());
    Ok(())
}

impl Info {
    fn text(&self) -> String {
        let halted = if self.is_market_halted { ", halted" } else { "" };
        fields(&[
            ("genesis", self.genesis.to_string()),
            ("runtime", self.spec_version.to_string()),
            ("best", format!("{} {}", self.best.number, self.best.hash)),
            ("final", format!("{} {}", self.finalized.number, self.finalized.hash)),
            (
                "slot",
                format!("{} ms, {} in an epoch, epoch {}", self.slot_millis, self.epoch_slots, self.epoch),
            ),
            ("market clock", format!("{}{halted}", self.market_block)),
            ("validators", self.validators.len().to_string()),
        ])
    }
}
