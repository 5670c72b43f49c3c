//! Does what the command line asks.

use crate::{
    cli::{Cli, Subcommand},
    error::Error,
    service::{self, Block, FullBackend, FullClient, Options, Partial},
};
use assay_runtime::BlockNumber;
use futures::TryFutureExt;
use sc_cli::{CliConfiguration, SubstrateCli};
use sc_service::Configuration;
use std::sync::Arc;

/// Runs the command of this process's arguments to its end.
pub fn run() -> Result<(), Error> {
    let cli = Cli::from_args();
    match &cli.subcommand {
        None => run_node(&cli),
        Some(Subcommand::Key(command)) => Ok(command.run(&cli)?),
        Some(Subcommand::ExportChainSpec(command)) => {
            let spec = cli.load_spec(&command.chain).map_err(sc_cli::Error::Input)?;
            Ok(command.run(spec)?)
        }
        Some(Subcommand::CheckBlock(command)) => {
            on_chain(&cli, command, |partial, _| command.run(partial.client, partial.import_queue).err_into())
        }
        Some(Subcommand::ExportBlocks(command)) => {
            on_chain(&cli, command, |partial, config| command.run(partial.client, config.database).err_into())
        }
        Some(Subcommand::ImportBlocks(command)) => {
            on_chain(&cli, command, |partial, _| command.run(partial.client, partial.import_queue).err_into())
        }
        Some(Subcommand::Revert(command)) => on_chain(&cli, command, |partial, _| {
            let consensus = Box::new(revert_consensus);
            command.run::<Block, _, _>(partial.client, partial.backend, Some(consensus)).err_into()
        }),
        Some(Subcommand::PurgeChain(command)) => {
            cli.create_runner(command)?.sync_run(|config| command.run(config.database).map_err(Error::from))
        }
        Some(Subcommand::ChainInfo(command)) => cli.create_runner(command)?.sync_run(|config| {
            service::check_database(&config)?;
            command.run::<Block>(&config).map_err(Error::from)
        }),
    }
}

fn run_node(cli: &Cli) -> Result<(), Error> {
    let options = Options { sealing: cli.sealing, cache_path: cli.cache_path.clone() };
    cli.create_runner(&cli.run)?.run_node_until_exit(|config| async move { service::start(config, &options) })
}

/// Runs a command that works on the chain in the database.
fn on_chain<C, F>(cli: &Cli, command: &C, work: impl FnOnce(Parts, Configuration) -> F) -> Result<(), Error>
where
    C: CliConfiguration,
    F: std::future::Future<Output = Result<(), Error>>,
{
    cli.create_runner(command)?.async_run(|config| {
        let Partial { client, backend, import_queue, task_manager, other: consensus, .. } =
            service::partial(&config, &Options::default())?;
        let work = work(Parts { client, backend, import_queue }, config);
        let work = async move {
            let done = work.await;
            // Kept until here: BABE's worker takes it for a failure when nobody is left to ask it.
            drop(consensus);
            done
        };
        Ok((work, task_manager))
    })
}

/// What commands on the chain work with.
struct Parts {
    client: Arc<FullClient>,
    backend: Arc<FullBackend>,
    import_queue: service::ImportQueue,
}

/// Takes back what BABE and GRANDPA remember of the blocks.
// The signature is the SDK's.
#[allow(clippy::result_large_err)]
fn revert_consensus(
    client: Arc<FullClient>,
    backend: Arc<FullBackend>,
    blocks: BlockNumber,
) -> sc_cli::Result<()> {
    sc_consensus_babe::revert(client.clone(), backend, blocks)?;
    sc_consensus_grandpa::revert(client, blocks)?;
    Ok(())
}
