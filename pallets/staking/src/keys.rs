//! Session keys, which the session pallet keeps.

use crate::*;
use frame_support::{ensure, pallet_prelude::DispatchResult};
use frame_system::pallet_prelude::OriginFor;

impl<T: Config> Pallet<T> {
    /// Whether an account has session keys.
    pub(crate) fn has_keys(account: &T::AccountId) -> bool {
        pallet_session::NextKeys::<T>::contains_key(account)
    }

    pub(crate) fn do_set_keys(
        origin: OriginFor<T>,
        owner: &T::AccountId,
        keys: T::Keys,
        proof: Vec<u8>,
    ) -> DispatchResult {
        ensure!(!Self::is_elected(owner), Error::<T>::KeysInUse);
        pallet_session::Pallet::<T>::set_keys(origin, keys, proof)
    }

    /// Whether an account may remove its session keys: not while it can be elected, and not while it validates or is
    /// about to. A set with fewer keys than members makes every proof of who owned a key fail, and so every report of
    /// an equivocation in the session that is running. Of sessions that are over, only roots are asked.
    pub fn may_purge_keys(account: &T::AccountId) -> bool {
        !Self::is_candidate(account) && !Self::is_elected(account)
    }

    pub(crate) fn do_purge_keys(origin: OriginFor<T>, owner: &T::AccountId) -> DispatchResult {
        ensure!(Self::may_purge_keys(owner), Error::<T>::KeysInUse);
        pallet_session::Pallet::<T>::purge_keys(origin)
    }
}
