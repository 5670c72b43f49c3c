//! `assay treasury`: what belongs to all, and what of it is to be paid.

mod bounty;

use super::{
    gov::{calls, time::Clock},
    sent,
};
use crate::{
    amount::Amount,
    context::Context,
    error::CliError,
    output::{fields, table},
};
use assay_chain::{
    governance::{Payment, Spend},
    AccountId, BlockNumber, ChainClient, GovernanceClient, Hash,
};
use clap::Subcommand;
use serde::Serialize;
use sp_core::crypto::Ss58Codec;

/// What to do with the treasury.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show what the treasury has
    #[command(after_help = "Example:\n  assay treasury status")]
    Status,
    /// Show spends that were approved; `assay gov propose spend` has one voted on
    #[command(after_help = "Example:\n  assay treasury spends")]
    Spends {
        /// Those after this one
        #[arg(long, value_name = "SPEND")]
        after: Option<u32>,
        /// At most so many
        #[arg(long, default_value = "100", value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// Pay an approved spend out; anyone can
    #[command(after_help = "Example:\n  assay --key me.json treasury payout 2")]
    Payout {
        /// Number of the spend
        spend: u32,
    },
    /// Forget a spend that was paid out, or that nobody has asked for in time
    #[command(after_help = "Example:\n  assay --key me.json treasury clear 2")]
    Clear {
        /// Number of the spend
        spend: u32,
    },
    /// Show bounties: work that the treasury pays for
    #[command(after_help = "Example:\n  assay treasury bounties")]
    Bounties {
        /// Those after this one
        #[arg(long, value_name = "BOUNTY")]
        after: Option<u32>,
        /// At most so many
        #[arg(long, default_value = "100", value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// Propose a bounty, look after one, have one paid; `assay gov propose bounty` has one voted on
    Bounty {
        #[command(subcommand)]
        verb: bounty::Verb,
    },
}

/// Runs the verb.
pub async fn run(args: Args, context: &Context) -> Result<(), CliError> {
    match args.verb {
        Verb::Status => status(context).await,
        Verb::Spends { after, limit } => spends(context, after, limit).await,
        Verb::Payout { spend } => pay_out(context, spend).await,
        Verb::Clear { spend } => {
            sent::send(context, calls::clear_spend(spend), &format!("spend {spend} is forgotten")).await
        }
        Verb::Bounties { after, limit } => bounty::list(context, after, limit).await,
        Verb::Bounty { verb } => bounty::run(verb, context).await,
    }
}

/// What is shown of the treasury.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    account: AccountId,
    balance: Amount,
    /// What of it is approved and not paid out, as far as it was looked at.
    promised: Amount,
    /// For how many blocks a spend can be paid out.
    payout_blocks: BlockNumber,
}

async fn status(context: &Context) -> Result<(), CliError> {
    let chain = context.chain().await?;
    let best = chain.tip().await?.best;
    let clock = Clock::at(&chain, best).await?;
    let shown = view(&chain, best.hash, clock.now).await?;
    context.output.value(&shown, || shown.text(&clock));
    Ok(())
}

async fn view<C: GovernanceClient>(chain: &C, at: Hash, now: BlockNumber) -> Result<Shown, CliError> {
    let treasury = chain.treasury(at).await?;
    let spends = chain.spends(at, None, 1_000).await?;
    let open = spends.iter().filter(|(_, spend)| is_open(spend, now)).map(|(_, spend)| spend.amount);
    Ok(Shown {
        account: treasury.account,
        balance: Amount(treasury.pot),
        promised: Amount(open.fold(0, u128::saturating_add)),
        payout_blocks: treasury.payout,
    })
}

impl Shown {
    fn text(&self, clock: &Clock) -> String {
        fields(&[
            ("account", self.account.to_ss58check()),
            ("has", self.balance.to_string()),
            ("of that approved", self.promised.to_string()),
            ("a spend is paid", format!("within {}, when somebody asks", clock.length(self.payout_blocks))),
        ])
    }
}

fn is_open(spend: &Spend, now: BlockNumber) -> bool {
    spend.payment != Payment::Made && spend.until > now
}

/// What is shown of a spend.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    spend: u32,
    amount: Amount,
    beneficiary: AccountId,
    from: BlockNumber,
    until: BlockNumber,
    state: &'static str,
}

impl Row {
    fn new(index: u32, spend: &Spend, now: BlockNumber) -> Self {
        let state = match spend.payment {
            Payment::Made => "paid",
            _ if spend.until <= now => "expired",
            _ if spend.from > now => "to come",
            Payment::Failed => "failed: ask again",
            Payment::Pending => "payable",
        };
        let (from, until, beneficiary) = (spend.from, spend.until, spend.beneficiary.clone());
        Self { spend: index, amount: Amount(spend.amount), beneficiary, from, until, state }
    }

    fn cells(&self, clock: &Clock) -> Vec<String> {
        let next = match self.state {
            "paid" | "expired" => format!("`assay treasury clear {}`", self.spend),
            "to come" => format!("payable from {}", clock.when(self.from)),
            _ => format!("`assay treasury payout {}` until {}", self.spend, clock.when(self.until)),
        };
        let (spend, to) = (self.spend.to_string(), self.beneficiary.to_ss58check());
        vec![spend, self.amount.to_string(), to, self.state.into(), next]
    }
}

async fn spends(context: &Context, after: Option<u32>, limit: u32) -> Result<(), CliError> {
    let chain = context.chain().await?;
    let best = chain.tip().await?.best;
    let clock = Clock::at(&chain, best).await?;
    let spends = chain.spends(best.hash, after, limit).await?;
    let rows: Vec<_> = spends.iter().map(|(index, spend)| Row::new(*index, spend, clock.now)).collect();
    context.output.list("spends", &rows, || {
        let header = ["spend", "amount", "to", "state", "next"];
        table(&header, &rows.iter().map(|row| row.cells(&clock)).collect::<Vec<_>>())
    });
    Ok(())
}

async fn pay_out(context: &Context, index: u32) -> Result<(), CliError> {
    context.account(None)?;
    let chain = context.chain().await?;
    let best = chain.tip().await?.best;
    let clock = Clock::at(&chain, best).await?;
    let spend = payable(&chain, best.hash, &clock, index).await?;
    let done = format!("{} are paid to {}", Amount(spend.amount), spend.beneficiary.to_ss58check());
    sent::send_to(context, &chain, calls::pay_out(index), &done).await
}

/// A spend that can be paid out now.
async fn payable<C: GovernanceClient>(
    chain: &C,
    at: Hash,
    clock: &Clock,
    index: u32,
) -> Result<Spend, CliError> {
    let refused = |problem: String| Err(CliError::Refused(problem));
    // The list begins after a number: before the first one it begins at none.
    let found = chain.spends(at, index.checked_sub(1), 1).await?.into_iter().find(|(id, _)| *id == index);
    let Some((_, spend)) = found else {
        return refused(format!("there is no spend {index}: `assay treasury spends` shows those there are"));
    };
    if spend.payment == Payment::Made {
        return refused(format!("spend {index} was paid out"));
    }
    if spend.until <= clock.now {
        return refused(format!("spend {index} was to be paid out before {}", clock.when(spend.until)));
    }
    if spend.from > clock.now {
        return refused(format!("spend {index} can be paid out from {}", clock.when(spend.from)));
    }
    let pot = Amount(chain.treasury(at).await?.pot);
    if pot.0 < spend.amount {
        let amount = Amount(spend.amount);
        return refused(format!(
            "the treasury has {pot}, and spend {index} takes {amount}: wait until it has"
        ));
    }
    Ok(spend)
}

#[cfg(test)]
mod tests {
    use super::super::gov::scene::{account, chain};
    use super::*;
    use assay_chain::{fake::FakeChain, governance::Treasury, token::ASY};

    fn spend(amount: u128, from: u32, until: u32, payment: Payment) -> Spend {
        Spend { amount: amount * ASY, beneficiary: account(), from, until, payment }
    }

    fn rich() -> FakeChain {
        chain(|world| {
            let account = AccountId::new([9; 32]);
            world.governance.treasury = Some(Treasury { account, pot: 100 * ASY, payout: 200 });
            world.governance.spends.extend([
                (0, spend(40, 5, 50, Payment::Pending)),
                (1, spend(10, 5, 50, Payment::Made)),
                (3, spend(7, 5, 8, Payment::Pending)),
                (4, spend(5, 30, 50, Payment::Pending)),
                (5, spend(500, 5, 50, Payment::Failed)),
            ]);
        })
    }

    #[tokio::test]
    async fn what_is_approved_and_not_paid_is_promised() {
        let chain = rich();
        let at = chain.tip().await.unwrap().best.hash;
        let shown = view(&chain, at, 20).await.unwrap();
        assert_eq!((shown.balance, shown.promised), (Amount(100 * ASY), Amount(545 * ASY)));
        let text = shown.text(&Clock::new(20, 3_000));
        assert!(text.contains("within 10 min"), "{text}");
    }

    #[tokio::test]
    async fn a_spend_is_paid_when_it_can_be() {
        let chain = rich();
        let at = chain.tip().await.unwrap().best.hash;
        let clock = Clock::new(20, 3_000);
        let payable = |index| payable(&chain, at, &clock, index);
        assert_eq!(payable(0).await.unwrap().amount, 40 * ASY);
        for (index, words) in [
            (1, "was paid out"),
            (2, "there is no spend 2"),
            (3, "was to be paid out before block 8"),
            (4, "can be paid out from block 30, in about 30 s"),
            (5, "the treasury has 100 ASY, and spend 5 takes 500 ASY"),
        ] {
            let error = payable(index).await.unwrap_err();
            assert_eq!(error.exit_code(), 4);
            assert!(error.line().contains(words), "{}", error.line());
        }
    }

    #[test]
    fn a_spend_says_what_comes_next() {
        let clock = Clock::new(20, 3_000);
        let next = |spend: &Spend| {
            let row = Row::new(3, spend, 20);
            (row.state, row.cells(&clock)[4].clone())
        };
        let (state, step) = next(&spend(1, 5, 50, Payment::Pending));
        assert_eq!(
            (state, step.as_str()),
            ("payable", "`assay treasury payout 3` until block 50, in about 1 min 30 s")
        );
        assert_eq!(next(&spend(1, 30, 50, Payment::Pending)).0, "to come");
        assert_eq!(next(&spend(1, 5, 50, Payment::Failed)).0, "failed: ask again");
        assert_eq!(next(&spend(1, 5, 20, Payment::Pending)), ("expired", "`assay treasury clear 3`".into()));
        assert_eq!(next(&spend(1, 5, 10, Payment::Made)).0, "paid");
    }
}
