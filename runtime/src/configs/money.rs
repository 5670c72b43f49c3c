//! Money: balances and what a transaction costs.

use crate::*;
use configs::dynamic_params;
use frame_support::{
    parameter_types,
    traits::{ConstU32, ConstU8, Get, VariantCountOf},
    weights::{ConstantMultiplier, IdentityFee},
};
use pallet_assay_rewards::ShareFees;
use pallet_transaction_payment::{FungibleAdapter, Multiplier, TargetedFeeAdjustment};
use sp_runtime::{traits::Bounded, FixedPointNumber, Perquintill};

parameter_types! {
    /// The least an account may hold.
    pub const ExistentialDeposit: Balance = token::MILLI_ASY;
    /// How full blocks are meant to be: above it fees rise, below it they fall.
    pub const TargetBlockFullness: Perquintill = Perquintill::from_percent(25);
    /// How fast fees follow the fullness of blocks.
    pub AdjustmentVariable: Multiplier = Multiplier::saturating_from_rational(75, 1_000_000);
    /// The least that fees fall to, as a share of the plain price.
    pub MinimumMultiplier: Multiplier = Multiplier::saturating_from_rational(1, 10);
    /// The most that fees rise to.
    pub MaximumMultiplier: Multiplier = Bounded::max_value();
}

/// The most that a byte of a transaction costs in planck, a thousand times what it does at first. Votes are transactions:
/// a price that nobody could pay would be one that nobody could vote away.
pub const MAX_BYTE_PRICE: Balance = token::MILLI_ASY;

/// Price of a byte of a transaction in planck, as governance has set it, up to [`MAX_BYTE_PRICE`].
pub struct TransactionByteFee;

impl Get<Balance> for TransactionByteFee {
    fn get() -> Balance {
        <dynamic_params::fees::BytePrice as Get<Balance>>::get().min(MAX_BYTE_PRICE)
    }
}

impl pallet_balances::Config for Runtime {
    type AccountStore = System;
    type Balance = Balance;
    type DoneSlashHandler = ();
    type DustRemoval = ();
    type ExistentialDeposit = ExistentialDeposit;
    type FreezeIdentifier = RuntimeFreezeReason;
    type MaxFreezes = VariantCountOf<RuntimeFreezeReason>;
    type MaxLocks = ConstU32<50>;
    type MaxReserves = ConstU32<50>;
    type ReserveIdentifier = [u8; 8];
    type RuntimeEvent = RuntimeEvent;
    type RuntimeFreezeReason = RuntimeFreezeReason;
    type RuntimeHoldReason = RuntimeHoldReason;
    type WeightInfo = weights::balances::WeightInfo<Runtime>;
}

impl pallet_transaction_payment::Config for Runtime {
    type FeeMultiplierUpdate = TargetedFeeAdjustment<
        Self,
        TargetBlockFullness,
        AdjustmentVariable,
        MinimumMultiplier,
        MaximumMultiplier,
    >;
    type LengthToFee = ConstantMultiplier<Balance, TransactionByteFee>;
    type OnChargeTransaction = FungibleAdapter<Balances, ShareFees<Runtime>>;
    type OperationalFeeMultiplier = ConstU8<5>;
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = weights::transaction_payment::WeightInfo<Runtime>;
    type WeightToFee = IdentityFee<Balance>;
}
