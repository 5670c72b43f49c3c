//! `assay job`: have something computed, and see that it is right.

mod draft;
mod end;
mod estimate;
mod list;
mod outputs;
mod result;
mod submit;
mod verify;
mod view;
mod watch;

use super::sent;
use crate::{calls, context::Context, error::CliError, keys};
use assay_chain::AccountId;
use assay_primitives::JobId;
use clap::Subcommand;
use std::path::PathBuf;

/// What to do with jobs.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Tell what a job would cost; sends nothing
    Estimate {
        #[command(subcommand)]
        kind: draft::Kind,
    },
    /// Post a job: puts its content into the blob store and its price on hold
    Submit {
        /// Wait until it is settled
        #[arg(long, global = true)]
        watch: bool,
        #[command(subcommand)]
        kind: draft::Kind,
    },
    /// Follow a job until it is settled for good
    #[command(after_help = "Example:\n  assay job watch 7")]
    Watch {
        /// Number of the job
        id: JobId,
    },
    /// Fetch a settled job's result, and check that it is the one on the chain
    #[command(after_help = "Examples:
  assay job result 7
  assay job result 7 --out vectors.npy
  assay job result 9 --tokenizer ./tinyllama/tokenizer.json
  assay job result 8 --out checkpoint.safetensors")]
    Result {
        /// Number of the job
        id: JobId,
        /// File to write: .npy or .json of vectors and losses, .txt of texts, .safetensors of everything
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Blob server to ask before those that the chain names
        #[arg(long, value_name = "URL")]
        from: Vec<String>,
        /// The model's tokenizer.json: shows what was generated as text
        #[arg(long, value_name = "FILE")]
        tokenizer: Option<PathBuf>,
    },
    /// Cancel a job that nobody has committed for
    #[command(after_help = "Example:\n  assay --key me.json job cancel 7")]
    Cancel {
        /// Number of the job
        id: JobId,
    },
    /// Show a requester's jobs
    #[command(after_help = "Example:\n  assay --key me.json job list")]
    List {
        /// Whose (default: those of the key)
        #[arg(long, value_parser = keys::address)]
        account: Option<AccountId>,
        /// Those after this one
        #[arg(long, value_name = "JOB")]
        after: Option<JobId>,
        /// At most so many
        #[arg(long, default_value = "100", value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// Compute a settled job again from chain and blobs, and say whether the result on the chain is right
    #[command(after_help = "Example:\n  assay job verify 7")]
    Verify {
        /// Number of the job
        id: JobId,
        /// Blob server to ask before those that the chain names
        #[arg(long, value_name = "URL")]
        from: Vec<String>,
    },
}

/// Runs the verb.
pub async fn run(args: Args, context: &Context) -> Result<(), CliError> {
    match args.verb {
        Verb::Estimate { kind } => estimate::run(context, &kind).await,
        Verb::Submit { kind, watch } => submit::run(context, &kind, watch).await,
        Verb::Watch { id } => watch::run(context, id).await,
        Verb::Result { id, out, from, tokenizer } => {
            result::run(context, id, out.as_deref(), from, tokenizer.as_deref()).await
        }
        Verb::Cancel { id } => {
            let done = format!("job {id} is cancelled; seats that were drawn are paid half");
            sent::send(context, calls::cancel(id), &done).await
        }
        Verb::List { account, after, limit } => list::run(context, account, after, limit).await,
        Verb::Verify { id, from } => verify::run(context, id, from).await,
    }
}

/// What is said of a job that the chain does not have.
fn no_job(id: JobId) -> CliError {
    CliError::Refused(format!(
        "there is no job {id}: it was never posted, or its receipt is pruned; `assay job list` shows yours"
    ))
}
