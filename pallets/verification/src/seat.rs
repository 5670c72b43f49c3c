//! Seats: a provider gets one, and loses it.

use crate::{pallet::*, CaseOf, Place, Seat, SeatOf, Stage};
use assay_primitives::{
    Candidate, Collateral, Conduct, Digest, Fault, FaultKind, JobId, LockId, Policy, ReportFault, SlashId,
    Sortition,
};
use assay_rules::{
    draw,
    policy::{commit_window, MAX_TRIES},
    verdict::fault_amount,
};
use frame_support::defensive;

/// How hard it was to fill slots.
#[derive(Default)]
pub(crate) struct Tally {
    /// Tickets drawn.
    pub tries: u32,
    /// Seats given.
    pub seated: u32,
    /// Those of them that left their provider no room: its leaf weighs nothing from then on.
    pub filled: u32,
}

impl Tally {
    /// Whether more than half of the tickets drawn gave no seat.
    pub fn is_thin(&self) -> bool {
        self.tries > self.seated.saturating_mul(2)
    }
}

impl<T: Config> Pallet<T> {
    /// Draws tickets until one fills the slot, at most [`MAX_TRIES`].
    pub(crate) fn fill(job: JobId, case: &mut CaseOf<T>, slot: u8, seed: &Digest, tally: &mut Tally) {
        let machine = case.order.machine;
        let weight = T::Providers::weight(machine);
        for attempt in 0..MAX_TRIES {
            tally.tries = tally.tries.saturating_add(1);
            let ticket = draw::ticket(seed, slot, attempt, weight);
            let Some(candidate) = ticket.and_then(|ticket| T::Providers::holder(machine, ticket)) else {
                continue;
            };
            if let Some(seat) = Self::engage(job, case, slot, candidate) {
                tally.seated = tally.seated.saturating_add(1);
                let filled = T::Providers::weight(machine) < weight;
                tally.filled = tally.filled.saturating_add(filled.into());
                return Self::assign(job, case, seat);
            }
        }
    }

    /// Locks the collateral and takes the place of a provider that may sit in the slot, can, and wants to.
    fn engage(
        job: JobId,
        case: &CaseOf<T>,
        slot: u8,
        candidate: Candidate<T::AccountId>,
    ) -> Option<SeatOf<T>> {
        let Candidate { owner, reserve, stake } = candidate;
        if reserve > case.price || !case.admits(&owner) || case.seats.is_full() {
            return None;
        }
        let collateral = case.collateral_at(case.price)?;
        // Within what it was drawn for: a bond that has come since buys no seats yet.
        let lock = T::Collateral::lock(&owner, collateral, stake).ok()?;
        if T::Providers::seat(&owner, job).is_err() {
            Self::release(&owner, lock);
            return None;
        }
        let commit_by = Self::after(commit_window(case.order.units, &case.order.policy));
        Some(Seat { owner, slot, lock, collateral, commit_by, stage: Stage::Assigned })
    }

    fn assign(job: JobId, case: &mut CaseOf<T>, seat: SeatOf<T>) {
        let index = case.next_seat();
        let Some(round) = case.round(&seat) else {
            defensive!("only slots that are there are filled");
            return;
        };
        Self::deposit_event(Event::SeatDrawn {
            job,
            seat: index,
            owner: seat.owner.clone(),
            round,
            slot: seat.slot,
            price: case.price,
            lock: seat.lock,
            collateral: seat.collateral,
            commit_by: seat.commit_by,
        });
        case.with_slot(seat.slot, |slot| slot.place = Place::Taken { seat: index });
        if case.seats.try_push(seat).is_err() {
            defensive!("a provider is engaged only where there is room for one more seat");
        }
    }

    /// A seat did not commit in time. Gives its slot.
    pub(crate) fn miss(job: JobId, case: &mut CaseOf<T>, index: u8) -> Option<u8> {
        let seat = case.seat(index)?.clone();
        let slash = Self::charge(job, index, &seat, FaultKind::NoShow, &case.order.policy);
        T::Providers::unseat(&seat.owner, job, Conduct::NoShow);
        case.set_stage(index, Stage::Missed);
        case.with_slot(seat.slot, |slot| slot.missed = slot.missed.saturating_add(1));
        Self::deposit_event(Event::Missed { job, seat: index, owner: seat.owner, slash });
        Some(seat.slot)
    }

    /// A seat committed and did not reveal in time.
    pub(crate) fn withhold(job: JobId, case: &mut CaseOf<T>, index: u8) {
        let Some(seat) = case.seat(index).cloned() else { return };
        let slash = Self::charge(job, index, &seat, FaultKind::WithheldReveal, &case.order.policy);
        T::Providers::unseat(&seat.owner, job, Conduct::Cheated);
        case.set_stage(index, Stage::Withheld);
        Self::deposit_event(Event::Withheld { job, seat: index, owner: seat.owner, slash });
    }

    /// Reports a seat's fault: the slash has the lock then. Where there is no slash, the lock is released.
    pub(crate) fn charge(
        job: JobId,
        index: u8,
        seat: &SeatOf<T>,
        kind: FaultKind,
        policy: &Policy,
    ) -> Option<SlashId> {
        let amount = fault_amount(kind, seat.collateral, policy);
        let fault = Fault::Provider { owner: seat.owner.clone(), lock: seat.lock, kind, amount };
        let slash = match T::Faults::report(fault) {
            Ok(slash) => slash,
            Err(error) => {
                Self::deposit_event(Event::NotCharged { job, seat: index, error });
                None
            }
        };
        if slash.is_none() {
            Self::release(&seat.owner, seat.lock);
        }
        slash
    }

    /// Ends a lock. A refusal must not keep a case from ending.
    pub(crate) fn release(owner: &T::AccountId, lock: LockId) {
        if let Err(error) = T::Collateral::release(owner, lock) {
            Self::deposit_event(Event::NotReleased { lock, error });
        }
    }
}
