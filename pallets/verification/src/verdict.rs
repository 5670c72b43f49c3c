//! Rounds close, and cases end.

use crate::{pallet::*, CaseOf, Phase, Round, SeatOf, Stage, WeightInfo};
use alloc::vec::Vec;
use assay_primitives::{Claim, Conduct, FaultKind, JobId, OnVerdict, Outcome, Pay, Sortition, Verdict};
use assay_rules::{
    policy::FRESH_SEATS,
    verdict::{agreed, judge, majority, Judgement},
};
use frame_support::weights::Weight;
use sp_runtime::SaturatedConversion;

/// Why a case ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The first seats, and the audit's, claim this.
    Agreed(Claim),
    /// A majority of the fresh round claims this.
    Decided(Claim),
    /// The fresh round has no majority, or a slot of it could not be filled.
    Undecided,
    /// A slot could not be filled after a commit, before anybody revealed.
    Unfilled,
    /// The seats of this slot could not get the input, before anybody revealed.
    Unavailable {
        /// Which one.
        slot: u8,
    },
    /// The job's deadline passed, or a slot could not be filled, before anybody committed.
    Expired,
    /// The requester cancelled before anybody committed.
    Cancelled,
}

/// What a provider leaves a case with.
struct Dues {
    pay: Option<Pay>,
    conduct: Conduct,
    fault: Option<FaultKind>,
}

impl Ending {
    fn truth(&self) -> Option<Claim> {
        match self {
            Self::Agreed(claim) | Self::Decided(claim) => Some(*claim),
            _ => None,
        }
    }

    fn outcome(&self) -> Outcome {
        match self {
            Self::Agreed(_) => Outcome::Agreed,
            Self::Decided(_) => Outcome::Decided,
            Self::Undecided | Self::Unfilled => Outcome::Undecided,
            Self::Expired => Outcome::Expired,
            Self::Unavailable { .. } => Outcome::Unavailable,
            Self::Cancelled => Outcome::Cancelled,
        }
    }
}

impl Dues {
    /// Where the truth was found, a seat is paid for it, or pays for something else. If the truth is that the job can't
    /// be done, the requester's bond pays.
    fn judged(claim: Claim, truth: Claim, thin: bool) -> Self {
        let judgement = judge(Some(&claim), &truth);
        let pay = match truth {
            Claim::Computed { .. } => Pay::Whole,
            Claim::Misdeclared { .. } => Pay::FromBond,
        };
        Self {
            pay: (judgement == Judgement::Right).then_some(pay),
            conduct: judgement.conduct(thin),
            fault: judgement.fault(),
        }
    }

    /// Where it was not found. Who had to reveal first is paid half, so that nobody gets an answer for nothing by
    /// spoiling the verdict, and no liar the whole of a payment; who has shown nothing is paid nothing. Who declined is
    /// paid for it if nobody could do the job.
    fn unjudged(stage: Stage, round: Option<Round>, slot: u8, ending: Ending) -> Self {
        let pay = match (ending, stage) {
            (Ending::Undecided, Stage::Revealed(_)) if round != Some(Round::Fresh) => Some(Pay::Half),
            (Ending::Cancelled, Stage::Assigned) => Some(Pay::Half),
            (Ending::Unavailable { slot: of }, Stage::Declined) if slot == of => Some(Pay::FromBond),
            (Ending::Expired, Stage::Declined) => Some(Pay::FromBond),
            _ => None,
        };
        Self { pay, conduct: Conduct::Neutral, fault: None }
    }
}

impl<T: Config> Pallet<T> {
    /// All have revealed, or the time to is over.
    pub(crate) fn close_reveals(job: JobId, mut case: CaseOf<T>) -> Weight {
        let silent = case.seats_where(|seat| matches!(seat.stage, Stage::Committed(_)));
        for index in &silent {
            Self::withhold(job, &mut case, *index);
        }
        let taken = Self::fail_weight(silent.len().saturated_into());
        taken.saturating_add(match case.phase {
            Phase::Opening { .. } => Self::decide(job, case),
            _ => Self::compare(job, case),
        })
    }

    /// Of the first round, the audit's seat included. One that withheld agrees with nobody; an audit's seat that
    /// revealed is one of the three that decide.
    fn compare(job: JobId, case: CaseOf<T>) -> Weight {
        let audit = case.claims(Round::Audit);
        let mut claims = case.claims(Round::First);
        claims.extend(&audit);
        if let Some(claim) = agreed(&claims) {
            return Self::end(job, case, Ending::Agreed(claim));
        }
        let sealed: u8 = audit.iter().flatten().count().saturated_into();
        Self::dispute(job, case, FRESH_SEATS.saturating_sub(sealed));
        Weight::zero()
    }

    /// By a majority of the three that decide.
    fn decide(job: JobId, case: CaseOf<T>) -> Weight {
        let mut claims = case.claims(Round::Audit);
        claims.retain(Option::is_some);
        claims.extend(case.claims(Round::Fresh));
        let ending = majority(&claims).map_or(Ending::Undecided, Ending::Decided);
        Self::end(job, case, ending)
    }

    /// A slot can't be filled any more, or the job's deadline has passed.
    pub(crate) fn give_up(job: JobId, case: CaseOf<T>) -> Weight {
        let ending = match (case.phase, case.declined_slot()) {
            (Phase::Committing(Round::Fresh), _) => Ending::Undecided,
            (_, Some(slot)) => Ending::Unavailable { slot },
            _ if case.has_commit() => Ending::Unfilled,
            _ => Ending::Expired,
        };
        Self::end(job, case, ending)
    }

    /// The most that the end of a case takes in which so many providers have a place, and the owner of a listing is paid.
    /// Whoever has done wrong is counted as that and not as paid: no number of them takes more than all or none.
    pub(crate) fn end_weight(providers: u32) -> Weight {
        let none = T::WeightInfo::fail(0).saturating_add(T::WeightInfo::end(providers.saturating_add(1)));
        let all = T::WeightInfo::fail(providers).saturating_add(T::WeightInfo::end(1));
        none.max(all).saturating_add(T::Verdicts::beside_weight())
    }

    /// What the faults of so many seats take.
    pub(crate) fn fail_weight(seats: u32) -> Weight {
        if seats == 0 {
            return Weight::zero();
        }
        T::WeightInfo::fail(seats)
    }

    /// Ends a case: each lock that is left is released or a fault reported on it, each provider that is left leaves,
    /// who listens hears the verdict. Nothing in here can fail.
    pub(crate) fn end(job: JobId, mut case: CaseOf<T>, ending: Ending) -> Weight {
        // Had the hook come in time, these would have missed before the end.
        let mut failed = Self::strike(job, &mut case, Self::now()).len();
        let (mut left, mut paid) = (0_u32, Vec::new());
        for (index, seat) in (0_u8..).zip(&case.seats) {
            if matches!(seat.stage, Stage::Replaced | Stage::Missed | Stage::Withheld) {
                continue;
            }
            let dues = Self::dismiss(job, &case, index, seat, ending);
            paid.extend(dues.pay.map(|pay| (seat.owner.clone(), pay)));
            match dues.fault {
                Some(_) => failed = failed.saturating_add(1),
                None => left = left.saturating_add(1),
            }
        }
        Self::forget(job, case.reminder);
        Cases::<T>::remove(job);
        // Who is paid beside them is one account more that is written.
        let (others, beside) = Self::announce(job, case, ending, paid);
        let ended = T::WeightInfo::end(left.saturating_add(others)).saturating_add(beside);
        Self::fail_weight(failed.saturated_into()).saturating_add(ended)
    }

    /// A provider leaves at the end of a case. Gives what with.
    fn dismiss(job: JobId, case: &CaseOf<T>, index: u8, seat: &SeatOf<T>, ending: Ending) -> Dues {
        let dues = match (seat.claim(), ending.truth()) {
            (Some(claim), Some(truth)) => Dues::judged(claim, truth, case.thin),
            _ => Dues::unjudged(seat.stage, case.round(seat), seat.slot, ending),
        };
        if let Some(kind) = dues.fault {
            let slash = Self::charge(job, index, seat, kind, &case.order.policy);
            Self::deposit_event(Event::Wrong { job, seat: index, owner: seat.owner.clone(), slash });
        } else if seat.is_open() {
            Self::release(&seat.owner, seat.lock);
        }
        T::Providers::unseat(&seat.owner, job, dues.conduct);
        dues
    }

    /// Tells everybody, and who pays; gives how many are paid beside those named, and what that took beside.
    fn announce(
        job: JobId,
        case: CaseOf<T>,
        ending: Ending,
        paid: Vec<(T::AccountId, Pay)>,
    ) -> (u32, Weight) {
        let (outcome, claim) = (ending.outcome(), ending.truth());
        let (price, audited, thin) = (case.price, case.audited, case.thin);
        let output = claim.and_then(|claim| claim.result()).and_then(|result| case.output(result).cloned());
        let shown = paid.clone();
        Self::deposit_event(Event::Ended { job, outcome, claim, price, paid: shown, audited, thin });
        T::Verdicts::on_verdict(job, Verdict { outcome, claim, output, price, paid, audited, thin })
    }
}
