//! What is stored of a job, and what follows from that alone.

use alloc::vec::Vec;
use assay_primitives::{Balance, Claim, Digest, InlineOutput, JobId, LockId, MarketBlock, Order};
use assay_rules::{
    draw::Purpose,
    policy::{MAX_DECLINES, MAX_REFILLS, MAX_SEATS, MAX_SLOTS},
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{pallet_prelude::ConstU32, BoundedVec};
use scale_info::TypeInfo;

/// Which seats a slot is for.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum Round {
    /// The first seats.
    #[codec(index = 0)]
    First,
    /// The seat that audits them, sealed before anybody reveals.
    #[codec(index = 1)]
    Audit,
    /// The seats that decide a mismatch.
    #[codec(index = 2)]
    Fresh,
}

/// Where a case is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum Phase {
    /// Seats of a round are drawn and commit.
    #[codec(index = 0)]
    Committing(Round),
    /// The first seats are sealed; the lot on an audit is due.
    #[codec(index = 1)]
    Lot {
        /// Which draw it is.
        attempt: u32,
    },
    /// The first seats and the audit's reveal.
    #[codec(index = 2)]
    Revealing {
        /// The block of the clock before which they do.
        until: MarketBlock,
    },
    /// The fresh seats are sealed; the draw of the leaves that they open is due.
    #[codec(index = 3)]
    Leaves {
        /// Which draw it is.
        attempt: u32,
    },
    /// The fresh seats reveal, and open leaves of their traces.
    #[codec(index = 4)]
    Opening {
        /// The block of the clock before which they do.
        until: MarketBlock,
        /// The seed of the leaves: see [`leaves`](assay_rules::draw::leaves).
        leaves: Digest,
    },
}

/// Who sits in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub enum Place {
    /// Nobody: a draw that is due fills it.
    #[codec(index = 0)]
    Vacant {
        /// Which draw.
        attempt: u32,
    },
    /// A seat.
    #[codec(index = 1)]
    Taken {
        /// Its index.
        seat: u8,
    },
}

/// A place for one claim, which one seat after the other can take until one commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Slot {
    /// What it is for.
    pub round: Round,
    /// How many of its seats missed their commit.
    pub missed: u8,
    /// How many of its seats declined.
    pub declined: u8,
    /// Who sits in it.
    pub place: Place,
}

impl Slot {
    /// Whether nobody sits in it.
    pub fn is_vacant(&self) -> bool {
        matches!(self.place, Place::Vacant { .. })
    }

    /// Whether as many have declined in it as it takes to say that the input can't be had.
    pub fn is_declined(&self) -> bool {
        self.declined >= MAX_DECLINES
    }
}

/// How far a seat has come.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum Stage {
    /// It has to commit. Its collateral is locked.
    #[codec(index = 0)]
    Assigned,
    /// It has committed. Its collateral is locked.
    #[codec(index = 1)]
    Committed(Digest),
    /// It has revealed. Its collateral is locked.
    #[codec(index = 2)]
    Revealed(Claim),
    /// It declined; its collateral is free. The provider keeps its place until that is judged.
    #[codec(index = 3)]
    Declined,
    /// It declined, and another one has committed in its slot. The provider has left.
    #[codec(index = 4)]
    Replaced,
    /// It did not commit in time. The provider has left.
    #[codec(index = 5)]
    Missed,
    /// It committed and did not reveal in time. The provider has left.
    #[codec(index = 6)]
    Withheld,
}

/// A provider's part in a job.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Seat<AccountId> {
    /// The provider.
    pub owner: AccountId,
    /// Index of its slot.
    pub slot: u8,
    /// The lock on the provider's bond.
    pub lock: LockId,
    /// What is locked, in planck.
    pub collateral: Balance,
    /// The block of the clock before which it commits.
    pub commit_by: MarketBlock,
    /// How far it has come.
    pub stage: Stage,
}

impl<AccountId> Seat<AccountId> {
    /// Whether its collateral is locked.
    pub fn is_open(&self) -> bool {
        matches!(self.stage, Stage::Assigned | Stage::Committed(_) | Stage::Revealed(_))
    }

    /// What it has revealed.
    pub fn claim(&self) -> Option<Claim> {
        match self.stage {
            Stage::Revealed(claim) => Some(claim),
            _ => None,
        }
    }
}

/// Slots of a job: those of the first round, then the audit's, then those of the fresh round.
pub type Slots = BoundedVec<Slot, ConstU32<{ MAX_SLOTS as u32 }>>;
/// Seats of a job, in the order in which they were drawn.
pub type Seats<AccountId> = BoundedVec<Seat<AccountId>, ConstU32<MAX_SEATS>>;
/// Results that were put on the chain, each with the index of the seat whose it is: one of each slot at most.
pub type Outputs = BoundedVec<(u8, InlineOutput), ConstU32<{ MAX_SLOTS as u32 }>>;

/// A job that is being verified.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Case<AccountId> {
    /// What is asked.
    pub order: Order<AccountId>,
    /// What a unit costs in one seat, in planck; zero until the first draw has run.
    pub price: Balance,
    /// The block of the clock from which on a vacant slot ends the job; `None` until the first draw has run.
    pub stale_at: Option<MarketBlock>,
    /// The block of the chain in which a seat committed first.
    pub first_commit: Option<u32>,
    /// Whether those that could be drawn were few: it is audited, and earns no reputation.
    pub thin: bool,
    /// Whether the lot fell on an audit.
    pub audited: bool,
    /// How many draws have become due so far.
    pub attempts: u32,
    /// Where it is.
    pub phase: Phase,
    /// Its slots.
    pub slots: Slots,
    /// Its seats, all that it ever had.
    pub seats: Seats<AccountId>,
    /// Results that seats have put on the chain.
    pub outputs: Outputs,
    /// The block of the clock under which it stands in the queue of deadlines.
    pub reminder: Option<MarketBlock>,
}

impl<AccountId> Case<AccountId> {
    /// A job that nobody was drawn for.
    pub fn new(order: Order<AccountId>) -> Self {
        Self {
            order,
            price: 0,
            stale_at: None,
            first_commit: None,
            thin: false,
            audited: false,
            attempts: 0,
            phase: Phase::Committing(Round::First),
            slots: Slots::default(),
            seats: Seats::default(),
            outputs: Outputs::default(),
            reminder: None,
        }
    }

    /// What one seat is paid, at a price for each unit; `None` where that is more than an amount can be.
    pub fn payment_at(&self, price: Balance) -> Option<Balance> {
        Balance::from(self.order.units).checked_mul(price)
    }

    /// What is locked for a seat, at a price for each unit; `None` where that is more than an amount can be.
    pub fn collateral_at(&self, price: Balance) -> Option<Balance> {
        self.payment_at(price)?.checked_mul(self.order.policy.collateral.into())
    }

    /// Adds vacant slots, which a draw fills.
    pub fn add_slots(&mut self, round: Round, count: u8, attempt: u32) {
        let slot = Slot { round, missed: 0, declined: 0, place: Place::Vacant { attempt } };
        let size = self.slots.len().saturating_add(count.into());
        self.slots.bounded_resize(size, slot);
    }

    /// The slots that a draw fills.
    pub fn vacant(&self, attempt: u32) -> Vec<u8> {
        let indices = (0_u8..).zip(&self.slots);
        let of_draw = indices.filter(|(_, slot)| slot.place == Place::Vacant { attempt });
        of_draw.map(|(index, _)| index).collect()
    }

    /// Changes a slot.
    pub fn with_slot(&mut self, index: u8, change: impl FnOnce(&mut Slot)) {
        if let Some(slot) = self.slots.get_mut(usize::from(index)) {
            change(slot);
        }
    }

    /// A seat.
    pub fn seat(&self, index: u8) -> Option<&Seat<AccountId>> {
        self.seats.get(usize::from(index))
    }

    /// The index that the next seat gets.
    pub fn next_seat(&self) -> u8 {
        u8::try_from(self.seats.len()).unwrap_or(u8::MAX)
    }

    /// Brings a seat to another stage.
    pub fn set_stage(&mut self, index: u8, stage: Stage) {
        if let Some(seat) = self.seats.get_mut(usize::from(index)) {
            seat.stage = stage;
        }
    }

    /// The indices of the seats of which something holds.
    pub fn seats_where(&self, holds: impl Fn(&Seat<AccountId>) -> bool) -> Vec<u8> {
        (0_u8..).zip(&self.seats).filter(|(_, seat)| holds(seat)).map(|(index, _)| index).collect()
    }

    /// What a seat is for.
    pub fn round(&self, seat: &Seat<AccountId>) -> Option<Round> {
        self.slots.get(usize::from(seat.slot)).map(|slot| slot.round)
    }

    /// The seat in each slot of a round; `None` where one is vacant.
    pub fn sitting(&self, round: Round) -> impl Iterator<Item = Option<&Seat<AccountId>>> + '_ {
        let slots = self.slots.iter().filter(move |slot| slot.round == round);
        slots.map(move |slot| match slot.place {
            Place::Taken { seat } => self.seat(seat),
            Place::Vacant { .. } => None,
        })
    }

    /// What the seats of a round claim; `None` for one that has not revealed.
    pub fn claims(&self, round: Round) -> Vec<Option<Claim>> {
        self.sitting(round).map(|seat| seat.and_then(Seat::claim)).collect()
    }

    /// Whether each slot of a round has a commit.
    pub fn is_sealed(&self, round: Round) -> bool {
        self.sitting(round).all(|seat| seat.is_some_and(|seat| matches!(seat.stage, Stage::Committed(_))))
    }

    /// Whether any seat has ever committed.
    pub fn has_commit(&self) -> bool {
        self.first_commit.is_some()
    }

    /// Whether a seat has still to commit.
    pub fn has_assigned(&self) -> bool {
        self.seats.iter().any(|seat| seat.stage == Stage::Assigned)
    }

    /// Whether nobody sits in some slot.
    pub fn has_vacancy(&self) -> bool {
        self.slots.iter().any(Slot::is_vacant)
    }

    /// Whether a slot that waits for a draw was missed or declined as often as it can be: that draw draws nobody, and
    /// ends the job.
    pub fn is_used_up(&self, attempt: u32) -> bool {
        let waits = |slot: &&Slot| slot.place == Place::Vacant { attempt };
        self.slots.iter().filter(waits).any(|slot| slot.missed > MAX_REFILLS || slot.is_declined())
    }

    /// The first slot in which nobody could get the input.
    pub fn declined_slot(&self) -> Option<u8> {
        (0_u8..).zip(&self.slots).find(|(_, slot)| slot.is_declined()).map(|(index, _)| index)
    }

    /// Whether a draw is due.
    pub fn awaits_draw(&self) -> bool {
        let waits = matches!(self.phase, Phase::Lot { .. } | Phase::Leaves { .. });
        waits || self.has_vacancy()
    }

    /// Whether this draw is due.
    pub fn awaits(&self, draw: &Draw) -> bool {
        let attempt = draw.attempt;
        match draw.purpose {
            Purpose::Lot => self.phase == Phase::Lot { attempt },
            Purpose::Leaves => self.phase == Phase::Leaves { attempt },
            Purpose::Seats | Purpose::Refill | Purpose::Audit | Purpose::Fresh => {
                !self.vacant(attempt).is_empty()
            }
        }
    }

    /// The block of the clock before which reveals are taken, where they are.
    pub fn reveals_until(&self) -> Option<MarketBlock> {
        match self.phase {
            Phase::Revealing { until } | Phase::Opening { until, .. } => Some(until),
            _ => None,
        }
    }

    /// The job's deadline, where it ends the job: nobody has committed, and nobody who was drawn still can.
    fn expires_at(&self) -> Option<MarketBlock> {
        (!self.has_commit() && !self.has_assigned()).then_some(self.order.deadline)
    }

    /// Whether the job's deadline has passed without a commit, and without a seat that could still make one.
    pub fn is_expired(&self, now: MarketBlock) -> bool {
        self.expires_at().is_some_and(|deadline| deadline <= now)
    }

    /// Whether the time in which slots are filled is over.
    pub fn is_stale(&self, now: MarketBlock) -> bool {
        self.stale_at.is_some_and(|at| at <= now)
    }

    /// The first block of the clock in which something ends by itself: a seat's time to commit, the time to reveal, the
    /// job's before the first commit, the time in which a vacant slot is filled.
    pub fn next_deadline(&self) -> Option<MarketBlock> {
        let assigned = self.seats.iter().filter(|seat| seat.stage == Stage::Assigned);
        let commits = assigned.map(|seat| seat.commit_by);
        let stale = self.stale_at.filter(|_| self.has_vacancy());
        commits.chain(self.reveals_until()).chain(self.expires_at()).chain(stale).min()
    }

    /// Whether that block has come.
    pub fn is_overdue(&self, now: MarketBlock) -> bool {
        self.next_deadline().is_some_and(|deadline| deadline <= now)
    }

    /// Keeps the result of a seat that it has put on the chain, once.
    pub fn keep_output(&mut self, seat: u8, output: InlineOutput) {
        if self.outputs.iter().all(|(_, kept)| *kept != output) {
            let size = self.outputs.len().saturating_add(1);
            self.outputs.bounded_resize(size, (seat, output));
        }
    }

    /// A result that a seat has put on the chain, by its root.
    pub fn output(&self, result: Digest) -> Option<&InlineOutput> {
        let of = |seat: u8| self.seat(seat).and_then(Seat::claim).and_then(|claim| claim.result());
        self.outputs.iter().find(|(seat, _)| of(*seat) == Some(result)).map(|(_, output)| output)
    }
}

impl<AccountId: PartialEq> Case<AccountId> {
    /// Whether a provider may get a seat: it has had none of this job, and isn't the requester.
    pub fn admits(&self, owner: &AccountId) -> bool {
        *owner != self.order.requester && self.seats.iter().all(|seat| seat.owner != *owner)
    }
}

/// A draw that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Draw {
    /// Of which job.
    pub job: JobId,
    /// Which one of that job.
    pub attempt: u32,
    /// What it decides.
    pub purpose: Purpose,
    /// The block in which it became due: the VRFs of those after it are its seed.
    pub due: u32,
}

/// Numbers of the draws that are due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Queue {
    /// That of the oldest one.
    pub first: u64,
    /// That of the one to come.
    pub next: u64,
}

/// A provider's seat, as its worker asks for it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct SeatView<AccountId> {
    /// The job.
    pub job: JobId,
    /// The seat's index, which calls and the commitment name.
    pub index: u8,
    /// What it is for.
    pub round: Round,
    /// The seat.
    pub seat: Seat<AccountId>,
    /// Where the case is.
    pub phase: Phase,
}

/// What waits to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct Backlog {
    /// Draws that are due, those of jobs that have ended since included.
    pub draws: u64,
    /// The block in which the oldest of them became due.
    pub oldest_draw: Option<u32>,
    /// Deadlines that have passed, counted up to 1,000.
    pub deadlines: u32,
}
