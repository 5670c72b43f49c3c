//! Penalties: fractions in parts per billion, amounts in planck.

use sp_arithmetic::{traits::AtLeast32BitUnsigned, PerThing, Perbill};

/// The most that a reporter can get of what is taken. So whoever reports its own fault loses nine tenths of it.
pub const MAX_REPORTER_SHARE: Perbill = Perbill::from_percent(10);

/// Where what was taken goes. The three sum to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split<Balance> {
    /// To the reporter.
    pub reporter: Balance,
    /// To nobody.
    pub burnt: Balance,
    /// To the treasury.
    pub treasury: Balance,
}

/// What each of `offenders` that equivocated at the same time, of `validators`, loses of its stake:
/// `min((3k / n)², 1)`, and at most `cap`.
///
/// 3k / n is rounded down to parts per billion, and so is its square, exactly as BABE and GRANDPA of the SDK do it. A
/// third of the validators together lose everything, a lone one of a hundred 0.09%, but a lone one of four 56.25%:
/// hence the cap. Without validators, the fraction is the cap.
pub fn equivocation_fraction(offenders: u32, validators: u32, cap: Perbill) -> Perbill {
    let thrice = u64::from(offenders).saturating_mul(3);
    capped(Perbill::from_rational(thrice, u64::from(validators)).square(), cap)
}

/// A fraction, at most `cap`.
pub fn capped(fraction: Perbill, cap: Perbill) -> Perbill {
    fraction.min(cap)
}

/// What a fault costs: a fraction of what was at stake, rounded down to a planck; never more than was at stake.
pub fn slash_amount<Balance>(fraction: Perbill, exposure: Balance) -> Balance
where
    Balance: AtLeast32BitUnsigned + Copy,
{
    fraction.mul_floor(exposure)
}

/// What one more fault of an era adds to what `counted` of that era already: its excess over that, or nothing. So the
/// faults of an era, in whatever order, cost together what the highest one costs, not their sum.
pub fn increment<Balance>(fault: Balance, counted: Balance) -> Balance
where
    Balance: AtLeast32BitUnsigned + Copy,
{
    fault.saturating_sub(counted)
}

/// Splits what was taken: `reporter_share` of it to the reporter, rounded down; of the rest all but `burn_share` to the
/// treasury, rounded down; what remains is burnt, so a planck that doesn't divide is.
pub fn split<Balance>(taken: Balance, reporter_share: Perbill, burn_share: Perbill) -> Split<Balance>
where
    Balance: AtLeast32BitUnsigned + Copy,
{
    let reporter = reporter_share.mul_floor(taken);
    // Neither difference can saturate: a fraction of an amount, rounded down, is at most the amount.
    let rest = taken.saturating_sub(reporter);
    let treasury = burn_share.left_from_one().mul_floor(rest);
    Split { reporter, burnt: rest.saturating_sub(treasury), treasury }
}
