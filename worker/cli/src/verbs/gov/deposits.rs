//! Deposits of referenda: made, and given back.

use super::{calls, propose::Target};
use crate::{amount::Amount, calls::all, context::Context, error::CliError, verbs::sent};
use assay_chain::{
    governance::{Body, Outcome, Referendum},
    ChainClient, GovernanceClient, Hash, RuntimeCall,
};

/// A referendum, or that there is none.
pub async fn find<C: GovernanceClient>(
    chain: &C,
    at: Hash,
    body: Body,
    index: u32,
) -> Result<Referendum, CliError> {
    chain.referendum(at, body, index).await?.ok_or_else(|| {
        let list = if body == Body::Fellowship { "assay gov list --fellowship" } else { "assay gov list" };
        CliError::Refused(format!("there is no referendum {index}: `{list}` shows those there are"))
    })
}

/// Has a referendum decided.
pub async fn make(context: &Context, target: Target) -> Result<(), CliError> {
    context.account(None)?;
    let chain = context.chain().await?;
    let at = chain.tip().await?.best.hash;
    let (body, index) = (target.body(), target.referendum);
    let amount = missing(&chain, at, body, index).await?;
    context.output.note(&format!("on deposit: {amount}, until referendum {index} is over"));
    let done = format!("referendum {index} is decided when it is prepared and its track has a place");
    sent::send_to(context, &chain, calls::place_deposit(body, index), &done).await
}

/// What the decision of a referendum takes.
async fn missing<C: GovernanceClient>(
    chain: &C,
    at: Hash,
    body: Body,
    index: u32,
) -> Result<Amount, CliError> {
    match find(chain, at, body, index).await? {
        Referendum::Ongoing(ongoing) if ongoing.decision_deposit.is_none() => {
            let tracks = chain.tracks(at).await?;
            Ok(Amount(super::tracks::by_number(&tracks, ongoing.track)?.deposit))
        }
        Referendum::Ongoing(_) => {
            Err(CliError::Refused(format!("referendum {index} has its deposit: there is nothing left to do")))
        }
        Referendum::Ended(_) => Err(CliError::Refused(format!("referendum {index} is over"))),
    }
}

/// Gives deposits back.
pub async fn refund(context: &Context, target: Target) -> Result<(), CliError> {
    context.account(None)?;
    let chain = context.chain().await?;
    let at = chain.tip().await?.best.hash;
    let (body, index) = (target.body(), target.referendum);
    let referendum = find(&chain, at, body, index).await?;
    let call = all(refunds(&referendum, body, index)?);
    sent::send_to(context, &chain, call, "deposits are back with those who made them").await
}

/// What gives back what a referendum holds and may give back.
fn refunds(referendum: &Referendum, body: Body, index: u32) -> Result<Vec<RuntimeCall>, CliError> {
    let Referendum::Ended(ended) = referendum else {
        return Err(CliError::Refused(format!("referendum {index} is not over: it keeps its deposits")));
    };
    let decision = ended.decision_deposit.is_some().then(|| calls::refund_decision(body, index));
    let is_returned = matches!(ended.outcome, Outcome::Approved | Outcome::Cancelled);
    let submission =
        (is_returned && ended.submission_deposit.is_some()).then(|| calls::refund_submission(body, index));
    let calls: Vec<_> = decision.into_iter().chain(submission).collect();
    match calls.is_empty() {
        true => Err(CliError::Refused(format!("referendum {index} has no deposit to give back"))),
        false => Ok(calls),
    }
}

#[cfg(test)]
mod tests {
    use super::super::scene::{chain, deposit, ongoing, POLICY};
    use super::*;
    use assay_chain::{governance::Ended, token::ASY};

    fn ended(outcome: Outcome) -> Referendum {
        Referendum::Ended(Ended {
            outcome,
            at: 9,
            submission_deposit: Some(deposit(10)),
            decision_deposit: Some(deposit(100)),
            enactment: None,
        })
    }

    #[test]
    fn only_what_comes_back_is_asked_for() {
        let body = Body::Holders;
        let both = vec![calls::refund_decision(body, 3), calls::refund_submission(body, 3)];
        assert_eq!(refunds(&ended(Outcome::Approved), body, 3).unwrap(), both);
        assert_eq!(refunds(&ended(Outcome::Cancelled), body, 3).unwrap(), both);
        for outcome in [Outcome::Rejected, Outcome::TimedOut] {
            assert_eq!(refunds(&ended(outcome), body, 3).unwrap(), both[..1]);
        }
        let open = Referendum::Ongoing(Box::new(ongoing(POLICY)));
        assert!(refunds(&open, body, 3).unwrap_err().line().contains("is not over"));
        let killed = Ended {
            outcome: Outcome::Killed,
            at: 9,
            submission_deposit: None,
            decision_deposit: None,
            enactment: None,
        };
        assert!(refunds(&Referendum::Ended(killed), body, 3).unwrap_err().line().contains("no deposit"));
    }

    #[tokio::test]
    async fn a_deposit_is_made_once() {
        let chain = chain(|world| {
            let with = ongoing(POLICY);
            let without = assay_chain::governance::Ongoing { decision_deposit: None, ..with.clone() };
            let referenda = &mut world.governance.referenda;
            referenda.insert((Body::Holders, 1), Referendum::Ongoing(Box::new(without)));
            referenda.insert((Body::Holders, 2), Referendum::Ongoing(Box::new(with)));
            referenda.insert((Body::Holders, 3), ended(Outcome::Approved));
        });
        let at = chain.tip().await.unwrap().best.hash;
        let missing = |index| missing(&chain, at, Body::Holders, index);
        assert_eq!(missing(1).await.unwrap(), Amount(10_000 * ASY));
        assert!(missing(2).await.unwrap_err().line().contains("has its deposit"));
        assert!(missing(3).await.unwrap_err().line().contains("is over"));
        let line = missing(4).await.unwrap_err().line();
        assert!(line.contains("there is no referendum 4: `assay gov list`"), "{line}");
    }
}
