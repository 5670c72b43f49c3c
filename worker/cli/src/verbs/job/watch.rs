//! Follows a job to its end.

use super::{
    end::{self, End},
    no_job,
    view::{self, Shown},
};
use crate::{context::Context, error::CliError, verbs::sent::Sent};
use assay_chain::{market::Job, Chain, ChainClient};
use assay_primitives::JobId;

/// Follows a job and shows how it ended.
pub async fn run(context: &Context, id: JobId) -> Result<(), CliError> {
    show(context, &context.chain().await?, id, None).await
}

/// The same on a chain that is at hand, with what posted the job if that was done just now.
pub async fn show(context: &Context, chain: &Chain, id: JobId, post: Option<Sent>) -> Result<(), CliError> {
    let end = settled(context, chain, id).await?;
    let shown = Shown::new(id, &end).posted_by(post);
    context.output.value(&shown, || shown.text());
    Ok(())
}

/// Waits until the end of a job is final.
async fn settled(context: &Context, chain: &Chain, id: JobId) -> Result<End, CliError> {
    let bar = context.output.spinner(&format!("job {id}"));
    let mut tips = chain.tips().await?;
    while let Some(tip) = tips.next().await {
        match chain.job(tip.best.hash, id).await? {
            None => return Err(no_job(id)),
            Some(Job::Open(open)) => {
                bar.say(format!("job {id}, block {}: {}", tip.best.number, view::progress(&open)))
            }
            Some(Job::Ended(_)) => {
                if let Some(Job::Ended(receipt)) = chain.job(tip.finalized.hash, id).await? {
                    let end = end::of(chain, id, tip.finalized, *receipt).await?;
                    return end.with_signatures(chain, id).await;
                }
                bar.say(format!("job {id}, block {}: settled, waiting until that is final", tip.best.number));
            }
        }
    }
    Err(CliError::Unavailable("the connection to the chain has ended: try again".into()))
}
