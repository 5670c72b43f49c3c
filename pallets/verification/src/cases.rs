//! Cases: taken in, cancelled, kept.

use crate::{pallet::*, verdict::Ending, CaseOf, Phase, Round, SeatOf, Stage};
use assay_primitives::{
    Digest, JobClass, JobId, Machine, MarketBlock, Order, Policy, Sortition, Verification, Workers,
};
use assay_rules::{
    draw::Purpose,
    policy::{commit_window, FIRST_SEATS, PAID_SEATS},
};
use frame_support::{dispatch::DispatchResult, ensure, traits::Get};
use sp_runtime::traits::BlockNumberProvider;

/// Blocks of the clock that a job's deadline leaves beside those for its first draw and for committing: draws may have
/// to wait for each other, and commits for their block.
pub const DEADLINE_MARGIN: MarketBlock = 10;

/// A class of machines with less than this part of all weight in play takes no jobs: one twentieth.
const LEAST_PART: u128 = 20;

impl<T: Config> Verification<T::AccountId> for Pallet<T> {
    fn policy(class: JobClass) -> Option<(u32, Policy)> {
        Policies::<T>::get(class)
    }

    fn open(job: JobId, order: Order<T::AccountId>) -> DispatchResult {
        ensure!(!Cases::<T>::contains_key(job), Error::<T>::JobIsOpen);
        Self::ensure_liquid(order.machine)?;
        let first = Self::first_deadline(order.units, &order.policy);
        ensure!(order.deadline >= first, Error::<T>::DeadlineTooNear);
        let mut case = CaseOf::<T>::new(order);
        // The price of the job is the cap at most.
        ensure!(case.collateral_at(case.order.price_cap).is_some(), Error::<T>::CollateralOverflow);
        Self::ensure_worthwhile(&case)?;
        ensure!(Self::draws_due() < u64::from(T::MaxBacklog::get()), Error::<T>::TooManyDraws);

        let attempt = Self::make_due(job, &mut case, Purpose::Seats);
        case.add_slots(Round::First, FIRST_SEATS, attempt);
        Self::keep(job, case);
        Ok(())
    }

    /// Not between a draw's becoming due and its running, when the requester could know how it will turn out; and not
    /// once the hook is due to look at the case: a missed commit stays one.
    fn cancel(job: JobId) -> DispatchResult {
        let case = Self::case_of(job)?;
        ensure!(!case.has_commit(), Error::<T>::JobHasCommit);
        ensure!(!case.awaits_draw(), Error::<T>::DrawIsDue);
        ensure!(!case.is_overdue(Self::now()), Error::<T>::TooLate);
        Self::end(job, case, Ending::Cancelled);
        Ok(())
    }
}

impl<T: Config> Pallet<T> {
    pub(crate) fn now() -> MarketBlock {
        T::Clock::current_block_number()
    }

    /// A block of the clock after this one and so many whole blocks more.
    pub(crate) fn after(blocks: MarketBlock) -> MarketBlock {
        Self::now().saturating_add(blocks).saturating_add(1)
    }

    pub(crate) fn first_deadline(units: u64, policy: &Policy) -> MarketBlock {
        let margin = policy.draw_blocks.saturating_add(DEADLINE_MARGIN);
        Self::after(commit_window(units, policy).saturating_add(margin))
    }

    /// What is in play counts, full or not: so nobody makes a machine look small by filling it, or its own look large by
    /// filling others. And as many owners have to have room as a job can have seats to pay.
    fn ensure_liquid(machine: Machine) -> Result<(), Error<T>> {
        let in_play = u128::from(T::Providers::in_play(machine));
        let total = u128::from(T::Providers::total_in_play());
        let large = in_play.saturating_mul(LEAST_PART) >= total;
        let many = T::Providers::drawable(machine) >= u32::from(PAID_SEATS);
        ensure!(large && many, Error::<T>::TooFewProviders);
        // Its draws would only wait, and be in the way of others'.
        ensure!(Self::has_room(machine), Error::<T>::MachineBusy);
        Ok(())
    }

    /// Whether the requester would pay a seat what the policy asks at least.
    fn ensure_worthwhile(case: &CaseOf<T>) -> Result<(), Error<T>> {
        let payment = case.payment_at(case.order.price_cap).unwrap_or_default();
        ensure!(payment >= case.order.policy.min_payment, Error::<T>::PaymentTooSmall);
        Ok(())
    }

    pub(crate) fn case_of(job: JobId) -> Result<CaseOf<T>, Error<T>> {
        Cases::<T>::get(job).ok_or(Error::<T>::NoSuchJob)
    }

    /// The case of a job whose specification has this hash.
    pub(crate) fn case_with(job: JobId, spec: &Digest) -> Result<CaseOf<T>, Error<T>> {
        let case = Self::case_of(job)?;
        ensure!(case.order.spec == *spec, Error::<T>::OtherJob);
        Ok(case)
    }

    /// A seat that the signer acts for.
    pub(crate) fn seat_for<'a>(
        signer: &T::AccountId,
        case: &'a CaseOf<T>,
        index: u8,
    ) -> Result<&'a SeatOf<T>, Error<T>> {
        let seat = case.seat(index).ok_or(Error::<T>::NoSuchSeat)?;
        ensure!(T::Workers::acts_for(signer, &seat.owner), Error::<T>::NotYourSeat);
        Ok(seat)
    }

    /// Whether a seat has still to commit, and can.
    pub(crate) fn ensure_assigned(case: &CaseOf<T>, seat: &SeatOf<T>) -> Result<(), Error<T>> {
        match seat.stage {
            Stage::Assigned => (),
            Stage::Committed(_) | Stage::Revealed(_) => return Err(Error::<T>::AlreadyCommitted),
            Stage::Declined | Stage::Replaced | Stage::Missed | Stage::Withheld => {
                return Err(Error::<T>::SeatClosed)
            }
        }
        let now = Self::now();
        let over = case.has_vacancy() && case.is_stale(now);
        ensure!(now < seat.commit_by && !over, Error::<T>::TooLate);
        Ok(())
    }

    /// Stores a case, and sees to it that it is looked at no later than its next deadline; says whether its reminder was
    /// moved for that.
    ///
    /// A reminder that comes too early is left where it is: most cases end before it, so that moving it on at each
    /// commit would be two writes for nothing.
    pub(crate) fn keep(job: JobId, mut case: CaseOf<T>) -> bool {
        let sooner = |deadline: &MarketBlock| case.reminder.is_none_or(|reminder| *deadline < reminder);
        let moved = case.next_deadline().filter(sooner);
        if let Some(deadline) = moved {
            Self::remind(job, case.reminder, deadline);
            case.reminder = Some(deadline);
        }
        Cases::<T>::insert(job, case);
        moved.is_some()
    }

    /// Fresh seats decide.
    pub(crate) fn dispute(job: JobId, mut case: CaseOf<T>, fresh: u8) {
        let attempt = Self::make_due(job, &mut case, Purpose::Fresh);
        case.add_slots(Round::Fresh, fresh, attempt);
        case.phase = Phase::Committing(Round::Fresh);
        Self::deposit_event(Event::Disputed { job, fresh });
        Self::keep(job, case);
    }
}
