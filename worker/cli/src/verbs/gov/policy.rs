//! Changes of the policy by which jobs are verified.

use super::{
    calls,
    time::{Clock, Span},
};
use crate::{amount::Amount, error::CliError, percent};
use assay_chain::{market::Policy, GovernanceClient, Hash, RuntimeCall};
use assay_primitives::JobClass;
use sp_runtime::Perbill;

/// What changes; the rest stays as it is.
#[derive(clap::Args, Debug, Default)]
pub struct Changes {
    /// The chance that a job is audited by one more seat
    #[arg(long, value_name = "PERCENT", value_parser = percent::read)]
    audit: Option<Perbill>,
    /// Collateral of a seat, as a multiple of its payment
    #[arg(long, value_name = "TIMES")]
    collateral: Option<u32>,
    /// Blocks whose VRFs seed a draw
    #[arg(long, value_name = "BLOCKS")]
    draw_blocks: Option<u32>,
    /// Time that a seat has to commit, beside that for computing
    #[arg(long, value_name = "TIME")]
    commit: Option<Span>,
    /// Compute units for which it has one block more
    #[arg(long, value_name = "UNITS", value_parser = clap::value_parser!(u64).range(1..))]
    units_per_block: Option<u64>,
    /// Time in which all reveal
    #[arg(long, value_name = "TIME")]
    reveal: Option<Span>,
    /// What a seat loses of its collateral that does not commit in time
    #[arg(long, value_name = "PERCENT", value_parser = percent::read)]
    no_show: Option<Perbill>,
    /// What a seat loses whose claim was wrong
    #[arg(long, value_name = "PERCENT", value_parser = percent::read)]
    wrong: Option<Perbill>,
    /// What a seat loses that committed and did not reveal
    #[arg(long, value_name = "PERCENT", value_parser = percent::read)]
    withheld: Option<Perbill>,
    /// The requester's bond, of units × cap × seats
    #[arg(long, value_name = "PERCENT", value_parser = percent::read)]
    requester_bond: Option<Perbill>,
    /// The fee, of the same
    #[arg(long, value_name = "PERCENT", value_parser = percent::read)]
    fee: Option<Perbill>,
    /// The least that one seat may be paid for a job, in ASY
    #[arg(long, value_name = "AMOUNT")]
    min_payment: Option<Amount>,
    /// Time from the decision to its coming into force (default: the least that there has to be)
    #[arg(long, value_name = "TIME")]
    delay: Option<Span>,
}

impl Changes {
    /// The call that announces the changed policy.
    pub async fn call<C: GovernanceClient>(
        &self,
        chain: &C,
        at: Hash,
        clock: &Clock,
    ) -> Result<RuntimeCall, CliError> {
        let none = || CliError::Refused("the chain has no policy for jobs of exact-v1 to change".into());
        let (_, current) = chain.policy(at, JobClass::ExactV1).await?.ok_or_else(none)?;
        let changed = self.apply(current, clock)?;
        if changed == current {
            let problem = "nothing to change: name what the policy is to say, such as --audit 30%";
            return Err(CliError::Usage(problem.into()));
        }
        let delay = match self.delay {
            Some(delay) => clock.blocks(delay)?,
            None => chain.terms(at).await?.settings.dao.policy_delay,
        };
        Ok(calls::change_policy(changed, delay))
    }

    fn apply(&self, current: Policy, clock: &Clock) -> Result<Policy, CliError> {
        let blocks = |span: Option<Span>, current| span.map_or(Ok(current), |span| clock.blocks(span));
        Ok(Policy {
            audit: self.audit.unwrap_or(current.audit),
            collateral: self.collateral.unwrap_or(current.collateral),
            draw_blocks: self.draw_blocks.unwrap_or(current.draw_blocks),
            commit_blocks: blocks(self.commit, current.commit_blocks)?,
            units_per_block: self.units_per_block.unwrap_or(current.units_per_block),
            reveal_blocks: blocks(self.reveal, current.reveal_blocks)?,
            no_show: self.no_show.unwrap_or(current.no_show),
            wrong: self.wrong.unwrap_or(current.wrong),
            withheld: self.withheld.unwrap_or(current.withheld),
            requester_bond: self.requester_bond.unwrap_or(current.requester_bond),
            fee: self.fee.unwrap_or(current.fee),
            min_payment: self.min_payment.map_or(current.min_payment, |amount| amount.0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::scene::{chain, policy};
    use super::*;
    use assay_chain::ChainClient;

    async fn call(changes: &Changes) -> Result<RuntimeCall, CliError> {
        let chain = chain(|_| {});
        let best = chain.tip().await.unwrap().best;
        changes.call(&chain, best.hash, &Clock::new(1, 3_000)).await
    }

    #[tokio::test]
    async fn what_is_named_changes_and_the_rest_stays() {
        let changes = Changes {
            audit: Some(Perbill::from_percent(30)),
            commit: Some(Span::Seconds(300)),
            min_payment: Some(Amount(5)),
            ..Changes::default()
        };
        let changed =
            Policy { audit: Perbill::from_percent(30), commit_blocks: 100, min_payment: 5, ..policy() };
        // As soon as the parameters allow.
        assert_eq!(call(&changes).await.unwrap(), calls::change_policy(changed, 30));
        let later = Changes { delay: Some(Span::Blocks(99)), ..changes };
        assert_eq!(call(&later).await.unwrap(), calls::change_policy(changed, 99));
    }

    #[tokio::test]
    async fn a_change_of_nothing_is_refused() {
        for changes in [Changes::default(), Changes { collateral: Some(10), ..Changes::default() }] {
            let error = call(&changes).await.unwrap_err();
            assert_eq!(error.exit_code(), 2);
            assert!(error.line().contains("nothing to change"), "{}", error.line());
        }
    }
}
