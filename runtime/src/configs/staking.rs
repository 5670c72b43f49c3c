//! Bonds, elections and slashes.

use super::{
    consensus::{MAX_CANDIDATES, MAX_REPORT_SESSIONS, MAX_VALIDATORS},
    governance::RootOr,
    tracks::DAY,
};
use crate::*;
use frame_support::{
    parameter_types,
    traits::{ConstU32, Get},
    PalletId,
};
use frame_system::EnsureRoot;
use pallet_assay_dao::{Blocks, PARAMETERS};
use sp_runtime::{traits::AccountIdConversion, SaturatedConversion};
use sp_staking::{offence::OffenceSeverity, SessionIndex};

parameter_types! {
    /// The account that the treasury's share of slashes goes to.
    pub Treasury: AccountId = PalletId(*b"assay/tr").into_account_truncating();
}

/// Blocks of a session: one for each slot at most.
pub struct SessionBlocks;

impl Get<BlockNumber> for SessionBlocks {
    fn get() -> BlockNumber {
        pallet_clock::EpochDuration::<Runtime>::get().saturated_into()
    }
}

impl pallet_assay_staking::Config for Runtime {
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = crate::benchmarks::Validators;
    type Clock = pallet_clock::MarketClock<Runtime>;
    type Currency = Balances;
    type GovernanceOrigin = RootOr<PARAMETERS>;
    type MaxCandidates = ConstU32<MAX_CANDIDATES>;
    type MaxChunks = ConstU32<32>;
    type MaxLocks = ConstU32<{ pallet_assay_providers::MAX_CAPACITY }>;
    type MaxReportSessions = ConstU32<MAX_REPORT_SESSIONS>;
    type MaxValidators = ConstU32<MAX_VALIDATORS>;
    type OnBond = Providers;
    type SessionBlocks = SessionBlocks;
    type SlashWindow = pallet_assay_slashing::SlashWindow<Runtime>;
    type WeightInfo = weights::staking::WeightInfo<Runtime>;
}

/// Offenders stay disabled in every set that was chosen before they were found out.
pub struct DisableOffender;

impl pallet_assay_slashing::Disable<AccountId> for DisableOffender {
    fn note_offender(validator: &AccountId, session: SessionIndex, severity: OffenceSeverity) {
        Staking::note_offender(validator, session, severity);
    }
}

impl pallet_assay_slashing::Config for Runtime {
    type AppealOrigin = EnsureRoot<AccountId>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = crate::benchmarks::Validators;
    type Bonds = Staking;
    type Clock = pallet_clock::MarketClock<Runtime>;
    type Currency = Balances;
    type Disable = DisableOffender;
    // The track of appeals takes less, from a referendum's submission to its enactment.
    type LeastSuspension = Blocks<Runtime, { 8 * DAY }>;
    type LeastWindow = Blocks<Runtime, DAY>;
    type MaxPerBlock = ConstU32<16>;
    type OnSlash = ();
    type ParamsOrigin = RootOr<PARAMETERS>;
    type Treasury = Treasury;
    type WeightInfo = weights::slashing::WeightInfo<Runtime>;
    type WithinUnbonding = pallet_assay_staking::WithinUnbonding<Runtime>;
}
