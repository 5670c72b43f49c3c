//! `assay gov`: what token holders decide, how far it is, and what happens next.

mod appeal;
mod bounty;
pub mod calls;
mod deposits;
mod list;
mod next;
mod plan;
mod policy;
mod preimage;
mod propose;
#[cfg(test)]
pub mod scene;
mod settings;
mod show;
mod standing;
mod subject;
pub mod time;
mod tracks;
mod unlock;
mod vote;

use super::sent;
use crate::{amount::Amount, context::Context, error::CliError, keys};
use assay_chain::{bonds::SlashId, governance::Conviction, AccountId};
use assay_primitives::Digest;
use clap::Subcommand;
use propose::Target;
use std::path::PathBuf;

/// What to do about what is decided.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show the tracks: what votes take, by what they can do
    #[command(after_help = "Example:\n  assay gov tracks")]
    Tracks,
    /// Show what is stopped, the policy in force and what is to come, the approved upgrade, and who is a fellow
    #[command(after_help = "Example:\n  assay gov status")]
    Status,
    /// Show the parameters that votes set
    #[command(after_help = "Example:\n  assay gov params")]
    Params,
    /// Propose something: tells the deposits, then submits a referendum
    #[command(after_help = "Examples:
  assay --key me.json gov propose spend 5FHneW46… 2500 --dry-run
  assay --key me.json gov propose policy --audit 30%
  assay --key me.json gov propose --track root --call 0x0007…")]
    Propose(Box<propose::Args>),
    /// Have a referendum decided, for a deposit that comes back when it is over
    #[command(after_help = "Example:\n  assay --key me.json gov deposit 7")]
    Deposit(Target),
    /// Give deposits of a referendum that is over back to whoever made them
    #[command(after_help = "Example:\n  assay --key me.json gov refund 7")]
    Refund(Target),
    /// Long calls that the chain keeps for referenda
    Preimage {
        #[command(subcommand)]
        verb: preimage::Verb,
    },
    /// Vote
    #[command(after_help = "Examples:
  assay --key me.json gov vote 7 aye 1000 --conviction 2x
  assay --key fellow.json gov vote 3 aye --fellowship")]
    Vote {
        /// Number of the referendum
        referendum: u32,
        /// What it says
        says: vote::Says,
        /// With how much, in ASY; what is bonded counts too. Fellows have one vote
        amount: Option<Amount>,
        /// 0x counts a tenth and locks nothing after; 1x to 6x count so often, and lock for 1 to 32 periods if the vote
        /// wins
        #[arg(long, value_name = "TIMES", default_value = "1x", value_parser = vote::conviction)]
        conviction: Conviction,
        /// It is one of the fellowship
        #[arg(long)]
        fellowship: bool,
    },
    /// Take a vote back
    #[command(after_help = "Example:\n  assay --key me.json gov unvote 7")]
    Unvote {
        /// Number of the referendum
        referendum: u32,
    },
    /// Have somebody else vote with your tokens, on a track or on all
    #[command(after_help = "Example:
  assay --key me.json gov delegate all 5FHneW46… 1000 --conviction 1x")]
    Delegate {
        /// Name or number of the track, or `all`
        track: String,
        /// Who votes
        #[arg(value_name = "ADDRESS", value_parser = keys::address)]
        to: AccountId,
        /// With how much, in ASY
        amount: Amount,
        /// As for votes
        #[arg(long, value_name = "TIMES", default_value = "1x", value_parser = vote::conviction)]
        conviction: Conviction,
    },
    /// Vote yourself again
    #[command(after_help = "Example:\n  assay --key me.json gov undelegate all")]
    Undelegate {
        /// Name or number of the track, or `all`
        track: String,
    },
    /// Free what votes have locked and do not need any more
    #[command(after_help = "Example:\n  assay --key me.json gov unlock")]
    Unlock,
    /// Show what an account votes with, and until when it is locked
    #[command(after_help = "Example:\n  assay --key me.json gov votes")]
    Votes {
        /// Whose (default: those of the key)
        #[arg(long, value_parser = keys::address)]
        account: Option<AccountId>,
    },
    /// Show referenda, newest first
    #[command(after_help = "Example:\n  assay gov list --limit 10")]
    List {
        /// Those of the fellowship
        #[arg(long)]
        fellowship: bool,
        /// Those before this one
        #[arg(long, value_name = "REFERENDUM")]
        before: Option<u32>,
        /// At most so many
        #[arg(long, default_value = "20", value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// Show a referendum: what it would do, where it stands, what happens next and when
    #[command(after_help = "Example:\n  assay gov show 7")]
    Show(Target),
    /// Appeal against a slash: holds it up until a vote, for a deposit
    #[command(after_help = "Example:\n  assay --key owner.json gov appeal 4 --evidence log.txt")]
    Appeal {
        /// Number of the slash
        slash: SlashId,
        /// Why: a file, whose hash goes to the chain, or 0x and 64 hexadecimal digits
        #[arg(long, value_name = "FILE|HASH", value_parser = subject::digest)]
        evidence: Digest,
    },
    /// Show appeals
    #[command(after_help = "Example:\n  assay gov appeals")]
    Appeals {
        /// Those after the appeal against this slash
        #[arg(long, value_name = "SLASH")]
        after: Option<SlashId>,
        /// At most so many
        #[arg(long, default_value = "100", value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// Settle the appeal against a slash that is over without a vote
    #[command(after_help = "Example:\n  assay --key me.json gov close-appeal 4")]
    CloseAppeal {
        /// Number of the slash
        slash: SlashId,
    },
    /// Put an approved upgrade in place
    #[command(after_help = "Example:
  assay --key me.json gov apply assay_runtime.compact.compressed.wasm")]
    Apply {
        /// The runtime's WASM
        file: PathBuf,
    },
}

/// Runs the verb.
pub async fn run(args: Args, context: &Context) -> Result<(), CliError> {
    match args.verb {
        Verb::Tracks => tracks::run(context).await,
        Verb::Status => standing::run(context).await,
        Verb::Params => settings::show(context).await,
        Verb::Propose(args) => propose::run(*args, context).await,
        Verb::Deposit(target) => deposits::make(context, target).await,
        Verb::Refund(target) => deposits::refund(context, target).await,
        Verb::Preimage { verb } => preimage::run(verb, context).await,
        Verb::Vote { referendum, says, amount, conviction, fellowship } => {
            let target = Target { referendum, fellowship };
            vote::run(context, vote::Choice { target, says, amount, conviction }).await
        }
        Verb::Unvote { referendum } => vote::remove(context, referendum).await,
        Verb::Delegate { track, to, amount, conviction } => {
            vote::delegate(context, &track, to, amount, conviction).await
        }
        Verb::Undelegate { track } => vote::undelegate(context, &track).await,
        Verb::Unlock => unlock::run(context).await,
        Verb::Votes { account } => unlock::show(context, account).await,
        Verb::List { fellowship, before, limit } => list::run(context, fellowship, before, limit).await,
        Verb::Show(target) => show::run(context, target).await,
        Verb::Appeal { slash, evidence } => appeal::run(context, slash, evidence).await,
        Verb::Appeals { after, limit } => appeal::list(context, after, limit).await,
        Verb::CloseAppeal { slash } => {
            let done = "settled: the deposit is back, or burnt where the slash was upheld";
            sent::send(context, calls::close_appeal(slash), done).await
        }
        Verb::Apply { file } => standing::apply(context, &file).await,
    }
}
