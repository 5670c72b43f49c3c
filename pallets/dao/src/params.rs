//! What governance sets, and how fast it votes.

use crate::{pallet::*, Parameters};
use core::marker::PhantomData;
use frame_support::{dispatch::DispatchResult, ensure, traits::Get};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::{traits::Zero, Perbill};

/// The longest that [`Parameters::longest_pause`] can be, in blocks: a week of production's. So no two votes, one on the
/// parameters and one on a stop, stop anything for good.
pub const MAX_PAUSE: u32 = 201_600;

/// The least that [`Parameters::appeal_share`] can be: about what money yields in the weeks by which an appeal delays a
/// slash. So no vote on parameters makes that delay free.
pub const MIN_APPEAL_SHARE: Perbill = Perbill::from_percent(1);

/// A period of governance, given as blocks of production, in blocks of this chain: shortened as genesis says, and at
/// least one.
pub struct Blocks<T, const PRODUCTION: u32>(PhantomData<T>);

impl<T: Config, const PRODUCTION: u32> Get<BlockNumberFor<T>> for Blocks<T, PRODUCTION> {
    fn get() -> BlockNumberFor<T> {
        Pallet::<T>::shortened(PRODUCTION).into()
    }
}

impl<T: Config> Pallet<T> {
    /// What a period of production lasts on this chain, in blocks; at least one.
    pub fn shortened(production: u32) -> u32 {
        production.checked_div(Shortening::<T>::get()).unwrap_or(production).max(1)
    }

    /// Says which rule parameters break, of those that need nothing else to be known.
    pub fn check(params: &Parameters) -> Result<(), Error<T>> {
        ensure!(!params.policy_delay.is_zero(), Error::<T>::DelayIsZero);
        ensure!(params.appeal_deposit >= T::LeastAppealDeposit::get(), Error::<T>::AppealTooCheap);
        ensure!(params.appeal_share >= MIN_APPEAL_SHARE, Error::<T>::AppealTooCheap);
        ensure!(params.appeal_deposit <= T::MostAppealDeposit::get(), Error::<T>::AppealTooDear);
        ensure!(params.appeal_share <= Perbill::one(), Error::<T>::ShareAboveOne);
        ensure!(!params.longest_pause.is_zero(), Error::<T>::PauseIsZero);
        ensure!(params.longest_pause <= MAX_PAUSE, Error::<T>::PauseOutOfRange);
        Ok(())
    }

    pub(crate) fn do_set_params(params: Parameters) -> DispatchResult {
        Self::check(&params)?;
        ensure!(params.policy_delay >= T::LeastPolicyDelay::get(), Error::<T>::PolicyDelayTooShort);
        Params::<T>::put(params);
        Self::deposit_event(Event::ParamsSet { params });
        Ok(())
    }
}
