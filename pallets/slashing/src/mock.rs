//! A runtime of slashing over real balances and scripted bonds.

use crate as pallet_assay_slashing;
use crate::{Disable, GenesisConfig, Parameters, SlashOf};
use assay_primitives::{
    mock::{self, MockBonds, MockCollateral, MockOnSlash, Vault},
    Collateral, Fault, FaultKind, LockId, ReportFault, Role, SlashId,
};
use frame_support::{
    derive_impl, parameter_types,
    traits::{
        fungible::{Balanced, Credit, Mutate},
        tokens::{Fortitude, Precision, Preservation},
        ConstU128, ConstU32, ConstU64, Contains, Hooks,
    },
    weights::WeightMeter,
};
use sp_runtime::{traits::BlockNumberProvider, BuildStorage, DispatchError, Perbill};
use sp_staking::{
    offence::{OffenceDetails, OffenceSeverity, OnOffenceHandler},
    SessionIndex,
};

pub use assay_primitives::mock::{
    accused, bonded, expose, forget_exposures_before, heard_slashes, is_chilled, lock_is_accused,
    owner_of_lock, set_bond, set_most_accused, set_sessions_per_era, set_slash_weight, HeardSlash,
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
    pub type Balances = pallet_balances;

    #[runtime::pallet_index(2)]
    pub type Slashing = pallet_assay_slashing;
}

pub type Block = frame_system::mocking::MockBlock<Test>;

/// Existential deposit, in planck.
pub const DEPOSIT: u128 = 10;
/// The account of the treasury; empty unless endowed.
pub const TREASURY: u64 = 1_000;
/// Entries that a block works off.
pub const PER_BLOCK: u32 = 4;

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
    pub static Now: u64 = 1;
    /// The longest window that unbonding leaves room for.
    pub static MaxWindow: u64 = 1_000;
    /// The least window that can be set.
    pub static LeastWindow: u64 = 1;
    /// The least of the longest suspension that can be set.
    pub static LeastSuspension: u64 = 0;
    /// Who was to be disabled, for an offence in which session, and how severe.
    pub static Offenders: Vec<(u64, SessionIndex, Perbill)> = Vec::new();
}

pub struct WithinUnbonding;

impl Contains<u64> for WithinUnbonding {
    fn contains(window: &u64) -> bool {
        *window <= MaxWindow::get()
    }
}

/// Records what it is told.
pub struct MockDisable;

impl Disable<u64> for MockDisable {
    fn note_offender(validator: &u64, session: SessionIndex, OffenceSeverity(severity): OffenceSeverity) {
        Offenders::mutate(|offenders| offenders.push((*validator, session, severity)));
    }
}

/// A clock that tests move, apart from the chain's blocks.
pub struct Clock;

impl BlockNumberProvider for Clock {
    type BlockNumber = u64;

    fn current_block_number() -> u64 {
        Now::get()
    }

    fn set_block_number(block: u64) {
        Now::set(block);
    }
}

/// What is bonded lies in the owner's account; its deposit beside it.
pub struct Accounts;

impl Vault for Accounts {
    type Credit = Credit<u64, Balances>;

    fn take(owner: &u64, amount: u128) -> Self::Credit {
        if amount == 0 {
            return Credit::<u64, Balances>::default();
        }
        let (precision, preservation) = (Precision::Exact, Preservation::Expendable);
        <Balances as Balanced<u64>>::withdraw(owner, amount, precision, preservation, Fortitude::Force)
            .expect("what is bonded is in the account")
    }
}

impl pallet_assay_slashing::Config for Test {
    type AppealOrigin = frame_system::EnsureRoot<Self::AccountId>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = Bench;
    type Bonds = MockBonds<Accounts>;
    type Clock = Clock;
    type Currency = Balances;
    type Disable = MockDisable;
    type LeastSuspension = LeastSuspension;
    type LeastWindow = LeastWindow;
    type MaxPerBlock = ConstU32<PER_BLOCK>;
    type OnSlash = MockOnSlash;
    type ParamsOrigin = frame_system::EnsureRoot<Self::AccountId>;
    type Treasury = ConstU64<TREASURY>;
    type WeightInfo = ();
    type WithinUnbonding = WithinUnbonding;
}

#[cfg(feature = "runtime-benchmarks")]
pub struct Bench;

#[cfg(feature = "runtime-benchmarks")]
impl crate::BenchmarkHelper<u64> for Bench {
    fn validator(index: u32) -> (u64, SessionIndex) {
        let validator = 10_000 + u64::from(index);
        elect(validator, 0, 1_000);
        (validator, 0)
    }

    /// These bonds have no list of candidates.
    fn stand(_: &u64) {}

    fn endow(account: &u64) {
        endow(*account, DEPOSIT);
    }
}

pub fn params() -> Parameters<u64> {
    Parameters {
        window: 20,
        longest_suspension: 100,
        max_equivocation: Perbill::from_percent(50),
        reporter_share: Perbill::from_percent(10),
        burn_share: Perbill::from_percent(60),
    }
}

/// A chain whose scripts are empty, its clock at 1.
pub fn chain() -> sp_io::TestExternalities {
    mock::reset();
    Now::set(1);
    MaxWindow::set(1_000);
    LeastWindow::set(1);
    LeastSuspension::set(0);
    Offenders::set(Vec::new());
    let genesis = GenesisConfig::<Test> { params: params() };
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

/// Checks the invariants, and that each ledger is accused once for each slash that waits for it.
pub fn check() {
    Slashing::do_try_state().expect("invariants hold");
    let mut waiting = std::collections::BTreeMap::<(u64, Role), u32>::new();
    for (_, slash) in crate::Pending::<Test>::iter() {
        *waiting.entry((slash.owner, slash.role())).or_default() += 1;
        assert!(slash.lock().is_none_or(|lock| lock_is_accused(lock) == Some(true)));
    }
    let owners = frame_system::Account::<Test>::iter_keys();
    for of in owners.flat_map(|owner| [(owner, Role::Validator), (owner, Role::Provider)]) {
        assert_eq!(accused(of.0, of.1), waiting.get(&of).copied().unwrap_or(0), "accusations of {of:?}");
    }
}

/// Moves clock and chain block by block, up to `block`, with all the weight they want.
pub fn advance_to(block: u64) {
    while Now::get() < block {
        Now::set(Now::get() + 1);
        System::set_block_number(System::block_number() + 1);
        <Slashing as Hooks<u64>>::on_poll(System::block_number(), &mut WeightMeter::new());
    }
}

/// Gives an account money.
pub fn endow(account: u64, amount: u128) {
    <Balances as Mutate<u64>>::mint_into(&account, amount).expect("no overflow");
}

/// Bonds so much more for an owner in a role, beside a deposit for its account.
pub fn bond(owner: u64, role: Role, amount: u128) {
    endow(owner, DEPOSIT + amount);
    set_bond(owner, role, bonded(owner, role) + amount);
}

/// Bonds for a validator and elects it with that in an era.
pub fn elect(validator: u64, era: u32, stake: u128) {
    bond(validator, Role::Validator, stake);
    expose(validator, era, stake);
}

/// Bonds for a provider and locks all of it for a seat.
pub fn seat(provider: u64, amount: u128) -> LockId {
    bond(provider, Role::Provider, amount);
    MockCollateral::lock(&provider, amount, u128::MAX).expect("so much is bonded")
}

pub fn percent(percent: u32) -> Perbill {
    Perbill::from_percent(percent)
}

/// Reports an equivocation by trait, with a reporter.
pub fn equivocate(
    validator: u64,
    session: SessionIndex,
    fraction: Perbill,
    reporter: Option<u64>,
) -> Result<Option<SlashId>, DispatchError> {
    let kind = FaultKind::Equivocation;
    Slashing::report(Fault::Validator { validator, session, kind, fraction, reporter })
}

/// Reports a wrong result by trait, of whoever has the lock.
pub fn fail_seat(lock: LockId, amount: u128) -> Result<Option<SlashId>, DispatchError> {
    fail_seat_of(owner_of_lock(lock).unwrap_or_default(), lock, amount)
}

/// Reports a wrong result by trait.
pub fn fail_seat_of(owner: u64, lock: LockId, amount: u128) -> Result<Option<SlashId>, DispatchError> {
    Slashing::report(Fault::Provider { owner, lock, kind: FaultKind::WrongResult, amount })
}

/// Has consensus report offenders of one time slot, each with its reporter.
pub fn offend(offenders: &[(u64, u64)], fraction: Perbill, session: SessionIndex) {
    let details: Vec<_> = offenders
        .iter()
        .map(|(validator, reporter)| OffenceDetails {
            offender: (*validator, ()),
            reporters: vec![*reporter],
        })
        .collect();
    Slashing::on_offence(&details, &vec![fraction; details.len()], session);
}

/// The slash that waits under a number.
pub fn waiting(id: SlashId) -> SlashOf<Test> {
    crate::Pending::<Test>::get(id).expect("it waits")
}

/// What the chain said last of this pallet.
pub fn last_event() -> crate::Event<Test> {
    let ours = |record: frame_system::EventRecord<RuntimeEvent, _>| match record.event {
        RuntimeEvent::Slashing(event) => Some(event),
        _ => None,
    };
    System::events().into_iter().filter_map(ours).next_back().expect("there was an event")
}
