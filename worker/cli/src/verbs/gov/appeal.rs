//! Appeals against slashes.

use super::{calls, time::Clock};
use crate::{
    amount::Amount,
    context::Context,
    error::CliError,
    output::{table, Hex},
    verbs::sent,
};
use assay_chain::{bonds::SlashId, governance::Appeal, AccountId, ChainClient, GovernanceClient, Hash};
use assay_primitives::Digest;
use serde::Serialize;
use sp_core::crypto::Ss58Codec;

/// Appeals against a slash.
pub async fn run(context: &Context, slash: SlashId, evidence: Digest) -> Result<(), CliError> {
    let who = context.account(None)?;
    let chain = context.chain().await?;
    let at = chain.tip().await?.best.hash;
    let deposit = deposit(&chain, at, &who, slash).await?;
    context
        .output
        .note(&format!("on deposit: {deposit}; burnt if the slash is upheld, as it is without a vote"));
    let done = format!(
        "slash {slash} is held up; `assay gov propose cancel-slash {slash}` has its cancellation voted on"
    );
    sent::send_to(context, &chain, calls::appeal(slash, evidence), &done).await
}

/// What an appeal takes, where one can be made and paid for.
async fn deposit<C: GovernanceClient>(
    chain: &C,
    at: Hash,
    who: &AccountId,
    slash: SlashId,
) -> Result<Amount, CliError> {
    let view = chain.appeal(at, slash).await?;
    if view.appeal.is_some() {
        let problem = format!("slash {slash} was appealed against, which can be done once");
        return Err(CliError::Refused(problem));
    }
    let none =
        || CliError::Refused(format!("no slash {slash} waits: `assay stake status` shows an account's"));
    let deposit = Amount(view.deposit.ok_or_else(none)?);
    let free = Amount(chain.account(at, who).await?.free);
    if free < deposit {
        let problem =
            format!("not enough money: the appeal takes {deposit}, and the account has {free} free");
        return Err(CliError::Refused(problem));
    }
    Ok(deposit)
}

/// What is shown of an appeal.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    slash: SlashId,
    appellant: AccountId,
    evidence: Hex,
    deposit: Amount,
    is_decided: bool,
    /// The block of the market clock in which it is upheld without a decision.
    until: u32,
}

impl From<(SlashId, Appeal)> for Row {
    fn from((slash, appeal): (SlashId, Appeal)) -> Self {
        Self {
            slash,
            appellant: appeal.appellant,
            evidence: Hex(appeal.evidence),
            deposit: Amount(appeal.deposit),
            is_decided: appeal.deposit == 0,
            until: appeal.until,
        }
    }
}

impl Row {
    /// `market` tells times of the market clock.
    fn cells(&self, market: &Clock) -> Vec<String> {
        let next = match self.is_decided {
            true => "decided: the slash goes its way".into(),
            false if self.until <= market.now => "upheld without a decision; `assay gov close-appeal`".into(),
            false => format!("upheld at market {} if nobody decides", market.when(self.until)),
        };
        vec![
            self.slash.to_string(),
            self.appellant.to_ss58check(),
            self.deposit.to_string(),
            next,
            self.evidence.to_string(),
        ]
    }
}

/// Shows appeals.
pub async fn list(context: &Context, after: Option<SlashId>, limit: u32) -> Result<(), CliError> {
    let chain = context.chain().await?;
    let best = chain.tip().await?.best;
    let appeals = chain.appeals(best.hash, after, limit).await?;
    let rows: Vec<_> = appeals.into_iter().map(Row::from).collect();
    let market = Clock::at(&chain, best).await?.market(&chain, best).await?;
    context.output.list("appeals", &rows, || {
        let header = ["slash", "appellant", "deposit", "next", "evidence"];
        table(&header, &rows.iter().map(|row| row.cells(&market)).collect::<Vec<_>>())
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::scene::{account, chain};
    use super::*;
    use assay_chain::{fake::FakeChain, governance::AppealView, token::ASY};

    fn appeal(deposit: u128) -> Appeal {
        Appeal { appellant: account(), evidence: [1; 32], deposit, until: 120 }
    }

    fn waiting() -> FakeChain {
        chain(|world| {
            let appeals = &mut world.governance.appeals;
            appeals.insert(1, AppealView { appeal: None, deposit: Some(100 * ASY) });
            appeals.insert(2, AppealView { appeal: Some(appeal(5)), deposit: Some(100 * ASY) });
            appeals.insert(3, AppealView { appeal: None, deposit: Some(200_000 * ASY) });
        })
    }

    #[tokio::test]
    async fn an_appeal_is_looked_at_before_it_is_signed() {
        let chain = waiting();
        let at = chain.tip().await.unwrap().best.hash;
        let who = account();
        let deposit = |slash| deposit(&chain, at, &who, slash);
        assert_eq!(deposit(1).await.unwrap(), Amount(100 * ASY));
        for (slash, words) in [(2, "once"), (3, "takes 200000 ASY"), (4, "no slash 4 waits")] {
            let error = deposit(slash).await.unwrap_err();
            assert_eq!(error.exit_code(), 4);
            assert!(error.line().contains(words), "{}", error.line());
        }
    }

    #[test]
    fn an_appeal_is_shown_with_its_end() {
        let cells = |deposit, now| Row::from((2, appeal(deposit))).cells(&Clock::new(now, 3_000))[3].clone();
        assert_eq!(cells(5, 100), "upheld at market block 120, in about 1 min if nobody decides");
        assert!(cells(5, 120).contains("gov close-appeal"));
        assert!(cells(0, 100).starts_with("decided"));
    }
}
