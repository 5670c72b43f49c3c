//! A runtime of rewards over real balances; eras and authors are what tests say.

use crate as pallet_assay_rewards;
use crate::{CreditOf, GenesisConfig, Parameters, ShareFees, WeightInfo};
use assay_rules::{fees::FeeShares, inflation::YEAR_MILLIS};
use frame_support::{
    assert_ok, derive_impl,
    dispatch::DispatchResultWithPostInfo,
    parameter_types,
    traits::{
        fungible::{Balanced, Mutate},
        tokens::{Fortitude, Precision, Preservation},
        ConstU128, ConstU32, ConstU64, Hooks, OnUnbalanced,
    },
    weights::{Weight, WeightMeter},
};
use frame_system::EnsureRoot;
use sp_runtime::{BuildStorage, Perbill};

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
    pub type Rewards = pallet_assay_rewards;
}

pub type Block = frame_system::mocking::MockBlockU32<Test>;

/// Existential deposit, in planck.
pub const DEPOSIT: u128 = 10;
/// The account of the treasury; empty at first.
pub const TREASURY: u64 = 1_000;
/// Who has all the money there is at first.
pub const HOLDER: u64 = 999;
/// How much that is. A tenth of it in a year of a thousand slots: the first block issues 100.
pub const ISSUANCE: u128 = 1_000_000;
/// Pages of an era.
pub const MAX_PAGES: u32 = 3;
/// The longest expiry.
pub const MAX_EXPIRY: u32 = 50;
/// What forgetting an era takes.
pub const FORGET: Weight = Weight::from_parts(10, 0);

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

parameter_types! {
    pub static RunningEra: u32 = 0;
    /// The author of the next block, and its place.
    pub static NextAuthor: Option<(u32, u64)> = None;
}

/// Weights that tell one thing from another.
pub struct Weighed;

impl WeightInfo for Weighed {
    fn set_params() -> Weight {
        Weight::zero()
    }

    fn claim(n: u32) -> Weight {
        Weight::from_parts(1_000, 0).saturating_mul(n.into())
    }

    fn count_block() -> Weight {
        Weight::from_parts(3, 0)
    }

    fn end_era() -> Weight {
        Weight::from_parts(40, 0)
    }

    fn poll() -> Weight {
        Weight::from_parts(1, 0)
    }

    fn forget_era() -> Weight {
        FORGET
    }
}

#[cfg(feature = "runtime-benchmarks")]
pub struct Bench;

#[cfg(feature = "runtime-benchmarks")]
impl crate::BenchmarkHelper<u64> for Bench {
    fn set_author() -> (u32, u64) {
        NextAuthor::set(Some((40, 41)));
        (40, 41)
    }
}

impl pallet_assay_rewards::Config for Test {
    type Author = NextAuthor;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = Bench;
    type Currency = Balances;
    type Era = RunningEra;
    type MaxExpiry = ConstU32<MAX_EXPIRY>;
    type MaxPages = ConstU32<MAX_PAGES>;
    type ParamsOrigin = EnsureRoot<u64>;
    type SlotMillis = ConstU64<{ YEAR_MILLIS / 1_000 }>;
    type Treasury = ConstU64<TREASURY>;
    type WeightInfo = Weighed;
}

pub fn params() -> Parameters {
    Parameters {
        inflation: Perbill::from_percent(10),
        treasury_share: Perbill::from_percent(20),
        fees: FeeShares { burn: Perbill::from_percent(50), treasury: Perbill::from_percent(20) },
        expiry: 3,
    }
}

/// A chain of genesis parameters, without accounts, in era 0.
pub fn chain() -> sp_io::TestExternalities {
    RunningEra::set(0);
    NextAuthor::set(None);
    let genesis = GenesisConfig::<Test> { params: params(), ..Default::default() };
    sp_io::TestExternalities::new(genesis.build_storage().expect("the parameters are sound"))
}

/// Runs `test` on a chain at block 1 on which [`HOLDER`] has [`ISSUANCE`], and checks the invariants after it.
pub fn run(test: impl FnOnce()) {
    chain().execute_with(|| {
        System::set_block_number(1);
        endow(HOLDER, ISSUANCE);
        test();
        check();
    });
}

/// Checks the invariants, and that all money is somebody's.
pub fn check() {
    Rewards::do_try_state().expect("invariants hold");
    let accounts = frame_system::Account::<Test>::iter_values();
    let sum: u128 = accounts.map(|account| account.data.free + account.data.reserved).sum();
    assert_eq!(Balances::total_issuance(), sum);
}

/// Begins a block. The place of validator 1 is 0, and so on.
pub fn open(author: Option<u64>) -> Weight {
    let place = |who: u64| u32::try_from(who - 1).expect("it is small");
    NextAuthor::set(author.map(|who| (place(who), who)));
    let next = System::block_number() + 1;
    System::set_block_number(next);
    <Rewards as Hooks<u32>>::on_initialize(next)
}

/// Ends a block.
pub fn close() {
    <Rewards as Hooks<u32>>::on_finalize(System::block_number());
}

/// Makes a block without transactions. What it could forget it does.
pub fn block(author: Option<u64>) {
    open(author);
    poll(Weight::MAX);
    close();
}

/// What happens between the beginning of a block and its transactions, where so much weight is left.
pub fn poll(weight: Weight) {
    <Rewards as Hooks<u32>>::on_poll(System::block_number(), &mut WeightMeter::with_limit(weight));
}

/// Makes blocks of these authors, and ends the era.
pub fn era_of(authors: &[u64]) {
    authors.iter().for_each(|author| block(Some(*author)));
    end_era();
}

/// Ends the era with a block that nobody has authored.
pub fn end_era() {
    RunningEra::mutate(|era| *era += 1);
    block(None);
}

/// Takes an amount of an account, as the payment of a transaction does.
pub fn take(payer: u64, amount: u128) -> CreditOf<Test> {
    let (exact, keep, polite) = (Precision::Exact, Preservation::Preserve, Fortitude::Polite);
    <Balances as Balanced<u64>>::withdraw(&payer, amount, exact, keep, polite).expect("the payer has as much")
}

/// Pays a fee and a tip.
pub fn pay_fee(payer: u64, fee: u128, tip: u128) {
    ShareFees::<Test>::on_unbalanceds([take(payer, fee), take(payer, tip)].into_iter());
}

/// Claims a page for its validators.
pub fn claim(era: u32, page: u32) -> DispatchResultWithPostInfo {
    Rewards::claim(RuntimeOrigin::signed(7_777), era, page)
}

pub fn set(change: impl FnOnce(&mut Parameters)) {
    let mut params = Rewards::params();
    change(&mut params);
    assert_ok!(Rewards::set_params(RuntimeOrigin::root(), params));
}

/// Gives an account money.
pub fn endow(account: u64, amount: u128) {
    <Balances as Mutate<u64>>::mint_into(&account, amount).expect("no overflow");
}

pub fn free(who: u64) -> u128 {
    Balances::free_balance(who)
}

pub fn issued() -> u128 {
    Balances::total_issuance()
}

/// What the chain has said of rewards.
pub fn events() -> Vec<crate::Event<Test>> {
    System::read_events_for_pallet::<crate::Event<Test>>()
}

pub fn last_event() -> crate::Event<Test> {
    events().pop().expect("there was an event")
}
