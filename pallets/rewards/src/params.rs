//! What governance sets.

use crate::{pallet::*, Parameters};
use assay_rules::{fees::FeeError, inflation::MAX_INFLATION};
use frame_support::{dispatch::DispatchResult, ensure, traits::Get};
use sp_runtime::Perbill;

impl<T: Config> Pallet<T> {
    /// Says which rule parameters break.
    pub fn check(params: &Parameters) -> Result<(), Error<T>> {
        ensure!(params.inflation <= MAX_INFLATION, Error::<T>::InflationTooHigh);
        ensure!(params.treasury_share <= Perbill::one(), Error::<T>::ShareAboveOne);
        params.fees.check().map_err(|wrong| match wrong {
            FeeError::AboveOne => Error::<T>::ShareAboveOne,
            FeeError::AuthorShare => Error::<T>::AuthorShareTooHigh,
        })?;
        ensure!((1..=T::MaxExpiry::get()).contains(&params.expiry), Error::<T>::ExpiryOutOfRange);
        Ok(())
    }

    pub(crate) fn do_set_params(params: Parameters) -> DispatchResult {
        Self::check(&params)?;
        Params::<T>::put(params);
        Self::deposit_event(Event::ParamsSet { params });
        Ok(())
    }
}
