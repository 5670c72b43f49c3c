//! What a validator has earned.

use crate::{
    amount::Amount,
    calls,
    context::Context,
    error::CliError,
    output::{fields, table},
    verbs::sent,
};
use assay_chain::{
    governance::{Reward, Rewards},
    AccountId, ChainClient, GovernanceClient, RuntimeCall,
};
use serde::Serialize;

/// The most pages that one transaction claims: each pays up to 32 validators.
const MAX_CLAIMS: usize = 16;

/// What is shown of a validator's rewards.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    account: AccountId,
    running_era: u32,
    unclaimed: Amount,
    rewards: Vec<Row>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    era: u32,
    page: u32,
    amount: Amount,
    /// The last era in which it can be claimed.
    until_era: u32,
}

impl Shown {
    fn new(account: AccountId, rewards: &Rewards) -> Self {
        let row = |reward: &Reward| Row {
            era: reward.era,
            page: reward.page,
            amount: Amount(reward.amount),
            until_era: reward.era.saturating_add(rewards.expiry),
        };
        Self {
            account,
            running_era: rewards.era,
            unclaimed: total(&rewards.unclaimed),
            rewards: rewards.unclaimed.iter().map(row).collect(),
        }
    }

    fn text(&self) -> String {
        let rows = self.rewards.iter().map(|row| {
            vec![row.era.to_string(), row.amount.to_string(), format!("era {} is over", row.until_era)]
        });
        format!(
            "{}\n{}",
            fields(&[
                ("can be claimed", self.unclaimed.to_string()),
                ("running era", self.running_era.to_string())
            ]),
            table(&["era", "reward", "can be claimed until"], &rows.collect::<Vec<_>>())
        )
    }
}

fn total(rewards: &[Reward]) -> Amount {
    Amount(rewards.iter().map(|reward| reward.amount).fold(0, u128::saturating_add))
}

/// Shows what can be claimed for a validator.
pub async fn show(context: &Context, account: Option<AccountId>) -> Result<(), CliError> {
    let account = context.account(account)?;
    let chain = context.chain().await?;
    let rewards = chain.rewards(chain.tip().await?.best.hash, &account).await?;
    let shown = Shown::new(account, &rewards);
    context.output.value(&shown, || shown.text());
    Ok(())
}

/// Has a validator paid.
pub async fn claim(context: &Context, account: Option<AccountId>) -> Result<(), CliError> {
    // Whoever signs.
    context.account(None)?;
    let account = context.account(account)?;
    let chain = context.chain().await?;
    let rewards = chain.rewards(chain.tip().await?.best.hash, &account).await?;
    let (call, done) = claims(&rewards)?;
    sent::send_to(context, &chain, call, &done).await
}

/// What claims the oldest rewards, and what is told then.
fn claims(rewards: &Rewards) -> Result<(RuntimeCall, String), CliError> {
    let (now, later) = rewards.unclaimed.split_at(rewards.unclaimed.len().min(MAX_CLAIMS));
    if now.is_empty() {
        let problem = format!("nothing can be claimed: era {} can be when it is over", rewards.era);
        return Err(CliError::Refused(problem));
    }
    let call = calls::all(now.iter().map(|reward| calls::claim(reward.era, reward.page)).collect());
    let done = match later {
        [] => format!("{} are paid", total(now)),
        later => format!("{} are paid, and {} wait: claim again", total(now), total(later)),
    };
    Ok((call, done))
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_chain::token::ASY;

    fn rewards(eras: u32) -> Rewards {
        let unclaimed = (0..eras).map(|era| Reward { era, page: 0, amount: ASY }).collect();
        Rewards { era: eras, expiry: 100, unclaimed }
    }

    #[test]
    fn rewards_are_shown_with_their_end() {
        let shown = Shown::new(AccountId::new([7; 32]), &rewards(2));
        let text = shown.text();
        for part in ["can be claimed  2 ASY", "running era     2", "1    1 ASY   era 101 is over"] {
            assert!(text.contains(part), "{part:?} is missing in:\n{text}");
        }
        assert_eq!(serde_json::to_value(&shown).unwrap()["rewards"][1]["untilEra"], 101);
    }

    #[test]
    fn pages_are_claimed_together_and_no_more_than_fit() {
        assert_eq!(claims(&rewards(1)).unwrap(), (calls::claim(0, 0), "1 ASY are paid".into()));
        let (call, done) = claims(&rewards(2)).unwrap();
        assert_eq!(
            (call, done.as_str()),
            (calls::all(vec![calls::claim(0, 0), calls::claim(1, 0)]), "2 ASY are paid")
        );
        let (_, done) = claims(&rewards(20)).unwrap();
        assert_eq!(done, "16 ASY are paid, and 4 ASY wait: claim again");
        let error = claims(&rewards(0)).unwrap_err();
        assert_eq!(error.exit_code(), 4);
        assert!(error.line().contains("era 0 can be when it is over"), "{}", error.line());
    }
}
