//! Emergency brakes: safe-mode and the pause of single calls, and what neither may stop.

use super::governance::RootOr;
use crate::*;
use frame_support::{
    parameter_types,
    traits::{ConstU32, Contains, EitherOf},
};
use frame_system::{EnsureRoot, EnsureRootWithSuccess, EnsureWithSuccess};
use pallet_assay_dao::{EnsureTrack, EMERGENCY_STOP};
use pallet_tx_pause::RuntimeCallNameOf;

parameter_types! {
    /// How long safe-mode lasts when it is entered, in blocks: as long as a call can be paused for.
    pub SafeModeDuration: BlockNumber = Dao::params().longest_pause;
    /// Nobody enters or extends safe-mode by a deposit.
    pub const NoDeposit: Option<Balance> = None;
}

/// Calls that go on in safe-mode: without the timestamp there would be no block, without equivocation reports no
/// punishment, without governance no way out. Jobs under way come to their end; the market clock stands still
/// meanwhile.
pub struct SafeModeWhitelist;

impl Contains<RuntimeCall> for SafeModeWhitelist {
    fn contains(call: &RuntimeCall) -> bool {
        is_consensus(call) || is_verification(call) || is_governance(call)
    }
}

fn is_consensus(call: &RuntimeCall) -> bool {
    matches!(
        call,
        RuntimeCall::Timestamp(pallet_timestamp::Call::set { .. })
            | RuntimeCall::Babe(
                pallet_babe::Call::report_equivocation { .. }
                    | pallet_babe::Call::report_equivocation_unsigned { .. }
            )
            | RuntimeCall::Grandpa(
                pallet_grandpa::Call::report_equivocation { .. }
                    | pallet_grandpa::Call::report_equivocation_unsigned { .. }
            )
    )
}

// What the origins of tracks call is filtered too: only root is not. Anyone brings an upgrade that was approved, which may
// be what ends the emergency.
fn is_governance(call: &RuntimeCall) -> bool {
    matches!(
        call,
        RuntimeCall::System(frame_system::Call::apply_authorized_upgrade { .. })
            | RuntimeCall::Referenda(..)
            | RuntimeCall::ConvictionVoting(..)
            | RuntimeCall::Fellowship(..)
            | RuntimeCall::FellowshipReferenda(..)
            | RuntimeCall::Whitelist(..)
            | RuntimeCall::Dao(..)
            | RuntimeCall::Preimage(..)
            | RuntimeCall::SafeMode(..)
            | RuntimeCall::TxPause(..)
    )
}

fn is_verification(call: &RuntimeCall) -> bool {
    use pallet_assay_verification::Call::{advance, commit, decline, reveal};
    matches!(call, RuntimeCall::Verification(commit { .. } | reveal { .. } | decline { .. } | advance { .. }))
}

/// Who stops the market for a time: nobody can for good.
type Stop = EitherOf<
    EnsureRootWithSuccess<AccountId, SafeModeDuration>,
    EnsureWithSuccess<EnsureTrack<EMERGENCY_STOP>, AccountId, SafeModeDuration>,
>;

impl pallet_safe_mode::Config for Runtime {
    type Currency = Balances;
    type EnterDepositAmount = NoDeposit;
    type EnterDuration = SafeModeDuration;
    type ExtendDepositAmount = NoDeposit;
    type ExtendDuration = SafeModeDuration;
    type ForceDepositOrigin = EnsureRoot<AccountId>;
    type ForceEnterOrigin = Stop;
    type ForceExitOrigin = RootOr<EMERGENCY_STOP>;
    type ForceExtendOrigin = Stop;
    type Notify = ();
    type ReleaseDelay = ReleaseDelay;
    type RuntimeEvent = RuntimeEvent;
    type RuntimeHoldReason = RuntimeHoldReason;
    type WeightInfo = pallet_safe_mode::weights::SubstrateWeight<Runtime>;
    type WhitelistedCalls = SafeModeWhitelist;
}

parameter_types! {
    /// Deposits do not exist here, so none is ever released.
    pub const ReleaseDelay: Option<BlockNumber> = None;
}

/// Calls that can't be paused one by one.
pub struct NeverPaused;

impl Contains<RuntimeCallNameOf<Runtime>> for NeverPaused {
    fn contains(name: &RuntimeCallNameOf<Runtime>) -> bool {
        let (pallet, call) = (name.0.as_slice(), name.1.as_slice());
        match pallet {
            b"Timestamp" => true,
            b"System" => call == b"apply_authorized_upgrade",
            b"Referenda" | b"ConvictionVoting" | b"Dao" | b"Preimage" | b"SafeMode" | b"TxPause" => true,
            b"Fellowship" | b"FellowshipReferenda" | b"Whitelist" => true,
            b"Babe" | b"Grandpa" => call.starts_with(b"report_equivocation"),
            b"Verification" => matches!(call, b"commit" | b"reveal" | b"decline" | b"advance"),
            _ => false,
        }
    }
}

impl pallet_tx_pause::Config for Runtime {
    type MaxNameLen = ConstU32<256>;
    type PauseOrigin = EnsureRoot<AccountId>;
    type RuntimeCall = RuntimeCall;
    type RuntimeEvent = RuntimeEvent;
    type UnpauseOrigin = RootOr<EMERGENCY_STOP>;
    type WeightInfo = pallet_tx_pause::weights::SubstrateWeight<Runtime>;
    type WhitelistedCalls = NeverPaused;
}
