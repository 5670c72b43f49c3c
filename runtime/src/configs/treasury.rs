//! The treasury: spends and bounties. Its account also gets what others give it: shares of slashes and fees, what can't
//! be delivered, deposits that are lost.

use super::{
    governance::{Once, RootOr},
    staking::Treasury as TreasuryAccount,
    tracks::DAY,
};
use crate::*;
use frame_support::{
    parameter_types,
    traits::{
        tokens::{PayFromAccount, UnityAssetBalanceConversion},
        ConstU32, EitherOf,
    },
    PalletId,
};
use frame_system::{EnsureRootWithSuccess, EnsureWithSuccess};
use pallet_assay_dao::{Blocks, EnsureTrack, BIG_SPENDER, SMALL_SPENDER};
use sp_runtime::{traits::IdentityLookup, Permill};

parameter_types! {
    /// Whose account the treasury's is.
    pub const TreasuryId: PalletId = PalletId(*b"assay/tr");
    /// What is not spent stays.
    pub const NothingBurnt: Permill = Permill::zero();
    /// The most that root spends at once.
    pub const AnyAmount: Balance = Balance::MAX;
    /// The most that small spenders spend at once.
    pub const SmallAmount: Balance = 100_000 * token::ASY;
    /// The most that big spenders spend at once.
    pub const BigAmount: Balance = 10_000_000 * token::ASY;
    /// Deposit of who proposes a bounty.
    pub const BountyDeposit: Balance = 10 * token::ASY;
    /// Deposit for each byte of its description.
    pub const BountyByteDeposit: Balance = token::MILLI_ASY;
    /// The least that a bounty is worth.
    pub const LeastBounty: Balance = 100 * token::ASY;
    /// What curators put on deposit, of their fee.
    pub const CuratorShare: Permill = Permill::from_percent(50);
    /// The least that they do.
    pub const LeastCuratorDeposit: Balance = 10 * token::ASY;
    /// The most that they do.
    pub const MostCuratorDeposit: Balance = 10_000 * token::ASY;
}

/// Who spends how much at once. Bounties, unlike the treasury, don't sum up what a batch approves: by a batch of them a
/// track would spend any amount, each within its limit.
type Spender = EitherOf<
    EnsureRootWithSuccess<AccountId, AnyAmount>,
    Once<
        EitherOf<
            EnsureWithSuccess<EnsureTrack<SMALL_SPENDER>, AccountId, SmallAmount>,
            EnsureWithSuccess<EnsureTrack<BIG_SPENDER>, AccountId, BigAmount>,
        >,
    >,
>;

impl pallet_treasury::Config for Runtime {
    type AssetKind = ();
    type BalanceConverter = UnityAssetBalanceConversion;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = ();
    type Beneficiary = AccountId;
    type BeneficiaryLookup = IdentityLookup<AccountId>;
    type BlockNumberProvider = System;
    type Burn = NothingBurnt;
    type BurnDestination = ();
    type Currency = Balances;
    type MaxApprovals = ConstU32<100>;
    type PalletId = TreasuryId;
    type Paymaster = PayFromAccount<Balances, TreasuryAccount>;
    type PayoutPeriod = Blocks<Runtime, { 30 * DAY }>;
    type RejectOrigin = RootOr<BIG_SPENDER>;
    type RuntimeEvent = RuntimeEvent;
    type SpendFunds = Bounties;
    type SpendOrigin = Spender;
    type SpendPeriod = Blocks<Runtime, { 7 * DAY }>;
    type WeightInfo = pallet_treasury::weights::SubstrateWeight<Runtime>;
}

impl pallet_bounties::Config for Runtime {
    type BountyDepositBase = BountyDeposit;
    type BountyDepositPayoutDelay = Blocks<Runtime, { 4 * DAY }>;
    type BountyUpdatePeriod = Blocks<Runtime, { 90 * DAY }>;
    type BountyValueMinimum = LeastBounty;
    type ChildBountyManager = ();
    type CuratorDepositMax = MostCuratorDeposit;
    type CuratorDepositMin = LeastCuratorDeposit;
    type CuratorDepositMultiplier = CuratorShare;
    type DataDepositPerByte = BountyByteDeposit;
    type MaximumReasonLength = ConstU32<1_024>;
    type OnSlash = Treasury;
    type RuntimeEvent = RuntimeEvent;
    // What a bounty that is closed has left goes back to the treasury.
    type TransferAllAssets = pallet_bounties::TransferFungible<AccountId, Balances>;
    type WeightInfo = pallet_bounties::weights::SubstrateWeight<Runtime>;
}
