//! Jobs: what one would cost, where one stands, what is left of one.

use super::{
    seat::{Claim, Phase, Seat},
    spec::Spec,
    terms::Policy,
};
use crate::rpc::{
    answers::{address, Hex, Planck},
    params::Limit,
};
use assay_runtime::market::{self, JobId, MarketBlock, Outcome};
use serde::Serialize;
use sp_core::Bytes;

/// Answer of `assay_estimate`: what a job would cost if it were posted now.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Estimate {
    /// The version of the policy that it would be verified by.
    policy: u32,
    hold: Hold,
    /// All that would be on hold: the most that it can cost.
    total: Planck,
    /// What a unit would cost in one seat.
    price: Planck,
    /// What one seat would be paid.
    seat: Planck,
    /// How much of all weight in play can compute it, in parts per billion.
    share: u32,
    /// The first deadline that it could have if it were posted in this block.
    earliest_deadline: MarketBlock,
    /// The last block of the market clock before anyone may end its escrow.
    expires: MarketBlock,
}

impl From<market::Estimate> for Estimate {
    fn from(estimate: market::Estimate) -> Self {
        let cost = estimate.cost;
        Self {
            policy: cost.policy,
            hold: cost.hold.into(),
            total: Planck(cost.total),
            price: Planck(cost.price),
            seat: Planck(cost.seat),
            share: cost.share.deconstruct(),
            earliest_deadline: estimate.earliest_deadline,
            expires: cost.expires,
        }
    }
}

/// What is on hold for a job.
#[derive(Clone, Debug, Serialize)]
pub struct Hold {
    seats: Planck,
    royalty: Planck,
    fee: Planck,
    /// The requester's bond.
    bond: Planck,
}

impl From<market::Hold> for Hold {
    fn from(hold: market::Hold) -> Self {
        Self {
            seats: Planck(hold.seats),
            royalty: Planck(hold.royalty),
            fee: Planck(hold.fee),
            bond: Planck(hold.bond),
        }
    }
}

/// Answer of `assay_job`.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "state", rename_all = "camelCase")]
pub enum Job {
    /// There is no verdict yet.
    Open(Box<OpenJob>),
    /// There is a verdict, and everybody was paid.
    Ended(Box<Receipt>),
}

impl Job {
    /// A job by its number.
    pub fn new(id: JobId, job: market::Job) -> Self {
        match job {
            market::Job::Open(open) => Self::Open(Box::new(OpenJob::new(id, *open))),
            market::Job::Ended(receipt) => Self::Ended(Box::new(Receipt::new(id, *receipt))),
        }
    }
}

/// A job without a verdict. Blocks are those of the market clock.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenJob {
    id: JobId,
    requester: String,
    spec: Spec,
    /// What commitments name.
    spec_hash: Hex,
    /// By which it is verified, whatever governance sets meanwhile.
    policy: Policy,
    /// Who gets a royalty.
    royalty: Option<Royalty>,
    hold: Hold,
    posted: MarketBlock,
    /// The last block before anyone may end its escrow.
    expires: MarketBlock,
    /// What a unit costs in one seat, once seats were drawn.
    price: Option<Planck>,
    /// Whether those that could be drawn were few.
    thin: bool,
    /// Whether the lot fell on an audit.
    audited: bool,
    phase: Phase,
    /// Whether a draw is due.
    awaits_draw: bool,
    /// The block in which something ends by itself next.
    next_deadline: Option<MarketBlock>,
    /// All seats that it ever had.
    seats: Vec<Seat>,
}

impl OpenJob {
    fn new(id: JobId, market::OpenJob { job, case }: market::OpenJob) -> Self {
        Self {
            id,
            requester: address(&job.requester),
            spec: job.spec.into(),
            spec_hash: Hex(case.order.spec),
            policy: Policy::new(job.policy, case.order.policy),
            royalty: job.royalty.map(Into::into),
            hold: job.hold.into(),
            posted: job.posted,
            expires: job.expires,
            price: Some(case.price).filter(|price| *price > 0).map(Planck),
            thin: case.thin,
            audited: case.audited,
            phase: case.phase.into(),
            awaits_draw: case.awaits_draw(),
            next_deadline: case.next_deadline(),
            seats: Seat::all(&case),
        }
    }
}

/// Who gets a royalty.
#[derive(Clone, Debug, Serialize)]
pub struct Royalty {
    owner: String,
    /// Of one seat's payment, in parts per billion.
    share: u32,
}

impl From<market::Royalty> for Royalty {
    fn from(royalty: market::Royalty) -> Self {
        Self { owner: address(&royalty.owner), share: royalty.share.deconstruct() }
    }
}

/// What is left of a job that has ended. Blocks are those of the market clock.
#[derive(Clone, Debug, Serialize)]
pub struct Receipt {
    id: JobId,
    requester: String,
    spec: Spec,
    /// The version of the policy that it was verified by.
    policy: u32,
    /// `agreed`, `decided`, `undecided`, `unavailable`, `expired` or `cancelled`.
    outcome: &'static str,
    /// What is true, where that was found.
    claim: Option<Claim>,
    /// The result itself, where it is small and a seat put it on the chain.
    output: Option<Bytes>,
    /// What a unit cost in one seat.
    price: Planck,
    audited: bool,
    /// Whether those that could be drawn were few.
    thin: bool,
    /// To seats and the listing's owner.
    paid: Planck,
    /// To nobody.
    burnt: Planck,
    treasury: Planck,
    /// Back to the requester.
    refunded: Planck,
    posted: MarketBlock,
    ended: MarketBlock,
}

impl Receipt {
    /// The receipt of a job.
    pub fn new(id: JobId, receipt: market::Receipt) -> Self {
        Self {
            id,
            requester: address(&receipt.requester),
            spec: receipt.spec.into(),
            policy: receipt.policy,
            outcome: outcome(receipt.outcome),
            claim: receipt.claim.map(Into::into),
            output: receipt.output.map(|output| Bytes(output.into_inner())),
            price: Planck(receipt.price),
            audited: receipt.audited,
            thin: receipt.thin,
            paid: Planck(receipt.paid),
            burnt: Planck(receipt.burnt),
            treasury: Planck(receipt.treasury),
            refunded: Planck(receipt.refunded),
            posted: receipt.posted,
            ended: receipt.ended,
        }
    }
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Agreed => "agreed",
        Outcome::Decided => "decided",
        Outcome::Undecided => "undecided",
        Outcome::Unavailable => "unavailable",
        Outcome::Expired => "expired",
        Outcome::Cancelled => "cancelled",
    }
}

/// Answer of `assay_jobs`.
#[derive(Clone, Debug, Serialize)]
pub struct Jobs {
    items: Vec<JobStatus>,
    /// The job after which to ask for the rest.
    next: Option<JobId>,
}

impl Jobs {
    /// At most `limit` of the jobs found, which have to be one more where there are more.
    pub fn of(mut found: Vec<(JobId, market::Status)>, Limit(limit): Limit) -> Self {
        let more = found.len() > limit as usize;
        found.truncate(limit as usize);
        let next = found.last().filter(|_| more).map(|(id, _)| *id);
        Self { items: found.into_iter().map(Into::into).collect(), next }
    }
}

/// A job of a requester's.
#[derive(Clone, Debug, Serialize)]
pub struct JobStatus {
    id: JobId,
    #[serde(flatten)]
    status: Status,
}

/// Where a job stands.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "state", rename_all = "camelCase")]
pub enum Status {
    /// There is no verdict yet.
    Open,
    /// There is a receipt.
    Ended { outcome: &'static str },
}

impl From<(JobId, market::Status)> for JobStatus {
    fn from((id, status): (JobId, market::Status)) -> Self {
        let status = match status {
            market::Status::Open => Status::Open,
            market::Status::Ended(how) => Status::Ended { outcome: outcome(how) },
        };
        Self { id, status }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::{
        market::{seat::tests::seat, spec::tests as specs, terms::tests as terms},
        params::tests::{ALICE, BOB},
    };
    use assay_primitives::Order;
    use assay_runtime::{market::Round, token::ASY};
    use serde_json::{json, to_value, Value};
    use sp_keyring::Sr25519Keyring::{Alice, Bob};
    use sp_runtime::Perbill;

    fn hold() -> market::Hold {
        market::Hold { seats: 5 * ASY, royalty: 3, fee: 2, bond: 1 }
    }

    fn hold_json() -> Value {
        json!({ "seats": "5000000000000", "royalty": "3", "fee": "2", "bond": "1" })
    }

    fn posted() -> market::PostedJob {
        market::PostedJob {
            requester: Bob.to_account_id(),
            spec: specs::spec(),
            policy: 4,
            royalty: Some(market::Royalty { owner: Alice.to_account_id(), share: Perbill::from_percent(10) }),
            hold: hold(),
            posted: 50,
            expires: 5_000,
        }
    }

    /// A case of which nothing is known but the order.
    fn case() -> market::Case {
        let spec = specs::spec();
        market::Case::new(Order {
            requester: Bob.to_account_id(),
            spec: [9; 32],
            class: spec.class,
            machine: spec.machine,
            units: spec.units,
            price_cap: spec.price_cap,
            deadline: spec.deadline,
            policy: terms::policy(),
        })
    }

    fn open(case: market::Case) -> Value {
        let open = market::Job::Open(Box::new(market::OpenJob { job: posted(), case }));
        to_value(Job::new(7, open)).unwrap()
    }

    #[test]
    fn an_estimate_is_told_part_by_part() {
        let estimate = market::Estimate {
            cost: market::Cost {
                policy: 4,
                hold: hold(),
                total: 5 * ASY + 6,
                price: 1_500_000,
                seat: 1_500_000_000,
                share: Perbill::from_percent(25),
                expires: 5_000,
            },
            earliest_deadline: 300,
        };
        let expected = json!({
            "policy": 4,
            "hold": hold_json(),
            "total": "5000000000006",
            "price": "1500000",
            "seat": "1500000000",
            "share": 250_000_000,
            "earliestDeadline": 300,
            "expires": 5_000,
        });
        assert_eq!(to_value(Estimate::from(estimate)).unwrap(), expected);
    }

    #[test]
    fn an_open_job_is_told_with_its_phase_and_its_seats() {
        let mut case = case();
        case.add_slots(Round::First, 2, 0);
        case.seats.try_push(seat()).unwrap();
        case.price = 1_500_000;
        case.audited = true;
        let expected = json!({
            "state": "open",
            "id": 7,
            "requester": BOB,
            "spec": specs::json(),
            "specHash": specs::hex(9),
            "policy": terms::policy_json(4),
            "royalty": { "owner": ALICE, "share": 100_000_000 },
            "hold": hold_json(),
            "posted": 50,
            "expires": 5_000,
            "price": "1500000",
            "thin": false,
            "audited": true,
            "phase": { "kind": "committing", "round": "first" },
            "awaitsDraw": true,
            "nextDeadline": 120,
            "seats": [{
                "seat": 0,
                "owner": ALICE,
                "round": "first",
                "stage": { "kind": "assigned" },
                "commitBy": 120,
                "collateral": "15000000000",
                "lock": 5,
            }],
        });
        assert_eq!(open(case), expected);
    }

    #[test]
    fn a_job_has_no_price_before_its_seats_are_drawn() {
        let told = open(case());
        assert_eq!((&told["price"], &told["seats"]), (&Value::Null, &json!([])));
        assert_eq!(told["nextDeadline"], 900, "the job's own");
    }

    fn receipt() -> market::Receipt {
        market::Receipt {
            requester: Bob.to_account_id(),
            spec: specs::spec(),
            policy: 4,
            outcome: Outcome::Decided,
            claim: Some(market::Claim::Computed { result: [1; 32], trace: [2; 32] }),
            output: Some(vec![0xab, 0].try_into().unwrap()),
            price: 1_500_000,
            audited: false,
            thin: true,
            paid: ASY,
            burnt: 1,
            treasury: 2,
            refunded: 3,
            posted: 50,
            ended: 80,
        }
    }

    #[test]
    fn a_job_that_has_ended_is_told_by_its_receipt() {
        let mut expected = json!({
            "id": 7,
            "requester": BOB,
            "spec": specs::json(),
            "policy": 4,
            "outcome": "decided",
            "claim": { "kind": "computed", "result": specs::hex(1), "trace": specs::hex(2) },
            "output": "0xab00",
            "price": "1500000",
            "audited": false,
            "thin": true,
            "paid": "1000000000000",
            "burnt": "1",
            "treasury": "2",
            "refunded": "3",
            "posted": 50,
            "ended": 80,
        });
        assert_eq!(to_value(Receipt::new(7, receipt())).unwrap(), expected);
        expected["state"] = json!("ended");
        let ended = Job::new(7, market::Job::Ended(Box::new(receipt())));
        assert_eq!(to_value(ended).unwrap(), expected);
    }

    #[test]
    fn outcomes_have_names_of_their_own() {
        let others =
            [Outcome::Agreed, Outcome::Undecided, Outcome::Unavailable, Outcome::Expired, Outcome::Cancelled];
        let names = ["agreed", "undecided", "unavailable", "expired", "cancelled"];
        assert_eq!(others.map(outcome), names);
    }

    #[test]
    fn jobs_go_on_after_the_last_one_told_and_end() {
        let found = vec![
            (3, market::Status::Open),
            (5, market::Status::Ended(Outcome::Agreed)),
            (8, market::Status::Open),
        ];
        let page = to_value(Jobs::of(found.clone(), Limit(2))).unwrap();
        let items = json!([{ "id": 3, "state": "open" }, { "id": 5, "state": "ended", "outcome": "agreed" }]);
        assert_eq!(page, json!({ "items": items, "next": 5 }));
        let page = to_value(Jobs::of(found, Limit(3))).unwrap();
        assert_eq!((page["items"].as_array().unwrap().len(), &page["next"]), (3, &Value::Null));
    }
}
