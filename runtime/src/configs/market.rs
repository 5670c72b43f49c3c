//! The market: listings, providers, escrow, verification, jobs.

use super::{governance::RootOr, staking::Treasury, tracks::HOUR, voting::VotingBalance, BlockWeights};
use crate::*;
use assay_primitives::{JobClass, JobId, Order, Policy, Subject, Verification as VerificationOf};
use assay_rules::policy::least_collateral;
use frame_support::{
    dispatch::DispatchResult,
    parameter_types,
    traits::{ConstU32, Get},
    weights::Weight,
};
use frame_system::EnsureRoot;
use pallet_assay_dao::{Blocks, Standing, PARAMETERS};
use sp_runtime::Perbill;

/// What listings, deadlines, prices and terms in jail are counted on.
type MarketClock = pallet_clock::MarketClock<Runtime>;

parameter_types! {
    /// What a listing takes on deposit.
    pub const ListingDeposit: Balance = 10 * token::ASY;
    /// What each further version takes.
    pub const VersionDeposit: Balance = token::ASY;
    /// What a byte of a listing takes.
    pub const ListingByteDeposit: Balance = token::MILLI_ASY;
    /// What verification may take of a block by itself, beside transactions.
    pub MaxTickWeight: Weight = Perbill::from_percent(25) * BlockWeights::get().max_block;
}

impl pallet_assay_registry::Config for Runtime {
    type ByteDeposit = ListingByteDeposit;
    type CurationOrigin = EnsureRoot<AccountId>;
    type Currency = Balances;
    type ListingDeposit = ListingDeposit;
    type VersionDeposit = VersionDeposit;
    type WeightInfo = weights::registry::WeightInfo<Runtime>;
}

/// The most that an account's locks ask it to keep beside escrow.
pub struct Frozen;

impl pallet_assay_escrow::FrozenBalance<AccountId> for Frozen {
    fn frozen(who: &AccountId) -> Balance {
        System::account(who).data.frozen.saturating_sub(Escrow::total(who.clone()))
    }

    fn escrow_changed(who: &AccountId, before: Balance, after: Balance) {
        VotingBalance::escrow_changed(who, before, after);
    }

    fn has_locks(who: &AccountId) -> bool {
        !Balances::locks(who).is_empty()
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn freeze(who: &AccountId) {
        crate::benchmarks::Market::lock(who);
    }
}

impl pallet_assay_escrow::Config for Runtime {
    type Clock = MarketClock;
    type Currency = Balances;
    type Frozen = Frozen;
    type Treasury = Treasury;
    type WeightInfo = weights::escrow::WeightInfo<Runtime>;
}

/// How many blocks seed a draw.
pub struct DrawBlocks;

impl Get<u32> for DrawBlocks {
    fn get() -> u32 {
        policy().map_or(0, |policy| policy.draw_blocks)
    }
}

/// What a seat takes of a provider's bond at least.
pub struct LeastCollateral;

impl Get<Balance> for LeastCollateral {
    fn get() -> Balance {
        policy().map_or(0, |policy| least_collateral(&policy))
    }
}

/// The policy in force, if there is one yet.
fn policy() -> Option<Policy> {
    let policy = <Verification as VerificationOf<AccountId>>::policy(JobClass::ExactV1);
    policy.map(|(_, policy)| policy)
}

impl pallet_assay_providers::Config for Runtime {
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = crate::benchmarks::Market;
    type Bonds = Staking;
    type Clock = MarketClock;
    type DrawBlocks = DrawBlocks;
    type Draws = Verification;
    type GovernanceOrigin = RootOr<PARAMETERS>;
    type LeastCollateral = LeastCollateral;
    // So that a price changes by a hundredth an hour at most.
    type LeastPricePeriod = Blocks<Runtime, HOUR>;
    type MaxPerBlock = ConstU32<128>;
    type WeightInfo = weights::providers::WeightInfo<Runtime>;
    type Workers = Staking;
}

/// How many blocks a draw may wait for at most: fewer than changes of providers wait.
pub struct MaxDrawBlocks;

impl Get<u32> for MaxDrawBlocks {
    fn get() -> u32 {
        pallet_assay_providers::Params::<Runtime>::get().change_delay.saturating_sub(1)
    }
}

/// What counts of a provider's bond at most.
pub struct MaxStake;

impl Get<Balance> for MaxStake {
    fn get() -> Balance {
        pallet_assay_providers::Params::<Runtime>::get().max_bond
    }
}

impl pallet_assay_verification::Config for Runtime {
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = crate::benchmarks::Market;
    type Chance = Clock;
    type Clock = MarketClock;
    type Collateral = Staking;
    type Faults = Slashing;
    // As many draws as 16 blocks work off, which is what a job waits for its own at most.
    type MaxBacklog = ConstU32<1_024>;
    type MaxDrawBlocks = MaxDrawBlocks;
    type MaxPerBlock = ConstU32<64>;
    type MaxStake = MaxStake;
    type MaxTickWeight = MaxTickWeight;
    type OnPolicy = Dao;
    type PolicyOrigin = EnsureRoot<AccountId>;
    type Providers = Providers;
    type Verdicts = Jobs;
    type WeightInfo = weights::verification::WeightInfo<Runtime>;
    type Workers = Staking;
}

/// Verification of classes of jobs that curation has not delisted.
pub struct OpenClasses;

impl VerificationOf<AccountId> for OpenClasses {
    fn policy(class: JobClass) -> Option<(u32, Policy)> {
        if Dao::standing_of(Subject::JobClass(class)) == Standing::Delisted {
            return None;
        }
        <Verification as VerificationOf<AccountId>>::policy(class)
    }

    fn open(job: JobId, order: Order<AccountId>) -> DispatchResult {
        <Verification as VerificationOf<AccountId>>::open(job, order)
    }

    fn cancel(job: JobId) -> DispatchResult {
        <Verification as VerificationOf<AccountId>>::cancel(job)
    }
}

impl pallet_assay_jobs::Config for Runtime {
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = crate::benchmarks::Market;
    type Clock = MarketClock;
    type Escrow = Escrow;
    type Listings = Registry;
    type ParamsOrigin = RootOr<PARAMETERS>;
    type Providers = Providers;
    type Verification = OpenClasses;
    type WeightInfo = weights::jobs::WeightInfo<Runtime>;
}
