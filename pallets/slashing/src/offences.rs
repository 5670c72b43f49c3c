//! Offences that consensus has proven: each is a fault of a validator.

use crate::{pallet::*, WeightInfo};
use assay_primitives::{Bonds, Fault, FaultKind, ReportFault};
use assay_rules::penalty;
use frame_support::weights::Weight;
use sp_runtime::{Perbill, SaturatedConversion};
use sp_staking::{
    offence::{OffenceDetails, OffenceSeverity, OnOffenceHandler},
    SessionIndex,
};

/// Who keeps offenders from authoring and voting.
pub trait Disable<AccountId> {
    /// A validator committed an offence in a session. Where not all offenders can be disabled, who is noted first is.
    fn note_offender(validator: &AccountId, session: SessionIndex, severity: OffenceSeverity);
}

impl<AccountId> Disable<AccountId> for () {
    fn note_offender(_: &AccountId, _: SessionIndex, _: OffenceSeverity) {}
}

/// The identification of an offender is the validator alone: with an exposure in it, one offence could be reported
/// twice where the exposure changes within a session.
impl<T: Config> OnOffenceHandler<T::AccountId, (T::AccountId, ()), Weight> for Pallet<T> {
    /// Called once for each new report, with all offenders of that time slot, the newest last: the fraction of each
    /// grows with their number. Those before are charged with what that adds, if anything, unless theirs was cancelled.
    ///
    /// The offences pallet drops the weight that this gives: the runtime adds it to the weight of reports.
    fn on_offence(
        offenders: &[OffenceDetails<T::AccountId, (T::AccountId, ())>],
        fractions: &[Perbill],
        session: SessionIndex,
    ) -> Weight {
        let newest = offenders.last().map(|offence| &offence.offender);
        for (offence, fraction) in offenders.iter().zip(fractions) {
            let (validator, ()) = &offence.offender;
            if newest != Some(&offence.offender) && Self::was_forgiven(validator, session) {
                continue;
            }
            T::Disable::note_offender(validator, session, OffenceSeverity(*fraction));
            Self::charge(validator, session, *fraction, offence.reporters.first());
        }
        T::WeightInfo::on_offence(offenders.len().saturated_into())
    }
}

impl<T: Config> Pallet<T> {
    /// Whether a slash of a validator was cancelled in the era of a session. Consensus does not say of which time slot
    /// it was, so in doubt it was of the one that is asked about.
    fn was_forgiven(validator: &T::AccountId, session: SessionIndex) -> bool {
        EraRecords::<T>::get(T::Bonds::era(session), validator).is_some_and(|record| record.cancelled)
    }

    /// Consensus reports an offence once and doesn't ask again, so a refusal is told by event.
    fn charge(
        validator: &T::AccountId,
        session: SessionIndex,
        fraction: Perbill,
        reporter: Option<&T::AccountId>,
    ) {
        let charged = Self::report(Fault::Validator {
            validator: validator.clone(),
            session,
            kind: FaultKind::Equivocation,
            fraction: penalty::capped(fraction, Params::<T>::get().max_equivocation),
            reporter: reporter.cloned(),
        });
        if let Err(error) = charged {
            Self::deposit_event(Event::NotCharged { validator: validator.clone(), session, error });
        }
    }
}
