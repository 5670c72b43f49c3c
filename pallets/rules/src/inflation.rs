//! New money: how much of it an era issues, and what of it whom. Amounts in planck.

use assay_primitives::Balance;
use sp_arithmetic::{helpers_128bit::multiply_by_rational_with_rounding, Perbill, Rounding};

/// Milliseconds of a year of 365.25 days.
pub const YEAR_MILLIS: u64 = 31_557_600_000;

/// The highest inflation of a year. Votes can't go beyond it, only another runtime can.
pub const MAX_INFLATION: Perbill = Perbill::from_percent(10);

/// What an era issues. Nothing else issues any money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Emission {
    /// To the treasury.
    pub treasury: Balance,
    /// To the validators, by the blocks that they have authored.
    pub validators: Balance,
}

/// What an era of so many blocks issues:
///
/// ```text
/// E = ⌊⌊issuance · inflation⌋ · min(blocks · slot, year) / year⌋
/// treasury = ⌊E · treasury_share⌋, validators = E − treasury
/// ```
///
/// A slot without a block issues nothing. So nobody gains by keeping others from authoring, and a chain that stood still
/// has nothing to make up for. An inflation above [`MAX_INFLATION`] counts as that, a share above one as one.
pub fn emission(
    issuance: Balance,
    inflation: Perbill,
    treasury_share: Perbill,
    blocks: u32,
    slot_millis: u64,
) -> Emission {
    let millis = u64::from(blocks).saturating_mul(slot_millis).min(YEAR_MILLIS);
    let of_year = inflation.min(MAX_INFLATION).mul_floor(issuance);
    let of_era = portion(of_year, millis, YEAR_MILLIS);
    let treasury = treasury_share.min(Perbill::one()).mul_floor(of_era);
    // A share of an amount, rounded down, is at most the amount.
    Emission { treasury, validators: of_era.saturating_sub(treasury) }
}

/// What a validator gets of an era's pot: `⌊pot · blocks / total⌋`. All validators together get at most the pot; what
/// rounding leaves is not issued. More blocks than there were count as all of them; of none, everybody gets nothing.
pub fn payout(pot: Balance, blocks: u32, total: u32) -> Balance {
    portion(pot, blocks.min(total).into(), total.into())
}

/// `⌊amount · part / whole⌋` for a part that is at most the whole: no overflow then. Nothing of no whole.
fn portion(amount: Balance, part: u64, whole: u64) -> Balance {
    let portion = multiply_by_rational_with_rounding(amount, part.into(), whole.into(), Rounding::Down);
    portion.unwrap_or_default()
}
