//! The session manager: which set validates in a session, what happens when one starts and ends.
//!
//! The session pallet calls, when session `n` ends: `end_session(n)`, `start_session(n + 1)`, `new_session(n + 2)`.
//! So the set of a session is chosen while the one before it begins.

use crate::*;
use frame_support::{dispatch::DispatchClass, weights::Weight};
use pallet_session::historical;
use sp_runtime::SaturatedConversion;
use sp_staking::SessionIndex;

/// Most sessions, and most eras, that are forgotten when a session ends. One would do; more catch up after the report
/// age was lowered.
pub(crate) const MOST_FORGOTTEN: u32 = 8;

impl<T: Config> pallet_session::SessionManager<T::AccountId> for Pallet<T> {
    /// Always gives a set, the same one throughout an era: `None` would neither clear disabled validators nor store a
    /// historical root of the session.
    fn new_session(index: SessionIndex) -> Option<Vec<T::AccountId>> {
        let (looked_at, kept) = Self::elect_if_due(index);
        let set = Self::planned(index);
        let members: u32 = set.len().saturated_into();
        Self::account_for(<T as Config>::WeightInfo::new_session(looked_at.max(members), kept));
        Some(set).filter(|set| !set.is_empty())
    }

    fn new_session_genesis(index: SessionIndex) -> Option<Vec<T::AccountId>> {
        Self::elect_if_due(index);
        Some(Self::planned(index)).filter(|set| !set.is_empty())
    }

    fn start_session(index: SessionIndex) {
        let noted = Self::disable_again(index);
        if noted > 0 {
            Self::account_for(<T as Config>::WeightInfo::start_session(noted));
        }
    }

    fn end_session(index: SessionIndex) {
        let forgotten = Self::forget(Self::oldest_session(index));
        Self::account_for(<T as Config>::WeightInfo::end_session(forgotten));
    }
}

impl<T: Config> historical::SessionManager<T::AccountId, ()> for Pallet<T> {
    fn new_session(index: SessionIndex) -> Option<Vec<(T::AccountId, ())>> {
        identified(<Self as pallet_session::SessionManager<T::AccountId>>::new_session(index))
    }

    fn new_session_genesis(index: SessionIndex) -> Option<Vec<(T::AccountId, ())>> {
        identified(<Self as pallet_session::SessionManager<T::AccountId>>::new_session_genesis(index))
    }

    fn start_session(index: SessionIndex) {
        <Self as pallet_session::SessionManager<T::AccountId>>::start_session(index)
    }

    fn end_session(index: SessionIndex) {
        <Self as pallet_session::SessionManager<T::AccountId>>::end_session(index)
    }
}

/// The identification of a validator is the validator itself: with anything that could change within a session, one
/// offence could be reported twice.
fn identified<AccountId>(set: Option<Vec<AccountId>>) -> Option<Vec<(AccountId, ())>> {
    set.map(|set| set.into_iter().map(|validator| (validator, ())).collect())
}

impl<T: Config> Pallet<T> {
    /// Forgets roots of sessions, and sets of eras, before a session; not too many at once. Gives how many.
    fn forget(oldest: SessionIndex) -> u32 {
        Self::forget_roots(oldest).saturating_add(Self::forget_sets(Self::era_of(oldest)))
    }

    fn forget_roots(oldest: SessionIndex) -> u32 {
        let Some((first, _)) = historical::StoredRange::<T>::get() else { return 0 };
        let up_to = oldest.min(first.saturating_add(MOST_FORGOTTEN));
        let forgotten = up_to.saturating_sub(first);
        if forgotten > 0 {
            historical::Pallet::<T>::prune_up_to(up_to);
        }
        forgotten
    }

    fn forget_sets(oldest: u32) -> u32 {
        let first = OldestEra::<T>::get();
        let up_to = oldest.min(first.saturating_add(MOST_FORGOTTEN));
        let forgotten = up_to.saturating_sub(first);
        if forgotten > 0 {
            (first..up_to).for_each(Elected::<T>::remove);
            OldestEra::<T>::put(up_to);
        }
        forgotten
    }

    /// Sessions change inside the hook of the session pallet, which knows nothing of our share. It declares a full
    /// block in that case; ours comes on top, so that the block's weight says what it took.
    fn account_for(weight: Weight) {
        frame_system::Pallet::<T>::register_extra_weight_unchecked(weight, DispatchClass::Mandatory);
    }
}
