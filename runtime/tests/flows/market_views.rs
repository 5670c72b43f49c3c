//! What the runtime API tells about the market is what was done in it.

use crate::{
    chain::{self, Chain},
    staking::{staking, BOND},
};
use assay_primitives::Role;
use assay_runtime::{
    genesis,
    market::{
        runtime_decl_for_market_api::MarketApi, Assignment, BlobRef, Change, Estimate, Hold, Job, JobClass,
        JobId, JobSpec, Kind, ListedVersion, ListingId, Machine, MarketBlock, Outcome, Phase, Provider,
        Refusal, Round, Stage, Status, Version, MAX_VERSIONS,
    },
    AccountId, Balance, Block, Runtime, RuntimeCall, Verification,
};
use pallet_assay_jobs::NextJob;
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie, Dave, Eve, Ferdie, One};
use sp_runtime::Perbill;

/// Those that offer to compute.
const PROVIDERS: [Sr25519Keyring; 5] = [Bob, Charlie, Dave, Eve, Ferdie];
/// What they compute on.
const MACHINE: Machine = Machine { hardware: 0, memory: 0 };
/// What a unit costs on a machine that was never busy, in planck.
const PRICE: Balance = 1_000_000;
/// Compute units of a job.
const UNITS: u64 = 1_000;
/// What one seat is paid.
const PAYMENT: Balance = 1_000 * PRICE;
/// How many seats each of them can have.
const CAPACITY: u32 = 2;
/// Blocks in which a change is applied, and in which a draw runs.
const A_WHILE: u32 = 6;

fn job(id: JobId) -> Option<Job> {
    <Runtime as MarketApi<Block>>::job(id)
}

fn jobs_of(requester: Sr25519Keyring, after: Option<JobId>, limit: u32) -> Vec<(JobId, Status)> {
    <Runtime as MarketApi<Block>>::jobs_of(requester.to_account_id(), after, limit)
}

fn seats(signer: Sr25519Keyring) -> Vec<Assignment> {
    <Runtime as MarketApi<Block>>::seats(signer.to_account_id())
}

fn estimate(spec: JobSpec) -> Result<Estimate, Refusal> {
    <Runtime as MarketApi<Block>>::estimate(spec)
}

fn provider(owner: Sr25519Keyring) -> Option<Provider> {
    <Runtime as MarketApi<Block>>::provider(owner.to_account_id())
}

fn submit(chain: &mut Chain, signer: Sr25519Keyring, call: RuntimeCall) {
    chain.submit(signer, call).expect("valid").expect("allowed");
}

/// Registers all providers, in a block of its own.
fn register(chain: &mut Chain) {
    chain.open();
    for owner in PROVIDERS {
        let bond = pallet_assay_staking::Call::bond { role: Role::Provider, amount: BOND };
        submit(chain, owner, staking(bond));
        let offer =
            pallet_assay_providers::Call::register { machine: MACHINE, reserve: PRICE, capacity: CAPACITY };
        submit(chain, owner, RuntimeCall::Providers(offer));
    }
    chain.close();
}

fn spec(deadline: MarketBlock) -> JobSpec {
    JobSpec {
        class: JobClass::ExactV1,
        program: [1; 32],
        program_blob: BlobRef { blake3: [2; 32], size: 300 },
        input: [3; 32],
        input_blob: BlobRef { blake3: [4; 32], size: 400 },
        output_bytes: 64,
        seed: [5; 32],
        units: UNITS,
        machine: MACHINE,
        price_cap: 2 * PRICE,
        deadline,
        listing: None,
    }
}

fn post(spec: JobSpec) -> RuntimeCall {
    RuntimeCall::Jobs(pallet_assay_jobs::Call::post { spec: Box::new(spec), source: None })
}

/// Has Alice post a job in a block of its own; gives its number.
fn post_job(chain: &mut Chain) -> JobId {
    let id = NextJob::<Runtime>::get();
    chain.open();
    submit(chain, Alice, post(spec(1_000)));
    chain.close();
    id
}

fn keyring(account: &AccountId) -> Sr25519Keyring {
    let known = PROVIDERS.into_iter().find(|owner| owner.to_account_id() == *account);
    known.expect("a provider")
}

/// The owners of a job's seats.
fn seated(id: JobId) -> Vec<Sr25519Keyring> {
    let Some(Job::Open(open)) = job(id) else { panic!("job {id} is not open") };
    open.case.seats.iter().map(|seat| keyring(&seat.owner)).collect()
}

#[test]
fn an_estimate_is_what_a_post_puts_on_hold() {
    chain::on(genesis::TEST, |chain| {
        register(chain);
        chain.pass(A_WHILE);
        chain.open();
        let Estimate { cost, earliest_deadline } = estimate(spec(1_000)).expect("the job is sound");
        assert_eq!((cost.policy, cost.price, cost.seat), (0, PRICE, PAYMENT));
        assert_eq!(cost.share, Perbill::one(), "there is no other machine in use");
        // The cap is twice the price: five seats at it, 2% and 5% of two.
        let hold = Hold { seats: 10 * PAYMENT, royalty: 0, fee: 8 * PAYMENT / 100, bond: 20 * PAYMENT / 100 };
        assert_eq!((cost.hold, Some(cost.total)), (hold, hold.total()));

        let id = NextJob::<Runtime>::get();
        chain.submit(Alice, post(spec(earliest_deadline - 1))).expect("valid").expect_err("too near");
        submit(chain, Alice, post(spec(earliest_deadline)));
        let Some(Job::Open(open)) = job(id) else { panic!("job {id} is not open") };
        assert_eq!(open.job.hold, hold);
        chain.close();
    });
}

#[test]
fn a_refusal_names_the_pallet_and_its_error() {
    chain::on(genesis::TEST, |_| {
        let refusal =
            |pallet: &str, error: &str| Err(Refusal { pallet: Some(pallet.into()), error: error.into() });
        assert_eq!(estimate(JobSpec { units: 0, ..spec(1_000) }), refusal("Jobs", "NoUnits"));
        let listing = Some(ListedVersion { listing: 7, version: 0 });
        assert_eq!(estimate(JobSpec { listing, ..spec(1_000) }), refusal("Registry", "NoSuchListing"));
    });
}

#[test]
fn a_job_is_told_from_its_post_to_its_receipt() {
    chain::on(genesis::TEST, |chain| {
        register(chain);
        chain.pass(A_WHILE);
        assert_eq!(job(0), None);
        let id = post_job(chain);
        let Some(Job::Open(open)) = job(id) else { panic!("job {id} is not open") };
        assert_eq!((&open.job.requester, open.job.spec), (&Alice.to_account_id(), spec(1_000)));
        assert_eq!((open.case.order.spec, open.case.seats.len()), (spec(1_000).hash(), 0));
        assert_eq!(jobs_of(Alice, None, 10), [(id, Status::Open)]);

        chain.pass(A_WHILE);
        assert_eq!(seated(id).len(), 2);
        chain.open();
        submit(chain, Alice, RuntimeCall::Jobs(pallet_assay_jobs::Call::cancel { id }));
        chain.close();
        let Some(Job::Ended(receipt)) = job(id) else { panic!("job {id} has not ended") };
        assert_eq!((receipt.outcome, receipt.price), (Outcome::Cancelled, PRICE));
        assert_eq!(receipt.paid, PAYMENT, "half a payment for each of two seats");
        assert_eq!(<Runtime as MarketApi<Block>>::receipt(id), Some(*receipt));
        assert_eq!(jobs_of(Alice, None, 10), [(id, Status::Ended(Outcome::Cancelled))]);
    });
}

#[test]
fn jobs_of_an_account_are_told_to_the_end() {
    chain::on(genesis::TEST, |chain| {
        register(chain);
        chain.pass(A_WHILE);
        let posted: Vec<_> = (0..3).map(|_| (post_job(chain), Status::Open)).collect();
        assert!(jobs_of(Bob, None, 10).is_empty());
        let (mut told, mut after) = (Vec::new(), None);
        while let Some((id, status)) = jobs_of(Alice, after, 1).pop() {
            told.push((id, status));
            after = Some(id);
        }
        assert_eq!(told, posted);
    });
}

#[test]
fn a_seat_is_told_with_all_that_its_worker_needs() {
    chain::on(genesis::TEST, |chain| {
        register(chain);
        chain.pass(A_WHILE);
        let id = post_job(chain);
        assert!(PROVIDERS.into_iter().all(|owner| seats(owner).is_empty()), "nobody is drawn yet");
        chain.pass(A_WHILE);
        let drawn = seated(id);
        for owner in PROVIDERS {
            assert_eq!(seats(owner).len(), usize::from(drawn.contains(&owner)), "{owner:?}");
        }
        let Some(Job::Open(open)) = job(id) else { panic!("job {id} is not open") };
        for (index, owner) in (0_u8..).zip(drawn) {
            let told = seats(owner);
            let assignment = &told[0];
            let view = &assignment.seat;
            assert_eq!((view.job, view.index, view.round), (id, index, Round::First));
            assert_eq!(view.phase, Phase::Committing(Round::First));
            assert_eq!(view.seat, open.case.seats[usize::from(index)]);
            assert_eq!(view.seat.collateral, 10 * PAYMENT);
            assert_eq!((assignment.spec, assignment.spec_hash), (spec(1_000), spec(1_000).hash()));
            assert_eq!(assignment.price, PRICE);
        }
    });
}

#[test]
fn a_worker_asks_for_its_owners_seats() {
    chain::on(genesis::TEST, |chain| {
        register(chain);
        chain.pass(A_WHILE);
        let id = post_job(chain);
        chain.pass(A_WHILE);
        let owner = seated(id)[0];
        assert!(seats(One).is_empty());
        chain.open();
        let worker = Some(One.to_account_id());
        submit(chain, owner, staking(pallet_assay_staking::Call::set_worker { worker }));
        let spec = seats(owner)[0].spec_hash;
        let commit = pallet_assay_verification::Call::commit { job: id, seat: 0, spec, commitment: [7; 32] };
        submit(chain, One, RuntimeCall::Verification(commit));
        chain.close();
        assert_eq!(seats(One)[0].seat.seat.stage, Stage::Committed([7; 32]));
        assert_eq!(seats(One), seats(owner));
    });
}

#[test]
fn seats_end_with_their_job() {
    chain::on(genesis::TEST, |chain| {
        register(chain);
        chain.pass(A_WHILE);
        let id = post_job(chain);
        chain.pass(A_WHILE);
        let drawn = seated(id);
        chain.open();
        submit(chain, Alice, RuntimeCall::Jobs(pallet_assay_jobs::Call::cancel { id }));
        chain.close();
        assert!(drawn.into_iter().all(|owner| seats(owner).is_empty()));
    });
}

#[test]
fn machines_and_providers_are_told_with_what_waits() {
    chain::on(genesis::TEST, |chain| {
        assert_eq!(provider(Bob), None);
        register(chain);
        let told = provider(Bob).expect("Bob has registered");
        assert!(matches!(told.pending.map(|pending| pending.change), Some(Change::Terms(_))));
        assert!(!told.in_play());

        chain.pass(A_WHILE);
        let told = provider(Bob).expect("Bob has registered");
        assert_eq!((told.terms.machine, told.terms.capacity, told.pending), (MACHINE, CAPACITY, None));
        assert!(told.in_play() && told.weight > 0);

        let machines = <Runtime as MarketApi<Block>>::machines();
        assert_eq!(machines.len(), 4);
        let (used, others): (Vec<_>, Vec<_>) =
            machines.into_iter().partition(|state| state.machine == MACHINE);
        let liquidity = &used[0].liquidity;
        assert_eq!((liquidity.providers, liquidity.capacity, liquidity.busy), (5, 10, 0));
        assert_eq!((liquidity.weight, liquidity.share), (5 * told.weight, Perbill::one()));
        assert_eq!((liquidity.in_play, liquidity.drawable), (5 * told.weight, 5));
        assert_eq!((liquidity.price, used[0].entry.price.floor), (PRICE, PRICE));
        assert!(others.iter().all(|state| (state.liquidity.providers, state.liquidity.weight) == (0, 0)));
    });
}

/// A version whose content is told apart by its number.
fn version(number: u32) -> Version {
    let mut root = [0; 32];
    root[..4].copy_from_slice(&number.to_be_bytes());
    Version { root, blob: BlobRef { blake3: root, size: 1 }, royalty: Perbill::from_percent(10) }
}

#[test]
fn a_listing_is_told_with_its_newest_versions() {
    let last = MAX_VERSIONS;
    let listing = |id: ListingId| <Runtime as MarketApi<Block>>::listing(id);
    chain::on(genesis::TEST, |chain| {
        assert_eq!(listing(0), None);
        let Version { root, blob, royalty } = version(0);
        let licence = b"MIT".to_vec().try_into().expect("is short");
        let list = pallet_assay_registry::Call::list { kind: Kind::Program, root, blob, licence, royalty };
        chain.open();
        submit(chain, Alice, RuntimeCall::Registry(list));
        for number in 1..=last {
            let Version { root, blob, royalty } = version(number);
            let add = pallet_assay_registry::Call::add_version { listing: 0, root, blob, royalty };
            submit(chain, Alice, RuntimeCall::Registry(add));
        }
        chain.close();
        let told = listing(0).expect("it is listed");
        assert_eq!((told.entry.owner, told.entry.versions), (Alice.to_account_id(), last + 1));
        let newest: Vec<_> = (1..=last).map(|number| (number, version(number))).collect();
        assert_eq!(told.newest, newest);
    });
}

#[test]
fn the_policy_in_force_is_told_with_its_version() {
    chain::on(genesis::TEST, |chain| {
        let policy = || <Runtime as MarketApi<Block>>::policy(JobClass::ExactV1).expect("there is one");
        let (version, mut next) = policy();
        assert_eq!((version, next.audit, next.draw_blocks), (0, Perbill::one(), 2));
        assert_eq!(Some((version, next)), Verification::policy(JobClass::ExactV1));
        next.reveal_blocks += 1;
        let set = pallet_assay_verification::Call::set_policy { class: JobClass::ExactV1, policy: next };
        chain.open();
        chain.root(RuntimeCall::Verification(set));
        chain.close();
        assert_eq!(policy(), (1, next));
    });
}
