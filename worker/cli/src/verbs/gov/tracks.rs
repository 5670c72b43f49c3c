//! Tracks: what a vote takes, by what it can do.

use super::time::Clock;
use crate::{
    amount::Amount,
    context::Context,
    error::CliError,
    output::{fields, table},
    percent::rounded,
};
use assay_chain::{
    governance::{Body, Curve, Track},
    BlockNumber, ChainClient, GovernanceClient,
};
use serde::Serialize;
use sp_runtime::Perbill;

/// A curve's value at the beginning and at the end of the decision.
pub fn fall(curve: &Curve) -> (Perbill, Perbill) {
    (curve.threshold(Perbill::zero()), curve.threshold(Perbill::one()))
}

/// The track of a number.
pub fn by_number(tracks: &[Track], id: u16) -> Result<&Track, CliError> {
    tracks.iter().find(|track| track.id == id).ok_or_else(|| {
        CliError::Refused(format!("the chain has no track {id}: `assay gov tracks` shows those it has"))
    })
}

/// The track of a name or number, as people write it.
pub fn by_name<'a>(tracks: &'a [Track], name: &str) -> Result<&'a Track, CliError> {
    let wanted = name.replace('-', "_");
    let found = tracks.iter().find(|track| track.name == wanted || track.id.to_string() == wanted);
    found.ok_or_else(|| {
        let names: Vec<_> = tracks.iter().map(|track| track.name.as_str()).collect();
        CliError::Usage(format!("there is no track {name:?}: the chain has {}", names.join(", ")))
    })
}

/// What is shown of a track.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    id: u16,
    name: String,
    is_fellowship: bool,
    places: u32,
    deciding: u32,
    queued: u32,
    decision_deposit: Amount,
    /// Times in blocks.
    prepare: BlockNumber,
    decision: BlockNumber,
    confirm: BlockNumber,
    enactment: BlockNumber,
    /// Parts per billion, at the beginning of the decision and at its end.
    approval: [u32; 2],
    support: [u32; 2],
}

impl From<&Track> for Shown {
    fn from(track: &Track) -> Self {
        let parts = |curve| {
            let (from, to) = fall(curve);
            [from.deconstruct(), to.deconstruct()]
        };
        Self {
            id: track.id,
            name: track.name.clone(),
            is_fellowship: Body::of(track.id) == Body::Fellowship,
            places: track.places,
            deciding: track.deciding,
            queued: track.queued,
            decision_deposit: Amount(track.deposit),
            prepare: track.prepare,
            decision: track.decision,
            confirm: track.confirm,
            enactment: track.enactment,
            approval: parts(&track.approval),
            support: parts(&track.support),
        }
    }
}

impl Shown {
    fn row(&self, clock: &Clock) -> Vec<String> {
        let fall = |[from, to]: [u32; 2]| format!("{} to {}", rounded(from), rounded(to));
        let queued = if self.queued > 0 { format!(", {} wait", self.queued) } else { String::new() };
        vec![
            format!("{} {}", self.id, self.name),
            self.decision_deposit.to_string(),
            clock.length(self.prepare),
            clock.length(self.decision),
            clock.length(self.confirm),
            clock.length(self.enactment),
            fall(self.approval),
            fall(self.support),
            format!("{} of {}{queued}", self.deciding, self.places),
        ]
    }
}

/// Shows every track.
pub async fn run(context: &Context) -> Result<(), CliError> {
    let chain = context.chain().await?;
    let best = chain.tip().await?.best;
    let clock = Clock::at(&chain, best).await?;
    let terms = chain.terms(best.hash).await?;
    let tracks: Vec<_> = chain.tracks(best.hash).await?.iter().map(Shown::from).collect();
    context.output.list("tracks", &tracks, || {
        let header = [
            "track",
            "deposit",
            "prepares",
            "decides",
            "confirms",
            "waits",
            "approval",
            "support",
            "decided now",
        ];
        let rows: Vec<_> = tracks.iter().map(|track| track.row(&clock)).collect();
        let common = fields(&[
            ("to submit", Amount(terms.submission).to_string()),
            ("a vote locks", format!("{} for each lock period of its conviction", clock.length(terms.lock))),
        ]);
        format!("{}\n{common}", table(&header, &rows))
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::scene::{track, POLICY};
    use super::*;

    #[test]
    fn tracks_are_found_by_name_and_number() {
        let tracks = [track(POLICY, "verification_policy"), track(0, "root")];
        for name in ["verification_policy", "verification-policy", "3"] {
            assert_eq!(by_name(&tracks, name).unwrap().id, POLICY, "{name}");
        }
        let line = by_name(&tracks, "policy").unwrap_err().to_string();
        assert_eq!(line, "there is no track \"policy\": the chain has verification_policy, root");
        assert!(by_number(&tracks, 9).unwrap_err().to_string().contains("no track 9"));
    }

    #[test]
    fn a_track_is_told_with_times_and_shares() {
        let row = Shown::from(&track(POLICY, "verification_policy")).row(&Clock::new(0, 3_000));
        assert_eq!(
            row,
            [
                "3 verification_policy",
                "10000 ASY",
                "30 s",
                "5 min",
                "1 min",
                "15 s",
                "100.00% to 50.00%",
                "50.00% to 5.00%",
                "1 of 5"
            ]
        );
    }
}
