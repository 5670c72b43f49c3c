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
    output::{fields, Hex, Output},
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
        let watched = watch::show(context, &chain, id, Some(submitted.sent)).await;
        return watched.map_err(|reason| unwatched(context.output, &submitted, reason));
    }
    context.output.value(&submitted, || submitted.text());
    Ok(())
}

/// What is told of a job that is posted and was not followed to its end: to machines what they would have been shown
/// without waiting, as people were.
fn unwatched(output: Output, submitted: &Submitted, reason: CliError) -> CliError {
    if output.is_json() {
        output.value(submitted, || submitted.text());
    }
    CliError::Unwatched { job: submitted.job, reason: Box::new(reason) }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_that_was_not_followed_to_its_end_is_named() {
        let (program, input, block_hash) = (Hex([1; 32]), Hex([2; 32]), Hex([3; 32]));
        let sent = Sent { block: 5, block_hash, fee: None };
        let submitted = Submitted { job: 7, units: 1, hold: Amount(1), program, input, deadline: 9, sent };
        for json in [false, true] {
            let lost = CliError::Unavailable("the connection has ended".into());
            let error = unwatched(Output::new(json), &submitted, lost);
            assert_eq!(error.exit_code(), 3);
            let line = error.line();
            assert!(line.starts_with("job 7 is posted, and was not followed to its end (the conn"), "{line}");
            assert!(line.ends_with("`assay job watch 7` does"), "{line}");
        }
        let shown = serde_json::to_value(&submitted).expect("it has strings for keys");
        assert_eq!((&shown["job"], &shown["block"]), (&7.into(), &5.into()), "{shown}");
    }
}
