//! Policies: how many seats a job can have, how long it can take, and whether lying is a loss.

use assay_primitives::{Balance, MarketBlock, Policy};
use core::fmt;
use sp_arithmetic::Perbill;

/// Seats of the first round.
pub const FIRST_SEATS: u8 = 2;
/// Seats that decide a mismatch; the audit's is one of them where there was an audit.
pub const FRESH_SEATS: u8 = 3;
/// Slots of a job: of the first round, of the audit, of the fresh round where a withheld audit doesn't count.
pub const MAX_SLOTS: u8 = FIRST_SEATS + 1 + FRESH_SEATS;
/// How often a slot is filled again after a missed commit.
pub const MAX_REFILLS: u8 = 3;
/// Declines on one slot that, before any commit, end a job.
pub const MAX_DECLINES: u8 = 4;
/// Tickets drawn to fill a slot, before its draw becomes due again.
pub const MAX_TRIES: u32 = 16;
/// Leaves of a trace that a fresh seat opens.
pub const LEAVES: u32 = 8;
/// Seats of a job in all its rounds: every slot filled, and again after each miss and decline that it can have.
pub const MAX_SEATS: u32 = 48;
/// The most seats that can be paid: a fresh round that has an audit's seat has one less of its own.
pub const PAID_SEATS: u8 = FIRST_SEATS + FRESH_SEATS;
/// The most that one verdict pays: where nobody committed, those that declined in the first slots, which is one more
/// than [`PAID_SEATS`].
pub const MAX_PAID: u8 = FIRST_SEATS * (MAX_DECLINES - 1);
/// The least blocks whose VRFs seed a draw: of a single one the author alone would decide.
pub const MIN_DRAW_BLOCKS: u32 = 2;
/// The most blocks whose VRFs seed a draw.
pub const MAX_DRAW_BLOCKS: u32 = 64;
/// The least blocks of the market clock in which seats commit, or reveal. A block in which sessions change serves
/// nobody, and a transaction has to reach an author that takes it in.
pub const MIN_WINDOW: MarketBlock = 4;
/// The least that a missed commit costs: less than that would buy another draw for nothing.
pub const MIN_NO_SHOW: Perbill = Perbill::from_percent(1);

/// Why a policy is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyError {
    /// A fraction is above one.
    AboveOne,
    /// No job would be audited.
    NoAudit,
    /// Seats would stand for nothing.
    NoCollateral,
    /// A draw's blocks are fewer than [`MIN_DRAW_BLOCKS`], or more than [`MAX_DRAW_BLOCKS`].
    DrawBlocks,
    /// The time to commit, or to reveal, is less than [`MIN_WINDOW`].
    ShortWindow,
    /// No units in a block.
    NoUnits,
    /// A missed commit would cost less than [`MIN_NO_SHOW`].
    CheapNoShow,
    /// Faults don't cost what they should beside each other: no-show < wrong ≤ withheld.
    FaultOrder,
    /// A coalition of a third would gain by lying.
    LyingPays,
    /// Seats could be paid nothing.
    NoMinPayment,
}

impl fmt::Display for PolicyError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(match self {
            Self::AboveOne => "a fraction is above 100%",
            Self::NoAudit => "the chance of an audit is zero",
            Self::NoCollateral => "collateral is zero",
            Self::DrawBlocks => "a draw takes 2 to 64 blocks",
            Self::ShortWindow => "a window is shorter than 4 blocks",
            Self::NoUnits => "units per block are zero",
            Self::CheapNoShow => "a no-show costs less than 1%",
            Self::FaultOrder => "the cost of faults must be no-show < wrong <= withheld",
            Self::LyingPays => "collateral and audits are too few for lying to be a loss",
            Self::NoMinPayment => "the least payment of a seat is zero",
        })
    }
}

/// Whether jobs may be verified by a policy.
///
/// # Errors
///
/// The first of [`PolicyError`] that holds, in their order.
pub fn check(policy: &Policy) -> Result<(), PolicyError> {
    let Policy { audit, no_show, wrong, withheld, requester_bond, fee, .. } = *policy;
    let fractions = [audit, no_show, wrong, withheld, requester_bond, fee];
    let rules = [
        (fractions.iter().all(|fraction| *fraction <= Perbill::one()), PolicyError::AboveOne),
        (audit > Perbill::zero(), PolicyError::NoAudit),
        (policy.collateral > 0, PolicyError::NoCollateral),
        ((MIN_DRAW_BLOCKS..=MAX_DRAW_BLOCKS).contains(&policy.draw_blocks), PolicyError::DrawBlocks),
        (policy.commit_blocks.min(policy.reveal_blocks) >= MIN_WINDOW, PolicyError::ShortWindow),
        (policy.units_per_block > 0, PolicyError::NoUnits),
        (no_show >= MIN_NO_SHOW, PolicyError::CheapNoShow),
        (no_show < wrong && wrong <= withheld, PolicyError::FaultOrder),
        (lying_is_a_loss(policy), PolicyError::LyingPays),
        (policy.min_payment > 0, PolicyError::NoMinPayment),
    ];
    rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, error)| Err(error))
}

/// Whether two first seats in one hand lose by the same wrong claim, when that hand has p of the weight.
///
/// With P one seat's payment, a the chance of an audit, L = 2 · collateral · wrong the payments that the two lose, and
/// c = (1 − p)(1 − p²) the chance that the audit is honest and the two fresh seats beside it are not both theirs:
///
/// `a·c·L ≥ 2(1 − a) + 3ap + 4a(1 − p)p²`
///
/// on the right the payments for two seats without an audit, three with their own, four with an honest one outvoted. At
/// p = ⅓, times 27: `32·a·collateral·wrong ≥ 54 − 19·a`. Compared exactly, in parts of 10¹⁸.
fn lying_is_a_loss(policy: &Policy) -> bool {
    let [audit, wrong, one] =
        [policy.audit, policy.wrong, Perbill::one()].map(|fraction| u128::from(fraction.deconstruct()));
    // Of three factors below 2³² and one below 2⁶, no product leaves 128 bits; a fraction above one is refused anyway.
    let loss = audit.saturating_mul(wrong).saturating_mul(policy.collateral.into()).saturating_mul(32);
    let gain = one.saturating_mul(54).saturating_sub(audit.saturating_mul(19)).saturating_mul(one);
    loss >= gain
}

/// Blocks of the market clock that computing takes: units by units per block, rounded up; saturating.
pub fn compute_blocks(units: u64, policy: &Policy) -> MarketBlock {
    let blocks = units.div_ceil(policy.units_per_block.max(1));
    MarketBlock::try_from(blocks).unwrap_or(MarketBlock::MAX)
}

/// Blocks of the market clock that a seat has to commit; saturating.
pub fn commit_window(units: u64, policy: &Policy) -> MarketBlock {
    policy.commit_blocks.saturating_add(compute_blocks(units, policy))
}

/// The least price of a unit, in planck, at which one seat is paid the policy's minimum; rounded up. So a job too small
/// for its price to make that up costs more for each unit.
pub fn least_price(units: u64, policy: &Policy) -> Balance {
    policy.min_payment.div_ceil(Balance::from(units.max(1)))
}

/// The collateral of a seat that is paid the policy's minimum, in planck: there is no smaller one; saturating.
pub fn least_collateral(policy: &Policy) -> Balance {
    policy.min_payment.saturating_mul(policy.collateral.into())
}

/// Blocks of the market clock in which the fresh seats reveal, each opening leaves of its trace; saturating. They were drawn
/// after the seat had committed, so it may have to compute once more to find them.
pub fn opening_window(units: u64, policy: &Policy) -> MarketBlock {
    policy.reveal_blocks.saturating_add(compute_blocks(units, policy))
}

/// Blocks of the market clock, from a job's first draw on, in which its slots are filled; saturating. A slot that is
/// vacant then ends the job.
///
/// A draw that is due in block n runs in n + D + 1. There is time for each of all the seats that a job can have to be
/// drawn, and to commit or not, only after the one before, and for the first seats to reveal before fresh ones are
/// drawn: who reveals in the last block must not use up the time of the round that judges it. In fact slots are filled
/// side by side: a job takes that long only if nobody can be drawn, and whoever keeps all others from being drawn has to
/// do it for as long.
pub fn filling_time(units: u64, policy: &Policy) -> MarketBlock {
    let draw = policy.draw_blocks.saturating_add(1);
    let seat = draw.saturating_add(commit_window(units, policy));
    seat.saturating_mul(MAX_SEATS).saturating_add(policy.reveal_blocks)
}

/// The most blocks from a job's first draw to its end; saturating. It is drawn before its deadline, or ends there.
///
/// Once the [`filling_time`] is over no seat is drawn any more. What is under way goes on: a window to commit, the draw
/// of the lot or of the leaves, a window to reveal. The filling time once more, and two windows to reveal, are enough
/// for that, with the most of it left for draws that wait for each other.
pub fn longest_life(units: u64, policy: &Policy) -> MarketBlock {
    filling_time(units, policy)
        .saturating_mul(2)
        .saturating_add(policy.reveal_blocks)
        .saturating_add(opening_window(units, policy))
}
