//! What the chain says of a seat, as the state machine reads it.

use assay_chain::market::{Assignment, Claim, Job, Phase as Case, Stage as Seat};
use assay_core::{Phase, Seen, Stage, Standing};
use assay_store::Record;

/// Where a seat stands that the chain lists.
pub fn seated(assignment: &Assignment) -> Standing {
    let seat = &assignment.seat.seat;
    let stage = match seat.stage {
        Seat::Assigned => Stage::Assigned,
        Seat::Committed(commitment) => Stage::Committed(commitment),
        Seat::Revealed(_) => Stage::Revealed,
        Seat::Declined => Stage::Declined,
        Seat::Replaced | Seat::Missed | Seat::Withheld => return Standing::Absent,
    };
    let phase = match assignment.seat.phase {
        Case::Committing(_) | Case::Lot { .. } | Case::Leaves { .. } => Phase::Sealing,
        Case::Revealing { until } => Phase::Revealing { until, leaves: None },
        Case::Opening { until, leaves } => Phase::Revealing { until, leaves: Some(leaves) },
    };
    Standing::Seated(Seen { stage, phase, commit_by: seat.commit_by })
}

/// Where a seat stands that the chain does not list: its job has ended, or it is none. A job of the same number and
/// with another specification is one of another branch.
pub fn unlisted(job: Option<&Job>, record: &Record, claim: Option<&Claim>) -> Standing {
    match job {
        Some(Job::Ended(receipt)) if receipt.spec == record.spec => {
            Standing::Ended { won: claim.is_some() && receipt.claim.as_ref() == claim }
        }
        _ => Standing::Absent,
    }
}
