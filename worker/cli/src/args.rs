//! The command line.

use crate::{config::Overrides, verbs, worker};
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Below a verb's own options in its help.
const EVERYWHERE: &str = "Options of every verb";
/// What every help ends with.
const AFTER_HELP: &str = "\
Exit codes: 0 done, 1 failed, 2 wrong arguments, configuration or key, 3 no network, 4 refused by the chain, 5 mismatch.

Example:
  assay --key owner.json stake bond 5000 --role provider";

/// Assay pays for AI compute only when the answer is right: this is its worker and its command line.
#[derive(Debug, Parser)]
#[command(name = "assay", version, after_help = AFTER_HELP)]
pub struct Cli {
    /// What every verb takes.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What every verb takes.
#[derive(Args, Debug)]
pub struct Global {
    /// Show JSON for machines; amounts are strings in ASY
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    pub json: bool,
    /// Configuration (default: ASSAY_CONFIG, else ~/.config/assay/config.toml if it is there)
    #[arg(long, global = true, value_name = "FILE", help_heading = EVERYWHERE)]
    pub config: Option<PathBuf>,
    /// WebSocket URL of a node; several are tried in turn
    #[arg(long = "node", global = true, value_name = "URL", help_heading = EVERYWHERE)]
    pub nodes: Vec<String>,
    /// Where the worker's database, blobs and scratch files are
    #[arg(long, global = true, value_name = "DIR", help_heading = EVERYWHERE)]
    pub data: Option<PathBuf>,
    /// Key file that signs; its password is asked for, or in ASSAY_PASSWORD
    #[arg(long, global = true, value_name = "FILE", help_heading = EVERYWHERE)]
    pub key: Option<PathBuf>,
}

impl Global {
    /// What goes over configuration and environment.
    pub fn overrides(&self) -> Overrides {
        Overrides { nodes: self.nodes.clone(), data: self.data.clone(), key: self.key.clone() }
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Make, show and import keys
    Keys(verbs::keys::Args),
    /// Bond money as a provider or a validator, and take it out again
    Stake(verbs::stake::Args),
    /// Offer to compute
    Provider(verbs::provider::Args),
    /// Run the worker that computes
    Worker(worker::Args),
    /// Make models that jobs run, and list them
    Model(verbs::model::Args),
    /// Have something computed
    Job(verbs::job::Args),
    /// Store, fetch and serve content
    Blob(verbs::blob::Args),
    /// Look at the chain
    Chain(verbs::chain::Args),
    /// Propose, vote, appeal; see what is decided and what happens next
    Gov(verbs::gov::Args),
    /// Look at what belongs to all, and have approved spends paid
    Treasury(verbs::treasury::Args),
    /// Print completions for a shell
    #[command(
        after_help = "Example:\n  assay completions bash > ~/.local/share/bash-completion/completions/assay"
    )]
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Compute one job, as a process of its own
    #[command(hide = true)]
    RunTask,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_verb_that_people_use_has_an_example() {
        fn check(command: &clap::Command, path: &str) {
            let visible = command.get_subcommands().filter(|verb| !verb.is_hide_set());
            let mut verbs = visible.filter(|verb| verb.get_name() != "help").peekable();
            if verbs.peek().is_none() {
                let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
                assert!(help.contains("Example"), "{path} has no example");
                assert!(!help.contains("//Alice"), "{path} shows a key on the command line");
            }
            verbs.for_each(|verb| check(verb, &format!("{path} {}", verb.get_name())));
        }
        check(&Cli::command(), "assay");
    }

    #[test]
    fn what_every_verb_shows_as_json_is_in_the_readme() {
        const README: &str = include_str!("../README.md");
        let (_, json) = README.split_once("## JSON\n").expect("a section on JSON");
        let (json, _) = json.split_once("\n## ").expect("and one behind it");
        for noun in Cli::command().get_subcommands().filter(|noun| noun.has_subcommands()) {
            for verb in noun.get_subcommands().filter(|verb| verb.get_name() != "help") {
                let of_verb = format!("`{} {}", noun.get_name(), verb.get_name());
                let is_there = [" ", "`"].iter().any(|end| json.contains(&format!("{of_verb}{end}")));
                assert!(is_there, "{of_verb}` is missing");
            }
        }
    }
}
