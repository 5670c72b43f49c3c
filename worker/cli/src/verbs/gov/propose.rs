//! Proposes: makes a call out of what people want, tells the deposits, submits a referendum.

use super::{
    bounty,
    calls::{self, CallName, Standing},
    plan::{Draft, Manner, Plan},
    policy::Changes,
    settings::{self, Pallet, Setting},
    subject,
    time::{Clock, Span},
    tracks,
};
use crate::{
    amount::Amount,
    context::Context,
    error::CliError,
    keys,
    output::{fields, Hex},
    verbs::sent::Sent,
};
use assay_chain::{
    governance::{Body, Ruling},
    AccountId, ChainClient, GovernanceClient, Hash, RuntimeCall, Submitter,
};
use assay_primitives::{Digest, SlashId, Subject};
use clap::Subcommand;
use serde::Serialize;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// What to propose, and how.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Any call of the chain, encoded, in hex; with --track
    #[arg(long, value_name = "HEX", value_parser = subject::bytes, requires = "track")]
    call: Option<Bytes>,
    /// The track that makes the call of --call, by name or number
    #[arg(long, value_name = "TRACK", requires = "call")]
    track: Option<String>,
    /// Make the call so long after its approval, if its track allows it earlier
    #[arg(long, global = true, value_name = "TIME", default_value = "0b")]
    after: Span,
    /// Leave the deposit for the decision to others
    #[arg(long, global = true)]
    no_deposit: bool,
    /// Propose it although it would be refused if it were made now
    #[arg(long, global = true)]
    anyway: bool,
    /// Tell the track and the deposits, and send nothing
    #[arg(long, global = true)]
    dry_run: bool,
    #[command(subcommand)]
    what: Option<What>,
}

/// Bytes of an argument.
pub type Bytes = std::sync::Arc<[u8]>;

#[derive(Debug, Subcommand)]
enum What {
    /// Change the policy by which jobs are verified
    #[command(after_help = "Example:
  assay --key me.json gov propose policy --audit 30% --collateral 12 --commit 5m")]
    Policy(Changes),
    /// Take back a policy that is to come
    #[command(after_help = "Example:\n  assay --key me.json gov propose withdraw-policy")]
    WithdrawPolicy,
    /// Set parameters of a pallet; `gov params` shows those that it has
    #[command(after_help = "Example:
  assay --key me.json gov propose params slashing window=7d longestSuspension=28d
  assay --key me.json gov propose params dao appealDeposit=\"50 ASY\" appealShare=5%
  assay --key me.json gov propose params rewards inflation=2% fees.burn=40%")]
    Params {
        /// Whose
        pallet: Pallet,
        /// Which, and what, in the parameter's unit: counts, times (7d, or blocks), amounts in ASY, shares (5%)
        #[arg(required = true, value_name = "NAME=VALUE")]
        values: Vec<Setting>,
    },
    /// Cancel a slash that was appealed against
    #[command(after_help = "Example:\n  assay --key me.json gov propose cancel-slash 4")]
    CancelSlash {
        /// Number of the slash
        slash: SlashId,
    },
    /// Reduce a slash that was appealed against
    #[command(after_help = "Example:\n  assay --key me.json gov propose reduce-slash 4 250")]
    ReduceSlash {
        /// Number of the slash
        slash: SlashId,
        /// What it takes then, in ASY
        amount: Amount,
    },
    /// Uphold a slash that was appealed against: who appealed loses the deposit
    #[command(after_help = "Example:\n  assay --key me.json gov propose uphold-slash 4")]
    UpholdSlash {
        /// Number of the slash
        slash: SlashId,
    },
    /// List, warn of or delist a listing, a machine or a class of jobs
    #[command(after_help = "Example:
  assay --key me.json gov propose curate listing:3 delisted --reason report.pdf")]
    Curate {
        /// What: listing:NUMBER, machine:HARDWARE:MEMORY or class:exact-v1
        #[arg(value_parser = subject::read)]
        subject: Subject,
        /// How
        standing: As,
        /// Why: a file, whose hash goes to the chain, or 0x and 64 hexadecimal digits
        #[arg(long, value_name = "FILE|HASH", value_parser = subject::digest)]
        reason: Digest,
    },
    /// Spend from the treasury; `assay treasury payout` pays it then
    #[command(after_help = "Example:\n  assay --key me.json gov propose spend 5FHneW46… 2500")]
    Spend {
        /// To whom
        #[arg(value_name = "ADDRESS", value_parser = keys::address)]
        to: AccountId,
        /// How much, in ASY
        amount: Amount,
        /// From when on it can be paid, from now (default: at once)
        #[arg(long, value_name = "TIME")]
        from: Option<Span>,
    },
    /// Take back a spend of the treasury that is not paid out
    #[command(after_help = "Example:\n  assay --key me.json gov propose void-spend 2")]
    VoidSpend {
        /// Number of the spend
        spend: u32,
    },
    /// Fund a bounty, name or dismiss its curator, close it
    Bounty {
        #[command(subcommand)]
        what: bounty::What,
    },
    /// Upgrade the runtime; `assay gov apply` puts the code in place then
    #[command(after_help = "Examples:
  assay --key me.json gov propose upgrade assay_runtime.compact.compressed.wasm
  assay --key me.json gov propose upgrade assay_runtime.compact.compressed.wasm --whitelisted")]
    Upgrade {
        /// The runtime's WASM
        file: PathBuf,
        /// On the fast track, after the fellowship has whitelisted it
        #[arg(long)]
        whitelisted: bool,
    },
    /// As a fellow: have an upgrade, or any call of root's, whitelisted
    #[command(after_help = "Example:
  assay --key fellow.json gov propose whitelist assay_runtime.compact.compressed.wasm")]
    Whitelist {
        /// The runtime's WASM
        #[arg(required_unless_present = "root_call", conflicts_with = "root_call")]
        file: Option<PathBuf>,
        /// Another call, encoded, in hex
        #[arg(long, value_name = "HEX", value_parser = subject::bytes)]
        root_call: Option<Bytes>,
    },
    /// Make an account a fellow
    #[command(after_help = "Example:\n  assay --key me.json gov propose add-fellow 5FHneW46…")]
    AddFellow {
        /// Whose
        #[arg(value_name = "ADDRESS", value_parser = keys::address)]
        who: AccountId,
    },
    /// Make a fellow none
    #[command(after_help = "Example:\n  assay --key me.json gov propose remove-fellow 5FHneW46…")]
    RemoveFellow {
        /// Whose
        #[arg(value_name = "ADDRESS", value_parser = keys::address)]
        who: AccountId,
    },
    /// Stop the market for a time: safe-mode, in which jobs under way end and clocks stand still
    #[command(after_help = "Examples:
  assay --key me.json gov propose stop
  assay --key me.json gov propose stop --extend")]
    Stop {
        /// For longer, where it is stopped
        #[arg(long, conflicts_with = "end")]
        extend: bool,
        /// Go on again
        #[arg(long)]
        end: bool,
    },
    /// Pause a call for a time
    #[command(after_help = "Example:\n  assay --key me.json gov propose pause Jobs.post 2h")]
    Pause {
        /// Which, by its pallet and name
        #[arg(value_parser = CallName::read)]
        call: CallName,
        /// For how long
        time: Span,
    },
    /// End a pause
    #[command(after_help = "Example:\n  assay --key me.json gov propose resume Jobs.post")]
    Resume {
        /// Which call, by its pallet and name
        #[arg(value_parser = CallName::read)]
        call: CallName,
    },
    /// Cancel a referendum: deposits come back
    #[command(after_help = "Example:\n  assay --key me.json gov propose cancel 7")]
    Cancel(Target),
    /// Kill a referendum: deposits are lost
    #[command(after_help = "Example:\n  assay --key me.json gov propose kill 7")]
    Kill(Target),
}

/// A referendum of one of the bodies.
#[derive(clap::Args, Clone, Copy, Debug)]
pub struct Target {
    /// Number of the referendum
    pub referendum: u32,
    /// It is one of the fellowship
    #[arg(long)]
    pub fellowship: bool,
}

impl Target {
    /// Who votes on it.
    pub fn body(self) -> Body {
        body(self.fellowship)
    }
}

/// Who votes.
pub fn body(fellowship: bool) -> Body {
    match fellowship {
        true => Body::Fellowship,
        false => Body::Holders,
    }
}

/// What curation says.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum As {
    /// Nothing is wrong with it
    Listed,
    /// Whoever uses it should read why it is warned of
    Warned,
    /// No new job can use it
    Delisted,
}

impl From<As> for Standing {
    fn from(standing: As) -> Self {
        match standing {
            As::Listed => Self::Listed,
            As::Warned => Self::Warned,
            As::Delisted => Self::Delisted,
        }
    }
}

/// Proposes.
pub async fn run(args: Args, context: &Context) -> Result<(), CliError> {
    let who = context.account(None)?;
    let chain = context.chain().await?;
    let best = chain.tip().await?.best;
    let clock = Clock::at(&chain, best).await?;
    let draft = match (&args.call, &args.track, &args.what) {
        (Some(bytes), Some(track), None) => any(&chain, best.hash, bytes, track).await?,
        (None, None, Some(what)) => draft(&chain, best.hash, &clock, what).await?,
        _ => {
            let problem = "name one thing to propose, or a call by --call HEX and --track TRACK";
            return Err(CliError::Usage(problem.into()));
        }
    };
    let manner = Manner { after: clock.blocks(args.after)?, undecided: args.no_deposit, anyway: args.anyway };
    let plan = Plan::new(&chain, best.hash, &who, &draft, &manner).await?;
    context.output.note(&plan.text(&clock));
    let sent = match args.dry_run {
        true => None,
        false => {
            let submitter = Submitter::new(chain, context.pair()?);
            Some(plan.submit(&submitter, &context.output.spinner("signing")).await?)
        }
    };
    let proposed = Proposed::new(&plan, &draft.call, sent);
    context.output.value(&proposed, || proposed.text());
    Ok(())
}

/// Any call.
async fn any<C: GovernanceClient>(chain: &C, at: Hash, bytes: &[u8], track: &str) -> Result<Draft, CliError> {
    let call = decode(bytes)?;
    let tracks = chain.tracks(at).await?;
    Ok(Draft::new(&[tracks::by_name(&tracks, track)?.id], call))
}

fn decode(bytes: &[u8]) -> Result<RuntimeCall, CliError> {
    let problem = "the bytes are no call of this chain: encode it by the chain's own metadata";
    calls::decode(bytes).ok_or_else(|| CliError::Usage(problem.into()))
}

/// The call that does what is wanted, and who may make it.
async fn draft<C: GovernanceClient>(
    chain: &C,
    at: Hash,
    clock: &Clock,
    what: &What,
) -> Result<Draft, CliError> {
    use calls::{
        APPEALS, BIG_SPENDER, CURATOR, EMERGENCY_STOP, FELLOWS, PARAMETERS, POLICY, REFERENDUM_ADMIN, ROOT,
        SMALL_SPENDER,
    };
    let decide = |slash, ruling| Draft::new(&[APPEALS], calls::decide(slash, ruling));
    Ok(match what {
        What::Policy(changes) => Draft::new(&[POLICY], changes.call(chain, at, clock).await?),
        What::WithdrawPolicy => Draft::new(&[POLICY], calls::withdraw_policy()),
        What::Params { pallet, values } => {
            let current = chain.terms(at).await?.settings;
            Draft::new(&[PARAMETERS, ROOT], settings::call(*pallet, current, values, clock)?)
        }
        What::CancelSlash { slash } => decide(*slash, Ruling::Cancel),
        What::ReduceSlash { slash, amount } => decide(*slash, Ruling::Reduce { amount: amount.0 }),
        What::UpholdSlash { slash } => decide(*slash, Ruling::Uphold),
        What::Curate { subject, standing, reason } => {
            Draft::new(&[CURATOR], calls::curate(*subject, (*standing).into(), *reason))
        }
        What::Spend { to, amount, from } => {
            let from = from.map(|from| clock.blocks(from)).transpose()?;
            let from = from.map(|from| clock.now.saturating_add(from));
            Draft::new(&[SMALL_SPENDER, BIG_SPENDER, ROOT], calls::spend(to.clone(), amount.0, from))
        }
        What::VoidSpend { spend } => Draft::new(&[BIG_SPENDER], calls::void_spend(*spend)),
        What::Bounty { what } => what.draft(),
        What::Upgrade { file, whitelisted } => upgrade(file, *whitelisted)?,
        What::Whitelist { file, root_call } => {
            let bytes = match (file, root_call) {
                (Some(file), _) => codec::Encode::encode(&calls::authorize_upgrade(code(file)?)),
                (None, bytes) => bytes.as_deref().unwrap_or_default().to_vec(),
            };
            decode(&bytes)?;
            Draft::new(&[FELLOWS], calls::whitelist(calls::hash(&bytes)))
        }
        What::AddFellow { who } => Draft::new(&[ROOT], calls::add_fellow(who.clone())),
        What::RemoveFellow { who } => Draft::new(&[ROOT], calls::remove_fellow(who.clone())),
        What::Stop { extend, end } => Draft::new(
            &[EMERGENCY_STOP],
            match (extend, end) {
                (true, _) => calls::extend_stop(),
                (_, true) => calls::end_stop(),
                _ => calls::stop(),
            },
        ),
        What::Pause { call, time } => {
            Draft::new(&[EMERGENCY_STOP], calls::pause(call, clock.blocks(*time)?)?)
        }
        What::Resume { call } => Draft::new(&[EMERGENCY_STOP], calls::resume(call)?),
        What::Cancel(target) => {
            Draft::new(&[REFERENDUM_ADMIN], calls::cancel(target.body(), target.referendum))
        }
        What::Kill(target) => Draft::new(&[REFERENDUM_ADMIN], calls::kill(target.body(), target.referendum)),
    })
}

/// Approves code by its hash: the code itself comes when it is put in place, and needs no deposit.
fn upgrade(file: &Path, whitelisted: bool) -> Result<Draft, CliError> {
    let approve = calls::authorize_upgrade(code(file)?);
    Ok(match whitelisted {
        false => Draft::new(&[calls::ROOT], approve),
        true => Draft {
            inner: Some(approve.clone()),
            ..Draft::new(&[calls::UPGRADE], calls::dispatch_whitelisted(approve))
        },
    })
}

/// Hash of a file with code.
fn code(file: &Path) -> Result<Hash, CliError> {
    let code = fs::read(file).map_err(CliError::file(file))?;
    if code.is_empty() {
        return Err(CliError::Usage(format!("{} is empty: name the .wasm of a runtime", file.display())));
    }
    Ok(calls::hash(&code))
}

/// What is shown of a proposal.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Proposed {
    /// `None` where nothing was sent.
    referendum: Option<u32>,
    is_fellowship: bool,
    track: String,
    call: String,
    call_hash: Hex,
    deposits: super::plan::Deposits,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    sent: Option<Sent>,
}

impl Proposed {
    fn new(plan: &Plan, call: &RuntimeCall, sent: Option<(u32, Sent)>) -> Self {
        let (referendum, sent) = sent.unzip();
        Self {
            referendum,
            is_fellowship: Body::of(plan.track.id) == Body::Fellowship,
            track: plan.track.name.clone(),
            call: crate::calls::name(call),
            call_hash: Hex(plan.hash.0),
            deposits: plan.deposits,
            sent,
        }
    }

    fn text(&self) -> String {
        let rows = fields(&[
            ("track", self.track.clone()),
            ("call", format!("{} {}", self.call, self.call_hash)),
            ("on deposit", self.deposits.total().to_string()),
        ]);
        let flag = if self.is_fellowship { " --fellowship" } else { "" };
        match (self.referendum, &self.sent) {
            (Some(index), Some(sent)) => {
                let done =
                    format!("referendum {index} is submitted; `assay gov show {index}{flag}` follows it");
                sent.text(&format!("{done}\n{rows}"))
            }
            _ => format!("nothing was sent\n{rows}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::scene::{account, chain};
    use super::*;
    use assay_chain::{governance::pallet_treasury, token::ASY};

    async fn drafted(what: What) -> Draft {
        let chain = chain(|_| {});
        let best = chain.tip().await.unwrap().best;
        let clock = Clock::at(&chain, best).await.unwrap();
        draft(&chain, best.hash, &clock, &what).await.unwrap()
    }

    #[tokio::test]
    async fn each_wish_goes_to_the_track_that_can_do_it() {
        let target = Target { referendum: 7, fellowship: true };
        for (what, tracks, name) in [
            (What::WithdrawPolicy, vec![3], "Dao.withdraw_policy"),
            (What::CancelSlash { slash: 4 }, vec![4], "Dao.decide"),
            (What::VoidSpend { spend: 2 }, vec![7], "Treasury.void_spend"),
            (What::AddFellow { who: account() }, vec![0], "Fellowship.add_member"),
            (What::RemoveFellow { who: account() }, vec![0], "Fellowship.remove_member"),
            (What::Stop { extend: false, end: false }, vec![8], "SafeMode.force_enter"),
            (What::Stop { extend: true, end: false }, vec![8], "SafeMode.force_extend"),
            (What::Stop { extend: false, end: true }, vec![8], "SafeMode.force_exit"),
            (What::Cancel(Target { fellowship: false, ..target }), vec![9], "Referenda.cancel"),
            (What::Kill(target), vec![9], "FellowshipReferenda.kill"),
        ] {
            let draft = drafted(what).await;
            assert_eq!((draft.tracks, crate::calls::name(&draft.call).as_str()), (tracks, name));
        }
    }

    #[tokio::test]
    async fn a_spend_is_payable_from_a_block_on() {
        let amount = Amount(5 * ASY);
        let draft = drafted(What::Spend { to: account(), amount, from: Some(Span::Blocks(10)) }).await;
        assert_eq!(draft.tracks, [6, 7, 0]);
        let RuntimeCall::Treasury(pallet_treasury::Call::spend { amount, valid_from, .. }) = draft.call
        else {
            panic!("{:?}", draft.call)
        };
        assert_eq!((amount, valid_from), (5 * ASY, Some(11)));
    }

    #[tokio::test]
    async fn a_fast_upgrade_is_the_call_that_fellows_whitelist() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("runtime.wasm");
        fs::write(&file, b"code").unwrap();
        let slow = drafted(What::Upgrade { file: file.clone(), whitelisted: false }).await;
        assert_eq!((slow.tracks, &slow.call), (vec![0], &calls::authorize_upgrade(calls::hash(b"code"))));
        let fast = drafted(What::Upgrade { file: file.clone(), whitelisted: true }).await;
        assert_eq!((fast.tracks, fast.inner.as_ref()), (vec![1], Some(&slow.call)));
        let listed = drafted(What::Whitelist { file: Some(file.clone()), root_call: None }).await;
        let hash = calls::hash(&codec::Encode::encode(&slow.call));
        assert_eq!((listed.tracks, listed.call), (vec![100], calls::whitelist(hash)));
        fs::write(&file, b"").unwrap();
        assert!(upgrade(&file, false).unwrap_err().line().contains("is empty"));
        assert_eq!(upgrade(&directory.path().join("none"), false).unwrap_err().exit_code(), 1);
    }

    #[tokio::test]
    async fn any_call_is_taken_with_a_track() {
        let chain = chain(|_| {});
        let at = chain.tip().await.unwrap().best.hash;
        let bytes = codec::Encode::encode(&calls::stop());
        let draft = any(&chain, at, &bytes, "emergency-stop").await.unwrap();
        assert_eq!(draft, Draft::new(&[8], calls::stop()));
        assert!(any(&chain, at, &bytes, "stop").await.unwrap_err().line().contains("no track \"stop\""));
        assert!(any(&chain, at, &[255], "root").await.unwrap_err().line().contains("no call of this chain"));
    }
}
