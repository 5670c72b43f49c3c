//! Providers, listings and jobs, as verification and jobs find them.

use crate::{
    configs::{ExistentialDeposit, Treasury, VotingBalance},
    *,
};
use assay_primitives::{
    BlobRef, Escrow as EscrowOf, JobClass, JobId, JobSpec, ListedVersion, LockId, Machine, PendingDraws,
    ProviderBond, Verification as VerificationOf,
};
use assay_rules::policy::MAX_DECLINES;
use frame_support::{
    assert_ok,
    traits::{
        fungible::{Mutate, MutateHold},
        LockableCurrency, WithdrawReasons,
    },
};
use pallet_assay_jobs::{Job, Jobs as JobRecords, JobsOf, NextJob, PolicyJobs, Record};
use pallet_assay_providers::{
    Leaves, Nodes, Pools, Provider, Providers as Members, Seats, State, Terms, TotalInPlay, ARITY, DEPTH,
    MAX_CAPACITY,
};
use pallet_assay_registry::Kind;
use pallet_assay_staking::{HoldReason, Ledgers, OpenLock};
use pallet_assay_verification::Stage;
use sp_runtime::{traits::BlockNumberProvider, Perbill, SaturatedConversion};

/// The first machine of the preset.
pub(super) const MACHINE: Machine = Machine { hardware: 0, memory: 0 };

/// Root of the listed program.
const PROGRAM: [u8; 32] = [1; 32];

/// Providers that a job can be drawn for.
const PROVIDERS: u32 = 32;

/// Leaves below an entry of a tree's root.
const LEAVES_BELOW: u32 = ARITY * ARITY;

/// The market of a preset, with providers, a listing and jobs as they are asked for.
pub struct Market;

pub(super) fn funded(name: &'static str, index: u32) -> AccountId {
    let account: AccountId = frame_benchmarking::account(name, index, 0);
    assert_ok!(Balances::mint_into(&account, 10_000_000 * token::ASY));
    account
}

impl Market {
    /// Locks what a vote and what vests would: both follow what is in escrow.
    pub fn lock(requester: &AccountId) {
        for id in [*b"pyconvot", *b"vesting "] {
            VotingBalance::set_lock(id, requester, token::ASY, WithdrawReasons::all());
        }
    }
}

fn bond(owner: &AccountId, amount: Balance) {
    let before = <Staking as ProviderBond<AccountId>>::active(owner);
    let reason = HoldReason::ProviderBond.into();
    if amount > before {
        let more = amount.saturating_sub(before);
        assert_ok!(Balances::mint_into(owner, more.saturating_add(ExistentialDeposit::get())));
        assert_ok!(Balances::hold(&reason, owner, more));
    } else {
        let less = before.saturating_sub(amount);
        assert_ok!(Balances::release(&reason, owner, less, frame_support::traits::tokens::Precision::Exact));
    }
    if amount == 0 {
        Ledgers::<Runtime>::remove(owner);
    } else {
        Ledgers::<Runtime>::mutate(owner, |ledger| {
            ledger.get_or_insert_with(Default::default).provider.active = amount;
        });
    }
}

/// A provider in the tree with room for so many seats. Its leaf is the last one below another entry of the root than
/// those of the others: so their ways through the tree meet only there, and lead through nodes of all their entries.
fn provider(index: u32, room: u32) -> AccountId {
    let owner = funded("provider", index);
    if Members::<Runtime>::contains_key(&owner) {
        return owner;
    }
    let stake = 1_000_000 * token::ASY;
    bond(&owner, stake);
    lock_others(&owner, room);
    let slot = index.saturating_add(1).saturating_mul(LEAVES_BELOW).saturating_sub(1);
    let mut provider = Provider {
        terms: Terms { machine: MACHINE, reserve: 1, capacity: room },
        slot: Some(slot),
        weight: 0,
        stake,
        standing: 0,
        score: 0,
        state: State::Active,
        silent: false,
        open: Seats::new(),
        freed: 0,
        pending: None,
        weighing: None,
    };
    provider.weight = provider.due_weight();
    put_leaf(slot, &owner, provider.weight);
    Pools::<Runtime>::mutate_extant(MACHINE, |pool| {
        pool.members = pool.members.saturating_add(1);
        pool.leaves = slot.saturating_add(1);
        pool.capacity = pool.capacity.saturating_add(room.into());
        pool.in_play = pool.in_play.saturating_add(provider.weight);
        pool.drawable = pool.drawable.saturating_add(1);
    });
    TotalInPlay::<Runtime>::mutate(|total| *total = total.saturating_add(provider.weight));
    Members::<Runtime>::insert(&owner, provider);
    owner
}

/// Locks a planck for each other seat that there can be beside so many.
fn lock_others(owner: &AccountId, room: u32) {
    let others = MAX_CAPACITY.saturating_sub(room);
    Ledgers::<Runtime>::mutate_extant(owner, |ledger| {
        for other in 0..others {
            let id = LockId::MAX.saturating_sub(other.into());
            assert_ok!(ledger.locks.try_push(OpenLock { id, amount: 1 }));
        }
        ledger.locked = others.into();
    });
}

/// Names the account that calls are signed by as the worker of a provider.
fn hire(owner: &AccountId) -> AccountId {
    let worker: AccountId = frame_benchmarking::whitelisted_caller();
    assert_ok!(Staking::set_worker(RuntimeOrigin::signed(owner.clone()), Some(worker.clone())));
    worker
}

/// Puts a leaf of a weight into the tree.
fn put_leaf(slot: u32, owner: &AccountId, weight: u64) {
    Leaves::<Runtime>::insert((MACHINE, slot), owner);
    let mut index = slot;
    for level in 0..DEPTH {
        let entry: usize = (index % ARITY).saturated_into();
        index /= ARITY;
        Nodes::<Runtime>::mutate((MACHINE, level, index), |node| {
            node.bounded_resize(node.len().max(entry.saturating_add(1)), 0);
            node[entry] = node[entry].saturating_add(weight);
        });
    }
}

fn set_vrfs(after: u32, until: u32) {
    for block in after.saturating_add(1)..=until {
        pallet_clock::BlockVrfs::<Runtime>::insert(block, [block.to_le_bytes()[0]; 32]);
    }
    System::set_block_number(until.saturating_add(1));
}

/// The first version of a listing of the program.
fn listed() -> ListedVersion {
    let blob = BlobRef { blake3: [2; 32], size: 1_000 };
    Registry::listed(PROGRAM).unwrap_or_else(|| {
        let owner = funded("lister", 0);
        let (licence, royalty) =
            (b"Apache-2.0".to_vec().try_into().expect("it is short"), Perbill::from_percent(30));
        assert_ok!(Registry::list(
            RuntimeOrigin::signed(owner),
            Kind::Program,
            PROGRAM,
            blob,
            licence,
            royalty
        ));
        Registry::listed(PROGRAM).expect("it was listed")
    })
}

fn spec() -> JobSpec {
    let blob = BlobRef { blake3: [2; 32], size: 1_000 };
    JobSpec {
        class: JobClass::ExactV1,
        program: PROGRAM,
        program_blob: blob,
        input: [3; 32],
        input_blob: blob,
        output_bytes: 1_000,
        seed: [4; 32],
        units: 1_000,
        machine: MACHINE,
        price_cap: token::ASY / 1_000,
        deadline: pallet_clock::MarketClock::<Runtime>::current_block_number().saturating_add(10_000),
        listing: Some(listed()),
    }
}

impl pallet_assay_providers::BenchmarkHelper<AccountId> for Market {
    fn bond(owner: &AccountId, amount: Balance) {
        bond(owner, amount);
    }

    fn worker(owner: &AccountId) -> AccountId {
        hire(owner)
    }
}

impl pallet_assay_verification::BenchmarkHelper<AccountId> for Market {
    fn machine() -> Machine {
        MACHINE
    }

    fn provider(index: u32, room: u32) -> AccountId {
        provider(index, room)
    }

    fn worker(owner: &AccountId) -> AccountId {
        hire(owner)
    }

    fn set_vrfs(after: u32, until: u32) {
        set_vrfs(after, until);
    }

    fn job(job: JobId, requester: &AccountId) {
        assert_ok!(Balances::mint_into(requester, 1_000 * token::ASY));
        assert_ok!(Balances::mint_into(&Treasury::get(), token::ASY));
        let (version, policy) = <Verification as VerificationOf<AccountId>>::policy(JobClass::ExactV1)
            .expect("the preset has one");
        let spec = JobSpec { price_cap: 100, listing: None, ..spec() };
        let hold =
            assay_rules::settlement::hold(spec.units, spec.price_cap, &policy, None).expect("little money");
        let total = hold.total().expect("little money");
        let posted = pallet_clock::MarketClock::<Runtime>::current_block_number();
        let expires = spec.deadline.saturating_mul(2);
        assert_ok!(<Escrow as EscrowOf<AccountId>>::open(job, requester, total, expires));
        let requester = requester.clone();
        let job_of =
            Job { requester: requester.clone(), spec, policy: version, royalty: None, hold, posted, expires };
        PolicyJobs::<Runtime>::insert(job_of.spec.class, version, 1);
        JobRecords::<Runtime>::insert(job, Record::Open(job_of));
        JobsOf::<Runtime>::insert(requester, job.to_be_bytes(), ());
        NextJob::<Runtime>::put(job.saturating_add(1));
    }
}

impl pallet_assay_jobs::BenchmarkHelper<AccountId> for Market {
    /// Who signs pays a fee: its account is counted with that, and not again.
    fn requester() -> AccountId {
        assert_ok!(Balances::mint_into(&Treasury::get(), token::ASY));
        let requester = frame_benchmarking::whitelisted_caller();
        assert_ok!(Balances::mint_into(&requester, 10_000_000 * token::ASY));
        requester
    }

    fn spec() -> JobSpec {
        (0..PROVIDERS).for_each(|index| {
            provider(index, 1);
        });
        spec()
    }

    fn seat(job: JobId) {
        work_off_draws();
        for _ in 1..MAX_DECLINES {
            decline_all(job);
            work_off_draws();
        }
    }
}

/// Runs all draws that are due.
fn work_off_draws() {
    while let Some(due) = Verification::oldest() {
        set_vrfs(due, due.saturating_add(64));
        assert_ok!(Verification::advance(RuntimeOrigin::signed(funded("anyone", 0)), 1));
    }
}

/// Those who have to commit decline.
fn decline_all(job: JobId) {
    let case = Verification::case(job).expect("it is being verified");
    for (index, seat) in (0_u8..).zip(case.seats) {
        if seat.stage == Stage::Assigned {
            let owner = RuntimeOrigin::signed(seat.owner);
            assert_ok!(Verification::decline(owner, job, index, case.order.spec));
        }
    }
}
