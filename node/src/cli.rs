//! What can be asked of the binary.

use sc_cli::{RunCmd, SubstrateCli};
use std::{path::PathBuf, str::FromStr, time::Duration};

/// The command line.
// It is parsed once; boxing a variant would save nothing.
#[allow(clippy::large_enum_variant)]
#[derive(Debug, clap::Parser)]
pub struct Cli {
    // Without one, the node runs.
    #[command(subcommand)]
    pub subcommand: Option<Subcommand>,

    #[command(flatten)]
    pub run: RunCmd,

    /// For tests: author a block whenever a transaction comes in (`instant`), or every so many milliseconds, without
    /// waiting for slots, and finalize it at once. The node has to hold the BABE keys of all validators.
    #[arg(long, value_name = "instant|MS")]
    pub sealing: Option<Sealing>,

    /// Directory for compiled runtimes and built genesis states, which make the next start quick; nodes of one user
    /// may share it. The default is `cache` in the base path.
    #[arg(long, value_name = "DIR")]
    pub cache_path: Option<PathBuf>,
}

/// Commands other than running the node.
#[allow(clippy::large_enum_variant)]
#[derive(Debug, clap::Subcommand)]
pub enum Subcommand {
    /// Make, inspect and insert keys
    #[command(subcommand)]
    Key(sc_cli::KeySubcommand),

    /// Write a chain specification as JSON
    ExportChainSpec(sc_cli::ExportChainSpecCmd),

    /// Import a block of the database once more
    CheckBlock(sc_cli::CheckBlockCmd),

    /// Write blocks to a file
    ExportBlocks(sc_cli::ExportBlocksCmd),

    /// Import blocks from a file
    ImportBlocks(sc_cli::ImportBlocksCmd),

    /// Remove the database
    PurgeChain(sc_cli::PurgeChainCmd),

    /// Take back blocks that are not final
    Revert(sc_cli::RevertCmd),

    /// Print where the chain in the database stands
    ChainInfo(sc_cli::ChainInfoCmd),
}

/// When blocks are authored, if not in their slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sealing {
    /// When a transaction comes in.
    Instant,
    /// Once in this time.
    Every(Duration),
}

impl FromStr for Sealing {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "instant" {
            return Ok(Self::Instant);
        }
        match text.parse() {
            Ok(millis) if millis > 0 => Ok(Self::Every(Duration::from_millis(millis))),
            _ => Err("neither `instant` nor a number of milliseconds above zero".into()),
        }
    }
}

impl SubstrateCli for Cli {
    fn impl_name() -> String {
        "Assay Node".into()
    }

    fn impl_version() -> String {
        env!("CARGO_PKG_VERSION").into()
    }

    fn executable_name() -> String {
        "assay-node".into()
    }

    fn description() -> String {
        env!("CARGO_PKG_DESCRIPTION").into()
    }

    fn author() -> String {
        "the authors of Assay".into()
    }

    fn support_url() -> String {
        "the repository this binary was built from".into()
    }

    fn copyright_start_year() -> i32 {
        2026
    }

    fn load_spec(&self, id: &str) -> Result<Box<dyn sc_service::ChainSpec>, String> {
        Ok(Box::new(assay_chain_spec::load(id)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{CommandFactory, Parser};

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn sealing_is_instant_or_an_interval() {
        assert_eq!("instant".parse(), Ok(Sealing::Instant));
        assert_eq!("250".parse(), Ok(Sealing::Every(Duration::from_millis(250))));
    }

    #[test]
    fn sealing_refuses_what_is_no_interval() {
        for text in ["", "0", "-1", "1.5", "1s", "Instant"] {
            assert!(text.parse::<Sealing>().is_err(), "{text:?} was taken");
        }
    }

    #[test]
    fn a_node_takes_sealing_and_the_standard_flags_together() {
        let cli = Cli::parse_from(["assay-node", "--dev", "--sealing", "100", "--rpc-port", "9955"]);
        assert_eq!(cli.sealing, Some(Sealing::Every(Duration::from_millis(100))));
        assert!(cli.run.shared_params.dev);
        assert_eq!(cli.run.rpc_params.rpc_port, Some(9955));
    }
}
