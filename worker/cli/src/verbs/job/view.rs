//! What is shown of jobs.

use super::end::{Act, Before, End, Signed};
use crate::{
    amount::Amount,
    output::{fields, table, Hex},
    verbs::sent::Sent,
};
use assay_chain::{
    market::{Claim, OpenJob, Outcome, Phase, Round, Stage},
    AccountId,
};
use assay_primitives::{JobId, MarketBlock};
use codec::Encode;
use serde::Serialize;
use sp_core::crypto::Ss58Codec;

/// A job that has ended.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Shown {
    job: JobId,
    outcome: &'static str,
    requester: AccountId,
    program: Hex,
    input: Hex,
    seed: Hex,
    units: u64,
    claim: Option<Found>,
    /// Of a unit in one seat.
    price: Amount,
    paid: Amount,
    burnt: Amount,
    treasury: Amount,
    refunded: Amount,
    is_audited: bool,
    is_thin: bool,
    posted: MarketBlock,
    ended: MarketBlock,
    #[serde(flatten)]
    last: Last,
    /// What posted it, where that was done just now.
    #[serde(skip_serializing_if = "Option::is_none")]
    post: Option<Sent>,
}

/// What was known last of a job that has ended, as long as a node remembers.
#[derive(Serialize)]
pub struct Last {
    /// The block in which it ended.
    block: Option<Block>,
    /// As of the block before: those who were the last to reveal have only committed there.
    seats: Vec<Seat>,
}

/// A block.
#[derive(Serialize)]
struct Block {
    number: u32,
    hash: Hex,
}

/// What is true of a job.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Found {
    /// It ran.
    #[serde(rename_all = "camelCase")]
    Computed {
        /// Root of the outputs, or of the trap.
        result: Hex,
        /// Root of the trace.
        trace: Hex,
    },
    /// Its units were others than it said.
    #[serde(rename_all = "camelCase")]
    Misdeclared {
        /// What they are.
        units: u64,
    },
}

#[derive(Serialize)]
struct Seat {
    owner: AccountId,
    round: &'static str,
    stage: &'static str,
    collateral: Amount,
    commit: Option<Signature>,
    reveal: Option<Signature>,
}

/// What a worker has put its name to.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Signature {
    /// Number of the block that has the transaction.
    block: u32,
    block_hash: Hex,
    signer: AccountId,
    /// In SCALE: one byte for its kind, then its own.
    signature: String,
}

impl From<&Act> for Signature {
    fn from(act: &Act) -> Self {
        Self {
            block: act.block.number,
            block_hash: Hex(act.block.hash.0),
            signer: act.signer.clone(),
            signature: format!("0x{}", hex::encode(act.signature.encode())),
        }
    }
}

impl From<Claim> for Found {
    fn from(claim: Claim) -> Self {
        match claim {
            Claim::Computed { result, trace } => Self::Computed { result: Hex(result), trace: Hex(trace) },
            Claim::Misdeclared { units } => Self::Misdeclared { units },
        }
    }
}

impl Found {
    fn text(&self) -> String {
        match self {
            Self::Computed { result, .. } => result.to_string(),
            Self::Misdeclared { units } => format!("none: the job has {units} compute units"),
        }
    }
}

impl Shown {
    /// Of a job that has ended.
    pub fn new(job: JobId, end: &End) -> Self {
        let (receipt, spec) = (&end.receipt, &end.receipt.spec);
        Self {
            job,
            outcome: outcome(receipt.outcome),
            requester: receipt.requester.clone(),
            program: Hex(spec.program),
            input: Hex(spec.input),
            seed: Hex(spec.seed),
            units: spec.units,
            claim: receipt.claim.map(Found::from),
            price: Amount(receipt.price),
            paid: Amount(receipt.paid),
            burnt: Amount(receipt.burnt),
            treasury: Amount(receipt.treasury),
            refunded: Amount(receipt.refunded),
            is_audited: receipt.audited,
            is_thin: receipt.thin,
            posted: receipt.posted,
            ended: receipt.ended,
            last: Last::new(end),
            post: None,
        }
    }

    /// With what posted it.
    pub fn posted_by(self, post: Option<Sent>) -> Self {
        Self { post, ..self }
    }

    /// For people.
    pub fn text(&self) -> String {
        let id = self.job;
        let thin = if self.is_thin { ", by few providers: trust it less" } else { "" };
        let result = self.claim.as_ref().map_or("none".into(), Found::text);
        let blocks = format!("{}, market blocks {} to {}", self.ended - self.posted, self.posted, self.ended);
        let burnt = format!("{}, and {} to the treasury", self.burnt, self.treasury);
        let head = fields(&[
            ("job", id.to_string()),
            ("outcome", format!("{}{thin}", self.outcome)),
            ("program", self.program.to_string()),
            ("input", self.input.to_string()),
            ("result", result),
            ("paid", format!("{} to seats and licence, at {} a unit", self.paid, self.price)),
            ("burnt", burnt),
            ("refunded", self.refunded.to_string()),
            ("blocks", blocks),
            ("check it", format!("assay job verify {id}")),
        ]);
        head + &self.last.text()
    }
}

impl Last {
    /// Of a job that has ended.
    pub fn new(end: &End) -> Self {
        let Some(before) = &end.before else { return Self { block: None, seats: Vec::new() } };
        let block = Block { number: before.ended_in.number, hash: Hex(before.ended_in.hash.0) };
        Self { block: Some(block), seats: seats(before) }
    }

    /// For people, below what else is shown of the job.
    pub fn text(&self) -> String {
        let block = self.block.as_ref().map_or_else(String::new, |block| {
            fields(&[("ended in block", format!("{} {}", block.number, block.hash))])
        });
        if self.seats.is_empty() {
            return block;
        }
        let seats: Vec<_> = self.seats.iter().map(Seat::row).collect();
        let seats = table(&["provider", "round", "stage", "collateral"], &seats);
        let signed: Vec<_> = (0..).zip(&self.seats).flat_map(|(index, seat)| seat.signed(index)).collect();
        let signed = match signed.as_slice() {
            [] => String::new(),
            rows => format!("\n{}", table(&["seat", "signed", "in block", "by", "signature"], rows)),
        };
        format!("{block}\n{seats}{signed}")
    }
}

impl Seat {
    fn row(&self) -> Vec<String> {
        vec![self.owner.to_ss58check(), self.round.into(), self.stage.into(), self.collateral.to_string()]
    }

    /// What was signed for it, in the order in which that was done.
    fn signed(&self, index: u32) -> Vec<Vec<String>> {
        let acts = [("commit", &self.commit), ("reveal", &self.reveal)];
        let row = |(what, act): (&str, &Option<Signature>)| {
            let Signature { block, signer, signature, .. } = act.as_ref()?;
            let (index, block, signer) = (index.to_string(), block.to_string(), signer.to_ss58check());
            Some(vec![index, what.into(), block, signer, signature.clone()])
        };
        acts.into_iter().filter_map(row).collect()
    }
}

fn seats(before: &Before) -> Vec<Seat> {
    let case = &before.job.case;
    let seat = |(index, seat): (usize, &assay_chain::market::Seat)| {
        let Signed { commit, reveal } = before.signed.get(index).cloned().unwrap_or_default();
        Seat {
            owner: seat.owner.clone(),
            round: case.round(seat).map_or("none", round),
            stage: stage(&seat.stage),
            collateral: Amount(seat.collateral),
            commit: commit.as_ref().map(Signature::from),
            reveal: reveal.as_ref().map(Signature::from),
        }
    };
    case.seats.iter().enumerate().map(seat).collect()
}

/// Where an open job is, in a few words.
pub fn progress(open: &OpenJob) -> String {
    let case = &open.case;
    let committed =
        case.seats.iter().filter(|seat| matches!(seat.stage, Stage::Committed(_) | Stage::Revealed(_)));
    let revealed = case.seats.iter().filter(|seat| matches!(seat.stage, Stage::Revealed(_)));
    let (slots, sealed, shown) = (case.slots.len(), committed.count(), revealed.count());
    match case.phase {
        Phase::Committing(_) if case.seats.is_empty() => "seats are drawn".into(),
        Phase::Committing(Round::First) => format!("{sealed} of {slots} seats have committed"),
        Phase::Committing(Round::Audit) => "an audit computes it too".into(),
        Phase::Committing(Round::Fresh) => "results differ: fresh seats decide".into(),
        Phase::Lot { .. } => "the lot on an audit is drawn".into(),
        Phase::Revealing { .. } => format!("{shown} of {slots} seats have revealed"),
        Phase::Leaves { .. } => "leaves of the traces are drawn".into(),
        Phase::Opening { .. } => "fresh seats open leaves of their traces".into(),
    }
}

/// How a job ended, in a word.
pub fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Agreed => "agreed",
        Outcome::Decided => "decided",
        Outcome::Undecided => "undecided",
        Outcome::Unavailable => "unavailable",
        Outcome::Expired => "expired",
        Outcome::Cancelled => "cancelled",
    }
}

fn round(round: Round) -> &'static str {
    match round {
        Round::First => "first",
        Round::Audit => "audit",
        Round::Fresh => "fresh",
    }
}

fn stage(stage: &Stage) -> &'static str {
    match stage {
        Stage::Assigned => "assigned",
        Stage::Committed(_) => "committed",
        Stage::Revealed(_) => "revealed",
        Stage::Declined => "declined",
        Stage::Replaced => "replaced",
        Stage::Missed => "missed",
        Stage::Withheld => "withheld",
    }
}
