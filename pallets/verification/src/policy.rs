//! Policies.

use crate::pallet::*;
use assay_primitives::{JobClass, Policy};
use assay_rules::policy::{check, PolicyError};
use frame_support::dispatch::DispatchResult;

impl<T> From<PolicyError> for Error<T> {
    fn from(wrong: PolicyError) -> Self {
        match wrong {
            PolicyError::AboveOne => Self::FractionAboveOne,
            PolicyError::NoAudit => Self::NoAudit,
            PolicyError::NoCollateral => Self::NoCollateral,
            PolicyError::DrawBlocks => Self::DrawBlocksOutOfRange,
            PolicyError::NoWindow => Self::WindowIsZero,
            PolicyError::NoUnits => Self::NoUnitsPerBlock,
            PolicyError::FreeNoShow => Self::NoShowIsFree,
            PolicyError::FaultOrder => Self::FaultsOutOfOrder,
            PolicyError::LyingPays => Self::LyingPays,
        }
    }
}

impl<T: Config> Pallet<T> {
    pub(crate) fn do_set_policy(class: JobClass, policy: Policy) -> DispatchResult {
        check(&policy).map_err(Error::<T>::from)?;
        let version = Policies::<T>::get(class).map_or(0, |(version, _)| version.saturating_add(1));
        Policies::<T>::insert(class, (version, policy));
        Self::deposit_event(Event::PolicySet { class, version, policy });
        Ok(())
    }
}
