//! A runtime of governance over real balances; slashes, policies and what is curated are scripted.

use crate as pallet_assay_dao;
use crate::{
    DaoOrigin, EnsureTrack, GenesisConfig, HoldReason, Parameters, Ring, APPEALS, CURATOR, EMERGENCY_STOP,
    PARAMETERS, POLICY,
};
use assay_primitives::{
    mock::{
        self,
        governance::{slash, MockCurated, MockPolicies, MockSlashes},
    },
    JobClass, MarketBlock, OnPolicy, Policies, Policy,
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
    derive_impl,
    dispatch::DispatchResult,
    parameter_types,
    traits::{
        fungible::{InspectHold, Mutate},
        ConstU128, ConstU32, Hooks, TransactionPause, TransactionPauseError,
    },
    weights::{Weight, WeightMeter},
    BoundedVec,
};
use scale_info::TypeInfo;
use sp_runtime::{traits::BlockNumberProvider, BuildStorage, Perbill};
use std::collections::BTreeSet;

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
    pub type Balances = pallet_balances;

    #[runtime::pallet_index(2)]
    pub type Dao = pallet_assay_dao;
}

pub type Block = frame_system::mocking::MockBlockU32<Test>;

/// Existential deposit, in planck.
pub const DEPOSIT: u128 = 10;
/// What accounts 1 to 6 have.
pub const ENDOWMENT: u128 = 10_000;
/// The least deposit of an appeal, in planck.
pub const LEAST_DEPOSIT: u128 = 10;
/// The most that governance can make the least deposit of an appeal, in planck. That of production's parameters is within
/// it.
pub const MOST_DEPOSIT: u128 = 1_000_000_000_000_000;
/// The least delay of policies that votes can set.
pub const LEAST_DELAY: u32 = 5;
/// The most calls that are paused at once.
pub const MAX_PAUSES: u32 = 3;

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type AccountData = pallet_balances::AccountData<u128>;
    type Block = Block;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type AccountStore = System;
    type Balance = u128;
    type ExistentialDeposit = ConstU128<DEPOSIT>;
}

/// Name of a call, as short as can be.
pub type Name = BoundedVec<u8, ConstU32<32>>;

parameter_types! {
    pub static Now: MarketBlock = 1;
    /// The calls that are paused.
    pub static PausedCalls: BTreeSet<Vec<u8>> = BTreeSet::new();
    /// The alarms that have rung, in order.
    pub static Rung: Vec<u32> = vec![];
}

/// A market clock that tests move, apart from the chain's blocks.
pub struct Clock;

impl BlockNumberProvider for Clock {
    type BlockNumber = MarketBlock;

    fn current_block_number() -> MarketBlock {
        Now::get()
    }

    fn set_block_number(block: MarketBlock) {
        Now::set(block);
    }
}

/// Pauses calls whose names begin with `call`; never `timestamp`; there are no others.
pub struct MockPause;

impl TransactionPause for MockPause {
    type CallIdentifier = Name;

    fn is_paused(call: Name) -> bool {
        PausedCalls::get().contains(&call.into_inner())
    }

    fn can_pause(call: Name) -> bool {
        call.starts_with(b"call") && !Self::is_paused(call)
    }

    fn pause(call: Name) -> Result<(), TransactionPauseError> {
        if call.as_slice() == b"timestamp" {
            return Err(TransactionPauseError::Unpausable);
        }
        if !call.starts_with(b"call") {
            return Err(TransactionPauseError::NotFound);
        }
        if PausedCalls::mutate(|paused| paused.insert(call.into_inner())) {
            Ok(())
        } else {
            Err(TransactionPauseError::AlreadyPaused)
        }
    }

    fn unpause(call: Name) -> Result<(), TransactionPauseError> {
        if PausedCalls::mutate(|paused| paused.remove(&call.into_inner())) {
            Ok(())
        } else {
            Err(TransactionPauseError::AlreadyUnpaused)
        }
    }
}

/// An alarm with a number.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct MockAlarm(pub u32);

/// The most that an alarm of the mock takes.
pub const ALARM: Weight = Weight::from_parts(1_000_000, 0);

impl Ring for MockAlarm {
    fn weight(&self) -> Weight {
        ALARM
    }

    fn ring(self) {
        Rung::mutate(|rung| rung.push(self.0));
    }
}

/// Scripted policies, wired as a runtime's are: the pallet hears which one another replaces.
pub struct Wired;

impl Policies for Wired {
    fn current(class: JobClass) -> Option<(u32, Policy)> {
        MockPolicies::current(class)
    }

    fn check(policy: &Policy) -> DispatchResult {
        MockPolicies::check(policy)
    }

    fn set(class: JobClass, policy: Policy) -> DispatchResult {
        let before = Self::current(class);
        MockPolicies::set(class, policy)?;
        if let Some((version, policy)) = before {
            Dao::replaced(class, version, policy);
        }
        Ok(())
    }

    fn is_referenced(class: JobClass, version: u32) -> bool {
        MockPolicies::is_referenced(class, version)
    }
}

impl pallet_assay_dao::Config for Test {
    type Alarm = MockAlarm;
    type AppealOrigin = EnsureTrack<APPEALS>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = Bench;
    type Clock = Clock;
    type Curated = MockCurated;
    type CurationOrigin = EnsureTrack<CURATOR>;
    type Currency = Balances;
    type LeastAppealDeposit = ConstU128<LEAST_DEPOSIT>;
    type LeastPolicyDelay = ConstU32<LEAST_DELAY>;
    type MaxPauses = ConstU32<MAX_PAUSES>;
    type MostAppealDeposit = ConstU128<MOST_DEPOSIT>;
    type ParamsOrigin = EnsureTrack<PARAMETERS>;
    type Pause = MockPause;
    type Policies = Wired;
    type PolicyOrigin = EnsureTrack<POLICY>;
    type Slashes = MockSlashes;
    type StopOrigin = EnsureTrack<EMERGENCY_STOP>;
    type WeightInfo = ();
}

#[cfg(feature = "runtime-benchmarks")]
pub struct Bench;

#[cfg(feature = "runtime-benchmarks")]
impl crate::BenchmarkHelper<u64, Name, MockAlarm> for Bench {
    fn appellant() -> u64 {
        endow(1, ENDOWMENT);
        1
    }

    fn slash() -> assay_primitives::SlashId {
        mock::governance::add_slash(7, 1_000, 20, 100);
        7
    }

    fn end_slash(id: assay_primitives::SlashId) {
        mock::governance::end_slash(id);
    }

    fn subject() -> assay_primitives::Subject {
        let machine = assay_primitives::Machine { hardware: 0, memory: 0 };
        let subject = assay_primitives::Subject::Machine(machine);
        mock::governance::add_subject(subject);
        subject
    }

    fn call(index: u32) -> Name {
        name(&format!("call {index}"))
    }

    fn alarm() -> MockAlarm {
        MockAlarm(u32::MAX)
    }
}

pub fn params() -> Parameters {
    Parameters {
        policy_delay: 20,
        appeal_deposit: 100,
        appeal_share: Perbill::from_percent(10),
        longest_pause: 50,
    }
}

pub fn policy() -> Policy {
    Policy {
        audit: Perbill::from_percent(20),
        collateral: 10,
        draw_blocks: 2,
        commit_blocks: 20,
        units_per_block: 3,
        reveal_blocks: 40,
        no_show: Perbill::from_percent(10),
        wrong: Perbill::one(),
        withheld: Perbill::one(),
        requester_bond: Perbill::from_percent(5),
        fee: Perbill::from_percent(2),
        min_payment: 1,
    }
}

/// A chain whose scripts are empty but for a policy of version 0 in force, its clock at 1.
pub fn chain() -> sp_io::TestExternalities {
    mock::reset();
    mock::governance::set_current(assay_primitives::JobClass::ExactV1, 0, policy());
    Now::set(1);
    PausedCalls::set(BTreeSet::new());
    Rung::set(vec![]);
    let genesis = GenesisConfig::<Test> { shortening: 10, params: params(), ..Default::default() };
    sp_io::TestExternalities::new(genesis.build_storage().expect("the parameters are sound"))
}

/// Runs `test` on a chain at block 1 on which accounts 1 to 6 have money, and checks the invariants after it.
pub fn run(test: impl FnOnce()) {
    chain().execute_with(|| {
        System::set_block_number(1);
        (1..=6).for_each(|account| endow(account, ENDOWMENT));
        test();
        check();
    });
}

/// Checks the invariants, that nobody without an appeal has a deposit on hold, and that an appeal that is open holds its
/// slash up.
pub fn check() {
    Dao::do_try_state().expect("invariants hold");
    let appeals: Vec<_> = crate::Appeals::<Test>::iter().collect();
    for who in frame_system::Account::<Test>::iter_keys() {
        let appeals = appeals.iter().any(|(_, appeal)| appeal.appellant == who && appeal.deposit > 0);
        assert!(held(who) == 0 || appeals, "{who} has a deposit for nothing");
    }
    for (id, appeal) in appeals.iter().filter(|(_, appeal)| appeal.deposit > 0) {
        let waits = slash(*id);
        let is_held_up = waits.is_none_or(|slash| slash.suspended && slash.ready() == appeal.until);
        assert!(is_held_up, "{id}: {waits:?}");
    }
}

/// Moves clock and chain block by block, up to a block of the clock.
pub fn advance_to(block: MarketBlock) {
    while Now::get() < block {
        Now::set(Now::get() + 1);
        next_block();
    }
}

/// Moves the chain a block on while the market clock stands still.
pub fn next_block() {
    System::set_block_number(System::block_number() + 1);
    <Dao as Hooks<u32>>::on_poll(System::block_number(), &mut WeightMeter::new());
}

/// Gives an account money.
pub fn endow(account: u64, amount: u128) {
    <Balances as Mutate<u64>>::mint_into(&account, amount).expect("no overflow");
}

/// What an account has on hold for appeals.
pub fn held(who: u64) -> u128 {
    <Balances as InspectHold<u64>>::balance_on_hold(&HoldReason::Appeal.into(), &who)
}

pub fn free(who: u64) -> u128 {
    Balances::free_balance(who)
}

pub fn signed(who: u64) -> RuntimeOrigin {
    RuntimeOrigin::signed(who)
}

/// Every origin but one: those of the other tracks, a signed one, and none.
pub fn all_but(speaker: DaoOrigin) -> impl Iterator<Item = RuntimeOrigin> {
    let others = DaoOrigin::ALL.into_iter().filter(move |other| *other != speaker);
    others.map(RuntimeOrigin::from).chain([signed(1), RuntimeOrigin::none()])
}

pub fn name(call: &str) -> Name {
    call.as_bytes().to_vec().try_into().expect("it is not too long")
}

/// What the chain said last of this pallet.
pub fn last_event() -> crate::Event<Test> {
    let ours = |record: frame_system::EventRecord<RuntimeEvent, _>| match record.event {
        RuntimeEvent::Dao(event) => Some(event),
        _ => None,
    };
    System::events().into_iter().filter_map(ours).next_back().expect("there was an event")
}
