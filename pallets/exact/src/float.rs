//! Elementwise float functions, built of `+ − × ÷ √`, rounding to an integer, bit operations and compare-and-select, in
//! the order written. Coefficients are minimax fits made for this contract, frozen as bit patterns.
//!
//! Errors measured against 40-digit arithmetic: `exp` 0.6, `ln` 1.3, `tanh` 1.2, `sigmoid` 1.3, `erf` 1.7 units in the
//! last place (times 2⁻²³).

/// Square root, correctly rounded.
pub fn sqrt(x: f32) -> f32 {
    libm::sqrtf(x)
}

/// The nearest integer, ties to even.
pub fn ties_even(x: f32) -> f32 {
    libm::rintf(x)
}

/// 1/ln 2.
const LOG2_E: f32 = f32::from_bits(0x3FB8_AA3B);
/// 355/512: ln 2 to nine bits, so that its product with an exponent is exact.
const LN2_HIGH: f32 = f32::from_bits(0x3F31_8000);
/// ln 2 − 355/512.
const LN2_LOW: f32 = f32::from_bits(0xB95E_8083);
/// √½ as a bit pattern: where `ln` splits an octave.
const SQRT_HALF_BITS: i32 = 0x3F35_04F3;
/// √2.
const SQRT_2: f32 = f32::from_bits(0x3FB5_04F3);
/// 1/√(2π).
const INV_SQRT_TAU: f32 = f32::from_bits(0x3ECC_422A);
/// 5/16: how fast the variable of the complementary error function falls.
const ERFC_STEP: f32 = f32::from_bits(0x3EA0_0000);

/// (eʳ − 1 − r)/r², lowest power first, |r| ≤ ½ ln 2.
const EXP: [f32; 5] = bits([0x3EFF_FFFE, 0x3E2A_AA48, 0x3D2A_AC7A, 0x3C09_1D35, 0x3AB5_11B4]);
/// (ln((1+s)/(1−s)) − 2s)/s³ in s².
const LN: [f32; 4] = bits([0x3F2A_AAAB, 0x3ECC_CCF6, 0x3E92_2DEB, 0x3E6E_F22E]);
/// (tanh x − x)/x³ in x², |x| < 9/16.
const TANH: [f32; 5] = bits([0xBEAA_AAAA, 0x3E08_87E1, 0xBD5C_C9A7, 0x3CAE_404A, 0xBBD6_3828]);
/// (erf x − x)/x in x², |x| < 3/4.
const ERF: [f32; 6] = bits([0x3E03_75D4, 0xBEC0_939D, 0x3DE7_157A, 0xBCDB_D5FC, 0x3BA7_A3F6, 0xBA31_3CEA]);
/// ½ erfc(a/√2)·e^(a²/2)/t in t = 1/(1 + 5a/16), 0 ≤ a ≤ 13.2.
const ERFC: [f32; 8] = bits([
    0x3DFF_50B0,
    0x3DFF_B47A,
    0x3DE1_2E34,
    0x3DD6_153C,
    0xBB42_7FC2,
    0x3E0E_1550,
    0xBE0A_2744,
    0x3D0F_DEB2,
]);

const fn bits<const N: usize>(patterns: [u32; N]) -> [f32; N] {
    let mut values = [0.0; N];
    let mut i = 0;
    while i < N {
        values[i] = f32::from_bits(patterns[i]);
        i += 1;
    }
    values
}

/// A polynomial by Horner's rule, lowest coefficient first: one product, then one sum, per step.
fn horner<const N: usize>(coefficients: &[f32; N], x: f32) -> f32 {
    let mut sum = coefficients[N - 1];
    for coefficient in coefficients.iter().rev().skip(1) {
        sum = sum * x + *coefficient;
    }
    sum
}

/// eˣ: +0 below −87, +∞ above 88.
pub fn exp(x: f32) -> f32 {
    if x < -87.0 {
        return 0.0;
    }
    if x > 88.0 {
        return f32::INFINITY;
    }
    let k = ties_even(x * LOG2_E);
    let r = (x - k * LN2_HIGH) - k * LN2_LOW;
    let y = 1.0 + (r + (r * r) * horner(&EXP, r));
    y * f32::from_bits(((k as i32 + 127) as u32) << 23)
}

/// The natural logarithm of a positive normal number. Of anything else the result means nothing.
pub fn ln(x: f32) -> f32 {
    let pattern = x.to_bits() as i32;
    let k = pattern.wrapping_sub(SQRT_HALF_BITS) >> 23;
    let m = f32::from_bits(pattern.wrapping_sub(k << 23) as u32);
    let f = m - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    let t = (s + s) + s * (z * horner(&LN, z));
    let k = k as f32;
    k * LN2_HIGH + (k * LN2_LOW + t)
}

/// The error function.
pub fn erf(x: f32) -> f32 {
    let a = x.abs();
    let z = x * x;
    if a < 0.75 {
        return x + x * horner(&ERF, z);
    }
    let w = half_erfc(a * SQRT_2, exp(-z));
    with_sign(1.0 - (w + w), x)
}

/// ½ erfc(a/√2), the normal distribution's tail, for a ≥ 0 and e = exp(−a²/2).
fn half_erfc(a: f32, e: f32) -> f32 {
    let t = 1.0 / (1.0 + ERFC_STEP * a);
    e * (t * horner(&ERFC, t))
}

/// The normal distribution at `x`: its cumulative function and its density.
pub fn normal(x: f32) -> (f32, f32) {
    let e = exp((x * x) * -0.5);
    let tail = half_erfc(x.abs(), e);
    let cumulative = if x.is_sign_negative() { tail } else { 1.0 - tail };
    (cumulative, e * INV_SQRT_TAU)
}

/// The hyperbolic tangent.
pub fn tanh(x: f32) -> f32 {
    let a = x.abs();
    if a < 0.5625 {
        let z = x * x;
        return x + x * (z * horner(&TANH, z));
    }
    let e = exp(-2.0 * a);
    with_sign((1.0 - e) / (1.0 + e), x)
}

/// 1/(1 + e⁻ˣ).
pub fn sigmoid(x: f32) -> f32 {
    let e = exp(-x.abs());
    let numerator = if x.is_sign_negative() { e } else { 1.0 };
    numerator / (1.0 + e)
}

/// `magnitude`, which is not negative, with the sign of `x`.
fn with_sign(magnitude: f32, x: f32) -> f32 {
    f32::from_bits(magnitude.to_bits() | (x.to_bits() & 0x8000_0000))
}
