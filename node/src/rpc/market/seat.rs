//! Seats: who does a job, and how far it is.

use super::spec::Spec;
use crate::rpc::answers::{address, Hex, Planck};
use assay_runtime::market::{self, Case, JobId, LockId, MarketBlock, Round};
use serde::Serialize;

/// A provider's part in a job.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Seat {
    /// Its index, which calls and the commitment name.
    seat: u8,
    /// The provider.
    owner: String,
    /// `first`, `audit` or `fresh`.
    round: &'static str,
    stage: Stage,
    /// The block of the market clock before which it commits.
    commit_by: MarketBlock,
    /// What is locked for it.
    collateral: Planck,
    /// The lock.
    lock: LockId,
}

impl Seat {
    fn new(index: u8, of: Round, seat: &market::Seat) -> Self {
        Self {
            seat: index,
            owner: address(&seat.owner),
            round: round(of),
            stage: seat.stage.into(),
            commit_by: seat.commit_by,
            collateral: Planck(seat.collateral),
            lock: seat.lock,
        }
    }

    /// All seats that a job ever had.
    pub fn all(case: &Case) -> Vec<Self> {
        let seats = (0..).zip(&case.seats);
        seats.filter_map(|(index, seat)| Some(Self::new(index, case.round(seat)?, seat))).collect()
    }
}

fn round(round: Round) -> &'static str {
    match round {
        Round::First => "first",
        Round::Audit => "audit",
        Round::Fresh => "fresh",
    }
}

/// How far a seat has come.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Stage {
    /// It has to commit.
    Assigned,
    /// It has committed.
    Committed { commitment: Hex },
    /// It has revealed.
    Revealed { claim: Claim },
    /// It declined, which is not judged yet.
    Declined,
    /// It declined, and another one has committed in its place.
    Replaced,
    /// It did not commit in time.
    Missed,
    /// It committed and did not reveal in time.
    Withheld,
}

impl From<market::Stage> for Stage {
    fn from(stage: market::Stage) -> Self {
        match stage {
            market::Stage::Assigned => Self::Assigned,
            market::Stage::Committed(commitment) => Self::Committed { commitment: Hex(commitment) },
            market::Stage::Revealed(claim) => Self::Revealed { claim: claim.into() },
            market::Stage::Declined => Self::Declined,
            market::Stage::Replaced => Self::Replaced,
            market::Stage::Missed => Self::Missed,
            market::Stage::Withheld => Self::Withheld,
        }
    }
}

/// What a seat says of a job.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Claim {
    /// The program ran.
    Computed { result: Hex, trace: Hex },
    /// Program and input give other compute units.
    Misdeclared { units: u64 },
}

impl From<market::Claim> for Claim {
    fn from(claim: market::Claim) -> Self {
        match claim {
            market::Claim::Computed { result, trace } => {
                Self::Computed { result: Hex(result), trace: Hex(trace) }
            }
            market::Claim::Misdeclared { units } => Self::Misdeclared { units },
        }
    }
}

/// Where the verification of a job is.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Phase {
    /// Seats of a round are drawn and commit.
    Committing { round: &'static str },
    /// The lot on an audit is due.
    Lot,
    /// First seats and audit reveal before this block of the market clock.
    Revealing { until: MarketBlock },
    /// The draw of the leaves that fresh seats open is due.
    Leaves,
    /// Fresh seats reveal before this block of the market clock, and open the leaves that this seed draws.
    Opening { until: MarketBlock, leaves: Hex },
}

impl From<market::Phase> for Phase {
    fn from(phase: market::Phase) -> Self {
        match phase {
            market::Phase::Committing(of) => Self::Committing { round: round(of) },
            market::Phase::Lot { .. } => Self::Lot,
            market::Phase::Revealing { until } => Self::Revealing { until },
            market::Phase::Leaves { .. } => Self::Leaves,
            market::Phase::Opening { until, leaves } => Self::Opening { until, leaves: Hex(leaves) },
        }
    }
}

/// A seat with what its worker needs to know.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Assignment {
    job: JobId,
    #[serde(flatten)]
    seat: Seat,
    phase: Phase,
    /// What a unit costs in one seat.
    price: Planck,
    /// What the commitment names.
    spec_hash: Hex,
    spec: Spec,
}

impl From<market::Assignment> for Assignment {
    fn from(assignment: market::Assignment) -> Self {
        let view = assignment.seat;
        Self {
            job: view.job,
            seat: Seat::new(view.index, view.round, &view.seat),
            phase: view.phase.into(),
            price: Planck(assignment.price),
            spec_hash: Hex(assignment.spec_hash),
            spec: assignment.spec.into(),
        }
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::rpc::{market::spec::tests as specs, params::tests::ALICE};
    use jsonrpsee::core::JsonValue;
    use serde_json::{json, to_value};
    use sp_keyring::Sr25519Keyring::Alice;

    /// Alice's seat, the second of a job, which has to commit.
    pub fn assignment(job: JobId) -> market::Assignment {
        market::Assignment {
            seat: market::SeatView {
                job,
                index: 1,
                round: Round::First,
                seat: seat(),
                phase: market::Phase::Committing(Round::First),
            },
            spec: specs::spec(),
            spec_hash: [9; 32],
            price: 1_500_000,
        }
    }

    /// Alice's seat in the first slot.
    pub fn seat() -> market::Seat {
        market::Seat {
            owner: Alice.to_account_id(),
            slot: 0,
            lock: 5,
            collateral: 15_000_000_000,
            commit_by: 120,
            stage: market::Stage::Assigned,
        }
    }

    fn told(assignment: market::Assignment) -> JsonValue {
        to_value(Assignment::from(assignment)).unwrap()
    }

    #[test]
    fn a_seat_is_told_with_all_that_its_worker_needs() {
        let expected = json!({
            "job": 7,
            "seat": 1,
            "owner": ALICE,
            "round": "first",
            "stage": { "kind": "assigned" },
            "commitBy": 120,
            "collateral": "15000000000",
            "lock": 5,
            "phase": { "kind": "committing", "round": "first" },
            "price": "1500000",
            "specHash": specs::hex(9),
            "spec": specs::json(),
        });
        assert_eq!(told(assignment(7)), expected);
    }

    #[test]
    fn a_stage_is_told_with_what_the_seat_has_said() {
        let computed = market::Claim::Computed { result: [1; 32], trace: [2; 32] };
        let misdeclared = market::Claim::Misdeclared { units: 8 };
        for (stage, expected) in [
            (market::Stage::Committed([3; 32]), json!({ "kind": "committed", "commitment": specs::hex(3) })),
            (
                market::Stage::Revealed(computed),
                json!({
                    "kind": "revealed",
                    "claim": { "kind": "computed", "result": specs::hex(1), "trace": specs::hex(2) },
                }),
            ),
            (
                market::Stage::Revealed(misdeclared),
                json!({ "kind": "revealed", "claim": { "kind": "misdeclared", "units": 8 } }),
            ),
            (market::Stage::Declined, json!({ "kind": "declined" })),
            (market::Stage::Replaced, json!({ "kind": "replaced" })),
            (market::Stage::Missed, json!({ "kind": "missed" })),
            (market::Stage::Withheld, json!({ "kind": "withheld" })),
        ] {
            assert_eq!(to_value(Stage::from(stage)).unwrap(), expected);
        }
    }

    #[test]
    fn a_phase_is_told_with_its_end_and_the_leaves_that_were_drawn() {
        for (phase, expected) in [
            (market::Phase::Committing(Round::Audit), json!({ "kind": "committing", "round": "audit" })),
            (market::Phase::Committing(Round::Fresh), json!({ "kind": "committing", "round": "fresh" })),
            (market::Phase::Lot { attempt: 3 }, json!({ "kind": "lot" })),
            (market::Phase::Revealing { until: 90 }, json!({ "kind": "revealing", "until": 90 })),
            (market::Phase::Leaves { attempt: 4 }, json!({ "kind": "leaves" })),
            (
                market::Phase::Opening { until: 95, leaves: [6; 32] },
                json!({ "kind": "opening", "until": 95, "leaves": specs::hex(6) }),
            ),
        ] {
            assert_eq!(to_value(Phase::from(phase)).unwrap(), expected);
        }
    }
}
