//! The life of jobs that are verified: posted, drawn, sealed, audited, revealed, settled.

use crate::{
    chain::Chain,
    cost::Cost,
    crowd::{self, Keys, UNITS},
    wallet::pair,
};
use assay_primitives::{commitment, Claim, Digest, JobClass, JobId, MarketBlock, Outcome};
use assay_runtime::{
    genesis as presets, token::ASY, AccountId, Jobs, Providers, Runtime, RuntimeCall, RuntimeGenesisConfig,
    System, Verification,
};
use pallet_assay_jobs::NextJob;
use pallet_assay_verification::{Call, CaseOf, Cases, Stage};
use serde_json::json;
use sp_core::{sr25519::Pair, Pair as _};
use std::ops::Range;

/// Jobs side by side at most, each of another requester.
pub const JOBS: usize = 32;
/// Seats of each: two first ones and an audit's.
pub const SEATS: usize = 3;

/// The most blocks that a step without transactions takes.
const LONGEST_WAIT: usize = 20;
/// Blocks that a deadline leaves beside what it must.
const SPARE: MarketBlock = 10;
/// What all seats find.
const CLAIM: Claim = Claim::Computed { result: [6; 32], trace: [7; 32] };
const SALT: Digest = [8; 32];

/// A step of all jobs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Post,
    DrawSeats,
    CommitFirst,
    DrawAudit,
    CommitAudit,
    RevealAndSettle,
    FreeRoom,
}

impl Step {
    pub fn name(self) -> &'static str {
        match self {
            Self::Post => "post",
            Self::DrawSeats => "draw of 2 seats",
            Self::CommitFirst => "2 commits",
            Self::DrawAudit => "lot and audit",
            Self::CommitAudit => "audit's commit",
            Self::RevealAndSettle => "3 reveals, the end",
            Self::FreeRoom => "room and score",
        }
    }
}

fn requester(number: usize) -> Pair {
    pair(&format!("//requester//{number}"))
}

/// The development preset with requesters, in which each job is audited, and a session that does not end.
pub fn genesis() -> RuntimeGenesisConfig {
    let mut patch = presets::preset(presets::DEVELOPMENT).expect("the preset exists");
    let requesters = (0..JOBS).map(|number| AccountId::from(requester(number).public()));
    let rich = requesters.map(|account| json!([account, 100_000 * ASY]));
    patch["balances"]["balances"].as_array_mut().expect("a list of balances").extend(rich);
    patch["clock"]["epochSlots"] = json!(10_000);
    patch["staking"]["params"]["unbondingBlocks"] = json!(1_000_000);
    let mut config = serde_json::to_value(RuntimeGenesisConfig::default()).expect("is JSON");
    for (pallet, fields) in patch.as_object().expect("a patch is an object") {
        for (field, value) in fields.as_object().expect("a pallet's patch is an object") {
            config[pallet][field] = value.clone();
        }
    }
    serde_json::from_value::<RuntimeGenesisConfig>(config).expect("a genesis configuration")
}

/// Plays so many jobs to their ends, side by side: what the blocks of each step take. Steps that hooks do are in blocks
/// of their own, those included in which nothing is done yet.
pub fn play(chain: &mut Chain, keys: &Keys, count: usize) -> Vec<(Step, Vec<Cost>)> {
    let earliest = chain.state(|| Verification::earliest_deadline(JobClass::ExactV1, UNITS));
    let deadline = earliest.expect("there is a policy") + SPARE;
    let first = chain.state(NextJob::<Runtime>::get);
    let jobs = first..first + count as JobId;
    let posts = (0..count).map(|number| (requester(number), post(deadline))).collect::<Vec<_>>();
    let mut steps = vec![(Step::Post, vec![chain.block(&posts)])];
    for (draw, committing) in [(Step::DrawSeats, Step::CommitFirst), (Step::DrawAudit, Step::CommitAudit)] {
        let due = || cases(&jobs).any(|(_, case)| case.awaits_draw());
        steps.push((draw, blocks_while(chain, due)));
        let commits = chain.state(|| commits(keys, &jobs));
        steps.push((committing, vec![chain.block(&commits)]));
    }
    let seats: usize = chain.state(|| cases(&jobs).map(|(_, case)| case.seats.len()).sum());
    assert_eq!(seats, count * SEATS, "each job is audited, and nobody is replaced");
    let reveals = chain.state(|| reveals(keys, &jobs));
    steps.push((Step::RevealAndSettle, vec![chain.block(&reveals)]));
    let agreed = |job: JobId| Jobs::receipt(job).is_some_and(|receipt| receipt.outcome == Outcome::Agreed);
    assert!(chain.state(|| jobs.clone().all(agreed)), "all jobs are settled");
    steps.push((Step::FreeRoom, blocks_while(chain, || Providers::queue_length() > 0)));
    steps
}

/// Makes blocks without transactions for as long as something waits.
fn blocks_while(chain: &mut Chain, waits: impl Fn() -> bool) -> Vec<Cost> {
    let mut blocks = Vec::new();
    while chain.state(&waits) {
        assert!(blocks.len() < LONGEST_WAIT, "what waits is not worked off");
        blocks.push(chain.block(&[]));
    }
    blocks
}

fn post(deadline: MarketBlock) -> RuntimeCall {
    let spec = Box::new(crowd::spec(deadline));
    RuntimeCall::Jobs(pallet_assay_jobs::Call::post { spec, source: None })
}

/// Those of the jobs that are being verified.
fn cases(jobs: &Range<JobId>) -> impl Iterator<Item = (JobId, CaseOf<Runtime>)> {
    jobs.clone().filter_map(|job| Cases::<Runtime>::get(job).map(|case| (job, case)))
}

/// All seats that have to commit do.
fn commits(keys: &Keys, jobs: &Range<JobId>) -> Vec<(Pair, RuntimeCall)> {
    let genesis = System::block_hash(0);
    let seal = |job: JobId, case: &CaseOf<Runtime>, seat: u8, owner: &AccountId| {
        let spec = case.order.spec;
        let commitment = commitment(genesis.as_fixed_bytes(), job, &spec, seat.into(), owner, &CLAIM, &SALT);
        Call::commit { job, seat, spec, commitment }
    };
    of_seats(keys, jobs, |stage| stage == Stage::Assigned, seal)
}

/// All seats that have committed reveal.
fn reveals(keys: &Keys, jobs: &Range<JobId>) -> Vec<(Pair, RuntimeCall)> {
    let show = |job: JobId, _: &CaseOf<Runtime>, seat: u8, _: &AccountId| Call::reveal {
        job,
        seat,
        claim: CLAIM,
        salt: SALT,
        output: None,
        opening: None,
    };
    of_seats(keys, jobs, |stage| matches!(stage, Stage::Committed(_)), show)
}

/// A call for each seat that has come so far, signed by its owner.
fn of_seats(
    keys: &Keys,
    jobs: &Range<JobId>,
    holds: impl Fn(Stage) -> bool,
    call: impl Fn(JobId, &CaseOf<Runtime>, u8, &AccountId) -> Call<Runtime>,
) -> Vec<(Pair, RuntimeCall)> {
    let mut calls = Vec::new();
    for (job, case) in cases(jobs) {
        for (index, seat) in (0_u8..).zip(&case.seats).filter(|(_, seat)| holds(seat.stage)) {
            let call = call(job, &case, index, &seat.owner);
            calls.push((keys[&seat.owner].clone(), RuntimeCall::Verification(call)));
        }
    }
    calls
}
