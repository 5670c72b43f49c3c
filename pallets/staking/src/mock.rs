//! A runtime of staking and the stock sessions: sessions of ten blocks, eras of two, and a clock that tests can stop.

use crate as pallet_assay_staking;
use crate::{StakingParams, StakingParamsOf};
use assay_primitives::{
    mock::market::{bond_changes, MockOnBond},
    Bonds, Collateral, LockId, OnBond, ProviderBond, Role, Workers,
};
use frame_support::{
    assert_ok, derive_impl, parameter_types,
    traits::{
        fungible::{InspectHold, Mutate},
        ConstU32, ConstU64, Contains, Hooks,
    },
    weights::constants::ParityDbWeight,
};
use pallet_session::{
    disabling::UpToLimitDisablingStrategy, historical, PeriodicSessions, TestSessionHandler,
};
use sp_runtime::{
    testing::UintAuthorityId,
    traits::{BlockNumberProvider, Convert, ConvertInto},
    BuildStorage, DispatchResult,
};

#[frame_support::runtime]
mod runtime {
    #[runtime::runtime]
    #[runtime::derive(
        RuntimeCall,
        RuntimeEvent,
        RuntimeError,
        RuntimeOrigin,
        RuntimeFreezeReason,
        RuntimeHoldReason,
        RuntimeTask
    )]
    pub struct Test;

    #[runtime::pallet_index(0)]
    pub type System = frame_system;

    #[runtime::pallet_index(1)]
    pub type Balances = pallet_balances;

    // Before sessions, so that the first set can be elected when theirs are built.
    #[runtime::pallet_index(2)]
    pub type Staking = pallet_assay_staking;

    #[runtime::pallet_index(3)]
    pub type Historical = pallet_session::historical;

    #[runtime::pallet_index(4)]
    pub type Session = pallet_session;

    #[runtime::pallet_index(5)]
    pub type Utility = pallet_utility;
}

pub type Block = frame_system::mocking::MockBlock<Test>;

/// Refuses the session pallet's own way to remove keys, as the chain does.
pub struct KeepKeys;

impl Contains<RuntimeCall> for KeepKeys {
    fn contains(call: &RuntimeCall) -> bool {
        use pallet_session::Call::{purge_keys, set_keys};
        !matches!(call, RuntimeCall::Session(set_keys { .. } | purge_keys {}))
    }
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type AccountData = pallet_balances::AccountData<u64>;
    type BaseCallFilter = KeepKeys;
    type Block = Block;
    type DbWeight = ParityDbWeight;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type AccountStore = System;
}

pub struct ByAccountOnly;

impl Convert<u64, Option<()>> for ByAccountOnly {
    fn convert(_: u64) -> Option<()> {
        Some(())
    }
}

impl historical::Config for Test {
    type FullIdentification = ();
    type FullIdentificationOf = ByAccountOnly;
    type RuntimeEvent = RuntimeEvent;
}

/// Blocks of a session.
pub const SESSION_BLOCKS: u64 = 10;

impl pallet_session::Config for Test {
    type Currency = Balances;
    type DisablingStrategy = UpToLimitDisablingStrategy;
    type KeyDeposit = ConstU64<10>;
    type Keys = UintAuthorityId;
    type NextSessionRotation = PeriodicSessions<ConstU64<SESSION_BLOCKS>, ConstU64<0>>;
    type RuntimeEvent = RuntimeEvent;
    type SessionHandler = TestSessionHandler;
    type SessionManager = historical::NoteHistoricalRoot<Test, Staking>;
    type ShouldEndSession = PeriodicSessions<ConstU64<SESSION_BLOCKS>, ConstU64<0>>;
    type ValidatorId = u64;
    type ValidatorIdOf = ConvertInto;
    type WeightInfo = ();
}

impl pallet_utility::Config for Test {
    type PalletsOrigin = OriginCaller;
    type RuntimeCall = RuntimeCall;
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = ();
}

parameter_types! {
    /// For how many blocks the clock has stood still.
    pub static Halted: u64 = 0;
    pub static MaxCandidates: u32 = 8;
    pub static MaxValidators: u32 = 8;
    pub static SlashWindow: u64 = 20;
    /// What a provider's bond was when the listener heard of it.
    pub static BondsSeen: Vec<u128> = Vec::new();
}

/// Counts blocks in which it was not halted.
pub struct TestClock;

impl BlockNumberProvider for TestClock {
    type BlockNumber = u64;

    fn current_block_number() -> u64 {
        System::block_number() - Halted::get()
    }
}

/// Records whose bond has changed, and what it is.
pub struct Listener;

impl OnBond<u64> for Listener {
    fn bond_changed(owner: &u64) {
        MockOnBond::bond_changed(owner);
        BondsSeen::mutate(|seen| seen.push(provider_bond(*owner)));
    }
}

#[cfg(feature = "runtime-benchmarks")]
parameter_types! {
    /// The next key that nobody has.
    pub static FreeKey: u64 = 1_000_000;
}

#[cfg(feature = "runtime-benchmarks")]
pub struct Bench;

#[cfg(feature = "runtime-benchmarks")]
impl crate::BenchmarkHelper<u64, UintAuthorityId> for Bench {
    fn keys(_: &u64) -> (UintAuthorityId, Vec<u8>) {
        FreeKey::mutate(|key| *key += 1);
        (UintAuthorityId(FreeKey::get()), vec![])
    }
}

impl pallet_assay_staking::Config for Test {
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = Bench;
    type Clock = TestClock;
    type Currency = Balances;
    type GovernanceOrigin = frame_system::EnsureRoot<u64>;
    type MaxCandidates = MaxCandidates;
    type MaxValidators = MaxValidators;
    type MaxChunks = ConstU32<4>;
    type MaxLocks = ConstU32<8>;
    type MaxReportSessions = ConstU32<20>;
    type OnBond = Listener;
    type SessionBlocks = ConstU64<SESSION_BLOCKS>;
    type SlashWindow = SlashWindow;
    type WeightInfo = ();
}

/// What every account has, bonded or not.
pub const ENDOWMENT: u64 = 10_000;
/// Accounts that have it: 1 to 20.
pub const ACCOUNTS: u64 = 20;
/// The validators of genesis and what they have bonded.
pub const GENESIS_VALIDATORS: [(u64, u64); 4] = [(1, 1_000), (2, 900), (3, 800), (4, 700)];

pub fn genesis_params() -> StakingParamsOf<Test> {
    StakingParams {
        min_validator_bond: 100,
        min_provider_bond: 50,
        max_validators: 4,
        min_validators: 2,
        unbonding_blocks: 80,
        report_sessions: 4,
    }
}

pub fn staking_genesis() -> pallet_assay_staking::GenesisConfig<Test> {
    pallet_assay_staking::GenesisConfig {
        sessions_per_era: 2,
        params: genesis_params(),
        validators: GENESIS_VALIDATORS.to_vec(),
        providers: vec![],
    }
}

/// A chain at block 0 with another genesis of staking.
pub fn chain_of(staking: pallet_assay_staking::GenesisConfig<Test>) -> sp_io::TestExternalities {
    let validators: Vec<_> = staking.validators.iter().map(|(owner, _)| *owner).collect();
    chain_with_keys(staking, &validators)
}

/// A chain at block 0 on which these accounts have session keys.
pub fn chain_with_keys(
    staking: pallet_assay_staking::GenesisConfig<Test>,
    owners: &[u64],
) -> sp_io::TestExternalities {
    let keys = owners.iter().map(|owner| (*owner, *owner, UintAuthorityId(*owner))).collect();
    let accounts = (1..=ACCOUNTS).chain(owners.iter().copied().filter(|owner| *owner > ACCOUNTS));
    let genesis = RuntimeGenesisConfig {
        balances: pallet_balances::GenesisConfig {
            balances: accounts.map(|account| (account, ENDOWMENT)).collect(),
            ..Default::default()
        },
        session: pallet_session::GenesisConfig { keys, ..Default::default() },
        staking,
        ..Default::default()
    };
    sp_io::TestExternalities::new(genesis.build_storage().expect("the configuration is sound"))
}

/// Takes back what an earlier test on this thread has scripted.
pub fn reset() {
    assay_primitives::mock::reset();
    BondsSeen::reset();
    Halted::set(0);
    MaxCandidates::set(8);
    MaxValidators::set(8);
    SlashWindow::set(20);
}

/// A chain at block 0.
pub fn chain() -> sp_io::TestExternalities {
    reset();
    chain_of(staking_genesis())
}

/// Runs `test` on a chain at block 1 and checks the invariants after it.
pub fn run(test: impl FnOnce()) {
    chain().execute_with(|| {
        System::set_block_number(1);
        test();
        Staking::do_try_state().expect("invariants hold");
    });
}

/// Executes blocks up to `block`, that one included.
pub fn advance_to(block: u64) {
    while System::block_number() < block {
        let next = System::block_number() + 1;
        System::set_block_number(next);
        <Session as Hooks<u64>>::on_initialize(next);
    }
}

pub fn advance(blocks: u64) {
    advance_to(System::block_number() + blocks);
}

/// Executes blocks up to the first one of a session.
pub fn advance_to_session(session: u32) {
    advance_to(u64::from(session) * SESSION_BLOCKS);
}

pub fn signed(who: u64) -> RuntimeOrigin {
    RuntimeOrigin::signed(who)
}

/// Gives an account session keys, numbered as it is.
pub fn register_keys(who: u64) {
    assert_ok!(Session::set_keys(signed(who), UintAuthorityId(who), vec![]));
}

/// Bonds as a validator, registers keys and stands in elections.
pub fn stand(who: u64, bond: u64) {
    assert_ok!(Staking::bond(signed(who), Role::Validator, bond));
    register_keys(who);
    assert_ok!(Staking::validate(signed(who)));
}

pub fn bond_provider(who: u64, bond: u64) {
    assert_ok!(Staking::bond(signed(who), Role::Provider, bond));
}

/// A provider with a bond and a lock on some of it.
pub fn locked_provider(who: u64, bond: u64, locked: u64) -> LockId {
    bond_provider(who, bond);
    lock(who, locked)
}

pub fn lock(who: u64, amount: u64) -> LockId {
    <Staking as Collateral<u64>>::lock(&who, amount, u64::MAX).expect("as much is available")
}

pub fn release(who: u64, lock: LockId) -> DispatchResult {
    <Staking as Collateral<u64>>::release(&who, lock)
}

pub fn available(who: u64) -> u64 {
    <Staking as Collateral<u64>>::available(&who)
}

pub fn accuse(who: u64, role: Role, lock: Option<LockId>) -> DispatchResult {
    <Staking as Bonds<u64>>::accuse(&who, role, lock)
}

pub fn acquit(who: u64, role: Role, lock: Option<LockId>) -> DispatchResult {
    <Staking as Bonds<u64>>::acquit(&who, role, lock)
}

/// Slashes and burns; gives what was taken and what was missing.
pub fn slash(who: u64, role: Role, amount: u64) -> (u64, u64) {
    let (credit, missing) = <Staking as Bonds<u64>>::slash(&who, role, amount);
    (frame_support::traits::Imbalance::peek(&credit), missing)
}

pub fn exposure(who: u64, session: u32) -> Option<u64> {
    <Staking as Bonds<u64>>::exposure(&who, session)
}

pub fn held(who: u64, role: Role) -> u64 {
    <Balances as InspectHold<u64>>::balance_on_hold(&crate::HoldReason::from(role).into(), &who)
}

pub fn active(who: u64, role: Role) -> u64 {
    Staking::ledger(who).map_or(0, |ledger| ledger.stake(role).active)
}

/// The active bond of a provider, as draws see it.
pub fn provider_bond(who: u64) -> u128 {
    <Staking as ProviderBond<u64>>::active(&who)
}

/// Whose bond has changed, and what it was when the listener heard of it, since the last time that this was asked.
pub fn heard() -> Vec<(u64, u128)> {
    let heard = bond_changes().into_iter().zip(BondsSeen::take()).collect();
    assay_primitives::mock::reset();
    heard
}

pub fn acts_for(signer: u64, owner: u64) -> bool {
    <Staking as Workers<u64>>::acts_for(&signer, &owner)
}

/// What is on its way out, as (amount, block).
pub fn chunks(who: u64, role: Role) -> Vec<(u64, u64)> {
    let ledger = Staking::ledger(who).expect("there is a ledger");
    ledger.stake(role).unbonding.iter().map(|chunk| (chunk.value, chunk.at)).collect()
}

/// Owners on the list of candidates, in its order.
pub fn candidates() -> Vec<u64> {
    Staking::candidates(0, u32::MAX).into_iter().map(|candidate| candidate.owner).collect()
}

/// Owners elected for an era.
pub fn elected(era: u32) -> Vec<u64> {
    Staking::elected(era).into_iter().map(|staker| staker.owner).collect()
}

pub fn set_params(change: impl FnOnce(&mut StakingParamsOf<Test>)) {
    let mut params = Staking::params();
    change(&mut params);
    assert_ok!(Staking::set_params(RuntimeOrigin::root(), params));
}

/// Mints to an account.
pub fn endow(who: u64, amount: u64) {
    assert_ok!(<Balances as Mutate<u64>>::mint_into(&who, amount));
}

/// Events of staking so far, the latest last.
pub fn events() -> Vec<crate::Event<Test>> {
    System::read_events_for_pallet::<crate::Event<Test>>()
}

/// The weight that this block has taken so far.
pub fn block_weight() -> frame_support::weights::Weight {
    System::block_weight().total()
}
