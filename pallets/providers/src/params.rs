//! What governance may change.

use crate::{pallet::*, Parameters, MAX_BOND_CAP, MIN_BOND_CAP};
use frame_support::{dispatch::DispatchResult, ensure, traits::Get};

impl<T: Config> Pallet<T> {
    /// Says which rule parameters break, of those that need nothing else to be known.
    pub fn check(params: &Parameters) -> Result<(), Error<T>> {
        ensure!(params.price_blocks > 0, Error::<T>::PricePeriodIsZero);
        ensure!(params.jail_blocks > 0, Error::<T>::JailTermIsZero);
        ensure!((MIN_BOND_CAP..=MAX_BOND_CAP).contains(&params.max_bond), Error::<T>::BadBondCap);
        Ok(())
    }

    /// Whether a change asked for in one block waits for the draws that become due in it.
    pub(crate) fn outlasts_draws(params: &Parameters) -> Result<(), Error<T>> {
        ensure!(params.change_delay > T::DrawBlocks::get(), Error::<T>::DelayTooShort);
        Ok(())
    }

    /// Whether as much counts of a bond as a seat takes.
    pub(crate) fn covers_seats(params: &Parameters) -> Result<(), Error<T>> {
        ensure!(params.max_bond >= T::LeastCollateral::get(), Error::<T>::CapBelowCollateral);
        Ok(())
    }

    pub(crate) fn do_set_params(params: Parameters) -> DispatchResult {
        Self::check(&params)?;
        ensure!(params.price_blocks >= T::LeastPricePeriod::get(), Error::<T>::PricePeriodTooShort);
        Self::outlasts_draws(&params)?;
        Self::covers_seats(&params)?;
        Params::<T>::put(params);
        Self::deposit_event(Event::ParamsSet { params });
        Ok(())
    }
}
