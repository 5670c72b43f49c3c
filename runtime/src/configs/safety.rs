//! Emergency brakes: safe-mode and the pause of single calls, and what neither may stop.

use super::governance::{Once, RootOr};
use crate::*;
use frame_support::{
    parameter_types,
    traits::{CallMetadata, ConstU32, Contains, EitherOf, GetCallMetadata},
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

/// Calls that go on in safe-mode.
pub struct SafeModeWhitelist;

impl Contains<RuntimeCall> for SafeModeWhitelist {
    fn contains(call: &RuntimeCall) -> bool {
        let CallMetadata { pallet_name, function_name } = call.get_call_metadata();
        goes_on(pallet_name, function_name)
    }
}

/// Whether no brake stops a call, by the names of its pallet and its own.
fn goes_on(pallet: &str, call: &str) -> bool {
    match pallet {
        // Without it there would be no block.
        "Timestamp" => true,
        "Babe" | "Grandpa" => matches!(call, "report_equivocation" | "report_equivocation_unsigned"),
        // Jobs under way come to their end; the market clock stands still in safe-mode.
        "Verification" => matches!(call, "commit" | "reveal" | "decline" | "advance"),
        // The way out. Anyone brings an upgrade that was approved, which may be what ends the emergency.
        "System" => call == "apply_authorized_upgrade",
        "Referenda" | "ConvictionVoting" | "Dao" | "Preimage" | "SafeMode" | "TxPause" => true,
        "Fellowship" | "FellowshipReferenda" | "Whitelist" => true,
        // What makes other calls, which are filtered again: many vote by them.
        "Multisig" => true,
        "Proxy" => matches!(call, "proxy" | "proxy_announced" | "announce"),
        "Utility" => matches!(call, "batch" | "batch_all" | "force_batch" | "as_derivative"),
        // What tracks alone reach. Their origins are filtered too, only root is not: what holders have decided would
        // be lost where it is due while a brake is on.
        "Jobs" | "Rewards" | "Slashing" => call == "set_params",
        "Parameters" => call == "set_parameter",
        "Staking" => matches!(call, "set_params" | "force_chill"),
        "Providers" => matches!(call, "set_params" | "set_machine" | "close_machine" | "remove_machine"),
        "Treasury" => matches!(call, "spend" | "spend_local" | "void_spend" | "remove_approval"),
        // Anyone takes a bounty from a curator who is late, so no curator is kept from being in time.
        "Bounties" => matches!(
            call,
            "approve_bounty"
                | "approve_bounty_with_curator"
                | "propose_curator"
                | "unassign_curator"
                | "extend_bounty_expiry"
                | "close_bounty"
        ),
        _ => false,
    }
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

/// Calls that can't be paused one by one: what goes on in safe-mode, and what makes and unmakes proxies.
pub struct NeverPaused;

impl Contains<RuntimeCallNameOf<Runtime>> for NeverPaused {
    fn contains((pallet, call): &RuntimeCallNameOf<Runtime>) -> bool {
        match (core::str::from_utf8(pallet), core::str::from_utf8(call)) {
            (Ok(pallet), Ok(call)) => pallet == "Proxy" || goes_on(pallet, call),
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
