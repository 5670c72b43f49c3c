//! Policies: how many seats a job can have, how long it can take, and whether lying is a loss.

use assay_primitives::{MarketBlock, Policy};
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
/// How often draws of a job become due again.
pub const MAX_DUE_AGAIN: u8 = 3;
/// Leaves of a trace that a fresh seat opens.
pub const LEAVES: u32 = 8;
/// Seats of a job in all its rounds: every slot filled, and again after each miss and decline that it can have.
pub const MAX_SEATS: u32 = 48;
/// The most seats that can be paid: a fresh round that has an audit's seat has one less of its own.
pub const PAID_SEATS: u8 = FIRST_SEATS + FRESH_SEATS;
/// The most blocks whose VRFs seed a draw.
pub const MAX_DRAW_BLOCKS: u32 = 64;

/// Why a policy is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyError {
    /// A fraction is above one.
    AboveOne,
    /// No job would be audited.
    NoAudit,
    /// Seats would stand for nothing.
    NoCollateral,
    /// A draw's blocks are none, or more than [`MAX_DRAW_BLOCKS`].
    DrawBlocks,
    /// There is no time to commit, or none to reveal.
    NoWindow,
    /// No units in a block.
    NoUnits,
    /// A missed commit would cost nothing.
    FreeNoShow,
    /// Faults don't cost what they should beside each other: no-show < wrong ≤ withheld.
    FaultOrder,
    /// A coalition of a third would gain by lying.
    LyingPays,
}

impl fmt::Display for PolicyError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(match self {
            Self::AboveOne => "a fraction is above 100%",
            Self::NoAudit => "the chance of an audit is zero",
            Self::NoCollateral => "collateral is zero",
            Self::DrawBlocks => "a draw takes 1 to 64 blocks",
            Self::NoWindow => "a window is zero",
            Self::NoUnits => "units per block are zero",
            Self::FreeNoShow => "a no-show costs nothing",
            Self::FaultOrder => "the cost of faults must be no-show < wrong <= withheld",
            Self::LyingPays => "collateral and audits are too few for lying to be a loss",
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
        ((1..=MAX_DRAW_BLOCKS).contains(&policy.draw_blocks), PolicyError::DrawBlocks),
        (policy.commit_blocks > 0 && policy.reveal_blocks > 0, PolicyError::NoWindow),
        (policy.units_per_block > 0, PolicyError::NoUnits),
        (no_show > Perbill::zero(), PolicyError::FreeNoShow),
        (no_show < wrong && wrong <= withheld, PolicyError::FaultOrder),
        (lying_is_a_loss(policy), PolicyError::LyingPays),
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

/// The most blocks from posting a job to its end, while draws run as soon as their blocks are there; saturating.
///
/// A draw that is due in block n runs in n + D + 1. At worst each of all the seats that a job can have is drawn and
/// commits, or doesn't, only after the one before; then there are the draws of the lot and of the leaves, those that
/// became due again, and two windows to reveal. In fact slots are filled side by side, so that this leaves draws more
/// than half of it to wait for each other. A job's deadline can only end it sooner.
pub fn longest_life(units: u64, policy: &Policy) -> MarketBlock {
    let draw = policy.draw_blocks.saturating_add(1);
    let seats = draw.saturating_add(commit_window(units, policy)).saturating_mul(MAX_SEATS);
    let other_draws = draw.saturating_mul(u32::from(MAX_DUE_AGAIN).saturating_add(2));
    seats.saturating_add(other_draws).saturating_add(policy.reveal_blocks.saturating_mul(2))
}
