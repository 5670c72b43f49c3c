//! The treasury and appeals: who gets money, who gets it back.

use super::{Appeal, MAX_ITEMS};
use crate::{AccountId, Balance, BlockNumber, Dao, Runtime};
use alloc::vec::Vec;
use assay_primitives::SlashId;
use codec::{Decode, Encode};
use frame_support::traits::Get;
use pallet_assay_dao::Appeals;
use pallet_treasury::{PaymentState, SpendCount, Spends};
use scale_info::TypeInfo;
use sp_runtime::SaturatedConversion;

/// How many numbers of spends, or of bounties, one answer looks at.
pub(super) const MAX_LOOKED_AT: usize = 10_000;

/// What the treasury has.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct Treasury {
    /// Its account.
    pub account: AccountId,
    /// What it can spend, in planck.
    pub pot: Balance,
    /// For how many blocks a spend can be paid out.
    pub payout: BlockNumber,
}

impl Treasury {
    pub(crate) fn now() -> Self {
        Self {
            account: crate::Treasury::account_id(),
            pot: crate::Treasury::pot(),
            payout: <Runtime as pallet_treasury::Config>::PayoutPeriod::get(),
        }
    }
}

/// A spend that was approved.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct Spend {
    /// How much, in planck.
    pub amount: Balance,
    /// To whom.
    pub beneficiary: AccountId,
    /// The block from which it can be paid out.
    pub from: BlockNumber,
    /// The block in which that is over.
    pub until: BlockNumber,
    /// How far it is.
    pub payment: Payment,
}

/// How far a payment is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub enum Payment {
    /// Somebody has to ask for it.
    #[codec(index = 0)]
    Pending,
    /// It was made.
    #[codec(index = 1)]
    Made,
    /// It could not be made: somebody can ask again.
    #[codec(index = 2)]
    Failed,
}

impl Spend {
    /// The spends after a number, oldest first.
    pub(crate) fn after(after: Option<u32>, limit: u32) -> Vec<(u32, Self)> {
        let from = after.map_or(0, |after| after.saturating_add(1));
        let indices = (from..SpendCount::<Runtime>::get()).take(MAX_LOOKED_AT);
        let found = indices.filter_map(|index| Some((index, Self::of(index)?)));
        found.take(limit.min(MAX_ITEMS).saturated_into()).collect()
    }

    fn of(index: u32) -> Option<Self> {
        let spend = Spends::<Runtime>::get(index)?;
        Some(Self {
            amount: spend.amount,
            beneficiary: spend.beneficiary,
            from: spend.valid_from,
            until: spend.expire_at,
            payment: match spend.status {
                PaymentState::Pending => Payment::Pending,
                PaymentState::Attempted { .. } => Payment::Made,
                PaymentState::Failed => Payment::Failed,
            },
        })
    }
}

/// The appeal against a slash, and what one would take.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct AppealView {
    /// The appeal, if there is one.
    pub appeal: Option<Appeal>,
    /// What an appeal takes on deposit, in planck; `None` if no such slash waits.
    pub deposit: Option<Balance>,
}

impl AppealView {
    pub(crate) fn of(slash: SlashId) -> Self {
        Self { appeal: Dao::appeal_against(slash), deposit: Dao::appeal_deposit(slash) }
    }
}

/// The appeals after one, in the order in which they are stored.
pub(crate) fn appeals(after: Option<SlashId>, limit: u32) -> Vec<(SlashId, Appeal)> {
    let appeals = match after {
        Some(after) => Appeals::<Runtime>::iter_from(Appeals::<Runtime>::hashed_key_for(after)),
        None => Appeals::<Runtime>::iter(),
    };
    appeals.take(limit.min(MAX_ITEMS).saturated_into()).collect()
}
