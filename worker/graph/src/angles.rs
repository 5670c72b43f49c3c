//! Functions that tables of angles are made of, by `+ − × ÷` and rounding to an integer alone: every machine makes the same
//! tables.

use std::f64::consts::{FRAC_2_PI, LN_2, SQRT_2};

/// π/2 to 33 bits, so that its product with a number of quarter turns below 2²⁰ is exact.
const QUARTER_HIGH: f64 = f64::from_bits(0x3FF9_21FB_5440_0000);
/// π/2 − [`QUARTER_HIGH`].
const QUARTER_LOW: f64 = f64::from_bits(0x3DD0_B461_1A62_6331);
/// The series of [`exp_of_minus`] has converged below it.
const SHORT: f64 = 10.0;

/// e^(−x) for x ≥ 0, with a relative error below 10⁻¹⁴ up to 40: the Taylor series at −x/16, squared four times, and once
/// more for each time that x is halved first.
pub(crate) fn exp_of_minus(x: f64) -> f64 {
    if x >= SHORT {
        let root = exp_of_minus(x / 2.0);
        return root * root;
    }
    let y = x / 16.0;
    let series = (1..=18u32).rev().fold(1.0, |sum: f64, n| 1.0 - sum * y / f64::from(n));
    (0..4).fold(series, |power, _| power * power)
}

/// The natural logarithm of a positive normal number, with an error below 10⁻¹⁵ times the larger of 1 and its size: the
/// octave, and the series of ln((1 + s)/(1 − s)) for what is left of it, which lies between √½ and √2.
pub(crate) fn ln(x: f64) -> f64 {
    const MANTISSA: u64 = (1 << 52) - 1;
    let mut octave = (x.to_bits() >> 52) as i32 - 1023;
    let mut rest = f64::from_bits((x.to_bits() & MANTISSA) | 1.0f64.to_bits());
    if rest > SQRT_2 {
        rest /= 2.0;
        octave += 1;
    }
    let s = (rest - 1.0) / (rest + 1.0);
    let square = s * s;
    let series = (0..12u32).rev().fold(0.0, |sum: f64, n| sum * square + 1.0 / f64::from(2 * n + 1));
    f64::from(octave) * LN_2 + 2.0 * s * series
}

/// Cosine and sine of an angle from 0 to 131,071, with an error below 10⁻¹⁵: quarter turns are taken off, and the
/// Taylor series do the rest.
pub(crate) fn cos_sin(angle: f64) -> (f64, f64) {
    let quarters = (angle * FRAC_2_PI).round_ties_even();
    let rest = (angle - quarters * QUARTER_HIGH) - quarters * QUARTER_LOW;
    let square = rest * rest;
    let series = |first: f64| {
        (1..=10u32).rev().fold(1.0, |sum: f64, n| {
            let below = 2.0 * f64::from(n) + first;
            1.0 - sum * square / (below * (below + 1.0))
        })
    };
    let (cos, sin) = (series(-1.0), rest * series(0.0));
    match quarters as u64 % 4 {
        0 => (cos, sin),
        1 => (-sin, cos),
        2 => (-cos, -sin),
        _ => (sin, -cos),
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "the standard library's functions are the yardstick")]
mod tests {
    use super::*;

    #[test]
    fn functions_are_those_of_their_names() {
        for x in [0.0, 1e-9, 0.3, 1.0, 6.5, 9.999, 10.0, 13.2, 23.0, 39.9] {
            let error = exp_of_minus(x) / (-x).exp() - 1.0;
            assert!(error.abs() < 1e-14, "exp(-{x}): {error:e}");
        }
        for x in [1e-3, 0.5, 0.707, 0.708, 1.0, 1.414, 1.415, 2.0, 10_000.0, 500_000.0, 1e9] {
            let (got, expected) = (ln(x), x.ln());
            let bound = 1e-15 * expected.abs().max(1.0);
            assert!((got - expected).abs() < bound, "ln({x}): {got} not {expected}");
        }
        for angle in [0.0, 0.5, 1.0, 4095.0, 65_535.75, 131_070.0] {
            let (x, y) = cos_sin(angle);
            assert!((x - angle.cos()).abs() < 1e-15 && (y - angle.sin()).abs() < 1e-15, "{angle}");
        }
    }
}
