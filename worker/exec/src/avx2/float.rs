//! The contract's functions on eight floats: the same operations in the same order as the reference, with
//! selects in place of branches.

use std::arch::x86_64::{
    __m256, _mm256_add_epi32, _mm256_add_ps, _mm256_andnot_ps, _mm256_blendv_ps, _mm256_castsi256_ps,
    _mm256_cmp_ps, _mm256_cvtps_epi32, _mm256_div_ps, _mm256_loadu_ps, _mm256_mul_ps, _mm256_or_ps,
    _mm256_round_ps, _mm256_set1_epi32, _mm256_set1_ps, _mm256_slli_epi32, _mm256_storeu_ps, _mm256_sub_ps,
    _CMP_GT_OQ, _CMP_LT_OQ, _MM_FROUND_NO_EXC, _MM_FROUND_TO_NEAREST_INT,
};

use crate::coefficients::{ERFC, ERFC_STEP, EXP, LN2_HIGH, LN2_LOW, LOG2_E, SIGN};

#[inline]
#[target_feature(enable = "avx2")]
fn constant(bits: u32) -> __m256 {
    _mm256_set1_ps(f32::from_bits(bits))
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn load(x: &[f32; 8]) -> __m256 {
    // SAFETY: an unaligned load of the eight floats of the array.
    unsafe { _mm256_loadu_ps(x.as_ptr()) }
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn store(x: __m256) -> [f32; 8] {
    let mut all = [0.0; 8];
    // SAFETY: an unaligned store into the eight floats of the array.
    unsafe { _mm256_storeu_ps(all.as_mut_ptr(), x) };
    all
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

/// Up to eight floats, then zeros.
#[inline]
fn padded(x: &[f32]) -> [f32; 8] {
    let mut all = [0.0; 8];
    all[..x.len()].copy_from_slice(x);
    all
}

#[target_feature(enable = "avx2")]
pub(super) fn gelu(x: &[f32], y: &mut [f32]) {
    for (x, y) in x.chunks(8).zip(y.chunks_mut(8)) {
        let x = load(&padded(x));
        let all = store(_mm256_mul_ps(x, cumulative(x)));
        y.copy_from_slice(&all[..y.len()]);
    }
}

#[target_feature(enable = "avx2")]
pub(super) fn silu_mul(x: &[f32], u: &[f32], y: &mut [f32]) {
    for ((x, u), y) in x.chunks(8).zip(u.chunks(8)).zip(y.chunks_mut(8)) {
        let (x, u) = (load(&padded(x)), load(&padded(u)));
        let all = store(_mm256_mul_ps(_mm256_mul_ps(x, sigmoid(x)), u));
        y.copy_from_slice(&all[..y.len()]);
    }
}
