//! Seats commit.

use crate::{pallet::*, CaseOf, Phase, Round, Stage, WeightInfo};
use assay_primitives::{Conduct, Digest, JobId, Sortition};
use assay_rules::{draw::Purpose, policy::MAX_DECLINES};
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
        let due = Self::seal(job, &mut case);
        let moved = Self::keep(job, case);
        let mut taken = T::WeightInfo::commit().saturating_add(Self::judge_weight(replaced));
        if due {
            taken = taken.saturating_add(T::WeightInfo::seal());
        }
        if moved {
            taken = taken.saturating_add(T::WeightInfo::remind());
        }
        Ok(Some(taken).into())
    }

    /// The most that a commit takes. The one that makes a draw due leaves nobody to be reminded of.
    pub(crate) fn commit_weight() -> Weight {
        let judging = Self::judge_weight(MAX_DECLINES.into());
        let sealing = T::WeightInfo::seal().max(T::WeightInfo::remind());
        T::WeightInfo::commit().saturating_add(judging).saturating_add(sealing)
    }

    /// What it takes beside a commit that so many leave by it.
    fn judge_weight(decliners: u32) -> Weight {
        if decliners == 0 {
            return Weight::zero();
        }
        T::WeightInfo::judge(decliners)
    }

    /// Those that declined in a slot in which the job could be done after all. Gives how many.
    pub(crate) fn judge_decliners(job: JobId, case: &mut CaseOf<T>, slot: u8) -> u32 {
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

    /// What comes after a round's last commit, if this was it; says whether that is a draw.
    pub(crate) fn seal(job: JobId, case: &mut CaseOf<T>) -> bool {
        match case.phase {
            Phase::Committing(Round::First) if case.is_sealed(Round::First) => {
                let attempt = Self::make_due(job, case, Purpose::Lot);
                case.phase = Phase::Lot { attempt };
                true
            }
            Phase::Committing(Round::Audit) if case.is_sealed(Round::Audit) => {
                Self::open_reveals(job, case);
                false
            }
            Phase::Committing(Round::Fresh) if case.is_sealed(Round::Fresh) => {
                let attempt = Self::make_due(job, case, Purpose::Leaves);
                case.phase = Phase::Leaves { attempt };
                true
            }
            _ => false,
        }
    }

    /// The first seats and the audit's reveal.
    pub(crate) fn open_reveals(job: JobId, case: &mut CaseOf<T>) {
        let until = Self::after(case.order.policy.reveal_blocks);
        case.phase = Phase::Revealing { until };
        Self::deposit_event(Event::RevealsOpened { job, until });
    }
}
