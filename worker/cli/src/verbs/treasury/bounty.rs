//! Bounties: work that the treasury pays for. What votes decide about them is proposed by `assay gov propose bounty`.

use crate::{
    amount::Amount,
    context::Context,
    error::CliError,
    keys,
    output::table,
    verbs::{
        gov::{calls, time::Clock},
        sent::{self, Sent},
    },
};
use assay_chain::{
    governance::{Bounty, BountyStatus, BountyTerms},
    AccountId, BlockNumber, ChainClient, GovernanceClient, Hash, RuntimeCall,
};
use clap::Subcommand;
use serde::Serialize;
use sp_core::crypto::Ss58Codec;

/// What to do with one.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Propose one, for a deposit that comes back when votes have had it funded
    #[command(after_help = "Example:
  assay --key me.json treasury bounty propose 5000 \"A faster softmax\"")]
    Propose {
        /// What it is worth, the curator's fee included, in ASY
        value: Amount,
        /// What is to be done
        description: String,
    },
    /// Look after one that votes have named you the curator of, for a deposit
    #[command(after_help = "Example:\n  assay --key curator.json treasury bounty accept 3")]
    Accept {
        /// Number of the bounty
        bounty: u32,
    },
    /// As its curator, say whose it is
    #[command(after_help = "Example:\n  assay --key curator.json treasury bounty award 3 5FHneW46…")]
    Award {
        /// Number of the bounty
        bounty: u32,
        /// Who has earned it
        #[arg(value_name = "ADDRESS", value_parser = keys::address)]
        to: AccountId,
    },
    /// As its curator, say that work on it goes on
    #[command(after_help = "Example:\n  assay --key curator.json treasury bounty extend 3")]
    Extend {
        /// Number of the bounty
        bounty: u32,
    },
    /// As its curator, give it up; anyone can take it from a curator who has not extended it in time
    #[command(after_help = "Example:\n  assay --key curator.json treasury bounty unassign 3")]
    Unassign {
        /// Number of the bounty
        bounty: u32,
    },
    /// Have one paid that was awarded; anyone can
    #[command(after_help = "Example:\n  assay --key me.json treasury bounty claim 3")]
    Claim {
        /// Number of the bounty
        bounty: u32,
    },
}

/// What somebody does with a bounty that there is.
#[derive(Debug)]
enum Step {
    Accept,
    Award(AccountId),
    Extend,
    Unassign,
    Claim,
}

/// Runs the verb.
pub async fn run(verb: Verb, context: &Context) -> Result<(), CliError> {
    match verb {
        Verb::Propose { value, description } => propose(context, value, description).await,
        Verb::Accept { bounty } => take(context, bounty, Step::Accept).await,
        Verb::Award { bounty, to } => take(context, bounty, Step::Award(to)).await,
        Verb::Extend { bounty } => take(context, bounty, Step::Extend).await,
        Verb::Unassign { bounty } => take(context, bounty, Step::Unassign).await,
        Verb::Claim { bounty } => take(context, bounty, Step::Claim).await,
    }
}

/// What is shown of a bounty that was proposed.
#[derive(Serialize)]
struct Proposed {
    bounty: u32,
    #[serde(flatten)]
    sent: Sent,
}

async fn propose(context: &Context, value: Amount, description: String) -> Result<(), CliError> {
    let who = context.account(None)?;
    let chain = context.chain().await?;
    let at = chain.tip().await?.best.hash;
    let deposit = deposit(&chain.bounty_terms(at).await?, value, &description)?;
    has(&chain, at, &who, deposit).await?;
    let note = format!("on deposit: {deposit}; back when it is funded, lost if votes close it before");
    context.output.note(&note);
    let included = context.send(&chain, calls::propose_bounty(value.0, description)).await?;
    let bounty = calls::proposed_bounty(&included.events).ok_or_else(|| {
        CliError::Unavailable("the transaction is in a block, but proposed no bounty".into())
    })?;
    let proposed = Proposed { bounty, sent: Sent::from(&included) };
    let done =
        format!("bounty {bounty} is proposed; `assay gov propose bounty fund {bounty}` has it voted on");
    context.output.value(&proposed, || proposed.sent.text(&done));
    Ok(())
}

/// What a bounty takes on deposit, where there can be such a one.
fn deposit(terms: &BountyTerms, value: Amount, description: &str) -> Result<Amount, CliError> {
    let least = Amount(terms.least);
    if value < least {
        return Err(CliError::Refused(format!("a bounty is worth {least} at least: name more")));
    }
    let bytes = description.len();
    match u32::try_from(bytes) {
        Ok(len) if len <= terms.longest => {
            let for_bytes = terms.byte_deposit.saturating_mul(len.into());
            Ok(Amount(terms.deposit.saturating_add(for_bytes)))
        }
        _ => Err(CliError::Refused(format!(
            "the description has {bytes} bytes, and the chain keeps {}: shorten it, or link to the rest",
            terms.longest
        ))),
    }
}

/// Looks whether an account has what is to be on deposit.
async fn has<C: ChainClient>(chain: &C, at: Hash, who: &AccountId, deposit: Amount) -> Result<(), CliError> {
    let free = Amount(chain.account(at, who).await?.free);
    match free < deposit {
        true => Err(CliError::Refused(format!(
            "not enough money: {deposit} go on deposit, and the account has {free} free"
        ))),
        false => Ok(()),
    }
}

async fn take(context: &Context, index: u32, step: Step) -> Result<(), CliError> {
    let who = context.account(None)?;
    let chain = context.chain().await?;
    let best = chain.tip().await?.best;
    let clock = Clock::at(&chain, best).await?;
    let row = find(&chain, best.hash, index).await?;
    step.check(&row, &who, &clock)?;
    if let Step::Accept = step {
        let deposit = row.curator_deposit;
        has(&chain, best.hash, &who, deposit).await?;
        let back = "back when the bounty is paid, lost if it is taken from you";
        context.output.note(&format!("on deposit: {deposit}; {back}"));
    }
    sent::send_to(context, &chain, step.call(index), &step.done(index)).await
}

async fn find<C: GovernanceClient>(chain: &C, at: Hash, index: u32) -> Result<Row, CliError> {
    let funding = chain.bounty_terms(at).await?.funding;
    // The list begins after a number: before the first one it begins at none.
    let found = chain.bounties(at, index.checked_sub(1), 1).await?.into_iter().find(|(id, _)| *id == index);
    found.map(|(_, bounty)| Row::new(index, bounty, funding)).ok_or_else(|| {
        let problem = format!("there is no bounty {index}: `assay treasury bounties` shows those there are");
        CliError::Refused(problem)
    })
}

impl Step {
    fn call(&self, index: u32) -> RuntimeCall {
        match self {
            Self::Accept => calls::accept_curator(index),
            Self::Award(to) => calls::award_bounty(index, to.clone()),
            Self::Extend => calls::extend_bounty(index),
            Self::Unassign => calls::unassign_curator(index),
            Self::Claim => calls::claim_bounty(index),
        }
    }

    fn done(&self, index: u32) -> String {
        match self {
            Self::Accept => format!("bounty {index} is yours to look after"),
            Self::Award(to) => format!("bounty {index} is awarded to {}", to.to_ss58check()),
            Self::Extend => format!("bounty {index} goes on"),
            Self::Unassign => format!("bounty {index} has no curator any more"),
            Self::Claim => format!("bounty {index} is paid"),
        }
    }

    /// Looks before anything is signed; the chain looks again.
    fn check(&self, row: &Row, who: &AccountId, clock: &Clock) -> Result<(), CliError> {
        let passed = row.until.is_some_and(|until| until <= clock.now);
        let curators = match (self, row.state) {
            (Self::Claim, "awarded") if passed => return Ok(()),
            (Self::Unassign, "active") if passed => return Ok(()),
            (Self::Accept, "offered") => true,
            (Self::Award(_) | Self::Extend, "active") => true,
            (Self::Unassign, "approved" | "offered" | "active") => row.curator.is_some(),
            _ => false,
        };
        match &row.curator {
            Some(curator) if curators && curator == who => Ok(()),
            Some(curator) if curators => Err(CliError::Refused(format!(
                "bounty {} is for its curator to decide on: sign with the key of {}",
                row.bounty,
                curator.to_ss58check()
            ))),
            _ => {
                Err(CliError::Refused(format!("bounty {} is {}: {}", row.bounty, row.state, row.next(clock))))
            }
        }
    }
}

/// What is shown of a bounty.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    bounty: u32,
    value: Amount,
    fee: Amount,
    curator_deposit: Amount,
    proposer: AccountId,
    curator: Option<AccountId>,
    beneficiary: Option<AccountId>,
    state: &'static str,
    /// The block in which it is funded, or from which its curator is late, or it can be claimed.
    until: Option<BlockNumber>,
    description: String,
}

impl Row {
    /// `funding` is the block in which bounties are funded next.
    fn new(index: u32, bounty: Bounty, funding: BlockNumber) -> Self {
        let (state, curator, beneficiary, until) = match bounty.status {
            BountyStatus::Proposed => ("proposed", None, None, None),
            BountyStatus::Approved => ("approved", None, None, Some(funding)),
            BountyStatus::ApprovedWithCurator { curator } => ("approved", Some(curator), None, Some(funding)),
            BountyStatus::Funded => ("funded", None, None, None),
            BountyStatus::CuratorProposed { curator } => ("offered", Some(curator), None, None),
            BountyStatus::Active { curator, update_due } => {
                // The block itself is still in time.
                ("active", Some(curator), None, Some(update_due.saturating_add(1)))
            }
            BountyStatus::PendingPayout { curator, beneficiary, unlock_at } => {
                ("awarded", Some(curator), Some(beneficiary), Some(unlock_at))
            }
        };
        Self {
            bounty: index,
            value: Amount(bounty.value),
            fee: Amount(bounty.fee),
            curator_deposit: Amount(bounty.curator_deposit),
            proposer: bounty.proposer,
            curator,
            beneficiary,
            state,
            until,
            description: String::from_utf8_lossy(&bounty.description).into_owned(),
        }
    }

    /// What happens next, and when.
    fn next(&self, clock: &Clock) -> String {
        let index = self.bounty;
        let passed = self.until.is_some_and(|until| until <= clock.now);
        let until = self.until.map_or_else(String::new, |until| clock.when(until));
        let curator = self.curator.as_ref().map_or_else(String::new, Ss58Codec::to_ss58check);
        match self.state {
            "proposed" => format!("`assay gov propose bounty fund {index}` has it voted on"),
            "approved" => format!("funded in {until}, if the treasury has as much"),
            "funded" => format!("`assay gov propose bounty curator {index} ADDRESS FEE` names its curator"),
            "offered" => format!("{curator} accepts it with `assay treasury bounty accept {index}`"),
            "active" if passed => {
                format!("its curator is late: anyone may `assay treasury bounty unassign {index}`")
            }
            "active" => format!("{curator} awards it, or extends it before {until}"),
            _ if passed => format!("`assay treasury bounty claim {index}` pays it"),
            _ => format!("can be claimed from {until}"),
        }
    }

    fn cells(&self, clock: &Clock) -> Vec<String> {
        let (index, next) = (self.bounty.to_string(), self.next(clock));
        vec![index, self.value.to_string(), self.state.into(), self.description.clone(), next]
    }
}

/// Shows bounties.
pub async fn list(context: &Context, after: Option<u32>, limit: u32) -> Result<(), CliError> {
    let chain = context.chain().await?;
    let best = chain.tip().await?.best;
    let clock = Clock::at(&chain, best).await?;
    let funding = chain.bounty_terms(best.hash).await?.funding;
    let bounties = chain.bounties(best.hash, after, limit).await?;
    let rows: Vec<_> = bounties.into_iter().map(|(index, bounty)| Row::new(index, bounty, funding)).collect();
    context.output.list("bounties", &rows, || {
        let header = ["bounty", "worth", "state", "for", "next"];
        table(&header, &rows.iter().map(|row| row.cells(&clock)).collect::<Vec<_>>())
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verbs::gov::scene::{account, chain};
    use assay_chain::token::ASY;

    type Status = BountyStatus<AccountId, BlockNumber>;

    fn curator() -> AccountId {
        AccountId::new([8; 32])
    }

    fn terms() -> BountyTerms {
        let (least, deposit, byte_deposit) = (100 * ASY, 10 * ASY, ASY / 1_000);
        BountyTerms { least, deposit, byte_deposit, longest: 20, funding: 40 }
    }

    fn bounty(status: Status) -> Bounty {
        Bounty {
            proposer: account(),
            value: 500 * ASY,
            fee: 100 * ASY,
            curator_deposit: 50 * ASY,
            description: b"A faster softmax".to_vec(),
            status,
        }
    }

    fn approved() -> Status {
        BountyStatus::ApprovedWithCurator { curator: curator() }
    }

    fn offered() -> Status {
        BountyStatus::CuratorProposed { curator: curator() }
    }

    fn active(update_due: BlockNumber) -> Status {
        BountyStatus::Active { curator: curator(), update_due }
    }

    fn awarded(unlock_at: BlockNumber) -> Status {
        BountyStatus::PendingPayout { curator: curator(), beneficiary: account(), unlock_at }
    }

    #[test]
    fn a_bounty_says_what_comes_next() {
        let clock = Clock::new(20, 3_000);
        for (status, state, words) in [
            (BountyStatus::Proposed, "proposed", "`assay gov propose bounty fund 3`"),
            (BountyStatus::Approved, "approved", "funded in block 40, in about 1 min"),
            (approved(), "approved", "funded in block 40"),
            (BountyStatus::Funded, "funded", "`assay gov propose bounty curator 3 ADDRESS FEE`"),
            (offered(), "offered", "`assay treasury bounty accept 3`"),
            (active(39), "active", "extends it before block 40"),
            (active(20), "active", "extends it before block 21"),
            (active(19), "active", "its curator is late"),
            (awarded(21), "awarded", "can be claimed from block 21"),
            (awarded(20), "awarded", "`assay treasury bounty claim 3` pays it"),
        ] {
            let row = Row::new(3, bounty(status), 40);
            assert_eq!(row.state, state);
            let cells = row.cells(&clock);
            assert_eq!(cells[1..4], ["500 ASY", state, "A faster softmax"]);
            assert!(cells[4].contains(words), "{words:?} is not in {:?}", cells[4]);
        }
    }

    #[test]
    fn each_step_is_taken_by_who_can_when_it_can_be() {
        let clock = Clock::new(20, 3_000);
        let award = || Step::Award(account());
        let check = |step: &Step, status, who| step.check(&Row::new(3, bounty(status), 40), who, &clock);
        let (curator, stranger) = (curator(), account());
        for (step, status, who) in [
            (Step::Accept, offered(), &curator),
            (award(), active(39), &curator),
            (Step::Extend, active(10), &curator),
            (Step::Unassign, approved(), &curator),
            (Step::Unassign, offered(), &curator),
            (Step::Unassign, active(39), &curator),
            (Step::Unassign, active(19), &stranger),
            (Step::Claim, awarded(20), &stranger),
        ] {
            assert!(check(&step, status, who).is_ok(), "{step:?}");
        }
        let sign = format!("sign with the key of {}", curator.to_ss58check());
        let sign = sign.as_str();
        for (step, status, who, words) in [
            (Step::Accept, offered(), &stranger, sign),
            (award(), active(39), &stranger, sign),
            (Step::Extend, active(39), &stranger, sign),
            (Step::Unassign, active(20), &stranger, sign),
            (Step::Accept, BountyStatus::Funded, &curator, "bounty 3 is funded: `assay gov propose"),
            (Step::Unassign, BountyStatus::Approved, &stranger, "bounty 3 is approved: funded in"),
            (Step::Unassign, awarded(20), &curator, "bounty 3 is awarded"),
            (award(), awarded(30), &curator, "bounty 3 is awarded"),
            (Step::Claim, active(39), &curator, "bounty 3 is active"),
            (Step::Claim, awarded(21), &stranger, "can be claimed from block 21"),
        ] {
            let error = check(&step, status, who).unwrap_err();
            assert_eq!(error.exit_code(), 4, "{step:?}");
            assert!(error.line().contains(words), "{step:?}: {}", error.line());
        }
    }

    #[test]
    fn each_step_has_its_call() {
        for (step, name) in [
            (Step::Accept, "Bounties.accept_curator"),
            (Step::Award(account()), "Bounties.award_bounty"),
            (Step::Extend, "Bounties.extend_bounty_expiry"),
            (Step::Unassign, "Bounties.unassign_curator"),
            (Step::Claim, "Bounties.claim_bounty"),
        ] {
            assert_eq!(crate::calls::name(&step.call(3)), name);
            assert!(step.done(3).starts_with("bounty 3 "), "{step:?}");
        }
    }

    #[tokio::test]
    async fn a_bounty_is_looked_at_before_it_is_signed() {
        let chain = chain(|world| {
            world.governance.bounty_terms = Some(terms());
            world.governance.bounties.insert(0, bounty(BountyStatus::Proposed));
            world.governance.bounties.insert(3, bounty(offered()));
        });
        let at = chain.tip().await.unwrap().best.hash;
        assert_eq!(find(&chain, at, 0).await.unwrap().state, "proposed");
        assert_eq!(find(&chain, at, 3).await.unwrap().curator, Some(curator()));
        let missing = find(&chain, at, 1).await.unwrap_err().line();
        assert!(missing.contains("there is no bounty 1: `assay treasury bounties`"), "{missing}");

        let deposit = |value, description| deposit(&terms(), Amount(value), description);
        assert_eq!(deposit(100 * ASY, "A faster softmax").unwrap(), Amount(10 * ASY + 16 * ASY / 1_000));
        let line = deposit(100 * ASY - 1, "").unwrap_err().line();
        assert!(line.contains("worth 100 ASY at least"), "{line}");
        let line = deposit(100 * ASY, "Twenty-one characters").unwrap_err().line();
        assert!(line.contains("has 21 bytes, and the chain keeps 20"), "{line}");

        assert!(has(&chain, at, &account(), Amount(100_000 * ASY)).await.is_ok());
        let line = has(&chain, at, &account(), Amount(100_001 * ASY)).await.unwrap_err().line();
        assert!(line.contains("100001 ASY go on deposit, and the account has 100000 ASY free"), "{line}");
    }
}
