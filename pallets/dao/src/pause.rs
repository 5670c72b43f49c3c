//! Calls that are paused for a time. Counted in blocks of the chain: the market clock may stand still meanwhile.

use crate::{pallet::*, CallNameOf, Paused};
use frame_support::{
    dispatch::DispatchResult,
    ensure,
    traits::{TransactionPause, TransactionPauseError},
    weights::{Weight, WeightMeter},
};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::traits::{Saturating, Zero};

impl<T> From<TransactionPauseError> for Error<T> {
    fn from(wrong: TransactionPauseError) -> Self {
        match wrong {
            TransactionPauseError::NotFound => Self::NoSuchCall,
            TransactionPauseError::AlreadyPaused => Self::AlreadyPaused,
            _ => Self::NeverPaused,
        }
    }
}

impl<T: Config> Pallet<T> {
    pub(crate) fn do_pause(call: CallNameOf<T>, blocks: u32) -> DispatchResult {
        ensure!(!blocks.is_zero(), Error::<T>::PauseIsZero);
        ensure!(blocks <= Params::<T>::get().longest_pause, Error::<T>::PauseTooLong);
        let until = frame_system::Pallet::<T>::block_number().saturating_add(blocks.into());
        let paused = Paused { call: call.clone(), until };
        Pauses::<T>::try_mutate(|pauses| {
            // What root has let go on in the meantime is paused anew.
            pauses.retain(|paused| T::Pause::is_paused(paused.call.clone()));
            match pauses.iter_mut().find(|paused| paused.call == call) {
                Some(paused) => paused.until = until,
                None => {
                    pauses.try_push(paused).map_err(|_| Error::<T>::TooManyPauses)?;
                    T::Pause::pause(call.clone()).map_err(Error::<T>::from)?;
                }
            }
            Ok::<_, Error<T>>(())
        })?;
        Self::deposit_event(Event::Paused { call, until });
        Ok(())
    }

    /// Lets go on what was paused for long enough, as far as the weight allows.
    pub(crate) fn lift_pauses(now: BlockNumberFor<T>, meter: &mut WeightMeter, cost: Weight) {
        let mut pauses = Pauses::<T>::get();
        let before = pauses.len();
        pauses.retain(|paused| {
            let stays = paused.until > now || meter.try_consume(cost).is_err();
            if !stays {
                Self::lift(paused.call.clone());
            }
            stays
        });
        if pauses.len() < before {
            Pauses::<T>::put(pauses);
        }
    }

    fn lift(call: CallNameOf<T>) {
        // An error says that root has let it go on already.
        if T::Pause::unpause(call.clone()).is_ok() {
            Self::deposit_event(Event::PauseOver { call });
        }
    }
}
