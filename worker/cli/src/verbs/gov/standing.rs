//! What is stopped, what is to come, and who is a fellow; and the upgrade that is approved.

use super::{
    calls,
    time::{Clock, Moment},
};
use crate::{
    amount::Amount,
    context::Context,
    error::CliError,
    output::{fields, Hex},
    percent,
    verbs::sent::Sent,
};
use assay_chain::{governance::Standing, market::Policy, AccountId, ChainClient, GovernanceClient, Hash};
use assay_primitives::JobClass;
use serde::Serialize;
use sp_core::crypto::Ss58Codec;
use std::{fs, path::Path};

/// What is shown.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    /// After which block safe-mode ends.
    stopped_until: Option<Moment>,
    pauses: Vec<Paused>,
    in_force: Vec<InForce>,
    policies: Vec<Coming>,
    upgrade: Option<Hex>,
    fellows: Vec<AccountId>,
}

#[derive(Serialize)]
struct Paused {
    call: String,
    until: Moment,
}

#[derive(Serialize)]
struct InForce {
    version: u32,
    policy: String,
}

#[derive(Serialize)]
struct Coming {
    policy: String,
    /// A block of the market clock.
    at: Moment,
}

impl Shown {
    /// `in_force` has the policies that jobs are posted under now, with their versions.
    fn new(standing: Standing, in_force: &[(u32, Policy)], clock: &Clock, market: &Clock) -> Self {
        let pauses = standing.pauses.into_iter().map(|pause| Paused {
            call: format!("{}.{}", pause.pallet, pause.call),
            until: clock.moment(pause.until),
        });
        let policies = standing
            .policies
            .into_iter()
            .map(|(_, change)| Coming { policy: policy(&change.policy), at: market.moment(change.at) });
        let in_force = in_force.iter();
        let in_force = in_force.map(|(version, now)| InForce { version: *version, policy: policy(now) });
        Self {
            stopped_until: standing.safe_mode.map(|block| clock.moment(block)),
            pauses: pauses.collect(),
            in_force: in_force.collect(),
            policies: policies.collect(),
            upgrade: standing.upgrade.map(|hash| Hex(hash.0)),
            fellows: standing.fellows,
        }
    }

    fn text(&self, clock: &Clock, market: &Clock) -> String {
        let none = || "none".to_string();
        let stopped = self
            .stopped_until
            .map_or("no".into(), |until| format!("yes, goes on by itself after {}", clock.when(until.block)));
        let mut rows = vec![("stopped", stopped)];
        rows.extend(
            self.pauses
                .iter()
                .map(|pause| ("paused", format!("{} until {}", pause.call, clock.when(pause.until.block)))),
        );
        let now = self.in_force.iter();
        rows.extend(now.map(|now| ("policy in force", format!("version {}: {}", now.version, now.policy))));
        rows.extend(self.policies.iter().map(|coming| {
            ("policy to come", format!("at market {}: {}", market.when(coming.at.block), coming.policy))
        }));
        let upgrade =
            self.upgrade.map_or_else(none, |hash| format!("{hash}: `assay gov apply FILE` does it"));
        let fellows: Vec<_> = self.fellows.iter().map(Ss58Codec::to_ss58check).collect();
        rows.push(("approved upgrade", upgrade));
        rows.push(("fellows", if fellows.is_empty() { none() } else { fellows.join(", ") }));
        fields(&rows)
    }
}

/// A policy in a line.
fn policy(policy: &Policy) -> String {
    let share = percent::write;
    format!(
        "audit {}, collateral {}×, drawn by {} blocks, commit {} blocks and one for each {} units, reveal \
         {} blocks, lost for no-show {}, wrong {}, withheld {}, bond {}, fee {}, a seat paid at least {}",
        share(policy.audit),
        policy.collateral,
        policy.draw_blocks,
        policy.commit_blocks,
        policy.units_per_block,
        policy.reveal_blocks,
        share(policy.no_show),
        share(policy.wrong),
        share(policy.withheld),
        share(policy.requester_bond),
        share(policy.fee),
        Amount(policy.min_payment),
    )
}

/// Shows it.
pub async fn run(context: &Context) -> Result<(), CliError> {
    let chain = context.chain().await?;
    let best = chain.tip().await?.best;
    let clock = Clock::at(&chain, best).await?;
    let market = clock.market(&chain, best).await?;
    let mut in_force = Vec::new();
    for class in JobClass::ALL {
        in_force.extend(chain.policy(best.hash, class).await?);
    }
    let shown = Shown::new(chain.standing(best.hash).await?, &in_force, &clock, &market);
    context.output.value(&shown, || shown.text(&clock, &market));
    Ok(())
}

/// Puts approved code in place of the runtime's.
pub async fn apply(context: &Context, file: &Path) -> Result<(), CliError> {
    context.account(None)?;
    let code = fs::read(file).map_err(CliError::file(file))?;
    let chain = context.chain().await?;
    let at = chain.tip().await?.best.hash;
    check(chain.standing(at).await?.upgrade, &code)?;
    let included = context.send(&chain, calls::apply_upgrade(code)).await?;
    if !calls::is_upgraded(&included.events) {
        let problem = "the chain takes no such code: its name is another one, or its version is not higher";
        return Err(CliError::Refused(problem.into()));
    }
    let sent = Sent::from(&included);
    context.output.value(&sent, || sent.text("the code is in place: the next blocks run by it"));
    Ok(())
}

fn check(approved: Option<Hash>, code: &[u8]) -> Result<(), CliError> {
    let hash = calls::hash(code);
    match approved {
        Some(approved) if approved == hash => Ok(()),
        Some(approved) => Err(CliError::Mismatch(format!(
            "the file is not the code that was approved: it has {}, approved is {}",
            Hex(hash.0),
            Hex(approved.0)
        ))),
        None => {
            let problem = "no upgrade is approved: `assay gov propose upgrade FILE` has one voted on";
            Err(CliError::Refused(problem.into()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::scene;
    use super::*;
    use assay_chain::governance::{pallet_assay_dao::Change, Pause};

    #[test]
    fn what_is_stopped_and_what_comes_is_shown_with_its_time() {
        let (clock, market) = (Clock::new(100, 3_000), Clock::new(50, 3_000));
        let change = Change { policy: scene::policy(), at: 70 };
        let standing = Standing {
            safe_mode: Some(120),
            pauses: vec![Pause { pallet: "Jobs".into(), call: "post".into(), until: 140 }],
            policies: vec![(JobClass::ExactV1, change)],
            upgrade: Some(Hash::repeat_byte(0xab)),
            fellows: vec![scene::account()],
        };
        let shown = Shown::new(standing, &[(4, scene::policy())], &clock, &market);
        let text = shown.text(&clock, &market);
        for part in [
            "yes, goes on by itself after block 120, in about 1 min",
            "Jobs.post until block 140, in about 2 min",
            "policy in force   version 4: audit 20%, collateral 10×, drawn by 2 blocks, commit 60 blocks and",
            "one for each 1000 units, reveal 60 blocks, lost for no-show 10%, wrong 100%, withheld 100%",
            "at market block 70, in about 1 min: audit 20%, collateral 10×",
            "0xabab",
            "gov apply",
        ] {
            assert!(text.contains(part), "{part:?} is missing in:\n{text}");
        }
        let quiet = Shown::new(Standing::default(), &[], &clock, &market).text(&clock, &market);
        assert_eq!(quiet, "stopped           no\napproved upgrade  none\nfellows           none\n");
    }

    #[test]
    fn only_the_approved_code_is_sent() {
        let approved = Some(calls::hash(b"code"));
        assert!(check(approved, b"code").is_ok());
        assert_eq!(check(approved, b"other").unwrap_err().exit_code(), 5);
        assert_eq!(check(None, b"code").unwrap_err().exit_code(), 4);
    }
}
