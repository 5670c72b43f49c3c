//! More changes of providers, and more draws, wait than a block works off. Whoever has them worked off, and how many at a
//! time, decides nothing about who is drawn.

use crate::{
    chain::{self, Chain},
    market,
};
use assay_primitives::{Balance, BlobRef, JobClass, JobId, JobSpec, Machine, Role};
use assay_runtime::{genesis, token::ASY, AccountId, Providers, Runtime, RuntimeCall, Verification};
use frame_support::traits::Get;
use pallet_assay_jobs::Call as JobsCall;
use pallet_assay_providers::{Call as ProvidersCall, Error as ProvidersError, GenesisProvider};
use pallet_assay_staking::Call as StakingCall;
use pallet_assay_verification::{Call, Cases, Error};
use serde_json::json;
use sp_core::{sr25519::Pair, Pair as _};
use sp_keyring::Sr25519Keyring::{Alice, Bob, Charlie};
use sp_runtime::DispatchError;
use std::collections::BTreeMap;

/// Each of them asks for a change before the jobs are posted: more than a block applies.
const PROVIDERS: u32 = 160;
/// Posted in one block: more than a block draws.
const JOBS: u32 = 80;
/// Changes that are asked for when the jobs are posted.
const LATER: u32 = PROVIDERS / 2;
/// The block in which seeds and changes are ready.
const READY: u32 = 6;
/// Draws that somebody has worked off in each block, beside the block itself.
const ADVANCED: u32 = 5;

const MACHINE: Machine = Machine { hardware: 0, memory: 0 };
/// Seats of each provider: more than it gets here.
const CAPACITY: u32 = 12;
const BOND: Balance = 2_000 * ASY;
/// The lowest price of a unit, which it is at the beginning.
const PRICE: Balance = 1_000_000;

/// Whose seats are whose.
type Drawn = BTreeMap<JobId, Vec<AccountId>>;

fn key(number: u32) -> Pair {
    chain::pair(&format!("//crowd//{number}"))
}

fn account(number: u32) -> AccountId {
    key(number).public().into()
}

/// The providers that leave before the jobs are posted.
fn leaving() -> impl Iterator<Item = u32> {
    (0..PROVIDERS).step_by(2)
}

/// Those that stay.
fn staying() -> impl Iterator<Item = u32> {
    (1..PROVIDERS).step_by(2)
}

/// The test preset with the providers in the tree.
fn preset() -> serde_json::Value {
    let Machine { hardware, memory } = MACHINE;
    let offer = |owner| GenesisProvider { owner, hardware, memory, reserve: 0, capacity: CAPACITY };
    let owners: Vec<AccountId> = (0..PROVIDERS).map(account).collect();
    let mut preset = genesis::preset(genesis::TEST).expect("the preset exists");
    let balances = preset["balances"]["balances"].as_array_mut().expect("a list");
    balances.extend(owners.iter().map(|owner| json!([owner, 3 * BOND])));
    preset["staking"]["providers"] = owners.iter().map(|owner| json!([owner, BOND])).collect();
    preset["providers"]["providers"] = owners.into_iter().map(|owner| json!(offer(owner))).collect();
    preset
}

fn spec() -> JobSpec {
    let blob = BlobRef { blake3: [2; 32], size: 1_000 };
    JobSpec {
        class: JobClass::ExactV1,
        program: [1; 32],
        program_blob: blob,
        input: [3; 32],
        input_blob: blob,
        output_bytes: 64,
        seed: [5; 32],
        units: 10,
        machine: MACHINE,
        price_cap: 2 * PRICE,
        deadline: 1_000,
        listing: None,
    }
}

fn submit(chain: &mut Chain, signer: impl Into<Pair>, call: impl Into<RuntimeCall>) {
    chain.submit(signer, call.into()).expect("valid").expect("allowed");
}

/// A call by anyone, for whom there may be nothing left to do.
fn help(
    chain: &mut Chain,
    signer: impl Into<Pair>,
    call: impl Into<RuntimeCall>,
    nothing: impl Into<DispatchError>,
) {
    let outcome = chain.submit(signer, call.into()).expect("valid");
    assert!(outcome.is_ok() || outcome == Err(nothing.into()), "{outcome:?}");
}

fn check() {
    chain::check();
    market::check_locks();
}

/// Everybody asks for a change, then the jobs are posted, then those that stay bond more, which is too late for these
/// jobs: half of the weight goes in time, and what is left would double behind the draws.
fn ask(chain: &mut Chain) {
    chain.pass(1);
    chain.open();
    for number in leaving() {
        submit(chain, key(number), ProvidersCall::<Runtime>::retire {});
    }
    for number in staying() {
        let (machine, capacity) = (MACHINE, CAPACITY + 1);
        submit(chain, key(number), ProvidersCall::<Runtime>::update { machine, reserve: 0, capacity });
    }
    chain.close();
    chain.open();
    for _ in 0..JOBS {
        submit(chain, Alice, JobsCall::<Runtime>::post { spec: Box::new(spec()), source: None });
    }
    chain.close();
    chain.open();
    for number in staying() {
        let (role, amount) = (Role::Provider, BOND);
        submit(chain, key(number), StakingCall::<Runtime>::bond_extra { role, amount });
    }
    chain.close();
    chain.pass(READY - 5);
    assert_eq!(Providers::queue_length(), u64::from(PROVIDERS + LATER));
    assert_eq!(Verification::backlog().draws, u64::from(JOBS));
    check();
}

/// Makes blocks until all draws have run, in each of which anyone applies up to so many changes, and works off draws.
fn work_off(chain: &mut Chain, limit: u32) {
    let changes: u32 = <Runtime as pallet_assay_providers::Config>::MaxPerBlock::get();
    let draws: u32 = <Runtime as pallet_assay_verification::Config>::MaxPerBlock::get();
    // The last changes that draws wait for and the first draws share a block.
    let last = READY + PROVIDERS.div_ceil(changes) + JOBS.div_ceil(draws) - 2;
    assert!(PROVIDERS > changes && JOBS > draws);
    while Verification::backlog().draws > 0 {
        let block = chain.open();
        assert!(block <= last, "draws wait for longer than it takes to work them off");
        let nothing = ProvidersError::<Runtime>::NothingToApply;
        help(chain, Bob, ProvidersCall::<Runtime>::apply { limit }, nothing);
        let advance = Call::<Runtime>::advance { limit: ADVANCED };
        help(chain, Charlie, advance, Error::<Runtime>::NothingDue);
        chain.close();
        let none_has_run = Verification::backlog().draws == u64::from(JOBS);
        let settled = Providers::queue_length() <= u64::from(LATER);
        assert!(none_has_run || settled, "a draw has run before a change that it waits for");
        check();
    }
}

/// Who is drawn where anyone applies up to so many changes in each block.
fn drawn(limit: u32) -> Drawn {
    let (mut state, mut chain) = chain::found(preset());
    state.execute_with(|| ask(&mut chain));
    state.commit_all().expect("no transaction is open");
    state.execute_with(|| {
        work_off(&mut chain, limit);
        let cases = Cases::<Runtime>::iter();
        cases.map(|(job, case)| (job, case.seats.into_iter().map(|seat| seat.owner).collect())).collect()
    })
}

#[test]
fn who_is_drawn_does_not_depend_on_how_many_changes_anybody_applies() {
    let one_by_one = drawn(1);
    assert_eq!(one_by_one.len(), JOBS as usize);
    let staying: Vec<AccountId> = staying().map(account).collect();
    for (job, owners) in &one_by_one {
        assert_eq!(owners.len(), 2, "seats of job {job}");
        assert!(owners.iter().all(|owner| staying.contains(owner)), "who has left has a seat of job {job}");
    }
    assert_eq!(drawn(PROVIDERS), one_by_one);
}
