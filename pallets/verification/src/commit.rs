//! Seats commit.

use crate::{pallet::*, CaseOf, Phase, Round, Stage, WeightInfo};
use assay_primitives::{Conduct, Digest, JobId, Sortition};
use assay_rules::draw::Purpose;
use frame_support::{dispatch::DispatchResultWithPostInfo, weights::Weight};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_commit(
        signer: &T::AccountId,
        job: JobId,
        index: u8,
        spec: &Digest,
        commitment: Digest,
    ) -> DispatchResultWithPostInfo {
        let mut case = Self::case_with(job, spec)?;
        let seat = Self::seat_for(signer, &case, index)?;
        Self::ensure_assigned(&case, seat)?;
        let (owner, slot) = (seat.owner.clone(), seat.slot);

        case.set_stage(index, Stage::Committed(commitment));
        case.first_commit = case.first_commit.or(Some(Self::this_block()));
        let replaced = Self::judge_decliners(job, &mut case, slot);
        Self::deposit_event(Event::Committed { job, seat: index, owner, commitment });
        let sealed = Self::seal(job, &mut case);
        Self::keep(job, case);
        let sealing = if sealed { T::WeightInfo::seal() } else { Weight::zero() };
        Ok(Some(T::WeightInfo::commit(replaced).saturating_add(sealing)).into())
    }

    /// Those that declined in a slot in which the job could be done after all. Gives how many.
    fn judge_decliners(job: JobId, case: &mut CaseOf<T>, slot: u8) -> u32 {
        let mut judged = 0_u32;
        for seat in case.seats.iter_mut() {
            if seat.slot == slot && seat.stage == Stage::Declined {
                T::Providers::unseat(&seat.owner, job, Conduct::Declined);
                seat.stage = Stage::Replaced;
                judged = judged.saturating_add(1);
            }
        }
        judged
    }

    /// What comes after a round's last commit, if this was it; says whether.
    pub(crate) fn seal(job: JobId, case: &mut CaseOf<T>) -> bool {
        match case.phase {
            Phase::Committing(Round::First) if case.is_sealed(Round::First) => {
                let attempt = Self::make_due(job, case, Purpose::Lot);
                case.phase = Phase::Lot { attempt };
            }
            Phase::Committing(Round::Audit) if case.is_sealed(Round::Audit) => {
                Self::open_reveals(job, case);
            }
            Phase::Committing(Round::Fresh) if case.is_sealed(Round::Fresh) => {
                let attempt = Self::make_due(job, case, Purpose::Leaves);
                case.phase = Phase::Leaves { attempt };
            }
            _ => return false,
        }
        true
    }

    /// The first seats and the audit's reveal.
    pub(crate) fn open_reveals(job: JobId, case: &mut CaseOf<T>) {
        let until = Self::after(case.order.policy.reveal_blocks);
        case.phase = Phase::Revealing { until };
        Self::deposit_event(Event::RevealsOpened { job, until });
    }
}
