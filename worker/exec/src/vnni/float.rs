//! The contract's functions on sixteen floats: the same operations in the same order as the reference, with selects in
//! place of branches.

use std::arch::x86_64::{
    __m512, _mm512_add_epi32, _mm512_add_ps, _mm512_and_si512, _mm512_castps_si512, _mm512_castsi512_ps,
    _mm512_cmp_ps_mask, _mm512_cvtepi32_ps, _mm512_cvtps_epi32, _mm512_div_ps, _mm512_fpclass_ps_mask,
    _mm512_loadu_ps, _mm512_mask_blend_ps, _mm512_mask_storeu_ps, _mm512_maskz_loadu_ps, _mm512_maskz_mul_ps,
    _mm512_max_ps, _mm512_movepi32_mask, _mm512_mul_ps, _mm512_or_si512, _mm512_roundscale_ps,
    _mm512_set1_epi32, _mm512_set1_ps, _mm512_setzero_ps, _mm512_slli_epi32, _mm512_storeu_ps, _mm512_sub_ps,
    _CMP_GT_OQ, _CMP_NLT_UQ, _MM_FROUND_NO_EXC, _MM_FROUND_TO_NEAREST_INT,
};

use super::panel::LANES;
use crate::coefficients::{ERFC, ERFC_STEP, EXP, LN2_HIGH, LN2_LOW, LOG2_E, SIGN};

/// The classes of `vfpclassps` that are not finite: NaNs of both kinds, both infinities.
const NOT_FINITE: i32 = 0x99;

/// The first `len` lanes.
#[inline]
pub(super) fn lanes(len: usize) -> u16 {
    if len < LANES {
        (1u16 << len) - 1
    } else {
        u16::MAX
    }
}

/// Up to sixteen floats, then zeros.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn load(x: &[f32]) -> __m512 {
    match x.first_chunk::<LANES>() {
        // SAFETY: an unaligned load of the sixteen floats of the array.
        Some(whole) => unsafe { _mm512_loadu_ps(whole.as_ptr()) },
        // SAFETY: the mask covers no more floats than the slice has.
        None => unsafe { _mm512_maskz_loadu_ps(lanes(x.len()), x.as_ptr()) },
    }
}

/// Writes as many lanes, of the first sixteen, as the slice has room for.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn store(x: __m512, to: &mut [f32]) {
    match to.first_chunk_mut::<LANES>() {
        // SAFETY: an unaligned store into the sixteen floats of the array.
        Some(whole) => unsafe { _mm512_storeu_ps(whole.as_mut_ptr(), x) },
        // SAFETY: the mask covers no more floats than the slice has.
        None => unsafe { _mm512_mask_storeu_ps(to.as_mut_ptr(), lanes(to.len()), x) },
    }
}

/// The lanes that are not finite.
#[inline]
#[target_feature(enable = "avx512f,avx512dq")]
pub(super) fn not_finite(x: __m512) -> u16 {
    _mm512_fpclass_ps_mask::<NOT_FINITE>(x)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn constant(bits: u32) -> __m512 {
    _mm512_set1_ps(f32::from_bits(bits))
}

#[inline]
#[target_feature(enable = "avx512f")]
fn horner<const N: usize>(coefficients: &[u32; N], x: __m512) -> __m512 {
    let mut sum = constant(coefficients[N - 1]);
    for coefficient in coefficients.iter().rev().skip(1) {
        sum = _mm512_add_ps(_mm512_mul_ps(sum, x), constant(*coefficient));
    }
    sum
}

/// eˣ. Lanes outside −87…88 compute something without meaning, which the selects replace.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn exp(x: __m512) -> __m512 {
    let octaves = _mm512_mul_ps(x, constant(LOG2_E));
    let k = _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(octaves);
    let r = _mm512_sub_ps(x, _mm512_mul_ps(k, constant(LN2_HIGH)));
    let r = _mm512_sub_ps(r, _mm512_mul_ps(k, constant(LN2_LOW)));
    let rest = _mm512_add_ps(r, _mm512_mul_ps(_mm512_mul_ps(r, r), horner(&EXP, r)));
    let y = _mm512_add_ps(_mm512_set1_ps(1.0), rest);
    let exponent = _mm512_add_epi32(_mm512_cvtps_epi32(k), _mm512_set1_epi32(127));
    let power = _mm512_castsi512_ps(_mm512_slli_epi32::<23>(exponent));
    let not_below = _mm512_cmp_ps_mask::<_CMP_NLT_UQ>(x, _mm512_set1_ps(-87.0));
    let above = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(x, _mm512_set1_ps(88.0));
    let y = _mm512_maskz_mul_ps(not_below, y, power);
    _mm512_mask_blend_ps(above, y, _mm512_set1_ps(f32::INFINITY))
}

/// eˣ of lanes that are at most 0, with fewer operations than [`exp`]; below −87 it is e⁻⁸⁷ in place of 0, and whoever makes
/// an integer of a multiple of it by up to 2³⁰ gets 0 either way. Lanes above 0 mean nothing.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn exp_of_negative(x: __m512) -> __m512 {
    let x = _mm512_max_ps(x, _mm512_set1_ps(-87.0));
    // Conversion rounds to nearest even.
    let octaves = _mm512_cvtps_epi32(_mm512_mul_ps(x, constant(LOG2_E)));
    let k = _mm512_cvtepi32_ps(octaves);
    let r = _mm512_sub_ps(x, _mm512_mul_ps(k, constant(LN2_HIGH)));
    let r = _mm512_sub_ps(r, _mm512_mul_ps(k, constant(LN2_LOW)));
    let rest = _mm512_add_ps(r, _mm512_mul_ps(_mm512_mul_ps(r, r), horner(&EXP, r)));
    let y = _mm512_add_ps(_mm512_set1_ps(1.0), rest);
    // Both y and y·2ᵏ are normal: the product adds to the exponent.
    let bits = _mm512_add_epi32(_mm512_castps_si512(y), _mm512_slli_epi32::<23>(octaves));
    _mm512_castsi512_ps(bits)
}

/// The lanes whose sign bit is set.
#[inline]
#[target_feature(enable = "avx512f,avx512dq")]
fn negative(x: __m512) -> u16 {
    _mm512_movepi32_mask(_mm512_castps_si512(x))
}

/// Φ(x).
#[inline]
#[target_feature(enable = "avx512f,avx512dq")]
fn cumulative(x: __m512) -> __m512 {
    let one = _mm512_set1_ps(1.0);
    let e = exp(_mm512_mul_ps(_mm512_mul_ps(x, x), _mm512_set1_ps(-0.5)));
    let magnitude = _mm512_set1_epi32((SIGN ^ u32::MAX) as i32);
    let a = _mm512_castsi512_ps(_mm512_and_si512(_mm512_castps_si512(x), magnitude));
    let t = _mm512_div_ps(one, _mm512_add_ps(one, _mm512_mul_ps(constant(ERFC_STEP), a)));
    let tail = _mm512_mul_ps(e, _mm512_mul_ps(t, horner(&ERFC, t)));
    _mm512_mask_blend_ps(negative(x), _mm512_sub_ps(one, tail), tail)
}

/// σ(x).
#[inline]
#[target_feature(enable = "avx512f,avx512dq")]
fn sigmoid(x: __m512) -> __m512 {
    let one = _mm512_set1_ps(1.0);
    let sign = _mm512_set1_epi32(SIGN as i32);
    let e = exp(_mm512_castsi512_ps(_mm512_or_si512(_mm512_castps_si512(x), sign)));
    let numerator = _mm512_mask_blend_ps(negative(x), one, e);
    _mm512_div_ps(numerator, _mm512_add_ps(one, e))
}

/// Writes what `value` makes of the operands, each as long as `y`, sixteen floats of each at a time; whether all of it is
/// finite.
#[inline]
#[target_feature(enable = "avx512f,avx512dq")]
fn each<const N: usize>(x: [&[f32]; N], y: &mut [f32], value: impl Fn([__m512; N]) -> __m512) -> bool {
    let (wholes, rest) = y.as_chunks_mut::<LANES>();
    let x = x.map(|x| x.as_chunks::<LANES>());
    assert!(x.iter().all(|x| [x.0.len(), x.1.len()] == [wholes.len(), rest.len()]), "operands of one length");
    let mut bad = 0;
    let mut operands = [_mm512_setzero_ps(); N];
    for (at, y) in wholes.iter_mut().enumerate() {
        for (operand, (wholes, _)) in operands.iter_mut().zip(&x) {
            *operand = load(&wholes[at]);
        }
        let value = value(operands);
        bad |= not_finite(value);
        store(value, y);
    }
    if !rest.is_empty() {
        for (operand, (_, rest)) in operands.iter_mut().zip(&x) {
            *operand = load(rest);
        }
        let value = value(operands);
        bad |= not_finite(value);
        store(value, rest);
    }
    bad == 0
}

/// y = x·Φ(x); whether all of it is finite, which it is only where x is.
#[target_feature(enable = "avx512f,avx512dq")]
pub(super) fn gelu(x: &[f32], y: &mut [f32]) -> bool {
    each([x], y, |[x]| _mm512_mul_ps(x, cumulative(x)))
}

/// y = (x·σ(x))·u; whether all of it is finite, which it is only where x and u are.
#[target_feature(enable = "avx512f,avx512dq")]
pub(super) fn silu_mul(x: &[f32], u: &[f32], y: &mut [f32]) -> bool {
    each([x, u], y, |[x, u]| _mm512_mul_ps(_mm512_mul_ps(x, sigmoid(x)), u))
}

/// y = a + b; whether all of it is finite, which it is only where a and b are.
#[target_feature(enable = "avx512f,avx512dq")]
pub(super) fn add(a: &[f32], b: &[f32], y: &mut [f32]) -> bool {
    each([a, b], y, |[a, b]| _mm512_add_ps(a, b))
}

/// y = a·b; whether all of it is finite, which it is only where a and b are.
#[target_feature(enable = "avx512f,avx512dq")]
pub(super) fn mul(a: &[f32], b: &[f32], y: &mut [f32]) -> bool {
    each([a, b], y, |[a, b]| _mm512_mul_ps(a, b))
}
