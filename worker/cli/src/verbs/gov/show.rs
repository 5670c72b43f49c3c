//! Shows a referendum: what it would do, its votes against the thresholds of now, what happens next and when.

use super::{
    calls, deposits,
    next::{self, Next},
    propose::Target,
    time::{Clock, Moment},
    tracks,
};
use crate::{
    amount::Amount,
    context::Context,
    error::CliError,
    output::{fields, table, Hex},
    percent,
};
use assay_chain::{
    governance::{Body, Deposit, Ended, Ongoing, Outcome, Proposal, Referendum, Tally, Track},
    AccountId, Balance, ChainClient, GovernanceClient, Hash,
};
use frame_support::traits::schedule::DispatchTime;
use serde::Serialize;
use sp_core::crypto::Ss58Codec;
use sp_runtime::Perbill;

/// How much of a decision's time is over where thresholds are shown, in percent.
const POINTS: [u32; 5] = [0, 25, 50, 75, 100];
/// The longest text of a call's arguments that people are shown.
const MAX_ARGUMENTS: usize = 600;

/// What is shown of a referendum.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Shown {
    referendum: u32,
    is_fellowship: bool,
    state: &'static str,
    #[serde(flatten)]
    detail: Detail,
    next: Coming,
}

/// What happens next.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Coming {
    what: String,
    #[serde(flatten)]
    at: Option<Moment>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Detail {
    Ongoing(Box<Open>),
    Ended(Over),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Open {
    track: String,
    call: Wanted,
    submitted: Moment,
    submission_deposit: Held,
    decision_deposit: Option<Held>,
    deciding_since: Option<Moment>,
    confirmed_at: Option<Moment>,
    ayes: Count,
    nays: Count,
    backing: Count,
    approval: Against,
    support: Against,
    is_passing: bool,
    thresholds: Vec<Point>,
    #[serde(skip)]
    rows: Vec<(&'static str, String)>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Over {
    ended: Moment,
    submission_deposit: Option<Held>,
    decision_deposit: Option<Held>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    hash: Hex,
    name: Option<String>,
    arguments: Option<String>,
    bytes: Option<String>,
}

#[derive(Serialize)]
struct Held {
    who: AccountId,
    amount: Amount,
}

/// Votes of tokens, or of heads.
#[derive(Serialize)]
#[serde(untagged)]
enum Count {
    Tokens(Amount),
    Heads(u64),
}

impl Count {
    fn new(body: Body, count: Balance) -> Self {
        match body {
            Body::Holders => Self::Tokens(Amount(count)),
            Body::Fellowship => Self::Heads(u64::try_from(count).unwrap_or(u64::MAX)),
        }
    }
}

/// A share and what it takes, in parts per billion.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Against {
    now: u32,
    needed: u32,
    needed_at_end: u32,
}

/// Thresholds at a time of the decision, in parts per billion.
#[derive(Serialize)]
struct Point {
    blocks: u32,
    approval: u32,
    support: u32,
}

impl From<&Deposit> for Held {
    fn from(deposit: &Deposit) -> Self {
        Self { who: deposit.who.clone(), amount: Amount(deposit.amount) }
    }
}

impl Held {
    fn text(held: Option<&Self>) -> String {
        held.map_or("none".into(), |held| format!("{} of {}", held.amount, held.who.to_ss58check()))
    }
}

impl Wanted {
    fn new(proposal: &Proposal) -> Self {
        let call = proposal.call.as_deref().and_then(calls::decode);
        Self {
            hash: Hex(proposal.hash.0),
            name: call.as_ref().map(crate::calls::name),
            arguments: call.map(|call| format!("{call:?}")),
            bytes: proposal.call.as_ref().map(|bytes| format!("0x{}", hex::encode(bytes))),
        }
    }

    fn text(&self) -> String {
        match (&self.name, &self.bytes) {
            (Some(name), _) => format!("{name} {}", self.hash),
            (None, Some(_)) => format!("no call of this chain: it would fail; {}", self.hash),
            (None, None) => format!("not shown: the chain does not have it, or it is long; {}", self.hash),
        }
    }

    fn arguments(&self) -> String {
        let text = self.arguments.clone().unwrap_or_default();
        match text.char_indices().nth(MAX_ARGUMENTS) {
            Some((end, _)) => format!("{}… (--json shows all)", &text[..end]),
            None => text,
        }
    }
}

impl Against {
    fn new(now: Perbill, needed: Perbill, at_end: Perbill) -> Self {
        Self { now: now.deconstruct(), needed: needed.deconstruct(), needed_at_end: at_end.deconstruct() }
    }

    fn text(&self) -> String {
        let share = percent::rounded;
        format!(
            "{}, takes {} now, {} at the end",
            share(self.now),
            share(self.needed),
            share(self.needed_at_end)
        )
    }
}

/// Where a referendum that can be voted on is, in a word.
pub fn state(referendum: &Ongoing) -> &'static str {
    match (referendum.deciding, referendum.confirmed) {
        (Some(_), Some(_)) => "confirming",
        (Some(_), None) => "deciding",
        (None, _) if referendum.queued => "queued",
        (None, _) => "preparing",
    }
}

/// How a referendum ended, in a word.
pub fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Approved => "approved",
        Outcome::Rejected => "rejected",
        Outcome::Cancelled => "cancelled",
        Outcome::TimedOut => "timed out",
        Outcome::Killed => "killed",
    }
}

/// Shows it.
pub async fn run(context: &Context, target: Target) -> Result<(), CliError> {
    let chain = context.chain().await?;
    let best = chain.tip().await?.best;
    let clock = Clock::at(&chain, best).await?;
    let shown = view(&chain, best.hash, &clock, target).await?;
    context.output.value(&shown, || shown.text(&clock));
    Ok(())
}

async fn view<C: GovernanceClient>(
    chain: &C,
    at: Hash,
    clock: &Clock,
    target: Target,
) -> Result<Shown, CliError> {
    let (body, index) = (target.body(), target.referendum);
    Ok(match deposits::find(chain, at, body, index).await? {
        Referendum::Ongoing(ongoing) => {
            let tracks = chain.tracks(at).await?;
            Shown::ongoing(index, &ongoing, tracks::by_number(&tracks, ongoing.track)?, clock)
        }
        Referendum::Ended(ended) => Shown::ended(body, index, &ended, clock),
    })
}

impl Shown {
    fn ongoing(index: u32, referendum: &Ongoing, track: &Track, clock: &Clock) -> Self {
        let next = next::of_ongoing(referendum, track, clock.now);
        Self {
            referendum: index,
            is_fellowship: Body::of(track.id) == Body::Fellowship,
            state: state(referendum),
            detail: Detail::Ongoing(Box::new(Open::new(referendum, track, clock))),
            next: Coming::new(next, clock),
        }
    }

    fn ended(body: Body, index: u32, ended: &Ended, clock: &Clock) -> Self {
        let detail = Over {
            ended: clock.moment(ended.at),
            submission_deposit: ended.submission_deposit.as_ref().map(Held::from),
            decision_deposit: ended.decision_deposit.as_ref().map(Held::from),
        };
        Self {
            referendum: index,
            is_fellowship: body == Body::Fellowship,
            state: outcome(ended.outcome),
            detail: Detail::Ended(detail),
            next: Coming::new(next::of_ended(ended), clock),
        }
    }

    fn text(&self, clock: &Clock) -> String {
        let head = ("referendum", self.referendum.to_string());
        let next = ("next", self.next.text(clock));
        match &self.detail {
            Detail::Ongoing(open) => {
                let mut rows = vec![head, ("state", open.state_text(self.state))];
                rows.extend(open.rows.iter().cloned());
                rows.push(next);
                format!("{}\n{}", fields(&rows), open.curve(clock))
            }
            Detail::Ended(over) => fields(&[
                head,
                ("state", format!("{}, {}", self.state, clock.when(over.ended.block))),
                ("submission", Held::text(over.submission_deposit.as_ref())),
                ("decision", Held::text(over.decision_deposit.as_ref())),
                next,
            ]),
        }
    }
}

impl Coming {
    fn new(next: Next, clock: &Clock) -> Self {
        Self { what: next.what, at: next.at.map(|block| clock.moment(block)) }
    }

    fn text(&self, clock: &Clock) -> String {
        Next { what: self.what.clone(), at: self.at.map(|at| at.block) }.text(clock)
    }
}

impl Open {
    fn new(referendum: &Ongoing, track: &Track, clock: &Clock) -> Self {
        let tally = &referendum.tally;
        let ((_, approval), (_, support)) = (tracks::fall(&track.approval), tracks::fall(&track.support));
        let count = |votes| Count::new(Body::of(track.id), votes);
        let moment = |block: Option<u32>| block.map(|block| clock.moment(block));
        let mut open = Self {
            track: track.name.clone(),
            call: Wanted::new(&referendum.proposal),
            submitted: clock.moment(referendum.submitted),
            submission_deposit: Held::from(&referendum.submission_deposit),
            decision_deposit: referendum.decision_deposit.as_ref().map(Held::from),
            deciding_since: moment(referendum.deciding),
            confirmed_at: moment(referendum.confirmed),
            ayes: count(tally.ayes),
            nays: count(tally.nays),
            backing: count(tally.backing),
            approval: Against::new(tally.approval, referendum.approval_needed, approval),
            support: Against::new(tally.support, referendum.support_needed, support),
            is_passing: next::passes(referendum),
            thresholds: POINTS.map(|over| Point::new(track, over)).into(),
            rows: Vec::new(),
        };
        open.rows = open.rows(referendum, track, clock);
        open
    }

    fn rows(&self, referendum: &Ongoing, track: &Track, clock: &Clock) -> Vec<(&'static str, String)> {
        let enactment = match referendum.enactment {
            DispatchTime::At(block) => clock.when(block),
            DispatchTime::After(blocks) => {
                format!("{} after it is approved", clock.length(blocks.max(track.enactment)))
            }
        };
        vec![
            ("track", self.track.clone()),
            ("would call", self.call.text()),
            ("with", self.call.arguments()),
            ("submitted", clock.when(referendum.submitted)),
            ("to be made", enactment),
            ("on deposit", Held::text(Some(&self.submission_deposit))),
            ("for decision", Held::text(self.decision_deposit.as_ref())),
            ("votes", votes(Body::of(track.id), &referendum.tally)),
            ("approval", self.approval.text()),
            ("support", self.support.text()),
        ]
    }

    fn state_text(&self, state: &str) -> String {
        let passing = if self.is_passing { "passing" } else { "not passing" };
        format!("{state}, {passing} as of now")
    }

    fn curve(&self, clock: &Clock) -> String {
        let row = |point: &Point| {
            let share = percent::rounded;
            let at = match self.deciding_since {
                Some(since) => clock.when(since.block.saturating_add(point.blocks)),
                None => format!("{} into its decision", clock.length(point.blocks)),
            };
            vec![at, share(point.approval), share(point.support)]
        };
        table(&["takes", "approval", "support"], &self.thresholds.iter().map(row).collect::<Vec<_>>())
    }
}

impl Point {
    fn new(track: &Track, over: u32) -> Self {
        let over = Perbill::from_percent(over);
        Self {
            blocks: over.mul_ceil(track.decision),
            approval: track.approval.threshold(over).deconstruct(),
            support: track.support.threshold(over).deconstruct(),
        }
    }
}

fn votes(body: Body, tally: &Tally) -> String {
    match body {
        Body::Holders => format!(
            "{} for it and {} against, with conviction; {} for it without",
            Amount(tally.ayes),
            Amount(tally.nays),
            Amount(tally.backing)
        ),
        Body::Fellowship => format!("{} fellows for it, {} against", tally.ayes, tally.nays),
    }
}

#[cfg(test)]
mod tests {
    use super::super::scene::{chain, deposit, ongoing, POLICY};
    use super::*;
    use assay_chain::token::ASY;
    use codec::Encode;

    fn clock() -> Clock {
        Clock::new(110, 3_000)
    }

    async fn shown(referendum: Referendum) -> Shown {
        let chain = chain(|world| {
            world.governance.referenda.insert((Body::Holders, 7), referendum);
        });
        let at = chain.tip().await.unwrap().best.hash;
        view(&chain, at, &clock(), Target { referendum: 7, fellowship: false }).await.unwrap()
    }

    fn decided() -> Ongoing {
        let call = calls::stop().encode();
        let mut referendum = Ongoing {
            proposal: Proposal { hash: calls::hash(&call), len: Some(2), call: Some(call) },
            deciding: Some(100),
            approval_needed: Perbill::from_percent(95),
            support_needed: Perbill::from_percent(45),
            ..ongoing(POLICY)
        };
        referendum.tally = Tally {
            ayes: 300 * ASY,
            nays: 100 * ASY,
            backing: 150 * ASY,
            approval: Perbill::from_percent(75),
            support: Perbill::from_percent(50),
        };
        referendum
    }

    #[tokio::test]
    async fn an_open_referendum_shows_where_it_stands_and_what_comes() {
        let shown = shown(Referendum::Ongoing(Box::new(decided()))).await;
        let text = shown.text(&clock());
        for part in [
            "state         deciding, not passing as of now",
            "would call    SafeMode.force_enter 0x",
            "300 ASY for it and 100 ASY against",
            "approval      75.00%, takes 95.00% now, 50.00% at the end",
            "support       50.00%, takes 45.00% now, 5.00% at the end",
            "passes with the votes that it has: its confirmation begins (block 150, in about 2 min)",
            "block 150, in about 2 min ",
            " 75.00%    27.50%",
        ] {
            assert!(text.contains(part), "{part:?} is missing in:\n{text}");
        }
        let json = serde_json::to_value(&shown).unwrap();
        assert_eq!(json["next"]["block"], 150);
        assert_eq!(json["approval"]["needed"], 950_000_000);
        assert_eq!(json["thresholds"][4]["support"], 50_000_000);
        assert_eq!(json["ayes"], "300");
    }

    #[tokio::test]
    async fn one_that_is_over_shows_how_and_what_is_held() {
        let ended = Ended {
            outcome: Outcome::Rejected,
            at: 90,
            submission_deposit: Some(deposit(10)),
            decision_deposit: Some(deposit(100)),
            enactment: None,
        };
        let shown = shown(Referendum::Ended(ended)).await;
        let text = shown.text(&clock());
        assert!(text.contains("rejected, block 90, 1 min ago"), "{text}");
        assert!(text.contains("gov refund"), "{text}");
        assert_eq!(serde_json::to_value(&shown).unwrap()["state"], "rejected");
    }

    #[test]
    fn a_call_that_can_not_be_shown_says_why() {
        let proposal = |call| Proposal { hash: Hash::zero(), len: Some(9), call };
        assert!(Wanted::new(&proposal(None)).text().starts_with("not shown"));
        assert!(Wanted::new(&proposal(Some(vec![255]))).text().starts_with("no call of this chain"));
        let long = calls::note(vec![0; 2_000]).encode();
        let arguments = Wanted::new(&proposal(Some(long))).arguments();
        assert!(arguments.ends_with("… (--json shows all)"), "{arguments}");
    }
}
