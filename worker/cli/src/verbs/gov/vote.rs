//! Votes, and has others vote.

use super::{calls, deposits, propose::Target, time::Clock, tracks};
use crate::{amount::Amount, context::Context, error::CliError, verbs::sent};
use assay_chain::{
    governance::{AccountVote, Body, Conviction, Referendum, Terms, Track, Vote},
    AccountId, Balance, ChainClient, GovernanceClient, RuntimeCall,
};

/// What a vote says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Says {
    /// It is to be done
    Aye,
    /// It is not to be done
    Nay,
    /// Neither; it counts as support
    Abstain,
}

/// Reads a conviction, as in `2x`.
pub fn conviction(text: &str) -> Result<Conviction, String> {
    let number: Option<u8> = text.strip_suffix('x').unwrap_or(text).parse().ok();
    number.and_then(|number| Conviction::try_from(number).ok()).ok_or_else(|| {
        format!("{text:?} is no conviction: 0x counts a tenth and locks nothing, 1x to 6x count so often and lock")
    })
}

/// A vote.
pub struct Choice {
    /// On what.
    pub target: Target,
    /// What it says.
    pub says: Says,
    /// With how much; a fellow has one vote.
    pub amount: Option<Amount>,
    /// How long it may lock.
    pub conviction: Conviction,
}

impl Choice {
    fn call(&self) -> Result<RuntimeCall, CliError> {
        let index = self.target.referendum;
        let usage = |problem: &str| CliError::Usage(problem.into());
        match (self.target.body(), self.amount, self.says) {
            (Body::Fellowship, None, Says::Aye) => Ok(calls::vote_as_fellow(index, true)),
            (Body::Fellowship, None, Says::Nay) => Ok(calls::vote_as_fellow(index, false)),
            (Body::Fellowship, None, Says::Abstain) => Err(usage("a fellow says aye or nay, or nothing")),
            (Body::Fellowship, Some(_), _) => Err(usage("a fellow has one vote: leave the amount out")),
            (Body::Holders, None, _) => Err(usage("name how many ASY to vote with")),
            (Body::Holders, Some(amount), says) => {
                Ok(calls::vote(index, account_vote(says, amount.0, self.conviction)))
            }
        }
    }
}

fn account_vote(says: Says, balance: Balance, conviction: Conviction) -> AccountVote<Balance> {
    match says {
        Says::Abstain => AccountVote::SplitAbstain { aye: 0, nay: 0, abstain: balance },
        Says::Aye | Says::Nay => {
            AccountVote::Standard { vote: Vote { aye: says == Says::Aye, conviction }, balance }
        }
    }
}

/// For people: what a vote of an amount locks.
fn locks(terms: &Terms, amount: Amount, conviction: Conviction, clock: &Clock) -> String {
    match conviction.lock_periods() {
        0 => format!("{amount} are locked while the vote counts"),
        periods => {
            let length = clock.length(terms.lock.saturating_mul(periods));
            format!("{amount} are locked while the vote counts, and for {length} after if it wins")
        }
    }
}

/// Votes.
pub async fn run(context: &Context, choice: Choice) -> Result<(), CliError> {
    context.account(None)?;
    let call = choice.call()?;
    let chain = context.chain().await?;
    let best = chain.tip().await?.best;
    let (body, index) = (choice.target.body(), choice.target.referendum);
    if let Referendum::Ended(_) = deposits::find(&chain, best.hash, body, index).await? {
        return Err(CliError::Refused(format!("referendum {index} is over: nobody can vote on it any more")));
    }
    if let Some(amount) = choice.amount {
        let clock = Clock::at(&chain, best).await?;
        let terms = chain.terms(best.hash).await?;
        let conviction = if choice.says == Says::Abstain { Conviction::None } else { choice.conviction };
        context.output.note(&locks(&terms, amount, conviction, &clock));
    }
    let flag = if body == Body::Fellowship { " --fellowship" } else { "" };
    let done = format!("voted; `assay gov show {index}{flag}` shows where it stands");
    sent::send_to(context, &chain, call, &done).await
}

/// Takes a vote on a referendum back that can be voted on.
pub async fn remove(context: &Context, index: u32) -> Result<(), CliError> {
    context.account(None)?;
    let chain = context.chain().await?;
    let at = chain.tip().await?.best.hash;
    if let Referendum::Ended(_) = deposits::find(&chain, at, Body::Holders, index).await? {
        let problem = format!("referendum {index} is over: `assay gov unlock` takes votes on it back");
        return Err(CliError::Refused(problem));
    }
    let done = "the vote does not count any more; `assay gov unlock` frees what it has locked";
    sent::send_to(context, &chain, calls::remove_vote(None, index), done).await
}

/// The tracks of a name, or all of the holders'.
fn chosen<'a>(all: &'a [Track], name: &str) -> Result<Vec<&'a Track>, CliError> {
    let mut holders = all.iter().filter(|track| Body::of(track.id) == Body::Holders);
    if name == "all" {
        return Ok(holders.collect());
    }
    let track = tracks::by_name(all, name)?;
    match holders.any(|other| other.id == track.id) {
        true => Ok(vec![track]),
        false => Err(CliError::Usage("fellows vote themselves: their track has no delegation".into())),
    }
}

/// Has somebody else vote on a track, or on all.
pub async fn delegate(
    context: &Context,
    track: &str,
    to: AccountId,
    amount: Amount,
    conviction: Conviction,
) -> Result<(), CliError> {
    if context.account(None)? == to {
        return Err(CliError::Usage("name somebody else to vote: this is your own account".into()));
    }
    let chain = context.chain().await?;
    let best = chain.tip().await?.best;
    let all = chain.tracks(best.hash).await?;
    let tracks = chosen(&all, track)?;
    let clock = Clock::at(&chain, best).await?;
    let terms = chain.terms(best.hash).await?;
    let length = clock.length(terms.lock.saturating_mul(conviction.lock_periods()));
    context.output.note(&format!("{amount} are locked until it is taken back, and for {length} after"));
    let delegation = |track: &&Track| calls::delegate(track.id, to.clone(), conviction, amount.0);
    let call = crate::calls::all(tracks.iter().map(delegation).collect());
    sent::send_to(context, &chain, call, "delegated; `assay gov undelegate` takes it back").await
}

/// Votes oneself again.
pub async fn undelegate(context: &Context, track: &str) -> Result<(), CliError> {
    context.account(None)?;
    let chain = context.chain().await?;
    let all = chain.tracks(chain.tip().await?.best.hash).await?;
    let tracks = chosen(&all, track)?;
    let call = crate::calls::all(tracks.iter().map(|track| calls::undelegate(track.id)).collect());
    let done = "taken back; `assay gov unlock` frees what was locked when its time is over";
    sent::send_to(context, &chain, call, done).await
}

#[cfg(test)]
mod tests {
    use super::super::scene::{terms, track};
    use super::*;
    use assay_chain::token::ASY;

    fn choice(fellowship: bool, says: Says, amount: Option<Balance>) -> Choice {
        let target = Target { referendum: 7, fellowship };
        Choice { target, says, amount: amount.map(Amount), conviction: Conviction::Locked2x }
    }

    #[test]
    fn votes_say_what_was_said() {
        let (vote, balance) = (Vote { aye: true, conviction: Conviction::Locked2x }, 5 * ASY);
        let aye = calls::vote(7, AccountVote::Standard { vote, balance });
        assert_eq!(choice(false, Says::Aye, Some(balance)).call().unwrap(), aye);
        let nay = calls::vote(7, AccountVote::Standard { vote: Vote { aye: false, ..vote }, balance });
        assert_eq!(choice(false, Says::Nay, Some(balance)).call().unwrap(), nay);
        let abstain = AccountVote::SplitAbstain { aye: 0, nay: 0, abstain: balance };
        assert_eq!(choice(false, Says::Abstain, Some(balance)).call().unwrap(), calls::vote(7, abstain));
        assert_eq!(choice(true, Says::Nay, None).call().unwrap(), calls::vote_as_fellow(7, false));
        assert_eq!(choice(true, Says::Aye, None).call().unwrap(), calls::vote_as_fellow(7, true));
    }

    #[test]
    fn a_vote_that_can_not_be_is_refused() {
        for (choice, word) in [
            (choice(false, Says::Aye, None), "how many ASY"),
            (choice(true, Says::Aye, Some(1)), "leave the amount out"),
            (choice(true, Says::Abstain, None), "aye or nay"),
        ] {
            let error = choice.call().unwrap_err();
            assert_eq!(error.exit_code(), 2);
            assert!(error.line().contains(word), "{}", error.line());
        }
    }

    #[test]
    fn convictions_are_numbers() {
        assert_eq!(conviction("0"), Ok(Conviction::None));
        assert_eq!(conviction("6x"), Ok(Conviction::Locked6x));
        for text in ["", "x", "7", "-1", "1.5x"] {
            assert!(conviction(text).unwrap_err().contains("1x to 6x"), "{text}");
        }
    }

    #[test]
    fn locks_are_told_before() {
        let clock = Clock::new(0, 3_000);
        let text = locks(&terms(), Amount(ASY), Conviction::Locked3x, &clock);
        // Four periods of 20 blocks.
        assert_eq!(text, "1 ASY are locked while the vote counts, and for 4 min after if it wins");
        let text = locks(&terms(), Amount(ASY), Conviction::None, &clock);
        assert_eq!(text, "1 ASY are locked while the vote counts");
    }

    #[test]
    fn fellows_can_not_delegate() {
        let tracks = [track(0, "root"), track(3, "policy"), track(100, "fellows")];
        assert_eq!(chosen(&tracks, "all").unwrap().len(), 2);
        assert_eq!(chosen(&tracks, "policy").unwrap()[0].id, 3);
        assert!(chosen(&tracks, "fellows").unwrap_err().line().contains("vote themselves"));
    }
}
