//! Settlements: what is held for a job, and who gets how much of it in the end. Amounts in planck.
//!
//! Seats, royalty, fee and bond are held apart, and each leg is paid from its own part and never beyond it. What no leg
//! takes goes back to the requester.

use crate::policy::{FIRST_SEATS, PAID_SEATS};
use alloc::vec::Vec;
use assay_primitives::{Balance, Claim, Outcome, Pay, Policy, Royalty, Settlement, Verdict};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_arithmetic::Perbill;

/// What is held for a job.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Hold {
    /// For the seats: as many as can be paid, at the most that they may cost.
    pub seats: Balance,
    /// For the owner of the listing.
    pub royalty: Balance,
    /// The fee, kept in any case.
    pub fee: Balance,
    /// The requester's bond, lost if the job can't be done as it was posted.
    pub bond: Balance,
}

impl Hold {
    /// All of it; `None` where that is more than an amount can be.
    pub fn total(&self) -> Option<Balance> {
        self.seats.checked_add(self.royalty)?.checked_add(self.fee)?.checked_add(self.bond)
    }
}

/// What to hold for a job; `None` where that is more than an amount can be.
///
/// With P = units · cap: [`PAID_SEATS`] · P for seats, the listing's share of P rounded down, and fee and bond by the
/// policy of [`FIRST_SEATS`] · P rounded up, so that no job is too small for either.
pub fn hold(units: u64, price_cap: Balance, policy: &Policy, royalty: Option<Perbill>) -> Option<Hold> {
    let payment = Balance::from(units).checked_mul(price_cap)?;
    let first_round = payment.checked_mul(FIRST_SEATS.into())?;
    let hold = Hold {
        seats: payment.checked_mul(PAID_SEATS.into())?,
        royalty: royalty.map_or(0, |share| share.mul_floor(payment)),
        fee: policy.fee.mul_ceil(first_round),
        bond: policy.requester_bond.mul_ceil(first_round),
    };
    hold.total().map(|_| hold)
}

/// Who gets what of a hold. Legs of nothing are left out; the royalty comes last.
///
/// With P = units · the verdict's price, at most what was held for one seat:
///
/// * [`Pay::Whole`] is P, [`Pay::Half`] is P / 2 rounded down. Where the job is undecided the other half is burnt: the
///   requester has seen answers, and pays for them in full, but nobody gains the whole of a payment by starving the
///   round that would have found it wrong;
/// * [`Pay::FromBond`] is 1/16 of the bond where the job was unavailable or expired, and an equal part where the claim
///   that won says that the units were misdeclared, both rounded down. What of the bond is left then is burnt, but where
///   the job expired. In any other outcome it goes back, and such seats get nothing;
/// * the royalty is its share of P, rounded down, where the job was computed and the claim found;
/// * half of the fee, rounded up, is burnt, and the treasury gets the other half, always.
pub fn settle<AccountId: Clone>(
    hold: &Hold,
    units: u64,
    royalty: Option<&Royalty<AccountId>>,
    verdict: &Verdict<AccountId>,
) -> Settlement<AccountId> {
    let payment = seat_payment(hold, units, verdict.price);
    let share = bond_share(hold.bond, verdict);
    let (mut seats, mut bond, mut forfeit) = (hold.seats, hold.bond, 0_u128);
    let mut payouts = Vec::new();
    for (owner, pay) in &verdict.paid {
        let (amount, left) = match pay {
            Pay::Whole => (payment, &mut seats),
            Pay::Half => (payment / 2, &mut seats),
            Pay::FromBond => (share.unwrap_or(0), &mut bond),
        };
        payouts.push((owner.clone(), take(left, amount)));
        if (*pay, verdict.outcome) == (Pay::Half, Outcome::Undecided) {
            let rest = payment.saturating_sub(payment / 2);
            forfeit = forfeit.saturating_add(take(&mut seats, rest));
        }
    }
    if let Some(royalty) = royalty.filter(|_| computed(verdict)) {
        let amount = royalty.share.mul_floor(payment).min(hold.royalty);
        payouts.push((royalty.owner.clone(), amount));
    }
    payouts.retain(|(_, amount)| *amount > 0);
    let treasury = hold.fee / 2;
    if share.is_some() && verdict.outcome != Outcome::Expired {
        forfeit = forfeit.saturating_add(bond);
    }
    // Nothing saturates: half is at most the whole, and all of these are parts of one hold.
    let burnt = hold.fee.saturating_sub(treasury).saturating_add(forfeit);
    Settlement { payouts, burnt, treasury }
}

/// One seat's payment: units · price, at most what was held for one. A product that saturates is above that.
fn seat_payment(hold: &Hold, units: u64, price: Balance) -> Balance {
    let most = hold.seats.checked_div(PAID_SEATS.into()).unwrap_or(0);
    Balance::from(units).saturating_mul(price).min(most)
}

/// What each seat that is paid from the bond gets; `None` where nobody is.
fn bond_share<AccountId>(bond: Balance, verdict: &Verdict<AccountId>) -> Option<Balance> {
    match (verdict.outcome, verdict.claim) {
        (Outcome::Unavailable | Outcome::Expired, _) => Some(bond / 16),
        (Outcome::Agreed | Outcome::Decided, Some(Claim::Misdeclared { .. })) => {
            let seats = verdict.paid.iter().filter(|(_, pay)| *pay == Pay::FromBond).count();
            let share = Balance::try_from(seats).ok().and_then(|seats| bond.checked_div(seats));
            Some(share.unwrap_or(0))
        }
        _ => None,
    }
}

/// Whether the program ran and its result was found.
fn computed<AccountId>(verdict: &Verdict<AccountId>) -> bool {
    matches!(verdict.outcome, Outcome::Agreed | Outcome::Decided)
        && matches!(verdict.claim, Some(Claim::Computed { .. }))
}

/// Takes an amount, or what is left.
fn take(left: &mut Balance, amount: Balance) -> Balance {
    let taken = amount.min(*left);
    *left = left.saturating_sub(taken);
    taken
}
