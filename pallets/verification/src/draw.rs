//! Draws: in the order in which they became due, each from the VRFs of the blocks after that.

use crate::{pallet::*, seat::Tally, CaseOf, Draw, Phase, Place, Round, WeightInfo};
use assay_primitives::{Chance, Digest, JobId, Machine, MarketBlock, PendingDraws, Sortition};
use assay_rules::{
    draw::{self, Purpose},
    policy::{self, filling_time, opening_window},
};
use frame_support::weights::Weight;
use sp_runtime::SaturatedConversion;

/// A job is thin whose machines hold less than this part of all weight in play: one quarter.
const THIN_PART: u128 = 4;

/// Seats are drawn while at least this part of the weight in play has room: one half.
const FREE_PART: u128 = 2;

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
        let due = Self::this_block();
        DrawQueue::<T>::mutate(|queue| {
            Draws::<T>::insert(queue.next, Draw { job, attempt, purpose, due });
            queue.next = queue.next.saturating_add(1);
        });
        Self::deposit_event(Event::DrawDue { job, attempt, purpose, after: due });
        attempt
    }

    /// The block of the chain, on which draws are counted.
    pub(crate) fn this_block() -> u32 {
        frame_system::Pallet::<T>::block_number().saturated_into()
    }

    /// How many draws are due, those of jobs that have ended since included.
    pub(crate) fn draws_due() -> u64 {
        let queue = DrawQueue::<T>::get();
        queue.next.saturating_sub(queue.first)
    }

    /// What a draw of so many tickets takes whose seed is made of so many blocks, and that fills so many providers.
    pub(crate) fn draw_weight(blocks: u32, tickets: u32, filled: u32) -> Weight {
        let drawn = T::WeightInfo::seed(blocks).saturating_add(T::WeightInfo::draw(tickets));
        if filled == 0 {
            return drawn;
        }
        drawn.saturating_add(T::WeightInfo::fill(filled))
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
    /// two queues is worked off faster. Changes of providers that were asked for before it was due come first too, for
    /// the same reason. Draws of jobs that have ended are dropped; that for a slot that is used up ends its job, and needs
    /// no seed.
    pub(crate) fn work_draw(now: MarketBlock) -> Option<Weight> {
        let draw = Draws::<T>::get(DrawQueue::<T>::get().first)?;
        let Some(case) = Cases::<T>::get(draw.job) else {
            Self::take_first_draw();
            return Some(T::WeightInfo::draw(0));
        };
        if case.is_overdue(now) {
            return Some(Self::pass(draw.job, case, now));
        }
        if case.is_used_up(draw.attempt) {
            Self::take_first_draw();
            return Some(T::WeightInfo::draw(0).saturating_add(Self::give_up(draw.job, case)));
        }
        let chance = T::Chance::seed_after(draw.due, case.order.policy.draw_blocks)?;
        if !T::Providers::is_settled_before(draw.due) {
            return None;
        }
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
            return Self::draw_weight(policy.draw_blocks, 0, 0);
        }
        case.phase = Phase::Committing(Round::Audit);
        case.add_slots(Round::Audit, 1, draw.attempt);
        Self::draw_seats(Draw { purpose: Purpose::Audit, ..draw }, case, chance)
    }

    /// Which leaves fresh seats open.
    fn draw_leaves(draw: Draw, mut case: CaseOf<T>, chance: &Digest) -> Weight {
        let policy = case.order.policy;
        let leaves = draw::seed(chance, draw.job, draw.attempt, Purpose::Leaves);
        let until = Self::after(opening_window(case.order.units, &policy));
        case.phase = Phase::Opening { until, leaves };
        Self::deposit_event(Event::LeavesDrawn { job: draw.job, seed: leaves });
        Self::deposit_event(Event::RevealsOpened { job: draw.job, until });
        Self::keep(draw.job, case);
        Self::draw_weight(policy.draw_blocks, 0, 0)
    }

    /// Who sits in the slots that wait for this draw. Those that it can't fill are drawn again, as long as the case has
    /// time: that runs from the first draw on, put off or not, whatever the job's deadline is.
    fn draw_seats(draw: Draw, mut case: CaseOf<T>, chance: &Digest) -> Weight {
        let draw_blocks = case.order.policy.draw_blocks;
        let time = filling_time(case.order.units, &case.order.policy);
        case.stale_at = case.stale_at.or(Some(Self::now().saturating_add(time)));
        if !Self::may_fill(&draw, &case) {
            Self::deposit_event(Event::Postponed { job: draw.job, attempt: draw.attempt });
            Self::draw_again(draw, case);
            return Self::draw_weight(draw_blocks, 0, 0);
        }
        let seed = draw::seed(chance, draw.job, draw.attempt, draw.purpose);
        let first = draw.purpose == Purpose::Seats;
        if first {
            Self::set_terms(&mut case);
        }
        let mut tally = Tally::default();
        for slot in case.vacant(draw.attempt) {
            Self::fill(draw.job, &mut case, slot, &seed, &mut tally);
        }
        case.thin |= first && tally.is_thin();
        Self::draw_again(draw, case);
        Self::draw_weight(draw_blocks, tally.tries, tally.filled)
    }

    /// Whether seats may be drawn now.
    ///
    /// Not while more than half of the machine's weight has no room: else whoever fills it with small jobs would leave
    /// those to be drawn that it likes. And not past the deadline of a job that nobody has committed to, which only
    /// waits for those who sit there. A commit after it lets the job go on, but not by a draw that was due before: its
    /// seed may be known, and who commits could choose by it.
    fn may_fill(draw: &Draw, case: &CaseOf<T>) -> bool {
        let goes_on = case.first_commit.is_some_and(|block| block <= draw.due);
        Self::has_room(case.order.machine) && (goes_on || Self::now() < case.order.deadline)
    }

    /// Whether at least half of the weight that a machine has in play has room.
    pub(crate) fn has_room(machine: Machine) -> bool {
        let (free, in_play) = (T::Providers::weight(machine), T::Providers::in_play(machine));
        u128::from(free).saturating_mul(FREE_PART) >= u128::from(in_play)
    }

    /// What the first draw that is not put off decides for all of a job: its price, and whether it is thin.
    fn set_terms(case: &mut CaseOf<T>) {
        let machine = case.order.machine;
        case.thin |= Self::is_scarce(machine);
        if case.price == 0 {
            let least = policy::least_price(case.order.units, &case.order.policy);
            case.price = case.order.price_cap.min(T::Providers::price(machine).max(least));
        }
    }

    /// Stores a case whose draw has run, and makes another one due for slots that it left vacant.
    fn draw_again(draw: Draw, mut case: CaseOf<T>) {
        let vacant = case.vacant(draw.attempt);
        if !vacant.is_empty() {
            let attempt = Self::make_due(draw.job, &mut case, draw.purpose);
            Self::vacate(&mut case, &vacant, attempt);
        }
        Self::keep(draw.job, case);
    }

    /// Empties slots: a draw fills them.
    pub(crate) fn vacate(case: &mut CaseOf<T>, slots: &[u8], attempt: u32) {
        for slot in slots {
            case.with_slot(*slot, |slot| slot.place = Place::Vacant { attempt });
        }
    }

    fn is_scarce(machine: Machine) -> bool {
        let in_play = u128::from(T::Providers::in_play(machine));
        in_play.saturating_mul(THIN_PART) < u128::from(T::Providers::total_in_play())
    }
}
