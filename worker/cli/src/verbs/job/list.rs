//! Lists a requester's jobs.

use super::view;
use crate::{context::Context, error::CliError, output::table};
use assay_chain::{market::Status, AccountId, ChainClient};
use assay_primitives::JobId;
use serde::Serialize;

#[derive(Serialize)]
struct Row {
    job: JobId,
    state: &'static str,
}

/// Shows them, oldest first.
pub async fn run(
    context: &Context,
    account: Option<AccountId>,
    after: Option<JobId>,
    limit: u32,
) -> Result<(), CliError> {
    let account = context.account(account)?;
    let chain = context.chain().await?;
    let jobs = chain.jobs_of(chain.tip().await?.best.hash, &account, after, limit).await?;
    let rows: Vec<_> = jobs.into_iter().map(|(job, status)| Row { job, state: state(status) }).collect();
    context.output.list("jobs", &rows, || {
        let rows: Vec<_> = rows.iter().map(|row| vec![row.job.to_string(), row.state.into()]).collect();
        table(&["job", "state"], &rows)
    });
    Ok(())
}

fn state(status: Status) -> &'static str {
    match status {
        Status::Open => "open",
        Status::Ended(outcome) => view::outcome(outcome),
    }
}
