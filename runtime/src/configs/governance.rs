//! The tools of governance and of accounts: parameters, preimages, scheduler, multisig, proxies.

use super::agenda::ShallowPreimages;
use crate::*;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::marker::PhantomData;
use frame_support::{
    dispatch_context::with_context,
    dynamic_params::{dynamic_pallet_params, dynamic_params},
    parameter_types,
    traits::{
        fungible::HoldConsideration, ConstU32, EitherOf, EnsureOrigin, EnsureOriginWithArg,
        EqualPrivilegeOnly, InstanceFilter, LinearStoragePrice,
    },
    weights::Weight,
};
use frame_system::EnsureRoot;
use pallet_assay_dao::{EnsureTrack, PARAMETERS};
use sp_runtime::{traits::BlakeTwo256, Perbill};

/// Root, or the origin of a track.
pub type RootOr<const TRACK: u16> = EitherOf<EnsureRoot<AccountId>, EnsureTrack<TRACK>>;

/// An origin that counts once in what a referendum calls: what it may do at once is not done again and again by a batch.
pub struct Once<E>(PhantomData<E>);

/// Whether it has counted.
#[derive(Default)]
struct Spoken(bool);

impl<E: EnsureOrigin<RuntimeOrigin>> EnsureOrigin<RuntimeOrigin> for Once<E> {
    type Success = E::Success;

    fn try_origin(origin: RuntimeOrigin) -> Result<E::Success, RuntimeOrigin> {
        let success = E::try_origin(origin.clone())?;
        let before = with_context::<Spoken, _>(|spoken| core::mem::replace(&mut spoken.or_default().0, true));
        if before == Some(true) {
            return Err(origin);
        }
        Ok(success)
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn try_successful_origin() -> Result<RuntimeOrigin, ()> {
        E::try_successful_origin()
    }
}

/// What storing `items` entries of together `bytes` bytes is worth.
pub(super) const fn deposit(items: u32, bytes: u32) -> Balance {
    items as Balance * token::ASY / 10 + bytes as Balance * token::ASY / 10_000
}

/// Values that governance may change without an upgrade.
#[dynamic_params(RuntimeParameters, pallet_parameters::Parameters::<Runtime>)]
pub mod dynamic_params {
    use super::*;

    /// What transactions cost.
    #[dynamic_pallet_params]
    #[codec(index = 0)]
    pub mod fees {
        /// Price of a byte of a transaction in planck. At most a thousand times that counts.
        #[codec(index = 0)]
        pub static BytePrice: Balance = token::ASY / 1_000_000;
    }
}

#[cfg(feature = "runtime-benchmarks")]
impl Default for RuntimeParameters {
    fn default() -> Self {
        RuntimeParameters::Fees(dynamic_params::fees::Parameters::BytePrice(
            dynamic_params::fees::BytePrice,
            Some(1),
        ))
    }
}

/// Who may change which parameter.
pub struct ParametersAdmin;

impl EnsureOriginWithArg<RuntimeOrigin, RuntimeParametersKey> for ParametersAdmin {
    type Success = ();

    fn try_origin(origin: RuntimeOrigin, _: &RuntimeParametersKey) -> Result<(), RuntimeOrigin> {
        <RootOr<PARAMETERS> as EnsureOrigin<RuntimeOrigin>>::try_origin(origin)
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn try_successful_origin(_: &RuntimeParametersKey) -> Result<RuntimeOrigin, ()> {
        Ok(RuntimeOrigin::root())
    }
}

impl pallet_parameters::Config for Runtime {
    type AdminOrigin = ParametersAdmin;
    type RuntimeEvent = RuntimeEvent;
    type RuntimeParameters = RuntimeParameters;
    type WeightInfo = SetParameterWeight;
}

/// Weight of setting a parameter: the stock pallet keeps its own to itself. Time as it was measured there, storage at
/// this chain's prices.
pub struct SetParameterWeight;

impl pallet_parameters::WeightInfo for SetParameterWeight {
    fn set_parameter() -> Weight {
        Weight::from_parts(6_204_000, 14_787)
            .saturating_add(<Runtime as frame_system::Config>::DbWeight::get().reads_writes(1, 1))
    }
}

parameter_types! {
    /// Deposit of a preimage, whatever its length.
    pub const PreimageBaseDeposit: Balance = deposit(2, 64);
    /// Deposit per byte of a preimage.
    pub const PreimageByteDeposit: Balance = deposit(0, 1);
    /// Under which name a preimage's deposit is held.
    pub const PreimageHoldReason: RuntimeHoldReason =
        RuntimeHoldReason::Preimage(pallet_preimage::HoldReason::Preimage);
    /// Share of a block that scheduled calls may take.
    pub MaxScheduledWeight: Weight = Perbill::from_percent(60) * configs::BlockWeights::get().max_block;
    /// Deposit of a multisig call.
    pub const MultisigDepositBase: Balance = deposit(1, 88);
    /// Deposit per signatory.
    pub const MultisigDepositFactor: Balance = deposit(0, 32);
    /// Deposit of an account with proxies.
    pub const ProxyDepositBase: Balance = deposit(1, 8);
    /// Deposit per proxy.
    pub const ProxyDepositFactor: Balance = deposit(0, 33);
    /// Deposit of an account with announcements.
    pub const AnnouncementDepositBase: Balance = deposit(1, 8);
    /// Deposit per announcement.
    pub const AnnouncementDepositFactor: Balance = deposit(0, 66);
}

impl pallet_preimage::Config for Runtime {
    type Consideration = HoldConsideration<
        AccountId,
        Balances,
        PreimageHoldReason,
        LinearStoragePrice<PreimageBaseDeposit, PreimageByteDeposit, Balance>,
    >;
    type Currency = Balances;
    type ManagerOrigin = EnsureRoot<AccountId>;
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = pallet_preimage::weights::SubstrateWeight<Runtime>;
}

impl pallet_scheduler::Config for Runtime {
    type BlockNumberProvider = System;
    type MaxScheduledPerBlock = ConstU32<50>;
    type MaximumWeight = MaxScheduledWeight;
    type OriginPrivilegeCmp = EqualPrivilegeOnly;
    type PalletsOrigin = OriginCaller;
    type Preimages = ShallowPreimages;
    type RuntimeCall = RuntimeCall;
    type RuntimeEvent = RuntimeEvent;
    type RuntimeOrigin = RuntimeOrigin;
    type ScheduleOrigin = EnsureRoot<AccountId>;
    type WeightInfo = pallet_scheduler::weights::SubstrateWeight<Runtime>;
}

impl pallet_utility::Config for Runtime {
    type PalletsOrigin = OriginCaller;
    type RuntimeCall = RuntimeCall;
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = pallet_utility::weights::SubstrateWeight<Runtime>;
}

impl pallet_multisig::Config for Runtime {
    type BlockNumberProvider = System;
    type Currency = Balances;
    type DepositBase = MultisigDepositBase;
    type DepositFactor = MultisigDepositFactor;
    type MaxSignatories = ConstU32<100>;
    type RuntimeCall = RuntimeCall;
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = pallet_multisig::weights::SubstrateWeight<Runtime>;
}

/// What a proxy may do in another account's name.
#[derive(
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Debug,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    scale_info::TypeInfo,
)]
pub enum ProxyType {
    /// Everything.
    #[default]
    Any,
    /// What moves no money to others: keys, batches, multisig, proxies, preimages.
    NonTransfer,
    /// Session keys.
    SessionKeys,
}

impl InstanceFilter<RuntimeCall> for ProxyType {
    fn filter(&self, call: &RuntimeCall) -> bool {
        match self {
            ProxyType::Any => true,
            // What is not named here is refused, so that a new pallet is not open to old proxies.
            ProxyType::NonTransfer => matches!(
                call,
                RuntimeCall::System(..)
                    | RuntimeCall::Session(..)
                    | RuntimeCall::Utility(..)
                    | RuntimeCall::Multisig(..)
                    | RuntimeCall::Proxy(..)
                    | RuntimeCall::Preimage(..)
                    | RuntimeCall::Staking(..)
            ),
            ProxyType::SessionKeys => matches!(
                call,
                RuntimeCall::Staking(
                    pallet_assay_staking::Call::set_keys { .. } | pallet_assay_staking::Call::purge_keys {}
                )
            ),
        }
    }

    fn is_superset(&self, other: &Self) -> bool {
        self == other
            || *self == ProxyType::Any
            || (*self == ProxyType::NonTransfer && *other != ProxyType::Any)
    }
}

impl pallet_proxy::Config for Runtime {
    type AnnouncementDepositBase = AnnouncementDepositBase;
    type AnnouncementDepositFactor = AnnouncementDepositFactor;
    type BlockNumberProvider = System;
    type CallHasher = BlakeTwo256;
    type Currency = Balances;
    type MaxPending = ConstU32<32>;
    type MaxProxies = ConstU32<32>;
    type ProxyDepositBase = ProxyDepositBase;
    type ProxyDepositFactor = ProxyDepositFactor;
    type ProxyType = ProxyType;
    type RuntimeCall = RuntimeCall;
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = pallet_proxy::weights::SubstrateWeight<Runtime>;
}
