//! A runtime of the clock alone, whose VRFs and halts the tests script.

use crate as pallet_clock;
use assay_primitives::mock::{self, market::MockPendingDraws};
use frame_support::{
    derive_impl, parameter_types,
    traits::{Get, Hooks},
};
use sp_runtime::BuildStorage;

#[frame_support::runtime]
mod runtime {
    #[runtime::runtime]
    #[runtime::derive(RuntimeCall, RuntimeEvent, RuntimeError, RuntimeOrigin, RuntimeTask)]
    pub struct Test;

    #[runtime::pallet_index(0)]
    pub type System = frame_system;

    #[runtime::pallet_index(1)]
    pub type Clock = pallet_clock;
}

pub type Block = frame_system::mocking::MockBlock<Test>;

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = Block;
}

parameter_types! {
    pub static BlockVrf: Option<[u8; 32]> = None;
    pub static Halted: bool = false;
}

/// For how many blocks a VRF is kept.
pub const HISTORY: u64 = 10;

impl pallet_clock::Config for Test {
    type BlockVrf = BlockVrf;
    type MarketHalted = Halted;
    type OldestDraw = MockPendingDraws;
    type FreezeOrigin = frame_system::EnsureRoot<Self::AccountId>;
    type VrfHistory = frame_support::traits::ConstU64<HISTORY>;
    type WeightInfo = ();
}

pub fn genesis() -> pallet_clock::GenesisConfig<Test> {
    pallet_clock::GenesisConfig { slot_millis: 1_000, epoch_slots: 20, ..Default::default() }
}

/// A chain at block 0.
pub fn chain() -> sp_io::TestExternalities {
    sp_io::TestExternalities::new(genesis().build_storage().expect("lengths are sound"))
}

/// Runs `test` on a chain at block 0 and checks the invariants after it.
pub fn run(test: impl FnOnce()) {
    chain().execute_with(|| {
        mock::reset();
        BlockVrf::set(None);
        Halted::set(false);
        test();
        Clock::do_try_state().expect("invariants hold");
    });
}

/// Executes blocks up to `block`, that one included.
pub fn advance_to(block: u64) {
    while System::block_number() < block {
        let next = System::block_number() + 1;
        System::set_block_number(next);
        <Clock as Hooks<u64>>::on_initialize(next);
        <Clock as Hooks<u64>>::on_finalize(next);
    }
}

/// Executes blocks up to `block`, each with a VRF of 32 times the number of the block.
pub fn advance_with_vrfs_to(block: u64) {
    while System::block_number() < block {
        let next = System::block_number() + 1;
        BlockVrf::set(Some(vrf_of(next)));
        advance_to(next);
    }
}

/// The VRF that [`advance_with_vrfs_to`] gives a block below 256.
pub fn vrf_of(block: u64) -> [u8; 32] {
    [u8::try_from(block).expect("tests are short"); 32]
}

/// What a length lent to another pallet is now.
pub fn lent<G: Get<u64>>() -> u64 {
    G::get()
}
