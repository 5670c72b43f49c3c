//! Numbers of the contract without calls and branches.

use assay_exact::{Precision, Quantiser, TINY_BITS};

use crate::coefficients;

/// 3·2²²: between 2²³ and 2²⁴ floats are the integers, so a sum with it is rounded to one, ties to even.
const SHIFT: f32 = 12_582_912.0;
/// 3·2⁵¹: as [`SHIFT`], of doubles.
const WIDE_SHIFT: f64 = 6_755_399_441_055_744.0;
/// 2⁴⁰, the unit of fixed-point sums.
const FIXED_ONE: f32 = f32::from_bits((127 + 40) << 23);
/// Bits without the sign.
const MAGNITUDE: u32 = i32::MAX as u32;
const EXPONENT: u32 = 0xFF << 23;

const LOG2_E: f32 = f32::from_bits(coefficients::LOG2_E);
const LN2_HIGH: f32 = f32::from_bits(coefficients::LN2_HIGH);
const LN2_LOW: f32 = f32::from_bits(coefficients::LN2_LOW);

/// ties_even(x) of |x| < 2²².
#[inline(always)]
pub(super) fn integer(x: f32) -> i32 {
    ((x + SHIFT).to_bits() as i32).wrapping_sub(SHIFT.to_bits() as i32)
}

/// ties_even(x) of |x| < 2⁵¹: the conversion to a double is exact, so only the sum rounds.
#[inline(always)]
pub(super) fn wide_integer(x: f32) -> i64 {
    ((f64::from(x) + WIDE_SHIFT).to_bits() as i64).wrapping_sub(WIDE_SHIFT.to_bits() as i64)
}

/// ties_even(x·2⁴⁰) of |x| < 2¹⁰.
#[inline(always)]
pub(super) fn fixed(x: f32) -> i64 {
    wide_integer(x * FIXED_ONE)
}

#[inline(always)]
pub(super) fn finite(x: f32) -> bool {
    x.to_bits() & EXPONENT != EXPONENT
}

/// The larger of a magnitude's bit pattern and that of `x`.
#[inline(always)]
pub(super) fn larger(largest: u32, x: f32) -> u32 {
    let bits = x.to_bits() & MAGNITUDE;
    if bits > largest {
        bits
    } else {
        largest
    }
}

/// The largest magnitude as a bit pattern.
#[inline(always)]
pub(super) fn magnitude(x: &[f32]) -> u32 {
    let mut largest = 0;
    for x in x {
        largest = larger(largest, *x);
    }
    largest
}

/// ties_even(x·inverse), clamped, of a float that the inverse is made for.
#[inline(always)]
pub(super) fn quantised(x: f32, inverse: f32, bound: i32) -> i32 {
    let q = integer(x * inverse);
    let q = if q > bound { bound } else { q };
    if q < -bound {
        -bound
    } else {
        q
    }
}

/// Scale and inverse of a vector; an inverse of 0 where it counts as zero or is not finite.
#[inline(always)]
pub(super) fn scale(magnitude: u32, bound: i32) -> (f32, f32) {
    let scale = Quantiser::new(magnitude, bound).scale();
    let inverse = bound as f32 / f32::from_bits(magnitude);
    (scale, if (TINY_BITS..EXPONENT).contains(&magnitude) { inverse } else { 0.0 })
}

/// The contract's sum of a vector, f32(Σq)·s with Q = 2,088,895; NaN if a float is not finite.
#[inline(always)]
pub(super) fn sum(x: &[f32]) -> f32 {
    let bound = Precision::I22.bound();
    let (scale, inverse) = scale(magnitude(x), bound);
    let mut sum = 0i64;
    for x in x {
        sum += i64::from(quantised(*x, inverse, bound));
    }
    sum as f32 * scale
}

/// eˣ. Outside −87…88 something without meaning is computed, which the selects replace. That 0 may come where the
/// reference has −0 changes nothing: both leave what they are taken off.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    let shifted = x * LOG2_E + SHIFT;
    let k = shifted - SHIFT;
    let power = (shifted.to_bits() as i32).wrapping_sub(SHIFT.to_bits() as i32).wrapping_add(127);
    let r = (x - k * LN2_HIGH) - k * LN2_LOW;
    let y = 1.0 + (r + (r * r) * horner(&coefficients::EXP, r));
    let value = y * f32::from_bits((power as u32) << 23);
    let value = if x > 88.0 { f32::INFINITY } else { value };
    if x < -87.0 {
        0.0
    } else {
        value
    }
}

/// A polynomial by Horner's rule, lowest coefficient first.
#[inline(always)]
pub(super) fn horner<const N: usize>(coefficients: &[u32; N], x: f32) -> f32 {
    let mut sum = f32::from_bits(coefficients[N - 1]);
    for coefficient in coefficients.iter().rev().skip(1) {
        sum = sum * x + f32::from_bits(*coefficient);
    }
    sum
}
