//! What validators have earned.

use crate::{AccountId, Balance};
use alloc::vec::Vec;
use codec::{Decode, Encode};
use pallet_assay_rewards::{Progress, MAX_ERAS};
use scale_info::TypeInfo;
use sp_runtime::SaturatedConversion;

/// What a validator has earned and nobody has claimed.
#[derive(Clone, PartialEq, Eq, Debug, Default, Encode, Decode, TypeInfo)]
pub struct Rewards {
    /// The running era, whose rewards can be claimed when it is over.
    pub era: u32,
    /// For how many eras after its own a reward can be claimed.
    pub expiry: u32,
    /// What can be claimed, the oldest first.
    pub unclaimed: Vec<Reward>,
}

/// A part of an era's pot.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct Reward {
    /// For which era.
    pub era: u32,
    /// The page that it is claimed with.
    pub page: u32,
    /// How much, in planck.
    pub amount: Balance,
}

impl Rewards {
    pub(crate) fn of(validator: AccountId) -> Self {
        let Progress { era, oldest, .. } = crate::Rewards::running();
        let firsts = (oldest..era).step_by(MAX_ERAS.saturated_into());
        let found = firsts.flat_map(|first| crate::Rewards::unclaimed(validator.clone(), first, MAX_ERAS));
        Self {
            era,
            expiry: crate::Rewards::params().expiry,
            unclaimed: found.map(|(era, page, amount)| Reward { era, page, amount }).collect(),
        }
    }
}
