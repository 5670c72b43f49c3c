//! A runtime of verification over scripted providers, bonds and blocks.

use crate as pallet_assay_verification;
use crate::{CaseOf, GenesisConfig, Phase, Round, Seat, Stage};
use assay_primitives::{
    commitment,
    mock::{
        self,
        market::{self, MockChance, MockOnVerdict, MockSortition, MockWorkers},
        MockBonds, MockCollateral, MockReportFault, NO_LOCK,
    },
    Bonds, Candidate, Claim, Collateral, Conduct, Digest, Fault, FaultKind, InlineOutput, JobClass, JobId,
    LockId, Machine, OnPolicy, Order, Outcome, Pay, Policy, ReportFault, Role, SlashId, Sortition, Verdict,
    Verification as _,
};
use assay_rules::trace::Opening;
use frame_support::{
    assert_err_ignore_postinfo, assert_ok, derive_impl,
    dispatch::{DispatchResult, DispatchResultWithPostInfo},
    parameter_types,
    traits::{ConstU32, Hooks},
    weights::{constants::ParityDbWeight, Weight, WeightMeter},
};
use sp_runtime::{traits::BlockNumberProvider, BuildStorage, DispatchError, Perbill, StateVersion};

pub use crate::tests::trace::Run;
pub use assay_primitives::mock::{
    bonded, lock_is_accused,
    market::{conducts, set_price, set_provider},
    refuse_faults, set_bond,
};

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
    pub type Verification = pallet_assay_verification;
}

pub type Block = frame_system::mocking::MockBlockU32<Test>;

/// What providers of the tests compute on.
pub const MACHINE: Machine = Machine { hardware: 0, memory: 0 };
/// Who posts, unless it is said otherwise.
pub const REQUESTER: u64 = 1;
/// The first provider; the others follow.
pub const FIRST: u64 = 100;
/// What is added to a provider for its worker.
pub const WORKER: u64 = 10_000;
/// What a provider has bonded, in planck.
pub const BOND: u128 = 1_000_000;
/// What a unit costs, in planck.
pub const PRICE: u128 = 40;
/// Compute units of a job.
pub const UNITS: u64 = 100;
/// One seat's payment, in planck.
pub const P: u128 = PRICE * UNITS as u128;
/// What a seat's collateral is, in planck.
pub const LOCKED: u128 = 10 * P;
/// Blocks from what makes a draw due until it runs.
pub const DRAW: u32 = 3;
/// Blocks from a seat's draw to the one before which it commits: 20, ten for 100 units, and the one it is drawn in.
pub const COMMIT: u32 = 31;
/// Blocks from the opening of reveals to the one before which they are made.
pub const REVEAL: u32 = 11;
/// Blocks after which those that open leaves are late: [`REVEAL`], and time to compute.
pub const OPENING: u32 = 21;
/// Draws and deadlines that a block works off.
pub const PER_BLOCK: u32 = 8;

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = Block;
    type DbWeight = ParityDbWeight;
}

parameter_types! {
    pub static Now: u32 = 1;
    /// Whether the clock stands still while blocks go on.
    pub static Halted: bool = false;
    pub static MaxTickWeight: Weight = Weight::MAX;
    /// Whose lock of how much a fault has been reported on.
    pub static Accused: Vec<(u64, LockId, u128)> = Vec::new();
    /// The most blocks that a policy may let a draw wait for.
    pub static MaxDrawBlocks: u32 = 20;
    /// The most that counts of a provider's bond, in planck.
    pub static MaxStake: u128 = u128::MAX;
    /// The policies that are in force no more.
    pub static Replaced: Vec<(JobClass, u32, Policy)> = Vec::new();
    /// The most draws that can be due when a job is taken in.
    pub static MaxBacklog: u32 = 200_000;
    /// Whether all that was asked for before any draw is in force.
    pub static Settled: bool = true;
    /// Providers that were to leave jobs in which they had no place.
    pub static StrayLeaves: Vec<(u64, JobId)> = Vec::new();
    pub static NextJob: JobId = 0;
}

/// A clock that tests can stop.
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

/// The scripted providers; notes who is to leave without a place.
pub struct Providers;

impl Sortition<u64> for Providers {
    fn exists(machine: Machine) -> bool {
        MockSortition::exists(machine)
    }

    fn weight(machine: Machine) -> u64 {
        MockSortition::weight(machine)
    }

    fn in_play(machine: Machine) -> u64 {
        MockSortition::in_play(machine)
    }

    fn total_in_play() -> u64 {
        MockSortition::total_in_play()
    }

    fn drawable(machine: Machine) -> u32 {
        MockSortition::drawable(machine)
    }

    fn is_settled_before(_: u32) -> bool {
        Settled::get()
    }

    fn price(machine: Machine) -> u128 {
        MockSortition::price(machine)
    }

    fn holder(machine: Machine, ticket: u64) -> Option<Candidate<u64>> {
        MockSortition::holder(machine, ticket)
    }

    fn seat(owner: &u64, job: JobId) -> DispatchResult {
        MockSortition::seat(owner, job)
    }

    fn unseat(owner: &u64, job: JobId, conduct: Conduct) {
        if !market::seats(*owner).contains(&job) {
            StrayLeaves::mutate(|stray| stray.push((*owner, job)));
        }
        MockSortition::unseat(owner, job, conduct);
    }
}

/// Takes faults in as slashing does: the slash has the lock then.
pub struct Slashing;

impl ReportFault<u64, u128> for Slashing {
    fn report(fault: Fault<u64, u128>) -> Result<Option<SlashId>, DispatchError> {
        let Fault::Provider { owner, lock, .. } = fault else { return Ok(None) };
        let amount = MockBonds::<()>::lock(&owner, lock).ok_or(NO_LOCK)?;
        let slash = MockReportFault::report(fault)?;
        MockBonds::<()>::accuse(&owner, Role::Provider, Some(lock))?;
        Accused::mutate(|accused| accused.push((owner, lock, amount)));
        Ok(slash)
    }
}

/// Notes the policies that are in force no more.
pub struct Kept;

impl OnPolicy for Kept {
    fn replaced(class: JobClass, version: u32, policy: Policy) {
        Replaced::mutate(|replaced| replaced.push((class, version, policy)));
    }
}

impl pallet_assay_verification::Config for Test {
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = Bench;
    type Chance = MockChance;
    type Clock = Clock;
    type Collateral = MockCollateral;
    type Faults = Slashing;
    type MaxBacklog = MaxBacklog;
    type MaxDrawBlocks = MaxDrawBlocks;
    type MaxPerBlock = ConstU32<PER_BLOCK>;
    type MaxStake = MaxStake;
    type MaxTickWeight = MaxTickWeight;
    type OnPolicy = Kept;
    type PolicyOrigin = frame_system::EnsureRoot<u64>;
    type Providers = Providers;
    type Verdicts = MockOnVerdict;
    type WeightInfo = ();
    type Workers = MockWorkers;
}

#[cfg(feature = "runtime-benchmarks")]
pub struct Bench;

#[cfg(feature = "runtime-benchmarks")]
impl crate::BenchmarkHelper<u64> for Bench {
    fn machine() -> Machine {
        MACHINE
    }

    fn provider(index: u32, room: u32) -> u64 {
        let owner = 50_000 + u64::from(index);
        set_bond(owner, Role::Provider, 1_000_000_000_000_000_000);
        set_provider(owner, MACHINE, 1_000, 1, room);
        owner
    }

    fn worker(owner: &u64) -> u64 {
        market::act_for(owner + WORKER, *owner);
        owner + WORKER
    }

    fn set_vrfs(_: u32, until: u32) {
        market::set_last_vrf(until);
    }

    fn job(_: JobId, _: &u64) {}
}

/// Every job is audited.
pub fn policy() -> Policy {
    Policy {
        audit: Perbill::one(),
        collateral: 10,
        draw_blocks: 2,
        commit_blocks: 20,
        units_per_block: 10,
        reveal_blocks: 10,
        no_show: Perbill::from_percent(10),
        wrong: Perbill::one(),
        withheld: Perbill::one(),
        requester_bond: Perbill::from_percent(5),
        fee: Perbill::from_percent(2),
        min_payment: 1,
    }
}

/// A job that is audited.
pub fn audited() -> Order<u64> {
    Order {
        requester: REQUESTER,
        spec: [7; 32],
        class: JobClass::ExactV1,
        machine: MACHINE,
        units: UNITS,
        price_cap: 50,
        deadline: Now::get() + 200,
        policy: policy(),
    }
}

/// A job on which the lot never falls.
pub fn plain() -> Order<u64> {
    Order { policy: Policy { audit: Perbill::from_parts(1), ..policy() }, ..audited() }
}

/// A chain whose scripts are empty, its clock at 1.
pub fn chain() -> sp_io::TestExternalities {
    mock::reset();
    Now::set(1);
    Halted::set(false);
    MaxTickWeight::set(Weight::MAX);
    MaxDrawBlocks::set(20);
    MaxStake::set(u128::MAX);
    MaxBacklog::set(200_000);
    Settled::set(true);
    Accused::set(Vec::new());
    StrayLeaves::set(Vec::new());
    NextJob::set(0);
    let genesis = GenesisConfig::<Test> { exact_v1: Some(policy()), ..Default::default() };
    sp_io::TestExternalities::new(genesis.build_storage().expect("the policy is sound"))
}

/// Runs `test` on a chain at block 1 with eight providers, and checks the invariants after it.
pub fn run(test: impl FnOnce()) {
    run_with(8, test);
}

/// Runs `test` with so many providers.
pub fn run_with(providers: u64, test: impl FnOnce()) {
    chain().execute_with(|| {
        System::set_block_number(1);
        set_price(MACHINE, PRICE);
        (FIRST..FIRST + providers).for_each(provide);
        test();
        check();
    });
}

/// Makes a provider, with its bond and its worker.
pub fn provide(owner: u64) {
    set_bond(owner, Role::Provider, BOND);
    set_provider(owner, MACHINE, 1_000, 10, 10);
    market::act_for(owner + WORKER, owner);
}

/// Takes a provider out of play; what it has stays.
pub fn retire(owner: u64) {
    set_provider(owner, MACHINE, 0, 0, 0);
}

/// Fills a provider: it is in play and has no room.
pub fn fill(owner: u64) {
    set_provider(owner, MACHINE, 1_000, 10, 0);
}

/// Makes blocks until the time to fill a job's slots is over.
pub fn starve(job: JobId) {
    let end = case(job).stale_at.expect("its first draw has run");
    advance(end - Now::get());
}

/// What of a provider's bond is locked, in planck.
pub fn locked(owner: u64) -> u128 {
    bonded(owner, Role::Provider) - MockCollateral::available(&owner)
}

/// Checks the invariants, and those that need the other side: what is locked is locked for open seats and waiting
/// slashes, providers have the places that cases say, and nobody was made to leave twice.
pub fn check() {
    Verification::do_try_state().expect("invariants hold");
    assert!(StrayLeaves::get().is_empty(), "somebody was to leave a job without a place in it");
    let mut expected = std::collections::BTreeMap::<u64, (u128, Vec<JobId>)>::new();
    for (job, case) in crate::Cases::<Test>::iter() {
        for seat in &case.seats {
            let (collateral, jobs) = expected.entry(seat.owner).or_default();
            if seat.is_open() {
                assert_eq!(lock_is_accused(seat.lock), Some(false));
                *collateral += seat.collateral;
            }
            if seat.is_open() || seat.stage == Stage::Declined {
                jobs.push(job);
            }
        }
    }
    for (owner, _, amount) in Accused::get() {
        expected.entry(owner).or_default().0 += amount;
    }
    for owner in FIRST..FIRST + 100 {
        let (collateral, mut jobs) = expected.remove(&owner).unwrap_or_default();
        jobs.sort();
        assert_eq!(locked(owner), collateral, "collateral of {owner}");
        assert_eq!(market::seats(owner), jobs, "places of {owner}");
    }
    assert!(expected.is_empty(), "providers that no test has made: {expected:?}");
}

/// Goes on by so many blocks, with all the weight they want.
pub fn advance(blocks: u32) {
    for _ in 0..blocks {
        next_block();
        <Verification as Hooks<u32>>::on_poll(System::block_number(), &mut WeightMeter::new());
    }
}

/// Checks that nothing can be worked off, and that trying changes nothing.
pub fn assert_nothing_due() {
    let before = sp_io::storage::root(StateVersion::V1);
    assert_err_ignore_postinfo!(Verification::advance(signed(9), 10), crate::Error::<Test>::NothingDue);
    assert_eq!(before, sp_io::storage::root(StateVersion::V1));
}

/// Starts the next block; its hook has not run yet.
pub fn next_block() {
    if !Halted::get() {
        Now::set(Now::get() + 1);
    }
    System::set_block_number(System::block_number() + 1);
    market::set_last_vrf(System::block_number() - 1);
}

pub fn signed(account: u64) -> RuntimeOrigin {
    RuntimeOrigin::signed(account)
}

/// Takes a job in under the next number.
pub fn try_post(order: Order<u64>) -> Result<JobId, DispatchError> {
    let job = NextJob::get();
    Verification::open(job, order)?;
    NextJob::set(job + 1);
    Ok(job)
}

/// Takes a job in and draws its first seats.
pub fn post(order: Order<u64>) -> JobId {
    let job = try_post(order).expect("the job is taken in");
    advance(DRAW);
    job
}

pub fn case(job: JobId) -> CaseOf<Test> {
    Verification::case(job).expect("it is being verified")
}

pub fn phase(job: JobId) -> Phase {
    case(job).phase
}

pub fn seat(job: JobId, index: u8) -> Seat<u64> {
    case(job).seat(index).expect("there is such a seat").clone()
}

pub fn owner(job: JobId, index: u8) -> u64 {
    seat(job, index).owner
}

/// The indices of the seats of a round that have this to do: commit or reveal.
pub fn sitting(job: JobId, round: Round) -> Vec<u8> {
    let case = case(job);
    let seats = (0_u8..).zip(&case.seats);
    let of_round = seats.filter(|(_, seat)| seat.is_open() && case.round(seat) == Some(round));
    of_round.map(|(index, _)| index).collect()
}

/// A seat's secret.
pub fn salt(index: u8) -> Digest {
    [index + 1; 32]
}

/// The hash of what a job that is being verified is to compute.
pub fn spec_of(job: JobId) -> Digest {
    case(job).order.spec
}

/// What a seat commits to.
pub fn sealed(job: JobId, index: u8, claim: &Claim) -> Digest {
    let genesis = System::block_hash(0).0;
    commitment(&genesis, job, &spec_of(job), index.into(), &owner(job, index), claim, &salt(index))
}

/// Commits by a seat's worker.
pub fn commit(job: JobId, index: u8, claim: &Claim) -> DispatchResultWithPostInfo {
    let worker = owner(job, index) + WORKER;
    Verification::commit(signed(worker), job, index, spec_of(job), sealed(job, index, claim))
}

/// Commits all seats that have not.
pub fn commit_all(job: JobId, run: &Run) {
    let assigned = case(job).seats_where(|seat| seat.stage == Stage::Assigned);
    for index in assigned {
        assert_ok!(commit(job, index, &run.claim()));
    }
}

pub fn decline(job: JobId, index: u8) -> DispatchResult {
    Verification::decline(signed(owner(job, index) + WORKER), job, index, spec_of(job))
}

/// Reveals by a seat's worker, with what it puts on the chain and shows.
pub fn reveal_with(
    job: JobId,
    index: u8,
    claim: Claim,
    output: Option<InlineOutput>,
    opening: Option<Opening>,
) -> DispatchResultWithPostInfo {
    let worker = owner(job, index) + WORKER;
    Verification::reveal(signed(worker), job, index, claim, salt(index), output, opening)
}

/// Reveals a run, with the leaves of its trace if they were drawn.
pub fn reveal(job: JobId, index: u8, run: &Run) -> DispatchResultWithPostInfo {
    let opening = match phase(job) {
        Phase::Opening { leaves, .. } => Some(run.opening(&leaves, index)),
        _ => None,
    };
    reveal_with(job, index, run.claim(), None, opening)
}

/// Reveals of all seats that have committed.
pub fn reveal_all(job: JobId, run: &Run) {
    let committed = case(job).seats_where(|seat| matches!(seat.stage, Stage::Committed(_)));
    for index in committed {
        assert_ok!(reveal(job, index, run));
    }
}

/// A job whose first seats, and the audit's where there is one, have committed to these runs, in the order of seats.
pub fn sealed_job(order: Order<u64>, runs: &[&Run]) -> JobId {
    let job = post(order);
    for (index, run) in (0_u8..).zip(runs) {
        assert_ok!(commit(job, index, &run.claim()));
        if index == 1 {
            advance(DRAW);
        }
    }
    assert!(matches!(phase(job), Phase::Revealing { .. }), "{:?}", phase(job));
    job
}

/// A job whose fresh seats have committed to these runs, after the first, and the audit's, did to those; leaves drawn.
pub fn disputed_job(order: Order<u64>, first: &[&Run], fresh: &[&Run]) -> JobId {
    let job = sealed_job(order, first);
    for (index, run) in (0_u8..).zip(first) {
        assert_ok!(reveal(job, index, run));
    }
    advance(DRAW);
    for (index, run) in sitting(job, Round::Fresh).into_iter().zip(fresh) {
        assert_ok!(commit(job, index, &run.claim()));
    }
    advance(DRAW);
    assert!(matches!(phase(job), Phase::Opening { .. }), "{:?}", phase(job));
    job
}

/// How a job ended; there is one verdict on it.
pub fn verdict(job: JobId) -> Verdict<u64> {
    let mut verdicts: Vec<_> = market::verdicts().into_iter().filter(|(of, _)| *of == job).collect();
    assert_eq!(verdicts.len(), 1, "{verdicts:?}");
    assert_eq!(Verification::case(job), None);
    verdicts.remove(0).1
}

/// Checks how a job ended, and who is paid what.
pub fn assert_ended(job: JobId, outcome: Outcome, paid: &[(u64, Pay)]) {
    let verdict = verdict(job);
    assert_eq!((verdict.outcome, verdict.paid.as_slice()), (outcome, paid));
}

/// The faults reported so far: on whose lock, what, how much.
pub fn faults() -> Vec<(u64, FaultKind, u128)> {
    let faults = mock::faults().into_iter().map(|fault| match fault {
        Fault::Provider { owner, lock, kind, amount } => {
            assert_eq!(lock_is_accused(lock), Some(true), "the slash has the lock");
            (owner, kind, amount)
        }
        Fault::Validator { .. } => panic!("not of a validator"),
    });
    faults.collect()
}

/// How providers did in a job, in the order in which they left.
pub fn conducts_in(job: JobId) -> Vec<(u64, Conduct)> {
    let of_job = conducts().into_iter().filter(|(_, of, _)| *of == job);
    of_job.map(|(owner, _, conduct)| (owner, conduct)).collect()
}

/// What the chain said of this pallet, oldest first.
pub fn events() -> Vec<crate::Event<Test>> {
    let ours = |record: frame_system::EventRecord<RuntimeEvent, _>| match record.event {
        RuntimeEvent::Verification(event) => Some(event),
        _ => None,
    };
    System::events().into_iter().filter_map(ours).collect()
}

/// What it said last.
pub fn last_event() -> crate::Event<Test> {
    events().pop().expect("there was an event")
}
