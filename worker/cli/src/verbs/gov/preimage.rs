//! Long calls that the chain keeps for referenda.

use super::{calls, plan, propose::Bytes, subject};
use crate::{
    amount::Amount,
    context::Context,
    error::CliError,
    output::{fields, Hex},
    verbs::sent::{self, Sent},
};
use assay_chain::{AccountId, ChainClient, GovernanceClient, Hash};
use clap::Subcommand;
use serde::Serialize;
use sp_core::crypto::Ss58Codec;
use std::{fs, path::PathBuf};

/// What to do with them.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Keep a call on the chain, for a deposit; `gov propose` does so by itself
    #[command(after_help = "Example:\n  assay --key me.json gov preimage note call.scale")]
    Note {
        /// File with the encoded call
        #[arg(required_unless_present = "call", conflicts_with = "call")]
        file: Option<PathBuf>,
        /// The encoded call, in hex
        #[arg(long, value_name = "HEX", value_parser = subject::bytes)]
        call: Option<Bytes>,
    },
    /// Show what is kept under a hash
    #[command(after_help = "Example:\n  assay gov preimage show 0x6a09…e667")]
    Show {
        /// 0x and 64 hexadecimal digits
        #[arg(value_parser = subject::hash)]
        hash: [u8; 32],
    },
    /// Have a deposit back, for a call that no referendum needs any more
    #[command(after_help = "Example:\n  assay --key me.json gov preimage remove 0x6a09…e667")]
    Remove {
        /// 0x and 64 hexadecimal digits
        #[arg(value_parser = subject::hash)]
        hash: [u8; 32],
    },
}

/// Runs the verb.
pub async fn run(verb: Verb, context: &Context) -> Result<(), CliError> {
    match verb {
        Verb::Note { file, call } => note(context, file, call).await,
        Verb::Show { hash } => show(context, Hash::from(hash)).await,
        Verb::Remove { hash } => {
            let done = "the deposit is back; the bytes stay while the chain needs them";
            sent::send(context, calls::unnote(Hash::from(hash)), done).await
        }
    }
}

async fn note(context: &Context, file: Option<PathBuf>, call: Option<Bytes>) -> Result<(), CliError> {
    context.account(None)?;
    let bytes = match (file, call) {
        (Some(file), _) => fs::read(&file).map_err(CliError::file(&file))?,
        (None, call) => call.as_deref().unwrap_or_default().to_vec(),
    };
    if calls::decode(&bytes).is_none() {
        return Err(CliError::Usage(
            "the bytes are no call of this chain: nothing could be done with them".into(),
        ));
    }
    let chain = context.chain().await?;
    let terms = chain.terms(chain.tip().await?.best.hash).await?;
    let deposit = plan::preimage_deposit(&terms, bytes.len());
    context.output.note(&format!("on deposit: {deposit}; `assay gov preimage remove` gives it back"));
    let hash = Hex(calls::hash(&bytes).0);
    let sent = Sent::from(&context.send(&chain, calls::note(bytes)).await?);
    let kept = Kept { hash, sent };
    context.output.value(&kept, || kept.sent.text(&format!("kept under {hash}")));
    Ok(())
}

/// What is shown of a call that was kept.
#[derive(Serialize)]
struct Kept {
    hash: Hex,
    #[serde(flatten)]
    sent: Sent,
}

/// What is shown of what is kept.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    hash: Hex,
    bytes: Option<u32>,
    call: Option<String>,
    arguments: Option<String>,
    depositor: Option<AccountId>,
    requests: u32,
    deposit: Option<Amount>,
}

async fn show(context: &Context, hash: Hash) -> Result<(), CliError> {
    let chain = context.chain().await?;
    let shown = view(&chain, chain.tip().await?.best.hash, hash).await?;
    context.output.value(&shown, || shown.text());
    Ok(())
}

async fn view<C: GovernanceClient>(chain: &C, at: Hash, hash: Hash) -> Result<Shown, CliError> {
    let none = || CliError::Refused(format!("the chain keeps nothing under {}", Hex(hash.0)));
    let noted = chain.preimage(at, hash).await?.ok_or_else(none)?;
    let terms = chain.terms(at).await?;
    let call = noted.bytes.as_deref().and_then(calls::decode);
    let len = noted.len.and_then(|len| usize::try_from(len).ok());
    Ok(Shown {
        hash: Hex(hash.0),
        bytes: noted.len,
        call: call.as_ref().map(crate::calls::name),
        arguments: call.map(|call| format!("{call:?}")),
        deposit: noted.depositor.as_ref().zip(len).map(|(_, len)| plan::preimage_deposit(&terms, len)),
        depositor: noted.depositor,
        requests: noted.requests,
    })
}

impl Shown {
    fn text(&self) -> String {
        let unknown = || "no call of this chain".to_string();
        let deposit = match (&self.depositor, self.deposit) {
            (Some(who), Some(deposit)) => format!("{deposit} of {}", who.to_ss58check()),
            _ => "none".into(),
        };
        fields(&[
            ("hash", self.hash.to_string()),
            ("bytes", self.bytes.map_or("none yet".into(), |bytes| bytes.to_string())),
            ("call", self.call.clone().unwrap_or_else(unknown)),
            ("arguments", self.arguments.clone().unwrap_or_default()),
            ("deposit", deposit),
            ("needed by", format!("{} of the chain's own", self.requests)),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::super::scene::{account, chain};
    use super::*;
    use assay_chain::governance::Noted;
    use codec::Encode;

    #[tokio::test]
    async fn what_is_kept_is_shown_as_the_call_that_it_is() {
        let bytes = calls::stop().encode();
        let hash = calls::hash(&bytes);
        let chain = chain(|world| {
            let len = Some(u32::try_from(bytes.len()).unwrap());
            let noted = Noted { len, bytes: Some(bytes), depositor: Some(account()), requests: 1 };
            world.governance.preimages.insert(hash, noted);
        });
        let at = chain.tip().await.unwrap().best.hash;
        let shown = view(&chain, at, hash).await.unwrap();
        assert_eq!(shown.call.as_deref(), Some("SafeMode.force_enter"));
        // The deposit of two bytes: 1 ASY and two thousandths.
        assert!(shown.text().contains("1.002 ASY of 5"), "{}", shown.text());
        let missing = view(&chain, at, Hash::zero()).await.map(|_| ()).unwrap_err();
        assert!(missing.line().contains("keeps nothing under 0x00"), "{}", missing.line());
    }
}
