//! Lists referenda.

use super::{next, propose::body, show, time::Clock, tracks};
use crate::{context::Context, error::CliError, output::table, percent};
use assay_chain::{
    governance::{Ongoing, Referendum, Track},
    ChainClient, GovernanceClient,
};
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    referendum: u32,
    /// `None` where it is over: the chain keeps only how it ended.
    track: Option<String>,
    call: Option<String>,
    state: &'static str,
    approval: Option<u32>,
    support: Option<u32>,
    next: String,
}

/// Shows them, newest first.
pub async fn run(
    context: &Context,
    fellowship: bool,
    before: Option<u32>,
    limit: u32,
) -> Result<(), CliError> {
    let chain = context.chain().await?;
    let best = chain.tip().await?.best;
    let clock = Clock::at(&chain, best).await?;
    let tracks = chain.tracks(best.hash).await?;
    let found = chain.referenda(best.hash, body(fellowship), before, limit).await?;
    let rows = found.iter().map(|(index, referendum)| Row::new(*index, referendum, &tracks, &clock));
    let rows = rows.collect::<Result<Vec<_>, _>>()?;
    context.output.list("referenda", &rows, || {
        let header = ["referendum", "track", "call", "state", "approval", "support", "next"];
        table(&header, &rows.iter().map(Row::cells).collect::<Vec<_>>())
    });
    Ok(())
}

impl Row {
    fn new(index: u32, referendum: &Referendum, tracks: &[Track], clock: &Clock) -> Result<Self, CliError> {
        Ok(match referendum {
            Referendum::Ongoing(ongoing) => {
                Self::ongoing(index, ongoing, tracks::by_number(tracks, ongoing.track)?, clock)
            }
            Referendum::Ended(ended) => Self {
                referendum: index,
                track: None,
                call: None,
                state: show::outcome(ended.outcome),
                approval: None,
                support: None,
                next: next::of_ended(ended).text(clock),
            },
        })
    }

    fn ongoing(index: u32, ongoing: &Ongoing, track: &Track, clock: &Clock) -> Self {
        let call = ongoing.proposal.call.as_deref().and_then(super::calls::decode);
        Self {
            referendum: index,
            track: Some(track.name.clone()),
            call: call.as_ref().map(crate::calls::name),
            state: show::state(ongoing),
            approval: Some(ongoing.tally.approval.deconstruct()),
            support: Some(ongoing.tally.support.deconstruct()),
            next: next::of_ongoing(ongoing, track, clock.now).text(clock),
        }
    }

    fn cells(&self) -> Vec<String> {
        let share = |parts: Option<u32>| parts.map_or_else(String::new, percent::rounded);
        vec![
            self.referendum.to_string(),
            self.track.clone().unwrap_or_default(),
            self.call.clone().unwrap_or_default(),
            self.state.into(),
            share(self.approval),
            share(self.support),
            self.next.clone(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::super::scene::{ongoing, track, POLICY};
    use super::*;

    #[test]
    fn a_row_says_what_comes_next() {
        let referendum = Referendum::Ongoing(Box::new(ongoing(POLICY)));
        let tracks = [track(POLICY, "verification_policy")];
        let row = Row::new(4, &referendum, &tracks, &Clock::new(3, 3_000)).unwrap();
        assert_eq!(
            row.cells(),
            [
                "4",
                "verification_policy",
                "",
                "preparing",
                "0.00%",
                "0.00%",
                "its decision begins (block 12, in about 27 s)"
            ]
        );
        assert!(Row::new(4, &referendum, &[], &Clock::new(3, 3_000)).is_err(), "there is no such track");
    }
}
