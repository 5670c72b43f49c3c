//! The invariants of the README, checked after every test and by `try-runtime`.

use crate::{pallet::*, CaseOf, DeadlinePlace, Phase, Place, Round, Seat, Slot, Stage};
use alloc::{collections::BTreeSet, vec::Vec};
use assay_primitives::{inline_root, JobId};
use assay_rules::policy::{FIRST_SEATS, FRESH_SEATS, MAX_DECLINES, MAX_REFILLS};
use frame_support::ensure;
use sp_runtime::TryRuntimeError;

type Checked = Result<(), TryRuntimeError>;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_try_state() -> Checked {
        for (job, case) in Cases::<T>::iter() {
            Self::check_reminder(job, &case)?;
            Self::check_slots(&case)?;
            Self::check_seats(&case)?;
            Self::check_phase(&case)?;
            Self::check_terms(&case)?;
        }
        Self::check_draws()?;
        Self::check_deadlines()?;
        Self::check_locks()?;
        Self::check_policies()
    }

    /// Invariants 1 and 2: the draws in the queue stand there in order of time and once each, and are those that cases
    /// wait for, or of cases that have ended.
    fn check_draws() -> Checked {
        let queue = DrawQueue::<T>::get();
        let numbers: BTreeSet<u64> = Draws::<T>::iter_keys().collect();
        ensure!(numbers.iter().copied().eq(queue.first..queue.next), "a draw stands outside of the queue");
        let draws: Vec<_> = numbers.iter().filter_map(Draws::<T>::get).collect();
        ensure!(draws.is_sorted_by_key(|draw| draw.due), "the draws are not in order of time");
        let mut awaited = BTreeSet::new();
        for draw in draws {
            if let Some(case) = Cases::<T>::get(draw.job) {
                ensure!(case.awaits(&draw), "a draw is due that its case does not wait for");
                ensure!(awaited.insert((draw.job, draw.attempt)), "a draw is due twice");
            }
        }
        for (job, case) in Cases::<T>::iter() {
            let due = |attempt| awaited.contains(&(job, attempt));
            ensure!(awaited_by::<T>(&case).into_iter().all(due), "a case waits for a draw that isn't due");
        }
        Ok(())
    }

    /// Invariant 3: a case is looked at no later than its next deadline.
    fn check_reminder(job: JobId, case: &CaseOf<T>) -> Checked {
        if let Some(at) = case.reminder {
            let queued = Deadlines::<T>::contains_key(Self::place(at, job));
            ensure!(queued, "a case's reminder is not in the queue");
        }
        let deadline = case.next_deadline();
        let in_time = deadline.is_none_or(|end| case.reminder.is_some_and(|at| at <= end));
        ensure!(in_time, "a case's deadline would pass unnoticed");
        Ok(())
    }

    /// Invariant 3: nothing else is in the queue, it is in order of time, and a block has left nothing behind in it.
    fn check_deadlines() -> Checked {
        let reminders = Cases::<T>::iter_values().filter(|case| case.reminder.is_some()).count();
        ensure!(Deadlines::<T>::iter_keys().count() == reminders, "a deadline is of no case");
        ensure!(Deadlines::<T>::iter_keys().is_sorted(), "the deadlines are not in order of time");
        let ahead = |cursor: DeadlinePlace| Deadlines::<T>::iter_keys().all(|place| place > cursor);
        ensure!(Self::cursor().is_none_or(ahead), "a block would pass over a deadline");
        Ok(())
    }

    /// Invariant 4: slots are those of the rounds that there were, and count what their seats did.
    fn check_slots(case: &CaseOf<T>) -> Checked {
        let count = |round| case.slots.iter().filter(|slot| slot.round == round).count();
        ensure!(
            count(Round::First) == usize::from(FIRST_SEATS),
            "a case has not as many first slots as it must"
        );
        ensure!(
            count(Round::Audit) == usize::from(case.audited),
            "the slot of an audit is missing, or too many"
        );
        let revealed = case.claims(Round::Audit).iter().flatten().count();
        let fresh = count(Round::Fresh);
        let full = usize::from(FRESH_SEATS).saturating_sub(revealed);
        ensure!(fresh == 0 || fresh == full, "a fresh round has not as many slots as it must");
        for (index, slot) in (0_u8..).zip(&case.slots) {
            check_slot::<T>(case, index, slot)?;
        }
        Ok(())
    }

    /// Invariant 5: no owner has two seats, nor the requester one; a seat that can still act is the one in its slot.
    fn check_seats(case: &CaseOf<T>) -> Checked {
        let owners: BTreeSet<_> = case.seats.iter().map(|seat| &seat.owner).collect();
        ensure!(owners.len() == case.seats.len(), "an owner has two seats of a job");
        ensure!(!owners.contains(&case.order.requester), "a requester has a seat of its own job");
        for (index, seat) in (0_u8..).zip(&case.seats) {
            let slot = case.slots.get(usize::from(seat.slot)).ok_or("a seat has no slot")?;
            let sits = slot.place == Place::Taken { seat: index };
            let stays = seat.is_open() || seat.stage == Stage::Withheld;
            ensure!(sits == stays, "a slot is not held by the seat that is open in it");
        }
        Ok(())
    }

    /// Invariant 6: reveals ⊆ commits ⊆ seats, round by round.
    fn check_phase(case: &CaseOf<T>) -> Checked {
        use Round::{Audit, First, Fresh};
        let (over, sealed, to_come): (&[Round], &[Round], &[Round]) = match case.phase {
            Phase::Committing(First) => (&[], &[], &[Audit, Fresh]),
            Phase::Lot { .. } => (&[], &[First], &[Audit, Fresh]),
            Phase::Committing(Audit) => (&[], &[First], &[Fresh]),
            Phase::Revealing { .. } => (&[], &[First, Audit], &[Fresh]),
            Phase::Committing(Fresh) => (&[First, Audit], &[], &[]),
            Phase::Leaves { .. } | Phase::Opening { .. } => (&[First, Audit], &[Fresh], &[]),
        };
        let closed =
            over.iter().flat_map(|round| case.sitting(*round)).all(|seat| seat.is_some_and(has_closed));
        ensure!(closed, "a round is over and a seat has still to act");
        let mut in_sealed = sealed.iter().flat_map(|round| case.sitting(*round));
        ensure!(
            in_sealed.all(|seat| seat.is_some_and(has_sealed)),
            "a sealed round has a seat without a commit"
        );
        let mut later = to_come.iter().flat_map(|round| case.sitting(*round));
        ensure!(later.next().is_none(), "a round has slots before its time");
        let may_reveal = !over.is_empty() || case.reveals_until().is_some();
        let none = case.seats.iter().all(|seat| !matches!(seat.stage, Stage::Revealed(_) | Stage::Withheld));
        ensure!(may_reveal || none, "a seat has revealed before all have committed");
        let committed = case.seats.iter().any(|seat| has_sealed(seat) || seat.stage == Stage::Withheld);
        ensure!(case.has_commit() == committed, "a case has a first commit without a seat's, or the reverse");
        Ok(())
    }

    /// Invariant 7: the price is at most the cap, seats are covered by it, results are what seats have claimed.
    fn check_terms(case: &CaseOf<T>) -> Checked {
        ensure!(case.price <= case.order.price_cap, "a price is above the cap");
        ensure!(case.seats.is_empty() || case.stale_at.is_some(), "a case has seats and endless time");
        let collateral = case.collateral_at(case.price);
        let covered =
            case.seats.iter().all(|seat| Some(seat.collateral) == collateral && seat.collateral > 0);
        ensure!(covered, "a seat's collateral is not what the policy asks");
        let result_of = |seat: u8| case.seat(seat).and_then(Seat::claim).and_then(|claim| claim.result());
        let named = case.outputs.iter().all(|(seat, output)| {
            let root = inline_root(output);
            root.is_some() && root == result_of(*seat)
        });
        ensure!(named, "an output is nobody's result");
        Ok(())
    }

    /// Invariant 8: no two open seats have one lock.
    fn check_locks() -> Checked {
        let mut locks = BTreeSet::new();
        for case in Cases::<T>::iter_values() {
            for seat in case.seats.iter().filter(|seat| seat.is_open()) {
                ensure!(locks.insert(seat.lock), "two open seats have one lock");
            }
        }
        Ok(())
    }

    /// Invariant 9: policies are ones that the setter would accept.
    fn check_policies() -> Checked {
        let sound = Policies::<T>::iter_values().all(|(_, policy)| Self::check_policy(&policy).is_ok());
        ensure!(sound, "a policy breaks a rule");
        Ok(())
    }
}

fn has_closed<AccountId>(seat: &Seat<AccountId>) -> bool {
    matches!(seat.stage, Stage::Revealed(_) | Stage::Withheld)
}

fn has_sealed<AccountId>(seat: &Seat<AccountId>) -> bool {
    matches!(seat.stage, Stage::Committed(_) | Stage::Revealed(_))
}

/// The draws that a case waits for.
fn awaited_by<T: Config>(case: &CaseOf<T>) -> BTreeSet<u32> {
    let of_phase = match case.phase {
        Phase::Lot { attempt } | Phase::Leaves { attempt } => Some(attempt),
        _ => None,
    };
    let of_slots = case.slots.iter().filter_map(|slot| match slot.place {
        Place::Vacant { attempt } => Some(attempt),
        Place::Taken { .. } => None,
    });
    of_slots.chain(of_phase).collect()
}

/// Invariant 4, of one slot.
fn check_slot<T: Config>(case: &CaseOf<T>, index: u8, slot: &Slot) -> Checked {
    let did = |stages: &[Stage]| {
        let seats = case.seats.iter().filter(|seat| seat.slot == index);
        seats.filter(|seat| stages.contains(&seat.stage)).count()
    };
    ensure!(did(&[Stage::Missed]) == usize::from(slot.missed), "a slot counts its misses wrongly");
    let declined = did(&[Stage::Declined, Stage::Replaced]);
    ensure!(declined == usize::from(slot.declined), "a slot counts its declines wrongly");
    // The last miss or decline has made a draw due that ends the job.
    let last = u8::from(slot.is_vacant());
    let missed = slot.missed <= MAX_REFILLS.saturating_add(last);
    let not_declined = slot.declined < MAX_DECLINES.saturating_add(last);
    ensure!(missed && not_declined, "a slot was filled too often");
    let seat = match slot.place {
        Place::Taken { seat } => Some(case.seat(seat).ok_or("a slot is taken by no seat")?),
        Place::Vacant { attempt } => {
            ensure!(attempt < case.attempts, "a slot waits for a draw that was never due");
            None
        }
    };
    ensure!(seat.is_none_or(|seat| seat.slot == index), "a slot is taken by a seat of another one");
    let sealed = seat.is_some_and(|seat| seat.stage != Stage::Assigned);
    let waiting = did(&[Stage::Declined]);
    ensure!(!sealed || waiting == 0, "a seat that declined was not judged when it could be");
    ensure!(sealed || did(&[Stage::Replaced]) == 0, "a seat that declined was judged too early");
    Ok(())
}
