//! The contract's functions on eight floats: the same operations in the same order as the reference, with
//! selects in place of branches.

use std::arch::x86_64::{
    __m256, __m256i, _mm256_add_epi32, _mm256_add_ps, _mm256_and_si256, _mm256_andnot_ps, _mm256_blendv_ps,
    _mm256_castps_si256, _mm256_castsi256_ps, _mm256_cmp_ps, _mm256_cmpeq_epi32, _mm256_cvtepi32_ps,
    _mm256_cvtps_epi32, _mm256_div_ps, _mm256_loadu_ps, _mm256_max_ps, _mm256_mul_ps, _mm256_or_ps,
    _mm256_or_si256, _mm256_round_ps, _mm256_set1_epi32, _mm256_set1_ps, _mm256_setzero_ps,
    _mm256_setzero_si256, _mm256_slli_epi32, _mm256_storeu_ps, _mm256_sub_ps, _mm256_testz_si256, _CMP_GT_OQ,
    _CMP_LT_OQ, _MM_FROUND_NO_EXC, _MM_FROUND_TO_NEAREST_INT,
};

use super::panel::LANES;
use crate::coefficients::{ERFC, ERFC_STEP, EXP, LN2_HIGH, LN2_LOW, LOG2_E, SIGN};

#[inline]
#[target_feature(enable = "avx2")]
fn constant(bits: u32) -> __m256 {
    _mm256_set1_ps(f32::from_bits(bits))
}

/// Up to eight floats, then zeros.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn load(x: &[f32]) -> __m256 {
    let mut padded = [0.0; LANES];
    let whole = match x.first_chunk::<LANES>() {
        Some(whole) => whole,
        None => {
            padded[..x.len()].copy_from_slice(x);
            &padded
        }
    };
    // SAFETY: an unaligned load of the eight floats of the array.
    unsafe { _mm256_loadu_ps(whole.as_ptr()) }
}

/// Writes as many lanes, of the first eight, as the slice has room for.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn store(x: __m256, to: &mut [f32]) {
    match to.first_chunk_mut::<LANES>() {
        // SAFETY: an unaligned store into the eight floats of the array.
        Some(whole) => unsafe { _mm256_storeu_ps(whole.as_mut_ptr(), x) },
        None => {
            let mut all = [0.0; LANES];
            // SAFETY: as above.
            unsafe { _mm256_storeu_ps(all.as_mut_ptr(), x) };
            to.copy_from_slice(&all[..to.len()]);
        }
    }
}

/// All bits of the lanes that are not finite: whose exponent has all bits.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn not_finite(x: __m256) -> __m256i {
    let exponent = _mm256_set1_epi32(0x7F80_0000);
    _mm256_cmpeq_epi32(_mm256_and_si256(_mm256_castps_si256(x), exponent), exponent)
}

/// Whether a bit is set.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn any(bits: __m256i) -> bool {
    _mm256_testz_si256(bits, bits) == 0
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn ties_even(x: __m256) -> __m256 {
    _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(x)
}

#[inline]
#[target_feature(enable = "avx2")]
fn horner<const N: usize>(coefficients: &[u32; N], x: __m256) -> __m256 {
    let mut sum = constant(coefficients[N - 1]);
    for coefficient in coefficients.iter().rev().skip(1) {
        sum = _mm256_add_ps(_mm256_mul_ps(sum, x), constant(*coefficient));
    }
    sum
}

/// eˣ. Lanes outside −87…88 compute something without meaning, which the selects replace.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn exp(x: __m256) -> __m256 {
    let k = ties_even(_mm256_mul_ps(x, constant(LOG2_E)));
    let r = _mm256_sub_ps(x, _mm256_mul_ps(k, constant(LN2_HIGH)));
    let r = _mm256_sub_ps(r, _mm256_mul_ps(k, constant(LN2_LOW)));
    let rest = _mm256_add_ps(r, _mm256_mul_ps(_mm256_mul_ps(r, r), horner(&EXP, r)));
    let y = _mm256_add_ps(_mm256_set1_ps(1.0), rest);
    let exponent = _mm256_add_epi32(_mm256_cvtps_epi32(k), _mm256_set1_epi32(127));
    let power = _mm256_castsi256_ps(_mm256_slli_epi32::<23>(exponent));
    let below = _mm256_cmp_ps::<_CMP_LT_OQ>(x, _mm256_set1_ps(-87.0));
    let above = _mm256_cmp_ps::<_CMP_GT_OQ>(x, _mm256_set1_ps(88.0));
    let y = _mm256_andnot_ps(below, _mm256_mul_ps(y, power));
    _mm256_blendv_ps(y, _mm256_set1_ps(f32::INFINITY), above)
}

/// eˣ of lanes that are at most 0, with fewer operations than [`exp`]; below −87 it is e⁻⁸⁷ in place of 0, and whoever makes
/// an integer of a multiple of it by up to 2³⁰ gets 0 either way. Lanes above 0 mean nothing.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn exp_of_negative(x: __m256) -> __m256 {
    let x = _mm256_max_ps(x, _mm256_set1_ps(-87.0));
    // Conversion rounds to nearest even.
    let octaves = _mm256_cvtps_epi32(_mm256_mul_ps(x, constant(LOG2_E)));
    let k = _mm256_cvtepi32_ps(octaves);
    let r = _mm256_sub_ps(x, _mm256_mul_ps(k, constant(LN2_HIGH)));
    let r = _mm256_sub_ps(r, _mm256_mul_ps(k, constant(LN2_LOW)));
    let rest = _mm256_add_ps(r, _mm256_mul_ps(_mm256_mul_ps(r, r), horner(&EXP, r)));
    let y = _mm256_add_ps(_mm256_set1_ps(1.0), rest);
    // Both y and y·2ᵏ are normal: the product adds to the exponent.
    let bits = _mm256_add_epi32(_mm256_castps_si256(y), _mm256_slli_epi32::<23>(octaves));
    _mm256_castsi256_ps(bits)
}

/// Φ(x).
#[inline]
#[target_feature(enable = "avx2")]
fn cumulative(x: __m256) -> __m256 {
    let one = _mm256_set1_ps(1.0);
    let e = exp(_mm256_mul_ps(_mm256_mul_ps(x, x), _mm256_set1_ps(-0.5)));
    let a = _mm256_andnot_ps(constant(SIGN), x);
    let t = _mm256_div_ps(one, _mm256_add_ps(one, _mm256_mul_ps(constant(ERFC_STEP), a)));
    let tail = _mm256_mul_ps(e, _mm256_mul_ps(t, horner(&ERFC, t)));
    // Selects by the sign bit.
    _mm256_blendv_ps(_mm256_sub_ps(one, tail), tail, x)
}

/// σ(x).
#[inline]
#[target_feature(enable = "avx2")]
fn sigmoid(x: __m256) -> __m256 {
    let one = _mm256_set1_ps(1.0);
    let e = exp(_mm256_or_ps(x, constant(SIGN)));
    // Selects by the sign bit.
    let numerator = _mm256_blendv_ps(one, e, x);
    _mm256_div_ps(numerator, _mm256_add_ps(one, e))
}

/// Writes what `value` makes of the operands, each as long as `y`, eight floats of each at a time; whether all of it is
/// finite.
#[inline]
#[target_feature(enable = "avx2")]
fn each<const N: usize>(x: [&[f32]; N], y: &mut [f32], value: impl Fn([__m256; N]) -> __m256) -> bool {
    let (wholes, rest) = y.as_chunks_mut::<LANES>();
    let x = x.map(|x| x.as_chunks::<LANES>());
    assert!(x.iter().all(|x| [x.0.len(), x.1.len()] == [wholes.len(), rest.len()]), "operands of one length");
    let mut bad = _mm256_setzero_si256();
    let mut operands = [_mm256_setzero_ps(); N];
    for (at, y) in wholes.iter_mut().enumerate() {
        for (operand, (wholes, _)) in operands.iter_mut().zip(&x) {
            *operand = load(&wholes[at]);
        }
        let value = value(operands);
        bad = _mm256_or_si256(bad, not_finite(value));
        store(value, y);
    }
    if !rest.is_empty() {
        for (operand, (_, rest)) in operands.iter_mut().zip(&x) {
            *operand = load(rest);
        }
        let value = value(operands);
        bad = _mm256_or_si256(bad, not_finite(value));
        store(value, rest);
    }
    !any(bad)
}

/// y = x·Φ(x); whether all of it is finite, which it is only where x is.
#[target_feature(enable = "avx2")]
pub(super) fn gelu(x: &[f32], y: &mut [f32]) -> bool {
    each([x], y, |[x]| _mm256_mul_ps(x, cumulative(x)))
}

/// y = (x·σ(x))·u; whether all of it is finite, which it is only where x and u are.
#[target_feature(enable = "avx2")]
pub(super) fn silu_mul(x: &[f32], u: &[f32], y: &mut [f32]) -> bool {
    each([x, u], y, |[x, u]| _mm256_mul_ps(_mm256_mul_ps(x, sigmoid(x)), u))
}

/// y = a + b; whether all of it is finite, which it is only where a and b are.
#[target_feature(enable = "avx2")]
pub(super) fn add(a: &[f32], b: &[f32], y: &mut [f32]) -> bool {
    each([a, b], y, |[a, b]| _mm256_add_ps(a, b))
}

/// y = a·b; whether all of it is finite, which it is only where a and b are.
#[target_feature(enable = "avx2")]
pub(super) fn mul(a: &[f32], b: &[f32], y: &mut [f32]) -> bool {
    each([a, b], y, |[a, b]| _mm256_mul_ps(a, b))
}
