//! Reputation: a score that is earned one by one and lost at once, and what it does to a provider's weight in draws.

use assay_primitives::{Balance, Conduct};

/// The best score. Providers begin with zero.
pub const MAX_SCORE: u32 = 100;

/// What a declined seat takes off the score, where its replacement could do the job: as much as two right claims earn.
/// Declining is no fault of one who was not served, so it must not cost much more than the trouble to do so.
const DECLINED: u32 = 2;

/// The score after a seat: one more for a right claim, up to [`MAX_SCORE`]; two less for a decline; half, rounded
/// down, for a missed commit; nothing left for a claim that was wrong or withheld.
pub fn score_after(score: u32, conduct: Conduct) -> u32 {
    let score = score.min(MAX_SCORE);
    match conduct {
        Conduct::Right => score.saturating_add(1).min(MAX_SCORE),
        Conduct::Neutral => score,
        Conduct::Declined => score.saturating_sub(DECLINED),
        Conduct::NoShow => score / 2,
        Conduct::Cheated => 0,
    }
}

/// A provider's weight in draws: its bond, at most `max_bond`, in 10⁹ planck rounded down, times a factor from ½ at a
/// score of zero to 1 at [`MAX_SCORE`], rounded down; saturating.
///
/// Below the maximum, a bond that is split over accounts weighs no more than in one.
pub fn weight(bond: Balance, max_bond: Balance, score: u32) -> u64 {
    let whole = bond.min(max_bond) / 1_000_000_000;
    // 100 to 200 of 200 parts, of less than 2⁹⁹: no product leaves 128 bits.
    let parts = MAX_SCORE.saturating_add(score.min(MAX_SCORE));
    let weight = whole.saturating_mul(parts.into()) / 200;
    u64::try_from(weight).unwrap_or(u64::MAX)
}
