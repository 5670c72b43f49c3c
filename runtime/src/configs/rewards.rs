//! New money and its way to validators; what of genesis' money its owners can't spend yet.

use super::{consensus::MAX_VALIDATORS, governance::RootOr, staking::Treasury, voting::VotingBalance};
use crate::*;
use assay_primitives::Bonds;
use frame_support::{
    parameter_types,
    traits::{ConstU32, FindAuthor, Get, WithdrawReasons},
};
use pallet_assay_dao::PARAMETERS;
use pallet_assay_rewards::PAGE_SIZE;
use sp_runtime::traits::ConvertInto;

/// The most eras that rewards can be claimed for: a year of production's.
const MAX_EXPIRY: u32 = 1_461;

/// The era of this block's session: rewards stand after sessions, which have changed by then.
pub struct RunningEra;

impl Get<u32> for RunningEra {
    fn get() -> u32 {
        <Staking as Bonds<AccountId>>::era(Session::current_index())
    }
}

/// The author of this block. Asked after sessions have changed, since the first block of a session is authored by one of
/// its own set; the authorship pallet, which stands before them, would look the place up in the set before.
pub struct BlockAuthor;

impl Get<Option<(u32, AccountId)>> for BlockAuthor {
    fn get() -> Option<(u32, AccountId)> {
        let digest = System::digest();
        let logs = digest.logs.iter().filter_map(|log| log.as_pre_runtime());
        let place = <Babe as FindAuthor<u32>>::find_author(logs)?;
        let author = Session::validators().into_iter().nth(usize::try_from(place).ok()?)?;
        Some((place, author))
    }
}

impl pallet_assay_rewards::Config for Runtime {
    type Author = BlockAuthor;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = crate::benchmarks::Authors;
    type Currency = Balances;
    type Era = RunningEra;
    type MaxExpiry = ConstU32<MAX_EXPIRY>;
    type MaxPages = ConstU32<{ MAX_VALIDATORS.div_ceil(PAGE_SIZE) }>;
    type ParamsOrigin = RootOr<PARAMETERS>;
    type SlotMillis = pallet_clock::SlotDuration<Runtime>;
    type Treasury = Treasury;
    type WeightInfo = weights::rewards::WeightInfo<Runtime>;
}

parameter_types! {
    /// The least that somebody gives another one by a schedule.
    pub const MinVestedTransfer: Balance = 100 * token::ASY;
    /// What has not vested pays for nothing, fees included. It can be bonded, and voted with.
    pub const UnvestedPaysFor: WithdrawReasons = WithdrawReasons::empty();
}

impl pallet_vesting::Config for Runtime {
    const MAX_VESTING_SCHEDULES: u32 = 28;
    type BlockNumberProvider = System;
    type BlockNumberToBalance = ConvertInto;
    type Currency = VotingBalance;
    type MinVestedTransfer = MinVestedTransfer;
    type RuntimeEvent = RuntimeEvent;
    type UnvestedFundsAllowedWithdrawReasons = UnvestedPaysFor;
    type WeightInfo = pallet_vesting::weights::SubstrateWeight<Runtime>;
}
