//! Posts a job.

use super::{
    draft::{Draft, Kind},
    estimate::{price, Priced},
    watch,
};
use crate::{
    amount::Amount,
    calls, content,
    context::Context,
    error::CliError,
    output::{fields, Hex},
    verbs::{provider, sent::Sent},
};
use assay_chain::{Chain, ChainClient};
use assay_primitives::{Endpoint, JobId};
use serde::Serialize;
use sp_core::crypto::Ss58Codec;

/// Posts a job, and waits for its end if that is asked for.
pub async fn run(context: &Context, kind: &Kind, watch: bool) -> Result<(), CliError> {
    let draft = Draft::new(kind)?;
    let source = source(context, draft.terms.source.clone())?;
    let chain = context.chain().await?;
    let at = chain.tip().await?.best.hash;
    let priced = price(&chain, at, &draft).await?;
    check_money(context, &chain, &priced).await?;
    let Draft { program, input, .. } = draft;
    let store = context.store()?;
    content::put(&store, program, &context.output.bytes("storing the model")).await?;
    content::put(&store, input, &context.output.bytes("storing the input")).await?;

    let included = context.send(&chain, calls::post(priced.spec, Some(source))).await?;
    let id = calls::posted_job(&included.events)
        .ok_or_else(|| CliError::Unavailable("the transaction is in a block, but posted no job".into()))?;
    let submitted = Submitted {
        job: id,
        units: priced.spec.units,
        hold: Amount(priced.estimate.cost.total),
        program: Hex(priced.spec.program),
        input: Hex(priced.spec.input),
        deadline: priced.spec.deadline,
        sent: Sent::from(&included),
    };
    if watch {
        context.output.note(&submitted.text());
        return watch::show(context, &chain, id, Some(submitted.sent)).await;
    }
    context.output.value(&submitted, || submitted.text());
    Ok(())
}

/// Where workers will fetch the content.
fn source(context: &Context, given: Option<Endpoint>) -> Result<Endpoint, CliError> {
    match (given, &context.config.blobs.public_url) {
        (Some(source), _) => Ok(source),
        (None, Some(url)) => {
            provider::endpoint(url).map_err(|error| CliError::Usage(format!("blobs.public_url: {error}")))
        }
        (None, None) => Err(CliError::Usage(
            "workers would not find the job's content: pass --source, or set blobs.public_url to the address that \
             `assay blob serve` has for others"
                .into(),
        )),
    }
}

/// Looks before anything is uploaded; the chain looks again.
async fn check_money(context: &Context, chain: &Chain, priced: &Priced) -> Result<(), CliError> {
    let account = context.account(None)?;
    let money = chain.account(chain.tip().await?.best.hash, &account).await?;
    let (free, hold) = (Amount(money.free), Amount(priced.estimate.cost.total));
    if free < hold {
        let address = account.to_ss58check();
        let cap = Amount(priced.spec.price_cap);
        return Err(CliError::Refused(format!(
            "not enough money: the job puts {hold} on hold, {address} has {free} free; lower --cap from {cap}, or the \
             job's size"
        )));
    }
    Ok(())
}

/// What is shown of a job that was posted.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Submitted {
    job: JobId,
    units: u64,
    hold: Amount,
    program: Hex,
    input: Hex,
    deadline: u32,
    #[serde(flatten)]
    sent: Sent,
}

impl Submitted {
    fn text(&self) -> String {
        let id = self.job;
        let rows = fields(&[
            ("job", id.to_string()),
            ("compute units", self.units.to_string()),
            ("put on hold", self.hold.to_string()),
            ("program", self.program.to_string()),
            ("input", self.input.to_string()),
        ]);
        self.sent.text(&format!("posted; `assay job watch {id}` follows it\n{rows}"))
    }
}
