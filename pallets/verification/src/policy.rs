//! Policies.

use crate::pallet::*;
use assay_primitives::{JobClass, OnPolicy, Policy};
use assay_rules::policy::{check, least_collateral, PolicyError};
use frame_support::{dispatch::DispatchResult, ensure, traits::Get};

impl<T> From<PolicyError> for Error<T> {
    fn from(wrong: PolicyError) -> Self {
        match wrong {
            PolicyError::AboveOne => Self::FractionAboveOne,
            PolicyError::NoAudit => Self::NoAudit,
            PolicyError::NoCollateral => Self::NoCollateral,
            PolicyError::DrawBlocks => Self::DrawBlocksOutOfRange,
            PolicyError::ShortWindow => Self::WindowTooShort,
            PolicyError::NoUnits => Self::NoUnitsPerBlock,
            PolicyError::CheapNoShow => Self::NoShowTooCheap,
            PolicyError::FaultOrder => Self::FaultsOutOfOrder,
            PolicyError::LyingPays => Self::LyingPays,
            PolicyError::NoMinPayment => Self::MinPaymentIsZero,
        }
    }
}

impl<T: Config> Pallet<T> {
    /// Says which rule a policy breaks.
    ///
    /// # Errors
    ///
    /// The first one that it does.
    pub fn check_policy(policy: &Policy) -> Result<(), Error<T>> {
        check(policy).map_err(Error::<T>::from)?;
        ensure!(policy.draw_blocks <= T::MaxDrawBlocks::get(), Error::<T>::DrawsOutlastChanges);
        ensure!(least_collateral(policy) <= T::MaxStake::get(), Error::<T>::CollateralAboveStakes);
        Ok(())
    }

    pub(crate) fn do_set_policy(class: JobClass, policy: Policy) -> DispatchResult {
        Self::check_policy(&policy)?;
        let before = Policies::<T>::get(class);
        let version = before.map_or(0, |(version, _)| version.saturating_add(1));
        Policies::<T>::insert(class, (version, policy));
        if let Some((version, policy)) = before {
            T::OnPolicy::replaced(class, version, policy);
        }
        Self::deposit_event(Event::PolicySet { class, version, policy });
        Ok(())
    }
}
