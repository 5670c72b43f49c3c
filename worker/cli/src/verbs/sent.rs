//! What is shown of a transaction.

use crate::{
    amount::Amount,
    context::Context,
    error::CliError,
    output::{fields, Hex},
};
use assay_chain::{Chain, Included, RuntimeCall};
use serde::Serialize;

/// A transaction whose block is final.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sent {
    /// Number of the block.
    pub block: u32,
    /// Its hash.
    pub block_hash: Hex,
    /// What it cost.
    pub fee: Option<Amount>,
}

impl From<&Included> for Sent {
    fn from(included: &Included) -> Self {
        let (block, fee) = (&included.block, included.fee.map(Amount));
        Self { block: block.number, block_hash: Hex(block.hash.0), fee }
    }
}

impl Sent {
    /// For people, below what was done.
    pub fn text(&self, done: &str) -> String {
        let fee = self.fee.map_or("unknown".into(), |fee| fee.to_string());
        let block = format!("{} {}", self.block, self.block_hash);
        format!("{done}\n{}", fields(&[("block", block), ("fee", fee)]))
    }
}

/// Sends a call and shows that it was done. A missing key is told before a missing network.
pub async fn send(context: &Context, call: RuntimeCall, done: &str) -> Result<(), CliError> {
    context.account(None)?;
    send_to(context, &context.chain().await?, call, done).await
}

/// The same on a chain that is at hand.
pub async fn send_to(
    context: &Context,
    chain: &Chain,
    call: RuntimeCall,
    done: &str,
) -> Result<(), CliError> {
    let sent = Sent::from(&context.send(chain, call).await?);
    context.output.value(&sent, || sent.text(done));
    Ok(())
}
