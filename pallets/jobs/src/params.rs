//! What governance sets.

use crate::{pallet::*, Parameters};
use frame_support::{dispatch::DispatchResult, ensure};

impl<T: Config> Pallet<T> {
    /// Says which rule parameters break.
    pub fn check(params: &Parameters) -> Result<(), Error<T>> {
        ensure!(params.retention > 0, Error::<T>::RetentionIsZero);
        ensure!(params.max_units > 0, Error::<T>::MaxUnitsIsZero);
        ensure!(params.max_output_bytes > 0, Error::<T>::MaxOutputIsZero);
        Ok(())
    }

    pub(crate) fn do_set_params(params: Parameters) -> DispatchResult {
        Self::check(&params)?;
        Params::<T>::put(params);
        Self::deposit_event(Event::ParamsSet { params });
        Ok(())
    }
}
