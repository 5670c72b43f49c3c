//! Bounties: what the treasury pays for work, and who looks after it.

use super::{money::MAX_LOOKED_AT, MAX_ITEMS};
use crate::{AccountId, Balance, BlockNumber, Runtime};
use alloc::vec::Vec;
use codec::{Decode, Encode};
use frame_support::{traits::Get, BoundedVec};
use pallet_bounties::{Bounties, BountyCount, BountyDescriptions, BountyStatus, Config};
use pallet_treasury::LastSpendPeriod;
use scale_info::TypeInfo;
use sp_runtime::SaturatedConversion;

/// What bounties take.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct BountyTerms {
    /// The least that one is worth, in planck.
    pub least: Balance,
    /// What it takes to propose one, in planck.
    pub deposit: Balance,
    /// What each byte of its description takes besides, in planck.
    pub byte_deposit: Balance,
    /// The most bytes of a description.
    pub longest: u32,
    /// The block in which those that are approved are funded next.
    pub funding: BlockNumber,
}

impl BountyTerms {
    pub(crate) fn now() -> Self {
        let period: BlockNumber = <Runtime as pallet_treasury::Config>::SpendPeriod::get();
        Self {
            least: <Runtime as Config>::BountyValueMinimum::get(),
            deposit: <Runtime as Config>::BountyDepositBase::get(),
            byte_deposit: <Runtime as Config>::DataDepositPerByte::get(),
            longest: <Runtime as Config>::MaximumReasonLength::get(),
            funding: LastSpendPeriod::<Runtime>::get().unwrap_or_default().saturating_add(period),
        }
    }
}

/// A bounty that is proposed and not claimed.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct Bounty {
    /// Who proposed it.
    pub proposer: AccountId,
    /// What it is worth in planck, the curator's fee included.
    pub value: Balance,
    /// The curator's fee in planck, zero where nobody has voted for one.
    pub fee: Balance,
    /// What its curator has on deposit, or is to have, in planck.
    pub curator_deposit: Balance,
    /// What is to be done, as the proposer says.
    pub description: Vec<u8>,
    /// How far it is.
    pub status: BountyStatus<AccountId, BlockNumber>,
}

impl Bounty {
    /// The bounties after a number, oldest first.
    pub(crate) fn after(after: Option<u32>, limit: u32) -> Vec<(u32, Self)> {
        let from = after.map_or(0, |after| after.saturating_add(1));
        let indices = (from..BountyCount::<Runtime>::get()).take(MAX_LOOKED_AT);
        let found = indices.filter_map(|index| Some((index, Self::of(index)?)));
        found.take(limit.min(MAX_ITEMS).saturated_into()).collect()
    }

    fn of(index: u32) -> Option<Self> {
        let bounty = Bounties::<Runtime>::get(index)?;
        let status = bounty.get_status();
        let curator_deposit = match status {
            BountyStatus::Active { .. } | BountyStatus::PendingPayout { .. } => bounty.curator_deposit,
            _ => crate::Bounties::calculate_curator_deposit(&bounty.fee),
        };
        Some(Self {
            proposer: bounty.proposer,
            value: bounty.value,
            fee: bounty.fee,
            curator_deposit,
            description: BountyDescriptions::<Runtime>::get(index)
                .map(BoundedVec::into_inner)
                .unwrap_or_default(),
            status,
        })
    }
}
