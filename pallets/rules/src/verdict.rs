//! Verdicts: what is true of a job, what a seat did, what that costs.

use crate::penalty::slash_amount;
use assay_primitives::{Balance, Claim, Conduct, FaultKind, Policy};
use sp_arithmetic::Perbill;

/// What a seat that committed did, in the light of what is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It claimed what is true.
    Right,
    /// It claimed something else.
    Wrong,
    /// It claimed nothing.
    Withheld,
}

/// What all claim, where all have revealed and claim the same; at least one.
pub fn agreed(claims: &[Option<Claim>]) -> Option<Claim> {
    let first = claims.first().copied().flatten()?;
    claims.iter().all(|claim| *claim == Some(first)).then_some(first)
}

/// What more than half of the seats claim, and at least two; of three fresh seats, two. A claim that was withheld is
/// nobody's.
pub fn majority(claims: &[Option<Claim>]) -> Option<Claim> {
    let same = |claim: &Claim| claims.iter().filter(|other| **other == Some(*claim)).count();
    let wins = |claim: &Claim| same(claim) >= 2 && same(claim) > claims.len() / 2;
    claims.iter().flatten().find(|claim| wins(claim)).copied()
}

/// Judges what a seat revealed, or didn't.
pub fn judge(claim: Option<&Claim>, truth: &Claim) -> Judgement {
    match claim {
        Some(claim) if claim == truth => Judgement::Right,
        Some(_) => Judgement::Wrong,
        None => Judgement::Withheld,
    }
}

impl Judgement {
    /// What it did wrong.
    pub fn fault(self) -> Option<FaultKind> {
        match self {
            Self::Right => None,
            Self::Wrong => Some(FaultKind::WrongResult),
            Self::Withheld => Some(FaultKind::WithheldReveal),
        }
    }

    /// What goes on its record. A thin job earns nothing, since a requester could have picked who can be drawn for it.
    pub fn conduct(self, thin: bool) -> Conduct {
        match self {
            Self::Right if thin => Conduct::Neutral,
            Self::Right => Conduct::Right,
            Self::Wrong | Self::Withheld => Conduct::Cheated,
        }
    }
}

/// What a seat's fault costs, of what is locked for it: the policy's fraction, rounded down to a planck. Nothing for an
/// equivocation, which is no seat's.
pub fn fault_amount(kind: FaultKind, lock: Balance, policy: &Policy) -> Balance {
    let fraction = match kind {
        FaultKind::Equivocation => Perbill::zero(),
        FaultKind::NoShow => policy.no_show,
        FaultKind::WrongResult => policy.wrong,
        FaultKind::WithheldReveal => policy.withheld,
    };
    slash_amount(fraction, lock)
}
