//! What governance sets.

use crate::{pallet::*, Parameters};
use assay_rules::penalty::MAX_REPORTER_SHARE;
use core::marker::PhantomData;
use frame_support::{
    dispatch::DispatchResult,
    ensure,
    traits::{Contains, Get},
};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::traits::Zero;

/// The window, in blocks of [`Config::Clock`], for those whose own terms must outlast it.
pub struct SlashWindow<T>(PhantomData<T>);

impl<T: Config> Get<BlockNumberFor<T>> for SlashWindow<T> {
    fn get() -> BlockNumberFor<T> {
        Params::<T>::get().window
    }
}

impl<T: Config> Pallet<T> {
    /// Says which rule parameters break, of those that need nothing else to be known.
    pub fn check(params: &Parameters<BlockNumberFor<T>>) -> Result<(), Error<T>> {
        ensure!(!params.window.is_zero(), Error::<T>::WindowIsZero);
        ensure!(!params.max_equivocation.is_zero(), Error::<T>::EquivocationIsFree);
        ensure!(params.reporter_share <= MAX_REPORTER_SHARE, Error::<T>::ReporterShareTooHigh);
        Ok(())
    }

    pub(crate) fn do_set_params(params: Parameters<BlockNumberFor<T>>) -> DispatchResult {
        Self::check(&params)?;
        ensure!(params.window >= T::LeastWindow::get(), Error::<T>::WindowTooShort);
        ensure!(params.longest_suspension >= T::LeastSuspension::get(), Error::<T>::SuspensionsTooShort);
        ensure!(T::WithinUnbonding::contains(&params.window), Error::<T>::WindowTooLong);
        Params::<T>::put(params);
        Self::deposit_event(Event::ParamsSet { params });
        Ok(())
    }
}
