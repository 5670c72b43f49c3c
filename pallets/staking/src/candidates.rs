//! Who stands in elections: one list in the order of bonds, changed in place.

use crate::*;
use frame_support::{defensive, ensure, pallet_prelude::DispatchResult};
use sp_runtime::SaturatedConversion;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_validate(owner: &T::AccountId) -> DispatchResult {
        let Stake { active: bond, accused, .. } = Self::ledger_of(owner)?.validator;
        ensure!(bond >= Self::minimum(Role::Validator), Error::<T>::BelowMinimum);
        ensure!(accused == 0, Error::<T>::Accused);
        ensure!(Self::has_keys(owner), Error::<T>::NoKeys);
        let mut candidates = Candidates::<T>::get();
        ensure!(Self::place(&candidates, owner).is_none(), Error::<T>::AlreadyCandidate);

        if candidates.is_full() {
            let lowest = candidates.pop().filter(|lowest| lowest.bond < bond).ok_or(Error::<T>::OutBid)?;
            Self::deposit_event(Event::Chilled { owner: lowest.owner, reason: ChillReason::OutBid });
        }
        Self::rank(&mut candidates, Staker { owner: owner.clone(), bond });
        Candidates::<T>::put(candidates);
        Self::deposit_event(Event::CandidateEntered { owner: owner.clone(), bond });
        Ok(())
    }

    pub(crate) fn do_chill(owner: &T::AccountId, reason: ChillReason) -> DispatchResult {
        let mut candidates = Candidates::<T>::get();
        let place = Self::place(&candidates, owner).ok_or(Error::<T>::NotCandidate)?;
        candidates.remove(place);
        Candidates::<T>::put(candidates);
        Self::deposit_event(Event::Chilled { owner: owner.clone(), reason });
        Ok(())
    }

    pub(crate) fn do_kick(owner: &T::AccountId) -> DispatchResult {
        ensure!(Self::is_candidate(owner), Error::<T>::NotCandidate);
        let bond = Self::ledger_of(owner)?.validator.active;
        let fit = bond >= Self::minimum(Role::Validator) && Self::has_keys(owner);
        ensure!(!fit, Error::<T>::StillFit);
        Self::do_chill(owner, ChillReason::Unfit)
    }

    /// Gives a candidate the place that its bond is now worth; none below the minimum.
    pub(crate) fn follow_bond(owner: &T::AccountId, bond: BalanceOf<T>) {
        let mut candidates = Candidates::<T>::get();
        let Some(place) = Self::place(&candidates, owner) else { return };
        candidates.remove(place);
        if bond >= Self::minimum(Role::Validator) {
            Self::rank(&mut candidates, Staker { owner: owner.clone(), bond });
        } else {
            Self::deposit_event(Event::Chilled { owner: owner.clone(), reason: ChillReason::Slashed });
        }
        Candidates::<T>::put(candidates);
    }

    /// Puts a candidate in behind those who have bonded as much. There has to be room.
    pub(crate) fn rank(candidates: &mut Stakers<T>, candidate: StakerOf<T>) {
        let place = candidates.partition_point(|other| other.bond >= candidate.bond);
        if candidates.try_insert(place, candidate).is_err() {
            defensive!("the list of candidates is full");
        }
    }

    /// Whether an owner stands in elections.
    pub(crate) fn is_candidate(owner: &T::AccountId) -> bool {
        Self::place(&Candidates::<T>::get(), owner).is_some()
    }

    fn place(candidates: &Stakers<T>, owner: &T::AccountId) -> Option<usize> {
        candidates.iter().position(|candidate| candidate.owner == *owner)
    }

    pub(crate) fn candidates_from(from: u32, limit: u32) -> Vec<StakerOf<T>> {
        let (from, limit) = (from.saturated_into(), limit.saturated_into());
        Candidates::<T>::get().into_iter().skip(from).take(limit).collect()
    }

    pub(crate) fn status_of(owner: &T::AccountId) -> Option<ValidatorStatus<BalanceOf<T>>> {
        Some(ValidatorStatus {
            bond: Ledgers::<T>::get(owner)?.validator.active,
            has_keys: Self::has_keys(owner),
            candidate: Self::is_candidate(owner),
            queued: Self::is_queued(owner),
            active: Self::is_active(owner),
        })
    }
}
