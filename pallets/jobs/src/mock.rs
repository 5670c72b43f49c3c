//! A runtime of jobs over scripted escrow, verification, listings and providers.

use crate as pallet_assay_jobs;
use crate::{GenesisConfig, Parameters, ReceiptOf};
use assay_primitives::{
    mock::{
        self,
        market::{self, MockEscrow, MockListings, MockSortition, MockVerification},
    },
    BlobRef, Claim, JobClass, JobId, JobSpec, ListedVersion, Machine, OnVerdict, Outcome, Pay, Policy,
    Royalty, Settlement, Verdict,
};
use frame_support::{
    assert_ok, derive_impl, parameter_types,
    traits::Hooks,
    weights::{constants::ParityDbWeight, Weight},
};
use sp_runtime::{traits::BlockNumberProvider, BuildStorage, DispatchResult, Perbill};

#[frame_support::runtime]
mod runtime {
    #[runtime::runtime]
    #[runtime::derive(
        RuntimeCall,
        RuntimeEvent,
        RuntimeError,
        RuntimeOrigin,
        RuntimeHoldReason,
        RuntimeFreezeReason,
        RuntimeTask
    )]
    pub struct Test;

    #[runtime::pallet_index(0)]
    pub type System = frame_system;

    #[runtime::pallet_index(1)]
    pub type Jobs = pallet_assay_jobs;
}

pub type Block = frame_system::mocking::MockBlockU32<Test>;

/// Who posts, unless a test says otherwise.
pub const REQUESTER: u64 = 1;
/// Another account.
pub const OTHER: u64 = 2;
/// Who owns the listing.
pub const AUTHOR: u64 = 3;
/// Providers, in the order of their seats.
pub const SEATS: [u64; 5] = [11, 12, 13, 14, 15];
/// What jobs run on.
pub const MACHINE: Machine = Machine { hardware: 1, memory: 2 };
/// The listing: a version of the program of [`spec`].
pub const LISTED: ListedVersion = ListedVersion { listing: 7, version: 3 };
/// The version of [`policy`].
pub const POLICY_VERSION: u32 = 4;

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = Block;
    type DbWeight = ParityDbWeight;
}

parameter_types! {
    pub static Now: u32 = 1;
}

/// A clock that tests move, apart from the chain's blocks.
pub struct Clock;

impl BlockNumberProvider for Clock {
    type BlockNumber = u32;

    fn current_block_number() -> u32 {
        Now::get()
    }

    fn set_block_number(block: u32) {
        Now::set(block);
    }
}

impl pallet_assay_jobs::Config for Test {
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = Bench;
    type Clock = Clock;
    type Escrow = MockEscrow;
    type Listings = MockListings;
    type ParamsOrigin = frame_system::EnsureRoot<Self::AccountId>;
    type Providers = MockSortition;
    type Verification = MockVerification<Jobs>;
    type WeightInfo = ();
}

#[cfg(feature = "runtime-benchmarks")]
pub struct Bench;

#[cfg(feature = "runtime-benchmarks")]
impl crate::BenchmarkHelper<u64> for Bench {
    fn requester() -> u64 {
        REQUESTER
    }

    fn spec() -> JobSpec {
        JobSpec { listing: Some(LISTED), ..spec() }
    }

    fn seat(_: JobId) {}
}

pub fn params() -> Parameters {
    Parameters { retention: 100, max_units: 1_000, max_output_bytes: 4_096 }
}

pub fn policy() -> Policy {
    Policy {
        audit: percent(100),
        collateral: 10,
        draw_blocks: 2,
        commit_blocks: 20,
        units_per_block: 5,
        reveal_blocks: 40,
        no_show: percent(10),
        wrong: percent(100),
        withheld: percent(100),
        requester_bond: percent(5),
        fee: percent(2),
        min_payment: 1,
    }
}

/// A job of 10 units at 100 planck at most: 5,000 for seats, a fee of 40, a bond of 100, and of a listing 100 for the
/// royalty.
pub fn spec() -> JobSpec {
    JobSpec {
        class: JobClass::ExactV1,
        program: [1; 32],
        program_blob: BlobRef { blake3: [2; 32], size: 1_000 },
        input: [3; 32],
        input_blob: BlobRef { blake3: [4; 32], size: 2_000 },
        output_bytes: 256,
        seed: [5; 32],
        units: 10,
        machine: MACHINE,
        price_cap: 100,
        deadline: 1_000,
        listing: None,
    }
}

/// A chain with one machine of ten, one policy and one listing, whose clock is at 1.
pub fn chain() -> sp_io::TestExternalities {
    mock::reset();
    Now::set(1);
    market::set_provider(SEATS[0], MACHINE, 10, 0, 1);
    market::set_provider(SEATS[1], Machine { hardware: 9, memory: 9 }, 90, 0, 1);
    market::set_price(MACHINE, 60);
    market::set_policy(JobClass::ExactV1, POLICY_VERSION, policy());
    market::list(LISTED, Royalty { owner: AUTHOR, share: percent(10) }, spec().program);
    let genesis = GenesisConfig::<Test> { params: params(), ..Default::default() };
    sp_io::TestExternalities::new(genesis.build_storage().expect("the parameters are sound"))
}

/// Runs `test` on a chain at block 1 and checks the invariants after it.
pub fn run(test: impl FnOnce()) {
    chain().execute_with(|| {
        System::set_block_number(1);
        test();
        check();
    });
}

/// Checks the invariants.
pub fn check() {
    Jobs::do_try_state().expect("invariants hold");
}

pub fn percent(percent: u32) -> Perbill {
    Perbill::from_percent(percent)
}

pub fn try_post(spec: JobSpec) -> DispatchResult {
    let posted = Jobs::post(RuntimeOrigin::signed(REQUESTER), Box::new(spec), None);
    posted.map(drop).map_err(|refused| refused.error)
}

/// Posts a job of an account.
pub fn post_by(requester: u64, spec: JobSpec) -> JobId {
    assert_ok!(Jobs::post(RuntimeOrigin::signed(requester), Box::new(spec), None));
    crate::NextJob::<Test>::get() - 1
}

/// Posts a job.
pub fn post(spec: JobSpec) -> JobId {
    post_by(REQUESTER, spec)
}

/// Posts the job of [`spec`], of the listing.
pub fn post_listed() -> JobId {
    post(JobSpec { listing: Some(LISTED), ..spec() })
}

pub fn cancel(who: u64, job: JobId) -> DispatchResult {
    Jobs::cancel(RuntimeOrigin::signed(who), job)
}

pub fn prune(job: JobId) -> DispatchResult {
    Jobs::prune(RuntimeOrigin::signed(OTHER), job)
}

/// What a block with that much weight left does.
pub fn idle(remaining: Weight) -> Weight {
    <Jobs as Hooks<u32>>::on_idle(System::block_number(), remaining)
}

pub fn computed() -> Claim {
    Claim::Computed { result: [6; 32], trace: [7; 32] }
}

/// A verdict at 60 planck a unit that pays nobody and found nothing.
pub fn verdict(outcome: Outcome) -> Verdict<u64> {
    Verdict { outcome, claim: None, output: None, price: 60, paid: Vec::new(), audited: false, thin: false }
}

/// The first `count` of [`SEATS`], all paid alike.
pub fn seats(count: usize, pay: Pay) -> Vec<(u64, Pay)> {
    SEATS.into_iter().take(count).map(|seat| (seat, pay)).collect()
}

/// The verdict of two seats that computed the same.
pub fn agreed() -> Verdict<u64> {
    Verdict { claim: Some(computed()), paid: seats(2, Pay::Whole), ..verdict(Outcome::Agreed) }
}

/// Verification ends a job.
pub fn end(job: JobId, verdict: Verdict<u64>) {
    <Jobs as OnVerdict<u64>>::on_verdict(job, verdict);
}

/// How escrow was told to settle a job, the payouts in order of accounts.
pub fn settlement(job: JobId) -> Settlement<u64> {
    let mut of_job = market::settlements().into_iter().filter(|(settled, _)| *settled == job);
    let (_, mut settlement) = of_job.next().expect("it was settled");
    assert!(of_job.next().is_none(), "job {job} was settled twice");
    settlement.payouts.sort();
    settlement
}

pub fn receipt(job: JobId) -> ReceiptOf<Test> {
    Jobs::receipt(job).expect("it has ended")
}

/// What this chain said of this pallet, oldest first.
pub fn events() -> Vec<crate::Event<Test>> {
    let ours = |record: frame_system::EventRecord<RuntimeEvent, _>| match record.event {
        RuntimeEvent::Jobs(event) => Some(event),
        _ => None,
    };
    System::events().into_iter().filter_map(ours).collect()
}

pub fn last_event() -> crate::Event<Test> {
    events().pop().expect("there was an event")
}
