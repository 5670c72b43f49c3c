//! `assay`: the worker and the command line of the chain.
//!
//! * **Verbs** ([`verbs`]): keys, bonds, providers, models, jobs, blobs, the chain, governance, the treasury. Each reads
//!   its arguments, asks or tells the chain, and shows what came of it.
//! * **The worker** ([`worker`]): follows a provider's seats, computes, commits and reveals.
//! * **The runner** ([`runner`]): one job in one process, for the worker and for `assay job verify`.
//!
//! Not for: how the chain is spoken to (`assay-chain`), where content lies (`assay-blobs`), what a job computes
//! (`assay-graph`), what a seat has to do next (`assay-core`).

mod amount;
mod args;
mod calls;
mod config;
mod content;
mod context;
mod error;
mod keys;
mod machine;
mod model;
mod output;
mod percent;
mod printable;
mod runner;
mod verbs;
mod worker;

use args::{Cli, Verb};
use clap::{error::ErrorKind, CommandFactory, Parser};
use config::Config;
use context::Context;
use error::{one_line, CliError};
use output::Output;
use std::{io, process::ExitCode};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {}", error.line());
            ExitCode::from(error.exit_code())
        }
    }
}

fn run(cli: Cli) -> Result<(), CliError> {
    let Cli { global, verb } = cli;
    match verb {
        // Before anything else is read or started: it limits its own memory.
        Verb::RunTask => return runner::child::main(),
        Verb::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "assay", &mut io::stdout());
            return Ok(());
        }
        _ => {}
    }
    let mut config = Config::load(global.config.as_deref(), &global.overrides())?;
    if let Verb::Worker(args) = &verb {
        args.put_over(&mut config.worker);
    }
    let context = Context { config, output: Output::new(global.json) };
    let runtime = tokio::runtime::Runtime::new().map_err(CliError::file("threads"))?;
    runtime.block_on(dispatch(verb, &context))
}

async fn dispatch(verb: Verb, context: &Context) -> Result<(), CliError> {
    match verb {
        Verb::Keys(args) => verbs::keys::run(args, context).await,
        Verb::Stake(args) => verbs::stake::run(args, context).await,
        Verb::Provider(args) => verbs::provider::run(args, context).await,
        Verb::Worker(args) => worker::run(args, context).await,
        Verb::Model(args) => verbs::model::run(args, context).await,
        Verb::Job(args) => verbs::job::run(args, context).await,
        Verb::Blob(args) => verbs::blob::run(args, context).await,
        Verb::Chain(args) => verbs::chain::run(args, context).await,
        Verb::Gov(args) => verbs::gov::run(args, context).await,
        Verb::Treasury(args) => verbs::treasury::run(args, context).await,
        Verb::Completions { .. } | Verb::RunTask => Ok(()),
    }
}

/// Help and version are shown as they are; what is wrong with the arguments in one line.
fn refuse(error: &clap::Error) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let _ = error.print();
            ExitCode::SUCCESS
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            ExitCode::from(2)
        }
        _ => {
            let text = error.render().to_string();
            let problem = text.split("\n\n").next().unwrap_or_default();
            let problem = problem.strip_prefix("error: ").unwrap_or(problem);
            eprintln!("Error: {}; --help tells what is taken", one_line(problem));
            ExitCode::from(2)
        }
    }
}
