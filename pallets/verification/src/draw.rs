//! Draws: in the order in which they became due, each from the VRFs of the blocks after that.

use crate::{pallet::*, seat::Tally, CaseOf, Draw, Phase, Place, Round, WeightInfo};
use assay_primitives::{Chance, Digest, JobId, Machine, MarketBlock, PendingDraws, Sortition};
use assay_rules::{
    draw::{self, Purpose},
    policy::MAX_DUE_AGAIN,
};
use frame_support::weights::Weight;
use sp_runtime::SaturatedConversion;

/// A job is thin whose machines hold less than this part of all weight: one quarter.
const THIN_PART: u128 = 4;

impl<T: Config> PendingDraws for Pallet<T> {
    fn oldest() -> Option<u32> {
        Draws::<T>::get(DrawQueue::<T>::get().first).map(|draw| draw.due)
    }
}

impl<T: Config> Pallet<T> {
    /// A draw becomes due. Gives which one of the job it is.
    pub(crate) fn make_due(job: JobId, case: &mut CaseOf<T>, purpose: Purpose) -> u32 {
        let attempt = case.attempts;
        case.attempts = attempt.saturating_add(1);
        let due: u32 = frame_system::Pallet::<T>::block_number().saturated_into();
        DrawQueue::<T>::mutate(|queue| {
            Draws::<T>::insert(queue.next, Draw { job, attempt, purpose, due });
            queue.next = queue.next.saturating_add(1);
        });
        Self::deposit_event(Event::DrawDue { job, attempt, purpose, after: due });
        attempt
    }

    fn take_first_draw() {
        DrawQueue::<T>::mutate(|queue| {
            Draws::<T>::remove(queue.first);
            queue.first = queue.first.saturating_add(1);
        });
    }

    /// Runs the oldest draw, if its seed is there. Says what it took; `None` if there is none.
    ///
    /// What has ended in its case by then comes first, whoever gets here first: so that does not depend on which of the
    /// two queues is worked off faster. Draws of jobs that have ended are dropped.
    pub(crate) fn work_draw(now: MarketBlock) -> Option<Weight> {
        let draw = Draws::<T>::get(DrawQueue::<T>::get().first)?;
        let Some(case) = Cases::<T>::get(draw.job) else {
            Self::take_first_draw();
            return Some(T::WeightInfo::draw(0, 0));
        };
        if case.is_overdue(now) {
            return Some(Self::pass(draw.job, case, now));
        }
        let chance = T::Chance::seed_after(draw.due, case.order.policy.draw_blocks)?;
        Self::take_first_draw();
        Some(match draw.purpose {
            Purpose::Lot => Self::draw_lot(draw, case, &chance),
            Purpose::Leaves => Self::draw_leaves(draw, case, &chance),
            Purpose::Seats | Purpose::Refill | Purpose::Audit | Purpose::Fresh => {
                Self::draw_seats(draw, case, &chance)
            }
        })
    }

    /// Whether the job is audited; and if so, by whom.
    fn draw_lot(draw: Draw, mut case: CaseOf<T>, chance: &Digest) -> Weight {
        let policy = case.order.policy;
        let seed = draw::seed(chance, draw.job, draw.attempt, Purpose::Lot);
        case.audited = case.thin || draw::audited(&seed, policy.audit);
        Self::deposit_event(Event::LotDrawn { job: draw.job, audited: case.audited });
        if !case.audited {
            Self::open_reveals(draw.job, &mut case);
            Self::keep(draw.job, case);
            return T::WeightInfo::draw(policy.draw_blocks, 0);
        }
        case.phase = Phase::Committing(Round::Audit);
        case.add_slots(Round::Audit, 1, draw.attempt);
        Self::draw_seats(Draw { purpose: Purpose::Audit, ..draw }, case, chance)
    }

    /// Which leaves fresh seats open.
    fn draw_leaves(draw: Draw, mut case: CaseOf<T>, chance: &Digest) -> Weight {
        let policy = case.order.policy;
        let leaves = draw::seed(chance, draw.job, draw.attempt, Purpose::Leaves);
        let until = Self::after(policy.reveal_blocks);
        case.phase = Phase::Opening { until, leaves };
        Self::deposit_event(Event::LeavesDrawn { job: draw.job, seed: leaves });
        Self::deposit_event(Event::RevealsOpened { job: draw.job, until });
        Self::keep(draw.job, case);
        T::WeightInfo::draw(policy.draw_blocks, 0)
    }

    /// Who sits in the slots that wait for this draw. Those that it can't fill are drawn again, three times a job.
    fn draw_seats(draw: Draw, mut case: CaseOf<T>, chance: &Digest) -> Weight {
        let seed = draw::seed(chance, draw.job, draw.attempt, draw.purpose);
        let first = draw.purpose == Purpose::Seats;
        if first {
            case.thin |= Self::is_scarce(case.order.machine);
            if case.price == 0 {
                case.price = case.order.price_cap.min(T::Providers::price(case.order.machine));
            }
        }
        let mut tally = Tally::default();
        for slot in case.vacant(draw.attempt) {
            Self::fill(draw.job, &mut case, slot, &seed, &mut tally);
        }
        case.thin |= first && tally.is_thin();
        let taken = T::WeightInfo::draw(case.order.policy.draw_blocks, tally.tries);
        let vacant = case.vacant(draw.attempt);
        if vacant.is_empty() {
            Self::keep(draw.job, case);
            return taken;
        }
        taken.saturating_add(Self::draw_again(draw, case, &vacant))
    }

    fn draw_again(draw: Draw, mut case: CaseOf<T>, vacant: &[u8]) -> Weight {
        if case.due_again >= MAX_DUE_AGAIN {
            return Self::give_up(draw.job, case);
        }
        case.due_again = case.due_again.saturating_add(1);
        let attempt = Self::make_due(draw.job, &mut case, draw.purpose);
        Self::vacate(&mut case, vacant, attempt);
        Self::keep(draw.job, case);
        Weight::zero()
    }

    /// Empties slots: a draw fills them.
    pub(crate) fn vacate(case: &mut CaseOf<T>, slots: &[u8], attempt: u32) {
        for slot in slots {
            case.with_slot(*slot, |slot| slot.place = Place::Vacant { attempt });
        }
    }

    fn is_scarce(machine: Machine) -> bool {
        let weight = u128::from(T::Providers::weight(machine));
        weight.saturating_mul(THIN_PART) < u128::from(T::Providers::total_weight())
    }
}
