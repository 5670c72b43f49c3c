//! What an account votes with, and what of it can be freed.

use super::{
    calls,
    time::{Clock, Moment},
    tracks,
};
use crate::{
    amount::Amount,
    calls::all,
    context::Context,
    error::CliError,
    output::{fields, table},
    verbs::sent,
};
use assay_chain::{
    governance::{AccountVote, Ballot, Conviction, Doing, Track, Voting},
    AccountId, Balance, BlockNumber, ChainClient, GovernanceClient, RuntimeCall,
};
use serde::Serialize;
use sp_core::crypto::Ss58Codec;

/// What would free something on the tracks.
#[derive(Debug, Default, PartialEq, Eq)]
struct Release {
    calls: Vec<RuntimeCall>,
    /// Locked in all, before and after. Locks of tracks lie over one another.
    before: Balance,
    after: Balance,
    /// When the next lock is over by itself.
    next: Option<BlockNumber>,
}

impl Release {
    fn of(who: &AccountId, votes: &[Voting], now: BlockNumber) -> Self {
        let mut release = Self::default();
        for voting in votes {
            let (over, kept): (Vec<&Ballot>, Vec<&Ballot>) =
                ballots(voting).iter().partition(|ballot| is_over(ballot, now));
            let stays = still_needed(voting, &kept, now);
            release.before = release.before.max(voting.locked);
            release.after = release.after.max(stays.min(voting.locked));
            let ends = kept.iter().filter_map(|ballot| ballot.until);
            let prior = Some(voting.prior.until).filter(|until| *until > now);
            release.next = ends.chain(prior).chain(release.next).min();
            if stays < voting.locked {
                let removals = over.iter().map(|ballot| ballot.referendum);
                let removals = removals.map(|index| calls::remove_vote(Some(voting.track), index));
                release.calls.extend(removals);
                release.calls.push(calls::unlock(voting.track, who.clone()));
            }
        }
        release
    }
}

fn ballots(voting: &Voting) -> &[Ballot] {
    match &voting.doing {
        Doing::Voting(ballots) => ballots,
        Doing::Delegating(_) => &[],
    }
}

/// Whether nothing is locked for a vote any more once it is taken back.
fn is_over(ballot: &Ballot, now: BlockNumber) -> bool {
    ballot.ended && ballot.until.is_none_or(|until| until <= now)
}

/// What a track keeps locked whatever is taken back.
fn still_needed(voting: &Voting, kept: &[&Ballot], now: BlockNumber) -> Balance {
    let prior = if voting.prior.until > now { voting.prior.amount } else { 0 };
    let delegated = match &voting.doing {
        Doing::Delegating(delegation) => delegation.amount,
        Doing::Voting(_) => 0,
    };
    kept.iter().map(|ballot| amount(&ballot.vote)).fold(prior.max(delegated), Balance::max)
}

fn amount(vote: &AccountVote<Balance>) -> Balance {
    match vote {
        AccountVote::Standard { balance, .. } => *balance,
        AccountVote::Split { aye, nay } => aye.saturating_add(*nay),
        AccountVote::SplitAbstain { aye, nay, abstain } => aye.saturating_add(*nay).saturating_add(*abstain),
    }
}

/// Frees what is locked for nothing any more.
pub async fn run(context: &Context) -> Result<(), CliError> {
    let who = context.account(None)?;
    let chain = context.chain().await?;
    let best = chain.tip().await?.best;
    let clock = Clock::at(&chain, best).await?;
    let release = Release::of(&who, &chain.votes(best.hash, &who).await?, best.number);
    if release.calls.is_empty() {
        let next = release.next.map(|block| format!(": the next lock is over in {}", clock.when(block)));
        let problem = format!("nothing can be unlocked now{}", next.unwrap_or_default());
        return Err(CliError::Refused(problem));
    }
    let done = format!("of {} that were locked, {} still are", Amount(release.before), Amount(release.after));
    sent::send_to(context, &chain, all(release.calls), &done).await
}

/// What is shown of an account on a track.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    track: String,
    locked: Amount,
    delegated_to: Option<AccountId>,
    received: Amount,
    votes: Vec<Row>,
    /// What of the lock is for votes that were taken back after they had won.
    prior: Option<Prior>,
}

#[derive(Serialize)]
struct Prior {
    amount: Amount,
    until: Moment,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    referendum: u32,
    says: &'static str,
    amount: Amount,
    conviction: u8,
    is_over: bool,
    locked_until: Option<Moment>,
}

impl Row {
    fn new(ballot: &Ballot, clock: &Clock) -> Self {
        let (says, conviction) = match ballot.vote {
            AccountVote::Standard { vote, .. } => (if vote.aye { "aye" } else { "nay" }, vote.conviction),
            AccountVote::Split { .. } => ("both", Conviction::None),
            AccountVote::SplitAbstain { .. } => ("abstain", Conviction::None),
        };
        Self {
            referendum: ballot.referendum,
            says,
            amount: Amount(amount(&ballot.vote)),
            conviction: conviction.into(),
            is_over: ballot.ended,
            locked_until: ballot.until.map(|block| clock.moment(block)),
        }
    }

    fn cells(&self, track: &str, clock: &Clock) -> Vec<String> {
        let lock = match (self.is_over, self.locked_until) {
            (false, _) => "while it counts".into(),
            (true, Some(until)) => format!("until {}", clock.when(until.block)),
            (true, None) => "no longer".into(),
        };
        vec![
            track.into(),
            self.referendum.to_string(),
            self.says.into(),
            format!("{} {}x", self.amount, self.conviction),
            lock,
        ]
    }
}

impl Shown {
    fn new(voting: &Voting, tracks: &[Track], clock: &Clock) -> Result<Self, CliError> {
        let prior = Some(voting.prior).filter(|prior| prior.amount > 0);
        Ok(Self {
            track: tracks::by_number(tracks, voting.track)?.name.clone(),
            locked: Amount(voting.locked),
            delegated_to: match &voting.doing {
                Doing::Delegating(delegation) => Some(delegation.to.clone()),
                Doing::Voting(_) => None,
            },
            received: Amount(voting.received),
            votes: ballots(voting).iter().map(|ballot| Row::new(ballot, clock)).collect(),
            prior: prior
                .map(|prior| Prior { amount: Amount(prior.amount), until: clock.moment(prior.until) }),
        })
    }

    fn row(&self, clock: &Clock) -> Vec<String> {
        let who = self.delegated_to.as_ref().map_or("itself".into(), Ss58Codec::to_ss58check);
        let prior = self.prior.as_ref().map_or_else(String::new, |prior| {
            format!("{} until {}", prior.amount, clock.when(prior.until.block))
        });
        vec![self.track.clone(), who, self.locked.to_string(), self.received.to_string(), prior]
    }
}

/// Shows what an account votes with.
pub async fn show(context: &Context, account: Option<AccountId>) -> Result<(), CliError> {
    let account = context.account(account)?;
    let chain = context.chain().await?;
    let best = chain.tip().await?.best;
    let clock = Clock::at(&chain, best).await?;
    let tracks = chain.tracks(best.hash).await?;
    let votes = chain.votes(best.hash, &account).await?;
    let shown = votes.iter().map(|voting| Shown::new(voting, &tracks, &clock));
    let shown = shown.collect::<Result<Vec<_>, _>>()?;
    let release = Release::of(&account, &votes, best.number);
    context.output.list("tracks", &shown, || text(&shown, &release, &clock));
    Ok(())
}

fn text(shown: &[Shown], release: &Release, clock: &Clock) -> String {
    let tracks: Vec<_> = shown.iter().map(|shown| shown.row(clock)).collect();
    let votes = shown.iter().flat_map(|shown| shown.votes.iter().map(|row| row.cells(&shown.track, clock)));
    let votes: Vec<_> = votes.collect();
    let freeable = release.before.saturating_sub(release.after);
    let rows = [
        ("locked", Amount(release.before).to_string()),
        ("can be freed", Amount(freeable).to_string()),
        ("next", release.next.map_or("nothing".into(), |block| clock.when(block))),
    ];
    format!(
        "{}\n{}\n{}",
        fields(&rows),
        table(&["track", "votes by", "locked", "received", "from before"], &tracks),
        table(&["track", "referendum", "says", "with", "locked"], &votes)
    )
}

#[cfg(test)]
mod tests {
    use super::super::scene::{account, track, POLICY, ROOT};
    use super::*;
    use assay_chain::{
        governance::{Delegation, Lock, Vote},
        token::ASY,
    };

    fn ballot(referendum: u32, balance: Balance, ended: bool, until: Option<BlockNumber>) -> Ballot {
        let vote = Vote { aye: true, conviction: Conviction::Locked1x };
        Ballot { referendum, vote: AccountVote::Standard { vote, balance }, ended, until }
    }

    fn voting(track: u16, locked: Balance, ballots: Vec<Ballot>) -> Voting {
        Voting { track, locked, prior: Lock::default(), received: 0, doing: Doing::Voting(ballots) }
    }

    fn release(votes: &[Voting]) -> Release {
        Release::of(&account(), votes, 100)
    }

    #[test]
    fn what_is_over_is_taken_back_and_what_counts_stays() {
        let ballots = vec![
            ballot(1, 90, true, Some(100)),
            ballot(2, 70, true, None),
            ballot(3, 50, true, Some(130)),
            ballot(4, 40, false, None),
        ];
        let release = release(&[voting(POLICY, 90, ballots)]);
        let expected = vec![
            calls::remove_vote(Some(POLICY), 1),
            calls::remove_vote(Some(POLICY), 2),
            calls::unlock(POLICY, account()),
        ];
        assert_eq!(release, Release { calls: expected, before: 90, after: 50, next: Some(130) });
    }

    #[test]
    fn locks_of_tracks_lie_over_one_another() {
        let over = voting(POLICY, 80, vec![ballot(1, 80, true, None)]);
        let counting = voting(ROOT, 60, vec![ballot(2, 60, false, None)]);
        let release = release(&[over, counting]);
        assert_eq!((release.before, release.after), (80, 60));
        assert_eq!(release.calls.len(), 2, "the track that still counts is left alone");
    }

    #[test]
    fn a_lock_from_before_holds_until_its_time() {
        let prior = Lock { until: 101, amount: 30 };
        let held = Voting { prior, ..voting(POLICY, 30, Vec::new()) };
        let kept = Release { before: 30, after: 30, next: Some(101), ..Release::default() };
        assert_eq!(release(std::slice::from_ref(&held)), kept);
        let free = Voting { prior: Lock { until: 100, ..prior }, ..held };
        assert_eq!(release(&[free]).calls, [calls::unlock(POLICY, account())]);
    }

    #[test]
    fn what_is_delegated_stays_locked() {
        let delegation = Delegation { to: account(), amount: 50, conviction: Conviction::Locked1x };
        let voting = Voting { doing: Doing::Delegating(delegation), ..voting(POLICY, 50, Vec::new()) };
        assert!(release(&[voting]).calls.is_empty());
    }

    #[test]
    fn votes_are_shown_with_their_locks() {
        let clock = Clock::new(100, 3_000);
        let ballots = vec![ballot(1, 5 * ASY, true, Some(120)), ballot(2, ASY, false, None)];
        let votes = [voting(POLICY, 5 * ASY, ballots)];
        let shown = [Shown::new(&votes[0], &[track(POLICY, "policy")], &clock).unwrap()];
        let text = text(&shown, &release(&votes), &clock);
        for part in
            ["locked        5 ASY", "can be freed  0 ASY", "5 ASY 1x", "until block 120, in about 1 min"]
        {
            assert!(text.contains(part), "{part:?} is missing in:\n{text}");
        }
        assert!(text.contains("while it counts"), "{text}");
    }
}
