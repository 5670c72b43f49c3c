//! Validators found out: disabled in every set that was chosen before.

use crate::*;
use alloc::collections::BTreeSet;
use sp_runtime::SaturatedConversion;
use sp_staking::{offence::OffenceSeverity, SessionIndex};

impl<T: Config> Pallet<T> {
    /// Disables a validator that did wrong in a session, from now on and in all sets that are chosen already. Who
    /// neither validates nor is about to is not noted. How many can be disabled at once is the disabling strategy's
    /// matter.
    ///
    /// The session pallet forgets disabled validators with every new set, and a set is chosen a session ahead: without
    /// a note, an offender would be back in the next session. What was done before the last era is not noted:
    /// otherwise somebody could save up proofs of one mistake, and put its maker out of action era by era.
    pub fn note_offender(validator: &T::AccountId, session: SessionIndex, severity: OffenceSeverity) {
        let current = pallet_session::Pallet::<T>::current_index();
        let old = Self::era_of(session).saturating_add(1) < Self::era_of(current);
        if old || !Self::is_elected(validator) {
            return;
        }
        let until = Self::era_of(current.saturating_add(1));
        Offenders::<T>::mutate(|offenders| {
            if let Some(known) = offenders.iter_mut().find(|offender| offender.validator == *validator) {
                known.severity = known.severity.max(severity);
                known.until = known.until.max(until);
            } else {
                // A full list names as many as a set can have, and no strategy disables a whole set.
                let _ = offenders.try_push(Offender { validator: validator.clone(), severity, until });
            }
        });
        pallet_session::Pallet::<T>::report_offence(validator.clone(), severity);
        Self::deposit_event(Event::OffenderNoted { validator: validator.clone(), until });
    }

    /// Disables those again who were disabled when a session began, and forgets the ones whose time is over. Gives how
    /// many there were.
    pub(crate) fn disable_again(session: SessionIndex) -> u32 {
        let mut offenders = Offenders::<T>::get();
        let noted: u32 = offenders.len().saturated_into();
        if noted == 0 {
            return noted;
        }
        let era = Self::era_of(session);
        offenders.retain(|offender| offender.until >= era);
        for offender in &offenders {
            pallet_session::Pallet::<T>::report_offence(offender.validator.clone(), offender.severity);
        }
        Offenders::<T>::put(offenders);
        noted
    }

    /// Keeps offenders disabled in the set of an era for which they were not elected, only kept.
    pub(crate) fn keep_disabled(kept: &[StakerOf<T>], era: u32) {
        let kept: BTreeSet<_> = kept.iter().map(|staker| &staker.owner).collect();
        Offenders::<T>::mutate(|offenders| {
            for offender in offenders.iter_mut().filter(|offender| kept.contains(&offender.validator)) {
                offender.until = offender.until.max(era);
            }
        });
    }
}
