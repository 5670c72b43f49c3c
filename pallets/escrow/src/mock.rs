//! A runtime of escrow over real balances, with a clock that tests move.

use crate as pallet_assay_escrow;
use crate::{FrozenBalance, HoldReason};
use assay_primitives::{JobId, MarketBlock, Settlement};
use frame_support::{
    assert_ok, derive_impl, parameter_types,
    traits::{
        fungible::{InspectHold, Mutate},
        ConstU128, ConstU32, ConstU64, LockableCurrency, WithdrawReasons,
    },
};
use sp_runtime::{traits::BlockNumberProvider, BuildStorage, DispatchResult};

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
    pub type Escrow = pallet_assay_escrow;
}

pub type Block = frame_system::mocking::MockBlockU32<Test>;

/// Existential deposit, in planck.
pub const DEPOSIT: u128 = 10;
/// The account of the treasury; empty unless endowed.
pub const TREASURY: u64 = 1_000;
/// The lock that [`lock`] sets.
const VOTE: [u8; 8] = *b"vote    ";
/// Until when [`open`] opens escrows.
pub const EXPIRES: MarketBlock = 100;

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
    type FreezeIdentifier = u8;
    type MaxFreezes = ConstU32<1>;
}

parameter_types! {
    pub static Now: MarketBlock = 1;
}

/// A clock that tests move, apart from the chain's blocks.
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

/// What balances say is frozen, as in a runtime.
pub struct OfBalances;

impl FrozenBalance<u64> for OfBalances {
    fn frozen(who: &u64) -> u128 {
        System::account(who).data.frozen
    }

    fn has_locks(who: &u64) -> bool {
        !Balances::locks(who).is_empty()
    }
}

impl pallet_assay_escrow::Config for Test {
    type Clock = Clock;
    type Currency = Balances;
    type Frozen = OfBalances;
    type Treasury = ConstU64<TREASURY>;
    type WeightInfo = ();
}

/// A chain without accounts, its clock at 1.
pub fn chain() -> sp_io::TestExternalities {
    Now::set(1);
    let genesis = frame_system::GenesisConfig::<Test>::default();
    sp_io::TestExternalities::new(genesis.build_storage().expect("there is nothing to be wrong"))
}

/// Runs `test` on a chain at block 1 and checks the invariants after it.
pub fn run(test: impl FnOnce()) {
    chain().execute_with(|| {
        System::set_block_number(1);
        test();
        check();
    });
}

/// Checks the invariants, and that no money has come from nowhere or got lost.
pub fn check() {
    Escrow::do_try_state().expect("invariants hold");
    let accounts = frame_system::Account::<Test>::iter_values();
    let sum: u128 = accounts.map(|account| account.data.free + account.data.reserved).sum();
    assert_eq!(Balances::total_issuance(), sum);
}

/// Gives an account money.
pub fn endow(account: u64, amount: u128) {
    <Balances as Mutate<u64>>::mint_into(&account, amount).expect("no overflow");
}

/// An account that lives by something else than its balance, so that all of that can be on hold.
pub fn endow_guest(account: u64, amount: u128) {
    System::inc_providers(&account);
    endow(account, amount);
}

/// Opens an escrow, until [`EXPIRES`].
pub fn open(job: JobId, requester: u64, amount: u128) -> DispatchResult {
    open_until(job, requester, amount, EXPIRES)
}

pub fn open_until(job: JobId, requester: u64, amount: u128, expires: MarketBlock) -> DispatchResult {
    <Escrow as assay_primitives::Escrow<u64>>::open(job, &requester, amount, expires)
}

/// A requester with so much money, and some of it in escrow.
pub fn requester(who: u64, balance: u128, job: JobId, amount: u128) {
    endow(who, balance);
    assert_ok!(open(job, who, amount));
}

pub fn settle(job: JobId, payouts: &[(u64, u128)], burnt: u128, treasury: u128) {
    let settlement = Settlement { payouts: payouts.to_vec(), burnt, treasury };
    <Escrow as assay_primitives::Escrow<u64>>::settle(job, settlement);
}

pub fn expire(job: JobId) -> DispatchResult {
    Escrow::expire(RuntimeOrigin::signed(9), job)
}

/// What is held for a job.
pub fn held_for(job: JobId) -> u128 {
    <Escrow as assay_primitives::Escrow<u64>>::held(job)
}

/// What an account has on hold for jobs.
pub fn held(who: u64) -> u128 {
    <Balances as InspectHold<u64>>::balance_on_hold(&HoldReason::Job.into(), &who)
}

pub fn free(who: u64) -> u128 {
    Balances::free_balance(who)
}

/// Locks so much of an account as a vote does; zero unlocks it.
pub fn lock(who: u64, amount: u128) {
    <Balances as LockableCurrency<u64>>::set_lock(VOTE, &who, amount, WithdrawReasons::all());
}

/// Moves all that can be moved out of an account, which dies of it if it can.
pub fn empty(who: u64) {
    let all = Balances::usable_balance(who);
    assert_ok!(Balances::transfer_allow_death(RuntimeOrigin::signed(who), 99_999, all));
}

/// What the chain has said of escrow.
pub fn events() -> Vec<crate::Event<Test>> {
    System::read_events_for_pallet::<crate::Event<Test>>()
}

pub fn last_event() -> crate::Event<Test> {
    events().pop().expect("there was an event")
}
