//! Providers and open jobs, as many as are asked for, put into storage as they are and not by transactions.
//!
//! Each provider has posted one job, and sits in those of the two before it. All first seats are drawn and have to
//! commit, for which there is time without end: so all that a chain keeps of an open job is there, and nothing is due.

use assay_primitives::{
    Balance, BlobRef, Escrow as EscrowOf, JobClass, JobId, JobSpec, LockId, Machine, MarketBlock, Order,
    Policy,
};
use assay_rules::policy::FIRST_SEATS;
use assay_runtime::{token::ASY, AccountId, Balances, Escrow, Jobs, Runtime};
use frame_support::traits::fungible::{Mutate, MutateHold};
use pallet_assay_jobs::{Estimate, Job, JobsOf, NextJob, PolicyJobs, Record};
use pallet_assay_providers::{
    Leaves, Node, Nodes, Pools, Provider, Providers, Seats, State, Terms, TotalInPlay, ARITY, DEPTH,
};
use pallet_assay_staking::{HoldReason, Ledger, Ledgers, NextLock, OpenLock, Stake};
use pallet_assay_verification::{CaseOf, Cases, Deadlines, Place, Policies, Round, Seat, Stage};
use sp_core::{sr25519::Pair, Pair as _};
use std::collections::BTreeMap;

/// What the providers compute on.
pub const MACHINE: Machine = Machine { hardware: 0, memory: 0 };
/// Of each job: enough for a seat to be paid more than the least.
pub const UNITS: u64 = 10_000;

/// What each provider has bonded.
const BOND: Balance = 50_000 * ASY;
/// What it has beside its bond, for its job and for fees.
const MONEY: Balance = 1_000 * ASY;
/// Seats that it can have at a time. Two are taken.
const CAPACITY: u32 = 8;
/// What a unit may cost: twice what it costs on the machines of genesis.
const PRICE_CAP: Balance = 2 * ASY / 1_000_000;
/// A block that never comes.
const NEVER: MarketBlock = 1_000_000_000;

/// What all jobs of the crowd have in common.
struct Posted {
    spec: JobSpec,
    policy: Policy,
    estimate: Estimate,
    /// Of each seat.
    collateral: Balance,
}

/// The keys of providers, by account.
pub type Keys = BTreeMap<AccountId, Pair>;

/// Puts so many providers, at least three, and as many jobs into the storage of a chain that has neither. Gives the
/// keys that providers sign with.
pub fn fill(count: u32) -> Keys {
    let pairs: Vec<Pair> = (0..count).map(pair).collect();
    let owners: Vec<AccountId> = pairs.iter().map(|pair| pair.public().into()).collect();
    let posted = Posted::now();
    let mut weights = Vec::new();
    for (slot, owner) in (0..).zip(&owners) {
        weights.push(put_provider(slot, count, owner, &posted));
        Leaves::<Runtime>::insert((MACHINE, slot), owner);
    }
    put_pool(&weights);
    put_nodes(weights);
    for job in 0..count {
        put_job(job, &owners, &posted);
    }
    NextJob::<Runtime>::put(JobId::from(count));
    NextLock::<Runtime>::put(lock(count, 0));
    owners.into_iter().zip(pairs).collect()
}

/// A usual job.
pub fn spec(deadline: MarketBlock) -> JobSpec {
    let blob = BlobRef { blake3: [2; 32], size: 1_000 };
    JobSpec {
        class: JobClass::ExactV1,
        program: [1; 32],
        program_blob: blob,
        input: [3; 32],
        input_blob: blob,
        output_bytes: 64,
        seed: [5; 32],
        units: UNITS,
        machine: MACHINE,
        price_cap: PRICE_CAP,
        deadline,
        listing: None,
    }
}

impl Posted {
    fn now() -> Self {
        let spec = spec(NEVER);
        let (_, policy) = Policies::<Runtime>::get(spec.class).expect("there is a policy");
        let estimate = Jobs::estimate(spec).expect("a sound specification");
        let collateral = estimate.seat * Balance::from(policy.collateral);
        Self { spec, policy, estimate, collateral }
    }
}

/// The key of a provider, from a seed of its own: phrases take as long as all the rest.
fn pair(slot: u32) -> Pair {
    let mut seed = [7_u8; 32];
    seed[..4].copy_from_slice(&slot.to_le_bytes());
    Pair::from_seed(&seed)
}

/// The lock for a seat of a job.
fn lock(job: u32, seat: u8) -> LockId {
    LockId::from(job) * LockId::from(FIRST_SEATS) + LockId::from(seat)
}

/// A provider with its money and its bond. Gives what it weighs.
fn put_provider(slot: u32, count: u32, owner: &AccountId, posted: &Posted) -> u64 {
    let reason = HoldReason::ProviderBond.into();
    Balances::mint_into(owner, BOND + MONEY).expect("there can be as much");
    Balances::hold(&reason, owner, BOND).expect("it has as much");
    let provider = Stake { active: BOND, ..Stake::default() };
    let locked = posted.collateral * Balance::from(FIRST_SEATS);
    let ledger = Ledger::<Runtime> { provider, locked, ..Ledger::default() };
    Ledgers::<Runtime>::insert(owner, ledger);

    let jobs = [1, 2].map(|back| JobId::from((slot + count - back) % count));
    let mut provider = Provider {
        terms: Terms { machine: MACHINE, reserve: 0, capacity: CAPACITY },
        slot: Some(slot),
        weight: 0,
        stake: BOND,
        standing: 0,
        score: 0,
        state: State::Active,
        silent: false,
        open: Seats::truncate_from(jobs.to_vec()),
        freed: 0,
        pending: None,
        weighing: None,
    };
    provider.weight = provider.due_weight();
    let weight = provider.weight;
    Providers::<Runtime>::insert(owner, provider);
    weight
}

/// What the providers are together.
fn put_pool(weights: &[u64]) {
    let count = weights.len() as u32;
    let in_play: u64 = weights.iter().sum();
    TotalInPlay::<Runtime>::put(in_play);
    Pools::<Runtime>::mutate(MACHINE, |pool| {
        let pool = pool.as_mut().expect("the machine is on the lists");
        pool.members = count;
        pool.leaves = count;
        pool.capacity = u64::from(count) * u64::from(CAPACITY);
        pool.busy = u64::from(count) * u64::from(FIRST_SEATS);
        pool.in_play = in_play;
        pool.drawable = count;
    });
}

/// The tree above leaves of these weights.
fn put_nodes(mut weights: Vec<u64>) {
    for level in 0..DEPTH {
        let nodes = weights.chunks(ARITY as usize);
        for (index, node) in (0_u32..).zip(nodes.clone()) {
            Nodes::<Runtime>::insert((MACHINE, level, index), Node::truncate_from(node.to_vec()));
        }
        weights = nodes.map(|node| node.iter().sum::<u64>()).collect();
    }
}

/// A job with its escrow, and its case with the first seats drawn.
fn put_job(number: u32, owners: &[AccountId], posted: &Posted) {
    let (id, requester) = (JobId::from(number), owners[number as usize].clone());
    let Estimate { policy, hold, total, expires, .. } = posted.estimate;
    <Escrow as EscrowOf<AccountId>>::open(id, &requester, total, expires).expect("it has as much");
    JobsOf::<Runtime>::insert(&requester, id.to_be_bytes(), ());
    put_case(number, owners, posted);
    let spec = posted.spec;
    let job = Job { requester, spec, policy, royalty: None, hold, posted: 0, expires };
    pallet_assay_jobs::Jobs::<Runtime>::insert(id, Record::Open(job));
    PolicyJobs::<Runtime>::mutate(spec.class, policy, |jobs| *jobs = Some(jobs.unwrap_or_default() + 1));
}

fn put_case(job: u32, owners: &[AccountId], posted: &Posted) {
    let Posted { spec, policy, collateral, .. } = *posted;
    let mut case = CaseOf::<Runtime>::new(Order {
        requester: owners[job as usize].clone(),
        spec: spec.hash(),
        class: spec.class,
        machine: spec.machine,
        units: spec.units,
        price_cap: spec.price_cap,
        deadline: spec.deadline,
        policy,
    });
    case.price = posted.estimate.price;
    case.stale_at = Some(NEVER);
    case.attempts = 1;
    case.add_slots(Round::First, FIRST_SEATS, 0);
    for slot in 0..FIRST_SEATS {
        let owner = owners[(job as usize + 1 + usize::from(slot)) % owners.len()].clone();
        let lock = lock(job, slot);
        Ledgers::<Runtime>::mutate_extant(&owner, |ledger| {
            ledger.locks.try_push(OpenLock { id: lock, amount: collateral }).expect("there is room");
        });
        let seat = Seat { owner, slot, lock, collateral, commit_by: NEVER, stage: Stage::Assigned };
        case.seats.try_push(seat).expect("there is room");
        case.with_slot(slot, |taken| taken.place = Place::Taken { seat: slot });
    }
    case.reminder = case.next_deadline();
    // A block, then a job, both big-endian.
    let place = ((u128::from(NEVER) << 64) | u128::from(job)).to_be_bytes();
    Deadlines::<Runtime>::insert(place, ());
    Cases::<Runtime>::insert(JobId::from(job), case);
}
