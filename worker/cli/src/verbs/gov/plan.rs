//! From a call that somebody wants to a referendum: which track can make it, what it costs, what is sent.

use super::{calls, time::Clock, tracks};
use crate::{amount::Amount, error::CliError, output::Bar, verbs::sent::Sent};
use assay_chain::{
    governance::{Body, Terms, Track},
    AccountId, BlockNumber, ChainClient, ChainError, GovernanceClient, Hash, RuntimeCall, Submitter, Wait,
};
use codec::Encode;
use serde::Serialize;

/// The largest call that a referendum can refer to, in bytes.
const MAX_PREIMAGE: usize = 4 * 1024 * 1024;

/// Why a batch of spends is refused.
const ONCE_EACH: &str =
    "a referendum on it makes one spend, approves one bounty, or stops once: propose each by \
    itself, or all of them on the track root";

/// What somebody wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The tracks that may be able to make the call: the first one that is able to is taken.
    pub tracks: Vec<u16>,
    /// The call.
    pub call: RuntimeCall,
    /// The call in it that root makes, where the outer one does not tell what comes of that.
    pub inner: Option<RuntimeCall>,
}

impl Draft {
    /// Of a call that one of some tracks makes.
    pub fn new(tracks: &[u16], call: RuntimeCall) -> Self {
        Self { tracks: tracks.to_vec(), call, inner: None }
    }
}

/// How it is proposed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manner {
    /// How many blocks after its approval the call is made, if that is later than the track's least.
    pub after: BlockNumber,
    /// Leave the deposit for the decision to others.
    pub undecided: bool,
    /// Propose also what would be refused now.
    pub anyway: bool,
}

/// What proposing takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Deposits {
    /// For the submission. Lost if the referendum is killed; back if it is approved or cancelled.
    pub submission: Amount,
    /// For the decision. Lost if the referendum is killed; back when it is over.
    pub decision: Option<Amount>,
    /// For keeping a long call on the chain. Back when the chain does not need it any more.
    pub preimage: Option<Amount>,
}

impl Deposits {
    /// All of them.
    pub fn total(&self) -> Amount {
        let part = |amount: Option<Amount>| amount.map_or(0, |amount| amount.0);
        Amount(self.submission.0.saturating_add(part(self.decision)).saturating_add(part(self.preimage)))
    }

    /// For people.
    pub fn text(&self) -> String {
        let part = |what, amount: Option<Amount>| amount.map(|amount| format!("{amount} {what}"));
        let parts = [
            part("to submit", Some(self.submission)),
            part("to have it decided", self.decision),
            part("to keep the call on the chain", self.preimage),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

/// A referendum that is ready to be submitted.
#[derive(Debug)]
pub struct Plan {
    /// The track that it is for.
    pub track: Track,
    /// The encoded call.
    pub bytes: Vec<u8>,
    /// Hash of the encoded call.
    pub hash: Hash,
    /// What it takes.
    pub deposits: Deposits,
    after: BlockNumber,
}

impl Plan {
    /// Looks for the track that can make a call, and what that costs.
    ///
    /// # Errors
    ///
    /// None can as things are, or the account has not enough.
    pub async fn new<C: GovernanceClient>(
        chain: &C,
        at: Hash,
        who: &AccountId,
        draft: &Draft,
        how: &Manner,
    ) -> Result<Self, CliError> {
        let tracks = chain.tracks(at).await?;
        let track = choose(chain, at, &tracks, draft, how.anyway).await?;
        let bytes = draft.call.encode();
        let hash = calls::hash(&bytes);
        if bytes.len() > MAX_PREIMAGE {
            return Err(CliError::Usage(format!(
                "the call has {} bytes, and the chain keeps calls of at most 4 MiB",
                bytes.len()
            )));
        }
        let terms = chain.terms(at).await?;
        let is_noted = chain.preimage(at, hash).await?.is_some_and(|noted| noted.len.is_some());
        let needs_preimage = calls::needs_preimage(&bytes) && !is_noted;
        let deposits = Deposits {
            submission: submission(&terms, track.id),
            decision: (!how.undecided).then_some(Amount(track.deposit)),
            preimage: needs_preimage.then(|| preimage_deposit(&terms, bytes.len())),
        };
        check_account(chain, at, who, track.id, &deposits).await?;
        Ok(Self { track, bytes, hash, deposits, after: how.after })
    }

    /// Submits it: notes the call where it is long, submits, and pays for the decision. One transaction each, since the
    /// referendum's number is known only when its block is final.
    pub async fn submit<C: ChainClient>(
        &self,
        submitter: &Submitter<C>,
        bar: &Bar,
    ) -> Result<(u32, Sent), CliError> {
        if self.deposits.preimage.is_some() {
            bar.say("keeping the call on the chain");
            submitter.send(calls::note(self.bytes.clone()), Wait::Best).await?;
        }
        bar.say("submitting the referendum: waiting until its block is final");
        let call = calls::submit(self.track.id, &self.bytes, self.after)?;
        let included = submitter.send(call, Wait::Final).await?;
        let index = calls::submitted(&included.events).ok_or_else(|| {
            CliError::Unavailable("the transaction is in a block, but submitted no referendum".into())
        })?;
        if self.deposits.decision.is_some() {
            bar.say(format!("having referendum {index} decided: waiting until the block is final"));
            let body = Body::of(self.track.id);
            let sent = submitter.send(calls::place_deposit(body, index), Wait::Final).await;
            sent.map_err(|error| half_done(body, index, &error))?;
        }
        Ok((index, Sent::from(&included)))
    }

    /// For people: what is proposed, before anything is sent.
    pub fn text(&self, clock: &Clock) -> String {
        format!(
            "track {}: decided within {}, confirmed for {}, made {} later\non deposit: {}: {} in all",
            self.track.name,
            clock.length(self.track.decision),
            clock.length(self.track.confirm),
            clock.length(self.track.enactment.max(self.after)),
            self.deposits.text(),
            self.deposits.total(),
        )
    }
}

/// What keeping a call on the chain takes.
pub fn preimage_deposit(terms: &Terms, len: usize) -> Amount {
    let len = u128::try_from(len).unwrap_or(u128::MAX);
    Amount(terms.preimage.saturating_add(terms.preimage_byte.saturating_mul(len)))
}

fn submission(terms: &Terms, track: u16) -> Amount {
    Amount(match Body::of(track) {
        Body::Holders => terms.submission,
        Body::Fellowship => terms.fellows_submission,
    })
}

/// The first track that can make a call as things are; `anyway`, the first one if none can.
async fn choose<C: GovernanceClient>(
    chain: &C,
    at: Hash,
    tracks: &[Track],
    draft: &Draft,
    anyway: bool,
) -> Result<Track, CliError> {
    let mut refused = None;
    for id in &draft.tracks {
        let track = tracks::by_number(tracks, *id)?;
        if *id != calls::ROOT && calls::once_each(&draft.call) > 1 {
            refused = Some(format!("{} would fail: {ONCE_EACH}", track.name));
            continue;
        }
        match rehearse(chain, at, *id, draft).await {
            Ok(()) => return Ok(track.clone()),
            Err(ChainError::Refused { pallet, error, hint }) => {
                // What is said to accounts does not help a track.
                let hint = if error == "BadOrigin" { "another track may make it" } else { hint };
                refused = Some(format!("{} would fail ({pallet}.{error}): {hint}", track.name));
            }
            Err(error) => return Err(error.into()),
        }
    }
    match (draft.tracks.first(), refused) {
        (Some(first), _) if anyway => Ok(tracks::by_number(tracks, *first)?.clone()),
        (_, Some(refused)) => Err(CliError::Refused(format!(
            "as things are, the call of {refused}; --anyway proposes it still"
        ))),
        _ => Err(CliError::Usage("no track is named: pass --track".into())),
    }
}

async fn rehearse<C: GovernanceClient>(
    chain: &C,
    at: Hash,
    track: u16,
    draft: &Draft,
) -> Result<(), ChainError> {
    chain.rehearse(at, track, &draft.call).await?;
    match &draft.inner {
        Some(inner) => chain.rehearse(at, calls::ROOT, inner).await,
        None => Ok(()),
    }
}

/// Looks before anything is signed; the chain looks again.
async fn check_account<C: GovernanceClient>(
    chain: &C,
    at: Hash,
    who: &AccountId,
    track: u16,
    deposits: &Deposits,
) -> Result<(), CliError> {
    if Body::of(track) == Body::Fellowship && !chain.standing(at).await?.fellows.contains(who) {
        let problem = "only fellows propose to the fellowship: sign with the key of one (`assay gov status`)";
        return Err(CliError::Refused(problem.into()));
    }
    let (free, needed) = (Amount(chain.account(at, who).await?.free), deposits.total());
    if free < needed {
        return Err(CliError::Refused(format!(
            "not enough money: proposing takes {}, {needed} in all, and the account has {free} free",
            deposits.text()
        )));
    }
    Ok(())
}

/// What is told when a referendum is submitted and its deposit is not made.
fn half_done(body: Body, index: u32, error: &ChainError) -> CliError {
    let flag = if body == Body::Fellowship { " --fellowship" } else { "" };
    let text = format!(
        "referendum {index} is submitted, but its deposit is not made: {error}; `assay gov deposit {index}{flag}` makes it"
    );
    match error {
        ChainError::Refused { .. } | ChainError::Invalid(_) => CliError::Refused(text),
        _ => CliError::Unavailable(text),
    }
}

#[cfg(test)]
mod tests {
    use super::super::scene::{account, chain, terms, POLICY};
    use super::*;
    use crate::output::Output;
    use assay_chain::{
        fake::FakeChain,
        governance::{frame_system, pallet_referenda, Noted},
        market::Refusal,
        token::ASY,
        Pair, RuntimeEvent,
    };
    use sp_core::Pair as _;
    use sp_runtime::DispatchError;

    fn refusal(error: &str) -> Refusal {
        Refusal { pallet: Some("Treasury".into()), error: error.into() }
    }

    async fn plan(chain: &FakeChain, draft: &Draft, how: Manner) -> Result<Plan, CliError> {
        let at = chain.tip().await.unwrap().best.hash;
        Plan::new(chain, at, &account(), draft, &how).await
    }

    fn remark(len: usize) -> RuntimeCall {
        RuntimeCall::System(frame_system::Call::remark { remark: vec![0; len] })
    }

    #[tokio::test]
    async fn deposits_are_told_before_anything_is_sent() {
        let chain = chain(|_| {});
        let short = plan(&chain, &Draft::new(&[POLICY], remark(10)), Manner::default()).await.unwrap();
        assert_eq!(short.deposits.total(), Amount(10_010 * ASY));
        assert_eq!(short.deposits.preimage, None);
        let long = plan(&chain, &Draft::new(&[POLICY], remark(1_000)), Manner::default()).await.unwrap();
        let kept = preimage_deposit(&terms(), long.bytes.len());
        assert_eq!(long.deposits.preimage, Some(kept));
        let text = long.text(&Clock::new(0, 3_000));
        assert!(text.contains("10 ASY to submit, 10000 ASY to have it decided, "), "{text}");
        assert!(text.contains("made 15 s later"), "{text}");
        let how = Manner { undecided: true, ..Manner::default() };
        let undecided = plan(&chain, &Draft::new(&[POLICY], remark(10)), how).await.unwrap();
        assert_eq!(undecided.deposits.total(), Amount(10 * ASY));
        assert_eq!(chain.submissions(), 0);
    }

    #[tokio::test]
    async fn a_call_that_the_chain_has_is_not_kept_twice() {
        let bytes = remark(1_000).encode();
        let len = Some(u32::try_from(bytes.len()).unwrap());
        let chain = chain(|world| {
            let noted = Noted { len, bytes: None, depositor: None, requests: 1 };
            world.governance.preimages.insert(calls::hash(&bytes), noted);
        });
        let plan = plan(&chain, &Draft::new(&[POLICY], remark(1_000)), Manner::default()).await.unwrap();
        assert_eq!(plan.deposits.preimage, None);
    }

    #[tokio::test]
    async fn the_first_track_that_can_is_taken() {
        let chain = chain(|world| {
            world.governance.refusals.insert(6, refusal("InsufficientPermission"));
        });
        let draft = Draft::new(&[6, 7, 0], remark(1));
        let chosen = plan(&chain, &draft, Manner::default()).await.unwrap().track;
        assert_eq!(chosen.name, "big_spender");
        let error = plan(&chain, &Draft::new(&[6], remark(1)), Manner::default()).await.unwrap_err();
        assert_eq!(error.exit_code(), 4);
        let line = error.line();
        assert!(line.contains("small_spender would fail (Treasury.InsufficientPermission)"), "{line}");
        assert!(line.contains("--anyway"), "{line}");
        let how = Manner { anyway: true, ..Manner::default() };
        assert_eq!(plan(&chain, &draft, how).await.unwrap().track.name, "big_spender");
        assert_eq!(
            plan(&chain, &Draft::new(&[6], remark(1)), how).await.unwrap().track.name,
            "small_spender"
        );
    }

    #[tokio::test]
    async fn spends_are_proposed_one_by_one_or_on_the_track_of_root() {
        let chain = chain(|_| {});
        let spend = || calls::spend(account(), ASY, None);
        let batch = |calls| Draft::new(&[calls::SMALL_SPENDER, calls::BIG_SPENDER], crate::calls::all(calls));
        let several = batch(vec![remark(1), spend(), spend()]);
        let error = plan(&chain, &several, Manner::default()).await.unwrap_err();
        assert_eq!(error.exit_code(), 4);
        let line = error.line();
        assert!(line.contains("big_spender would fail: a referendum on it makes one spend"), "{line}");
        assert!(line.contains("on the track root"), "{line}");
        for (draft, track) in [
            (batch(vec![remark(1), spend()]), "small_spender"),
            (Draft::new(&[calls::ROOT], several.call.clone()), "root"),
        ] {
            assert_eq!(plan(&chain, &draft, Manner::default()).await.unwrap().track.name, track);
        }
        let how = Manner { anyway: true, ..Manner::default() };
        assert_eq!(plan(&chain, &several, how).await.unwrap().track.name, "small_spender");
    }

    #[tokio::test]
    async fn what_root_makes_inside_is_rehearsed_too() {
        let chain = chain(|world| {
            world.governance.refusals.insert(0, refusal("NoSuchThing"));
        });
        let draft = Draft { inner: Some(remark(2)), ..Draft::new(&[1], remark(1)) };
        let line = plan(&chain, &draft, Manner::default()).await.unwrap_err().line();
        assert!(line.contains("Treasury.NoSuchThing"), "{line}");
    }

    #[tokio::test]
    async fn who_can_not_pay_or_is_no_fellow_is_told_so_before() {
        let poor = chain(|world| {
            world.accounts.entry(account()).or_default().free = 5_000 * ASY;
        });
        let line =
            plan(&poor, &Draft::new(&[POLICY], remark(1)), Manner::default()).await.unwrap_err().line();
        assert!(line.contains("10010 ASY in all, and the account has 5000 ASY free"), "{line}");
        let fellows = Draft::new(&[calls::FELLOWS], remark(1));
        let line = plan(&chain(|_| {}), &fellows, Manner::default()).await.unwrap_err().line();
        assert!(line.contains("only fellows"), "{line}");
        let welcome = chain(|world| world.governance.standing.fellows.push(account()));
        assert!(plan(&welcome, &fellows, Manner::default()).await.is_ok());
    }

    /// A chain that goes on by itself and numbers referenda from 7 on.
    fn running(chain: &FakeChain, refuse_deposits: bool) -> tokio::task::JoinHandle<()> {
        chain.on_call(move |_, _, call| match call {
            RuntimeCall::Referenda(pallet_referenda::Call::submit { proposal, .. }) => {
                let proposal = proposal.clone();
                let event = pallet_referenda::Event::Submitted { index: 7, track: POLICY, proposal };
                Ok(vec![RuntimeEvent::Referenda(event)])
            }
            RuntimeCall::Referenda(_) if refuse_deposits => Err(DispatchError::BadOrigin),
            _ => Ok(Vec::new()),
        });
        let chain = chain.clone();
        tokio::spawn(async move {
            loop {
                let best = chain.block(|_| {});
                chain.finalize(best.number);
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
            }
        })
    }

    async fn submit(chain: &FakeChain, call: RuntimeCall) -> Result<(u32, Sent), CliError> {
        let plan = plan(chain, &Draft::new(&[POLICY], call), Manner::default()).await?;
        let (pair, _) = Pair::generate();
        plan.submit(&Submitter::new(chain.clone(), pair), &Output::new(true).spinner("test")).await
    }

    #[tokio::test]
    async fn a_long_call_is_kept_then_submitted_then_paid_for() {
        let chain = chain(|_| {});
        let blocks = running(&chain, false);
        let (index, _) = submit(&chain, remark(1_000)).await.unwrap();
        blocks.abort();
        assert_eq!(index, 7);
        let names: Vec<_> = chain.calls().iter().map(|(_, call)| crate::calls::name(call)).collect();
        assert_eq!(names, ["Preimage.note_preimage", "Referenda.submit", "Referenda.place_decision_deposit"]);
        let (_, last) = chain.calls().pop().unwrap();
        assert_eq!(last, calls::place_deposit(Body::Holders, 7));
    }

    #[tokio::test]
    async fn a_referendum_without_its_deposit_is_told_by_its_number() {
        let chain = chain(|_| {});
        let blocks = running(&chain, true);
        let error = submit(&chain, remark(1)).await.map(|_| ()).unwrap_err();
        blocks.abort();
        assert_eq!(error.exit_code(), 4);
        let line = error.line();
        assert!(line.starts_with("referendum 7 is submitted, but its deposit is not made"), "{line}");
        assert!(line.ends_with("`assay gov deposit 7` makes it"), "{line}");
    }
}
