//! A runtime of providers, with bonds, workers and draws as tests script them, and a clock apart from the chain's blocks.

use crate as pallet_assay_providers;
use crate::{Change, Description, GenesisConfig, GenesisMachine, MachineEntry, Parameters, Provider, Terms};
use assay_primitives::{
    mock::{
        self,
        market::{MockPendingDraws, MockWorkers},
        MockBonds,
    },
    Balance, Candidate, Conduct, JobId, Machine, OnBond, Role, Sortition,
};
use assay_rules::price::PriceRule;
use frame_support::{
    assert_ok, derive_impl, parameter_types,
    traits::{ConstU32, Hooks},
    weights::{constants::ParityDbWeight, WeightMeter},
};
use sp_runtime::{traits::BlockNumberProvider, BuildStorage, DispatchResult, Perbill};

pub use assay_primitives::mock::market::{act_for, set_oldest_draw};

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
    pub type Providers = pallet_assay_providers;
}

pub type Block = frame_system::mocking::MockBlockU32<Test>;

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = Block;
    type DbWeight = ParityDbWeight;
}

parameter_types! {
    pub static Now: u32 = 1;
    pub static DrawBlocks: u32 = 2;
    pub static LeastCollateral: Balance = 0;
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

/// Changes that a block applies.
pub const PER_BLOCK: u32 = 8;

impl pallet_assay_providers::Config for Test {
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = Bench;
    type Bonds = MockBonds;
    type Clock = Clock;
    type DrawBlocks = DrawBlocks;
    type Draws = MockPendingDraws;
    type GovernanceOrigin = frame_system::EnsureRoot<u64>;
    type LeastCollateral = LeastCollateral;
    type LeastPricePeriod = ConstU32<LEAST_PRICE_PERIOD>;
    type MaxPerBlock = ConstU32<PER_BLOCK>;
    type WeightInfo = ();
    type Workers = MockWorkers;
}

#[cfg(feature = "runtime-benchmarks")]
pub struct Bench;

#[cfg(feature = "runtime-benchmarks")]
impl crate::BenchmarkHelper<u64> for Bench {
    fn bond(owner: &u64, amount: Balance) {
        mock::set_bond(*owner, Role::Provider, amount);
    }

    fn worker(owner: &u64) -> u64 {
        let worker = owner.wrapping_add(1_000_000);
        act_for(worker, *owner);
        worker
    }
}

/// A bond that weighs 1 without a score, and 2 with the best one, in planck.
pub const UNIT: Balance = 2_000_000_000;

/// Blocks after which a change is applied that no draw holds up.
pub const DELAY: u32 = 4;

/// For how long a price stays at least.
pub const LEAST_PRICE_PERIOD: u32 = 30;

/// A machine on the lists.
pub const CPU: Machine = Machine { hardware: 0, memory: 1 };
/// Another one.
pub const GPU: Machine = Machine { hardware: 1, memory: 2 };
/// One that is not.
pub const NONE: Machine = Machine { hardware: 9, memory: 9 };

pub fn params() -> Parameters {
    Parameters { change_delay: DELAY - 1, price_blocks: 60, jail_blocks: 100, max_bond: 1_000 * UNIT }
}

pub fn rule() -> PriceRule {
    PriceRule {
        floor: 1_000,
        ceiling: 1_000_000,
        low: Perbill::from_percent(40),
        high: Perbill::from_percent(60),
        step: Perbill::from_percent(1),
    }
}

pub fn entry() -> MachineEntry {
    let description = Description::truncate_from(b"a box".to_vec());
    MachineEntry { description, price: rule(), enabled: true }
}

pub fn genesis_machine(machine: Machine) -> GenesisMachine {
    let Machine { hardware, memory } = machine;
    GenesisMachine { hardware, memory, description: "a box".into(), price: rule() }
}

pub fn genesis() -> GenesisConfig<Test> {
    let machines = vec![genesis_machine(CPU), genesis_machine(GPU)];
    GenesisConfig { params: params(), machines, providers: vec![] }
}

/// Takes back what an earlier test on this thread has scripted.
pub fn reset() {
    mock::reset();
    Now::set(1);
    DrawBlocks::set(2);
    LeastCollateral::set(0);
}

pub fn chain_of(genesis: GenesisConfig<Test>) -> sp_io::TestExternalities {
    sp_io::TestExternalities::new(genesis.build_storage().expect("the configuration is sound"))
}

/// A chain with two machines and no provider.
pub fn chain() -> sp_io::TestExternalities {
    reset();
    chain_of(genesis())
}

/// Runs `test` on a chain at block 1 and checks the invariants after it.
pub fn run(test: impl FnOnce()) {
    chain().execute_with(|| {
        System::set_block_number(1);
        test();
        Providers::do_try_state().expect("invariants hold");
    });
}

/// Moves clock and chain by so many blocks, with all the weight they want.
pub fn advance(blocks: u32) {
    for _ in 0..blocks {
        Now::set(Now::get() + 1);
        System::set_block_number(System::block_number() + 1);
        <Providers as Hooks<u32>>::on_poll(System::block_number(), &mut WeightMeter::new());
    }
}

pub fn signed(who: u64) -> RuntimeOrigin {
    RuntimeOrigin::signed(who)
}

/// Sets how much somebody has bonded, in units of weight, and tells the pallet.
pub fn bond(owner: u64, units: Balance) {
    mock::set_bond(owner, Role::Provider, units * UNIT);
    Providers::bond_changed(&owner);
}

pub fn terms(machine: Machine, capacity: u32) -> Terms {
    Terms { machine, reserve: 10, capacity }
}

pub fn register(owner: u64, machine: Machine, capacity: u32) -> DispatchResult {
    Providers::register(signed(owner), machine, 10, capacity)
}

pub fn update(owner: u64, machine: Machine, capacity: u32) -> DispatchResult {
    Providers::update(signed(owner), machine, 10, capacity)
}

/// A provider in the tree of `CPU`, with as much bonded and two seats to give.
pub fn provide(owner: u64, units: Balance) {
    provide_on(owner, units, CPU, 2);
}

pub fn provide_on(owner: u64, units: Balance, machine: Machine, capacity: u32) {
    bond(owner, units);
    assert_ok!(register(owner, machine, capacity));
    advance(DELAY);
    assert!(provider(owner).slot.is_some());
}

pub fn provider(owner: u64) -> Provider {
    Providers::provider(owner).expect("it is a provider")
}

/// What a provider has asked for and what waits.
pub fn waiting(owner: u64) -> Option<Change> {
    Providers::pending_change(owner).map(|pending| pending.change)
}

/// The block in which another weight became due to a provider that has to wait for it.
pub fn weighing(owner: u64) -> Option<u32> {
    provider(owner).weighing.map(|pending| pending.since)
}

pub fn weight(machine: Machine) -> u64 {
    <Providers as Sortition<u64>>::weight(machine)
}

pub fn in_play(machine: Machine) -> u64 {
    <Providers as Sortition<u64>>::in_play(machine)
}

pub fn total_in_play() -> u64 {
    <Providers as Sortition<u64>>::total_in_play()
}

/// How many can be drawn for a machine.
pub fn drawable(machine: Machine) -> u32 {
    <Providers as Sortition<u64>>::drawable(machine)
}

pub fn price(machine: Machine) -> Balance {
    <Providers as Sortition<u64>>::price(machine)
}

pub fn holder(machine: Machine, ticket: u64) -> Option<Candidate<u64>> {
    <Providers as Sortition<u64>>::holder(machine, ticket)
}

/// Who holds each ticket of a machine.
pub fn holders(machine: Machine) -> Vec<u64> {
    let held = |ticket| holder(machine, ticket).expect("each ticket has a holder").owner;
    (0..weight(machine)).map(held).collect()
}

pub fn seat(owner: u64, job: JobId) -> DispatchResult {
    Providers::seat(&owner, job)
}

pub fn unseat(owner: u64, job: JobId, conduct: Conduct) {
    Providers::unseat(&owner, job, conduct);
}

/// Gives a provider a seat of a job and takes it back.
pub fn serve(owner: u64, job: JobId, conduct: Conduct) {
    assert_ok!(seat(owner, job));
    unseat(owner, job, conduct);
}

/// The same, and what comes of it is in force.
pub fn serve_out(owner: u64, job: JobId, conduct: Conduct) {
    serve(owner, job, conduct);
    advance(DELAY);
}

pub fn set_params(change: impl FnOnce(&mut Parameters)) -> DispatchResult {
    let mut params = Providers::params();
    change(&mut params);
    Providers::set_params(RuntimeOrigin::root(), params)
}

pub fn set_machine(machine: Machine, entry: MachineEntry) -> DispatchResult {
    Providers::set_machine(RuntimeOrigin::root(), machine, entry)
}

/// What the chain has said of this pallet, the latest last.
pub fn events() -> Vec<crate::Event<Test>> {
    System::read_events_for_pallet::<crate::Event<Test>>()
}
