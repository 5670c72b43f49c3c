//! A runtime of the registry over real balances.

use crate as pallet_assay_registry;
use crate::{HoldReason, Kind, Licence, Listing, Version};
use assay_primitives::{BlobRef, Digest, ListedVersion, ListingId, Royalty};
use frame_support::{
    assert_ok, derive_impl,
    traits::{
        fungible::{InspectHold, Mutate},
        ConstU128,
    },
};
use sp_runtime::{BuildStorage, DispatchError, DispatchResult, Perbill};

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
    pub type Registry = pallet_assay_registry;
}

pub type Block = frame_system::mocking::MockBlockU32<Test>;

/// Existential deposit, in planck.
pub const DEPOSIT: u128 = 10;
pub const LISTING_DEPOSIT: u128 = 100;
pub const BYTE_DEPOSIT: u128 = 3;
pub const VERSION_DEPOSIT: u128 = 20;
/// The licence of [`list`], of ten bytes.
pub const LICENCE: &str = "Apache-2.0";
/// What [`list`] takes.
pub const FIRST_DEPOSIT: u128 = LISTING_DEPOSIT + 10 * BYTE_DEPOSIT + VERSION_DEPOSIT;
/// What accounts 1 to 6 have.
pub const ENDOWMENT: u128 = 1_000;

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

impl pallet_assay_registry::Config for Test {
    type ByteDeposit = ConstU128<BYTE_DEPOSIT>;
    type CurationOrigin = frame_system::EnsureRoot<u64>;
    type Currency = Balances;
    type ListingDeposit = ConstU128<LISTING_DEPOSIT>;
    type VersionDeposit = ConstU128<VERSION_DEPOSIT>;
    type WeightInfo = ();
}

/// A chain without accounts.
pub fn chain() -> sp_io::TestExternalities {
    let genesis = frame_system::GenesisConfig::<Test>::default();
    sp_io::TestExternalities::new(genesis.build_storage().expect("there is nothing to be wrong"))
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

/// Checks the invariants, and that nobody who has no listing has a deposit on hold.
pub fn check() {
    Registry::do_try_state().expect("invariants hold");
    let owners: Vec<_> = crate::Listings::<Test>::iter_values().map(|listing| listing.owner).collect();
    for who in frame_system::Account::<Test>::iter_keys() {
        assert!(held(who) == 0 || owners.contains(&who), "{who} has a deposit for nothing");
    }
}

/// Gives an account money.
pub fn endow(account: u64, amount: u128) {
    <Balances as Mutate<u64>>::mint_into(&account, amount).expect("no overflow");
}

/// What an account has on hold for listings.
pub fn held(who: u64) -> u128 {
    <Balances as InspectHold<u64>>::balance_on_hold(&HoldReason::Listing.into(), &who)
}

pub fn free(who: u64) -> u128 {
    Balances::free_balance(who)
}

pub fn signed(who: u64) -> RuntimeOrigin {
    RuntimeOrigin::signed(who)
}

pub fn percent(percent: u32) -> Perbill {
    Perbill::from_percent(percent)
}

pub fn licence(expression: &str) -> Licence {
    expression.as_bytes().to_vec().try_into().expect("it is not too long")
}

pub fn root(number: u8) -> Digest {
    [number; 32]
}

pub fn blob(number: u8) -> BlobRef {
    BlobRef { blake3: [number; 32], size: 1_000 + u64::from(number) }
}

/// The version that [`list`] and [`add`] make of a root, for a royalty of a tenth.
pub fn version(number: u8) -> Version {
    Version { root: root(number), blob: blob(number), royalty: percent(10) }
}

pub fn at(listing: ListingId, version: u32) -> ListedVersion {
    ListedVersion { listing, version }
}

pub fn try_list(owner: u64, kind: Kind, number: u8) -> DispatchResult {
    Registry::list(signed(owner), kind, root(number), blob(number), licence(LICENCE), percent(10))
}

/// Lists a root and gives the listing.
pub fn list(owner: u64, kind: Kind, number: u8) -> ListingId {
    let id = crate::NextListing::<Test>::get();
    assert_ok!(try_list(owner, kind, number));
    id
}

/// Lists a program.
pub fn program(owner: u64, number: u8) -> ListingId {
    list(owner, Kind::Program, number)
}

pub fn add(owner: u64, listing: ListingId, number: u8) -> DispatchResult {
    Registry::add_version(signed(owner), listing, root(number), blob(number), percent(10))
}

pub fn force_delist(listing: ListingId) -> DispatchResult {
    Registry::force_delist(RuntimeOrigin::root(), listing, [0xEE; 32])
}

pub fn prune(listing: ListingId, limit: u32) -> DispatchResult {
    Registry::prune(signed(6), listing, limit).map(drop).map_err(|refused| refused.error)
}

/// The royalty of a version, for a job with these roots.
pub fn royalty(used: ListedVersion, program: u8, input: u8) -> Result<Royalty<u64>, DispatchError> {
    <Registry as assay_primitives::Listings<u64>>::royalty(used, &root(program), &root(input))
}

pub fn listing(id: ListingId) -> Listing<u64> {
    Registry::listing(id).expect("it is there")
}

/// What the chain has said of the registry.
pub fn events() -> Vec<crate::Event<Test>> {
    System::read_events_for_pallet::<crate::Event<Test>>()
}

pub fn last_event() -> crate::Event<Test> {
    events().pop().expect("there was an event")
}
