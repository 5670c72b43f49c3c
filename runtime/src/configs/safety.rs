//! Emergency brakes: safe-mode and the pause of single calls, and what neither may stop.

use super::governance::{Once, RootOr};
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
        is_consensus(call)
            || is_verification(call)
            || is_governance(call)
            || is_for_others(call)
            || is_decided(call)
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

// What makes another call, which is filtered again: whoever votes by a multisig or a proxy votes on.
fn is_for_others(call: &RuntimeCall) -> bool {
    use pallet_proxy::Call::{announce, proxy, proxy_announced};
    use pallet_utility::Call::{as_derivative, batch, batch_all, force_batch};
    matches!(
        call,
        RuntimeCall::Multisig(..)
            | RuntimeCall::Proxy(proxy { .. } | proxy_announced { .. } | announce { .. })
            | RuntimeCall::Utility(
                batch { .. } | batch_all { .. } | force_batch { .. } | as_derivative { .. }
            )
    )
}

// What tracks alone reach: else what holders have decided would be lost where it is due in safe-mode.
fn is_decided(call: &RuntimeCall) -> bool {
    use pallet_assay_providers::Call as Providers;
    use pallet_assay_staking::Call as Staking;
    use pallet_bounties::Call as Bounties;
    use pallet_treasury::Call as Treasury;
    matches!(
        call,
        RuntimeCall::Jobs(pallet_assay_jobs::Call::set_params { .. })
            | RuntimeCall::Rewards(pallet_assay_rewards::Call::set_params { .. })
            | RuntimeCall::Slashing(pallet_assay_slashing::Call::set_params { .. })
            | RuntimeCall::Parameters(pallet_parameters::Call::set_parameter { .. })
            | RuntimeCall::Staking(Staking::set_params { .. } | Staking::force_chill { .. })
            | RuntimeCall::Providers(
                Providers::set_params { .. }
                    | Providers::set_machine { .. }
                    | Providers::close_machine { .. }
                    | Providers::remove_machine { .. }
            )
            | RuntimeCall::Treasury(
                Treasury::spend { .. }
                    | Treasury::spend_local { .. }
                    | Treasury::void_spend { .. }
                    | Treasury::remove_approval { .. }
            )
            | RuntimeCall::Bounties(
                Bounties::approve_bounty { .. }
                    | Bounties::approve_bounty_with_curator { .. }
                    | Bounties::propose_curator { .. }
                    | Bounties::close_bounty { .. }
            )
    )
}

fn is_verification(call: &RuntimeCall) -> bool {
    use pallet_assay_verification::Call::{advance, commit, decline, reveal};
    matches!(call, RuntimeCall::Verification(commit { .. } | reveal { .. } | decline { .. } | advance { .. }))
}

/// Who stops the market for a time: no vote can for good, nor by a batch of extensions for longer than at once.
type Stop = EitherOf<
    EnsureRootWithSuccess<AccountId, SafeModeDuration>,
    Once<EnsureWithSuccess<EnsureTrack<EMERGENCY_STOP>, AccountId, SafeModeDuration>>,
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
            // By which many vote.
            b"Multisig" | b"Proxy" => true,
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
