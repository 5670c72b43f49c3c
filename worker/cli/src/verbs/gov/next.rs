//! What happens next to a referendum, and when.

use super::time::Clock;
use crate::amount::Amount;
use assay_chain::{
    governance::{Ended, Ongoing, Outcome, Track},
    BlockNumber,
};
use sp_runtime::Perbill;

/// What happens next, if votes stay as they are.
#[derive(Debug, PartialEq, Eq)]
pub struct Next {
    /// What.
    pub what: String,
    /// In which block; `None` where something else has to happen first.
    pub at: Option<BlockNumber>,
}

impl Next {
    fn at(block: BlockNumber, what: impl Into<String>) -> Self {
        Self { what: what.into(), at: Some(block) }
    }

    /// For people.
    pub fn text(&self, clock: &Clock) -> String {
        match self.at {
            Some(block) => format!("{} ({})", self.what, clock.when(block)),
            None => self.what.clone(),
        }
    }
}

/// Whether a referendum passes as things are.
pub fn passes(referendum: &Ongoing) -> bool {
    let tally = &referendum.tally;
    tally.approval >= referendum.approval_needed && tally.support >= referendum.support_needed
}

/// What happens next to a referendum that can be voted on.
pub fn of_ongoing(referendum: &Ongoing, track: &Track, now: BlockNumber) -> Next {
    if let Some(since) = referendum.deciding {
        return of_decided(referendum, track, since, now);
    }
    if referendum.queued {
        let what = format!("waits for one of the {} places of its track: most ayes first", track.places);
        return Next { what, at: None };
    }
    if referendum.decision_deposit.is_none() {
        let deposit = Amount(track.deposit);
        let what =
            format!("needs a deposit of {deposit} (`assay gov deposit`) to be decided, or ends unheard");
        return Next::at(referendum.timeout, what);
    }
    let prepared = referendum.submitted.saturating_add(track.prepare).max(now.saturating_add(1));
    Next::at(prepared, "its decision begins")
}

fn of_decided(referendum: &Ongoing, track: &Track, since: BlockNumber, now: BlockNumber) -> Next {
    let soon = now.saturating_add(1);
    match (referendum.confirmed, passes(referendum)) {
        (Some(at), true) => Next::at(at.max(soon), "is approved if it passes until then"),
        (Some(_), false) => Next::at(soon, "does not pass any more: its confirmation stops"),
        (None, true) => Next::at(soon, "passes: its confirmation begins"),
        (None, false) => of_failing(referendum, track, since, soon),
    }
}

/// Thresholds fall: what does not pass now may pass later with the same votes.
fn of_failing(referendum: &Ongoing, track: &Track, since: BlockNumber, soon: BlockNumber) -> Next {
    let (approval, support) = (referendum.tally.approval, referendum.tally.support);
    let end = Perbill::one();
    if !track.approval.passing(end, approval) || !track.support.passing(end, support) {
        let at = since.saturating_add(track.decision).max(soon);
        return Next::at(at, "is rejected unless it gets more votes");
    }
    let over = track.approval.delay(approval).max(track.support.delay(support));
    let at = since.saturating_add(over.mul_ceil(track.decision)).max(soon);
    Next::at(at, "passes with the votes that it has: its confirmation begins")
}

/// What happens next to a referendum that is over.
pub fn of_ended(referendum: &Ended) -> Next {
    if let Some(at) = referendum.enactment {
        return Next::at(at, "its call is made");
    }
    let is_held = referendum.decision_deposit.is_some()
        || matches!(referendum.outcome, Outcome::Approved | Outcome::Cancelled)
            && referendum.submission_deposit.is_some();
    let what = match is_held {
        true => "nothing; `assay gov refund` gives deposits back",
        false => "nothing",
    };
    Next { what: what.into(), at: None }
}

#[cfg(test)]
mod tests {
    use super::super::scene::{deposit, ongoing, track, POLICY};
    use super::*;

    fn voted(approval: u32, support: u32) -> Ongoing {
        let mut referendum = ongoing(POLICY);
        referendum.deciding = Some(100);
        referendum.tally.approval = Perbill::from_percent(approval);
        referendum.tally.support = Perbill::from_percent(support);
        referendum
    }

    fn next(referendum: &Ongoing, now: BlockNumber) -> Next {
        of_ongoing(referendum, &track(POLICY, "policy"), now)
    }

    #[test]
    fn without_a_deposit_it_ends_unheard() {
        let mut referendum = ongoing(POLICY);
        referendum.decision_deposit = None;
        let next = next(&referendum, 5);
        assert!(next.what.contains("10000 ASY") && next.what.contains("gov deposit"), "{next:?}");
        assert_eq!(next.at, Some(referendum.timeout));
    }

    #[test]
    fn its_decision_begins_when_it_is_prepared() {
        let referendum = ongoing(POLICY);
        assert_eq!(next(&referendum, 3), Next::at(12, "its decision begins"));
        assert_eq!(next(&referendum, 50).at, Some(51), "never in the past");
    }

    #[test]
    fn a_full_track_makes_it_wait() {
        let referendum = Ongoing { queued: true, ..ongoing(POLICY) };
        let next = next(&referendum, 50);
        assert!(next.what.contains("5 places"), "{next:?}");
        assert_eq!(next.at, None);
    }

    #[test]
    fn thresholds_fall_until_it_passes() {
        // Approval falls from 100% to 50% and support from 50% to 5% in 100 blocks.
        let referendum = Ongoing {
            approval_needed: Perbill::from_percent(95),
            support_needed: Perbill::from_percent(45),
            ..voted(75, 50)
        };
        let next = next(&referendum, 110);
        assert!(next.what.starts_with("passes with the votes that it has"), "{next:?}");
        assert_eq!(next.at, Some(150));
    }

    #[test]
    fn too_few_votes_reject_it_at_the_end() {
        let referendum =
            Ongoing { approval_needed: Perbill::one(), support_needed: Perbill::one(), ..voted(100, 4) };
        assert_eq!(next(&referendum, 110), Next::at(200, "is rejected unless it gets more votes"));
    }

    #[test]
    fn what_passes_confirms_and_what_does_not_stops() {
        let passing =
            Ongoing { approval_needed: Perbill::zero(), support_needed: Perbill::zero(), ..voted(90, 10) };
        assert_eq!(next(&passing, 110), Next::at(111, "passes: its confirmation begins"));
        let confirming = Ongoing { confirmed: Some(130), ..passing };
        assert_eq!(next(&confirming, 110), Next::at(130, "is approved if it passes until then"));
        let turned = Ongoing { approval_needed: Perbill::one(), ..confirming };
        assert_eq!(next(&turned, 110).at, Some(111));
        assert!(next(&turned, 110).what.contains("stops"));
    }

    #[test]
    fn an_approved_call_is_made_later_and_deposits_come_back() {
        let ended = Ended {
            outcome: Outcome::Approved,
            at: 10,
            submission_deposit: Some(deposit(10)),
            decision_deposit: None,
            enactment: Some(40),
        };
        assert_eq!(of_ended(&ended), Next::at(40, "its call is made"));
        let made = Ended { enactment: None, ..ended };
        assert!(of_ended(&made).what.contains("gov refund"));
        let rejected = Ended { outcome: Outcome::Rejected, ..made };
        assert_eq!(of_ended(&rejected).what, "nothing", "the submission deposit of a rejected one stays");
    }
}
