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
    use clap::{error::ErrorKind, CommandFactory, ValueEnum};
    use clap_complete::Shell;

    const README: &str = include_str!("../README.md");
    const ADDRESS: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";

    /// Each verb that people use: how it is called, and itself.
    fn verbs() -> Vec<(String, clap::Command)> {
        fn walk(command: &clap::Command, path: &str, found: &mut Vec<(String, clap::Command)>) {
            let visible = command.get_subcommands().filter(|verb| !verb.is_hide_set());
            let verbs: Vec<_> = visible.filter(|verb| verb.get_name() != "help").collect();
            if verbs.is_empty() {
                found.push((path.into(), command.clone()));
            }
            for verb in verbs {
                walk(verb, format!("{path} {}", verb.get_name()).trim_start(), found);
            }
        }
        let mut cli = Cli::command();
        // Hands each verb what all of them take.
        cli.build();
        let mut found = Vec::new();
        walk(&cli, "", &mut found);
        found
    }

    /// The words of a line that is typed, up to a comment or a redirection, with something for what stands for a value.
    fn words(line: &str) -> Vec<String> {
        let call = line.split(" #").next().unwrap_or_default();
        let pieces = call.split(['\'', '"']).enumerate();
        let words = pieces.flat_map(|(at, piece)| match at % 2 {
            0 => piece.split_whitespace().map(String::from).collect::<Vec<_>>(),
            _ => vec![piece.to_string()],
        });
        let words = words.take_while(|word| !word.contains('>') && word != "&");
        let filled = words.map(|word| match word.as_str() {
            "JOB" => "7".into(),
            name if name.ends_with("ADDRESS") || name.starts_with("5FHneW46") => ADDRESS.into(),
            _ => word,
        });
        filled.collect()
    }

    /// Panics unless the program takes a line. That a file is not there, or a hash is cut short, is no fault of it.
    #[track_caller]
    fn assert_taken(line: &str) {
        if let Err(error) = Cli::try_parse_from(words(line)) {
            assert_eq!(error.kind(), ErrorKind::ValueValidation, "{line}: {error}");
        }
    }

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_verb_takes_json_and_has_an_example_of_itself() {
        for (path, verb) in verbs() {
            let takes_json = verb.get_arguments().any(|argument| argument.get_long() == Some("json"));
            assert!(takes_json, "{path} has no --json");
            let help = verb.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(!help.contains("//Alice"), "{path} shows a key on the command line");
            let whole = help.replace("\\\n", " ");
            let examples: Vec<_> = whole.lines().filter_map(|line| line.strip_prefix("  ")).collect();
            let own = format!(" {path} ");
            assert!(examples.iter().any(|line| format!("{line} ").contains(&own)), "{path} has no example");
            examples.iter().filter(|line| line.starts_with("assay ")).for_each(|line| assert_taken(line));
        }
    }

    #[test]
    fn what_the_readme_of_the_repository_has_people_type_is_taken() {
        const README: &str = include_str!("../../../README.md");
        let lines: Vec<_> = README.lines().filter(|line| line.starts_with("assay ")).collect();
        assert!(lines.len() > 30, "there are walks for three kinds of people: {lines:?}");
        lines.iter().for_each(|line| assert_taken(line));
    }

    #[test]
    fn completions_know_every_verb() {
        for shell in Shell::value_variants() {
            let mut script = Vec::<u8>::new();
            clap_complete::generate(*shell, &mut Cli::command(), "assay", &mut script);
            let script = String::from_utf8(script).expect("a script is text");
            for (path, _) in verbs() {
                path.split(' ').for_each(|word| assert!(script.contains(word), "{shell}: {word} of {path}"));
            }
        }
    }

    #[test]
    fn help_and_readme_name_the_same_exit_codes() {
        let (_, table) = README.split_once("| exit code | means |\n").expect("a table of exit codes");
        let rows = table.lines().skip(1).map_while(|row| row.strip_prefix("| ")?.split(" |").next());
        let codes: Vec<_> = rows.flat_map(|codes| codes.split(", ")).collect();
        assert_eq!(codes, ["0", "1", "2", "3", "4", "5"]);
        let (_, list) = AFTER_HELP.split_once("Exit codes: ").expect("the help has them");
        let (list, _) = list.split_once(".\n").expect("and something behind them");
        let told = list.split(", ").filter_map(|part| part.split(' ').next());
        let told: Vec<_> = told.filter(|word| word.bytes().all(|byte| byte.is_ascii_digit())).collect();
        assert_eq!(told, codes);
    }

    #[test]
    fn what_every_verb_shows_as_json_is_in_the_readme() {
        let (_, json) = README.split_once("## JSON\n").expect("a section on JSON");
        let (json, _) = json.split_once("\n## ").expect("and one behind it");
        for (path, _) in verbs() {
            let words: Vec<_> = path.split(' ').collect();
            // Kinds of jobs and of proposals are shown as all of them are; completions are no JSON.
            let mut names = (2..=words.len()).map(|count| format!("`{}`", words[..count].join(" ")));
            assert!(words.len() == 1 || names.any(|name| json.contains(&name)), "{path} is missing");
        }
    }
}
