//! `assay worker`: follows a provider's seats, computes, commits, reveals and publishes.
//!
//! * [`start`] puts a worker together; [`daemon`] follows the chain and tells the state machine of each seat
//!   (`assay-core`) what it sees.
//! * [`hands`] does what that asks for: [`fetch`], [`runner`](crate::runner), the guard of the database with [`salts`],
//!   [`send`]; [`tasks`] holds what goes on, [`cache`] bounds what is fetched, [`results`] what is kept for requesters.
//! * [`http`] and [`metrics`] show where it is; [`control`] is `status` and `drain`; [`check`] tries everything first,
//!   the [`limits`] of the machine among it.

mod cache;
mod check;
mod control;
mod daemon;
pub mod fetch;
mod hands;
mod http;
mod limits;
mod logs;
mod metrics;
mod place;
mod probe;
mod results;
mod salts;
mod send;
mod start;
mod status;
mod tasks;
#[cfg(test)]
mod tests;
mod view;

use assay_chain::{AccountId, ChainClient};
use assay_store::Store;
use clap::Subcommand;

use crate::config::{Config, WorkerConfig};
use crate::context::Context;
use crate::error::CliError;
use crate::runner::{BackendChoice, GemmChoice};

/// The worker's verbs.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    compute: Compute,
    #[command(subcommand)]
    verb: Verb,
}

/// What computes, over the configuration.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
struct Compute {
    /// What computes: auto, cuda, cpu, vnni, avx2, scalar or reference
    #[arg(long, global = true, value_name = "NAME")]
    backend: Option<BackendChoice>,
    /// The GPU that computes, by its number
    #[arg(long, global = true, value_name = "NUMBER")]
    device: Option<usize>,
    /// How products are made on a GPU: auto, dp4a, mma, wgmma, bf16 or cublaslt
    #[arg(long, global = true, value_name = "NAME")]
    gemm: Option<GemmChoice>,
}

impl Args {
    /// Puts flags over the configuration.
    pub fn put_over(&self, config: &mut WorkerConfig) {
        let Compute { backend, device, gemm } = self.compute;
        config.backend = backend.unwrap_or(config.backend);
        config.device.index = device.unwrap_or(config.device.index);
        config.device.gemm = gemm.unwrap_or(config.device.gemm);
    }
}

/// What to do with the worker.
#[derive(Debug, Subcommand)]
enum Verb {
    /// Work until told to drain: SIGTERM drains, a second one stops
    #[command(
        after_help = "Logs go to standard error, with --json an object a line; ASSAY_LOG=debug says more.\n\n\
                            Examples:\n  assay --config worker.toml --key worker.json worker start\n  \
                            assay --json --config worker.toml worker start 2>>worker.log"
    )]
    Start,
    /// Try configuration, key, fees, disk, GPUs, backend, node and blobs before a bond is at risk
    #[command(after_help = "Example:\n  assay --config worker.toml --key worker.json worker check")]
    Check,
    /// Show where the running worker is
    #[command(after_help = "Example:\n  assay --config worker.toml worker status --json")]
    Status,
    /// Have the running worker end after its last seat; new seats are given back
    #[command(after_help = "Retire the provider first, so that it is drawn no more.\n\nExample:\n  \
                            assay --config worker.toml worker drain --wait")]
    Drain {
        /// Wait until it has ended
        #[arg(long)]
        wait: bool,
    },
}

/// Does what was asked.
///
/// # Errors
///
/// Those of the verb.
pub async fn run(args: Args, context: &Context) -> Result<(), CliError> {
    match args.verb {
        Verb::Start => start::run(context).await,
        Verb::Check => check::run(context).await,
        Verb::Status => control::status(context).await,
        Verb::Drain { wait } => control::drain(context, wait).await,
    }
}

/// Opens the worker's database for its account on the chain.
fn open_store(config: &Config, chain: &impl ChainClient, account: &AccountId) -> Result<Store, CliError> {
    Store::open(&config.data.join("worker.redb"), &chain.genesis().into(), account.as_ref())
        .map_err(|error| CliError::Worker(error.to_string()))
}
