//! Elections, and who is in a set.

use crate::*;
use alloc::collections::BTreeSet;
use sp_runtime::{
    traits::{BlockNumberProvider, Saturating, Zero},
    SaturatedConversion,
};
use sp_staking::SessionIndex;

impl<T: Config> Pallet<T> {
    /// Elects the set of a session's era where that has not been done. Gives how many operators were looked at, and
    /// how many were kept on.
    pub(crate) fn elect_if_due(session: SessionIndex) -> (u32, u32) {
        let era = Self::era_of(session);
        if Elected::<T>::contains_key(era) {
            return (0, 0);
        }
        Self::elect(era)
    }

    /// The set of a session.
    pub(crate) fn planned(session: SessionIndex) -> Vec<T::AccountId> {
        Elected::<T>::get(Self::era_of(session)).into_iter().map(|staker| staker.owner).collect()
    }

    /// Elects the first candidates that have session keys and the minimum bond. Where these are fewer than the fewest
    /// validators, some of the era before stay on. An empty set, which only a genesis without validators gives, is
    /// none.
    fn elect(era: u32) -> (u32, u32) {
        let params = Params::<T>::get();
        let candidates = Candidates::<T>::get();
        let mut looked_at: u32 = candidates.len().saturated_into();
        let mut set: Vec<_> = candidates
            .into_iter()
            .take_while(|candidate| candidate.bond >= params.min_validator_bond)
            .filter(|candidate| Self::has_keys(&candidate.owner))
            .take(params.max_validators.saturated_into())
            .collect();

        let lacking = params.min_validators.saturating_sub(set.len().saturated_into());
        let mut kept = Vec::new();
        if lacking > 0 {
            let before = Self::set_before(era);
            looked_at = looked_at.saturating_add(before.len().saturated_into());
            kept = Self::stay_on(before, &set, lacking);
            Self::keep_disabled(&kept, era);
        }
        let kept_on: u32 = kept.len().saturated_into();
        set.append(&mut kept);
        if !set.is_empty() {
            let elected = set.len().saturated_into();
            Elected::<T>::insert(era, Stakers::<T>::truncate_from(set));
            Self::deposit_event(Event::ValidatorsElected { era, elected, kept: kept_on });
        }
        (looked_at, kept_on)
    }

    /// Those of the set before who stay on beside the elected ones, offenders last.
    fn stay_on(before: Vec<StakerOf<T>>, elected: &[StakerOf<T>], lacking: u32) -> Vec<StakerOf<T>> {
        let elected: BTreeSet<_> = elected.iter().map(|staker| &staker.owner).collect();
        let offenders: BTreeSet<_> =
            Offenders::<T>::get().into_iter().map(|offender| offender.validator).collect();
        let mut others: Vec<_> = before
            .into_iter()
            .filter(|staker| !elected.contains(&staker.owner) && Self::has_keys(&staker.owner))
            .collect();
        others.sort_by_cached_key(|staker| offenders.contains(&staker.owner));
        others.truncate(lacking.saturated_into());
        others.iter_mut().for_each(Self::keep_on);
        others
    }

    /// Keeps a validator on for an era. What it does in that era can be reported as late as anybody's, so what is on
    /// its way out is so from now on, as if it had just been unbonded. It has at stake what is there of what it had.
    fn keep_on(staker: &mut StakerOf<T>) {
        let Some(mut ledger) = Ledgers::<T>::get(&staker.owner) else {
            staker.bond = Zero::zero();
            return;
        };
        let now = T::Clock::current_block_number();
        let at = now.saturating_add(Params::<T>::get().unbonding_blocks);
        ledger.validator.hold_back(at);
        staker.bond = staker.bond.min(ledger.validator.total());
        Self::keep(&staker.owner, ledger);
        Self::deposit_event(Event::KeptOn { owner: staker.owner.clone(), at });
    }

    /// The set of the era before. On a chain that has only now begun to elect, whoever validates.
    fn set_before(era: u32) -> Vec<StakerOf<T>> {
        let before = era.checked_sub(1).map(Elected::<T>::get).unwrap_or_default();
        if !before.is_empty() {
            return before.into_inner();
        }
        let validators = pallet_session::Validators::<T>::get();
        validators.into_iter().map(|owner| Staker { owner, bond: Zero::zero() }).collect()
    }

    /// Whether an account validates in this session.
    pub(crate) fn is_active(account: &T::AccountId) -> bool {
        pallet_session::Validators::<T>::get().contains(account)
    }

    /// Whether an account validates in the next session.
    pub(crate) fn is_queued(account: &T::AccountId) -> bool {
        let next = pallet_session::Pallet::<T>::current_index().saturating_add(1);
        Elected::<T>::get(Self::era_of(next)).iter().any(|staker| staker.owner == *account)
    }

    /// Whether an account validates in this session or the next.
    pub(crate) fn is_elected(account: &T::AccountId) -> bool {
        Self::is_active(account) || Self::is_queued(account)
    }
}
