//! Floats to integers and their digits, sixteen at a time.

use std::arch::x86_64::{
    __m512i, _mm512_add_epi32, _mm512_add_epi64, _mm512_and_si512, _mm512_castps_si512,
    _mm512_castsi512_si256, _mm512_cvtepi32_epi64, _mm512_cvtepi32_epi8, _mm512_cvtps_epi32,
    _mm512_extracti64x4_epi64, _mm512_max_epu32, _mm512_mul_epi32, _mm512_mul_ps, _mm512_reduce_add_epi32,
    _mm512_reduce_add_epi64, _mm512_reduce_max_epu32, _mm512_set1_epi32, _mm512_set1_ps,
    _mm512_setzero_si512, _mm512_srai_epi32, _mm512_srli_epi64, _mm512_sub_epi32, _mm_storeu_si128,
};

use assay_exact::{Precision, Quantiser};

use super::float::load;
use super::panel::LANES;

/// The largest magnitude as a bit pattern.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn magnitude(x: &[f32]) -> u32 {
    let (wholes, rest) = x.as_chunks::<LANES>();
    let mut largest = magnitudes(rest);
    for part in wholes {
        largest = _mm512_max_epu32(largest, magnitudes(part));
    }
    _mm512_reduce_max_epu32(largest)
}

/// The magnitudes of up to sixteen floats as bit patterns, then zeros.
#[inline]
#[target_feature(enable = "avx512f")]
fn magnitudes(x: &[f32]) -> __m512i {
    _mm512_and_si512(_mm512_castps_si512(load(x)), _mm512_set1_epi32(i32::MAX))
}

/// ties_even(x·inverse) of up to sixteen finite floats, then zeros. Conversion rounds to nearest even. Nothing is left to
/// clamp: `inverse` is Q to the largest magnitude, so that |x|·inverse is at most Q·(1 + 2⁻²⁴)², which rounds to Q since
/// Q < 2²².
#[inline]
#[target_feature(enable = "avx512f")]
fn integers(x: &[f32], inverse: f32) -> __m512i {
    _mm512_cvtps_epi32(_mm512_mul_ps(load(x), _mm512_set1_ps(inverse)))
}

/// Writes integers in ±127, or as many of the first ones as there is room for.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn put(digits: __m512i, to: &mut [i8]) {
    let mut all = [0; LANES];
    let bytes = _mm512_cvtepi32_epi8(digits);
    match to.first_chunk_mut::<LANES>() {
        // SAFETY: an unaligned store into the 16 bytes of the array.
        Some(whole) => unsafe { _mm_storeu_si128(whole.as_mut_ptr().cast(), bytes) },
        None => {
            // SAFETY: as above.
            unsafe { _mm_storeu_si128(all.as_mut_ptr().cast(), bytes) };
            to.copy_from_slice(&all[..to.len()]);
        }
    }
}

/// Writes the digits of a vector, a slice per plane, lowest first; gives the scale. If that is NaN the digits mean nothing.
#[target_feature(enable = "avx512f")]
pub(super) fn quantise(x: &[f32], precision: Precision, planes: &mut [&mut [i8]]) -> f32 {
    let magnitude = magnitude(x);
    let scale = Quantiser::new(magnitude, precision.bound()).scale();
    if scale == 0.0 {
        planes.iter_mut().for_each(|plane| plane.fill(0));
        return scale;
    }
    let inverse = precision.bound() as f32 / f32::from_bits(magnitude);
    let (half, mask) = (_mm512_set1_epi32(64), _mm512_set1_epi32(127));
    let (top, low) = planes.split_last_mut().expect("a precision has at least one digit");
    for (i, part) in x.chunks(LANES).enumerate() {
        let place = i * LANES..i * LANES + part.len();
        let mut rest = integers(part, inverse);
        for plane in low.iter_mut() {
            let digit = _mm512_sub_epi32(_mm512_and_si512(_mm512_add_epi32(rest, half), mask), half);
            put(digit, &mut plane[place.clone()]);
            rest = _mm512_srai_epi32::<7>(_mm512_sub_epi32(rest, digit));
        }
        put(rest, &mut top[place]);
    }
    scale
}

/// Writes the digit of each float of vectors of `depth`, and the scale of each vector; whether all of `x` is finite. One
/// call for all of them: those of attention heads are so short that calls would take longer than they.
#[target_feature(enable = "avx512f")]
pub(super) fn narrow(x: &[f32], depth: usize, digits: &mut [i8], scales: &mut [f32]) -> bool {
    let bound = Precision::I8.bound();
    let mut finite = true;
    for ((x, digits), scale) in x.chunks_exact(depth).zip(digits.chunks_exact_mut(depth)).zip(scales) {
        let magnitude = magnitude(x);
        *scale = Quantiser::new(magnitude, bound).scale();
        finite &= !scale.is_nan();
        // What counts as zero has the integers 0.
        let inverse = if *scale == 0.0 { 0.0 } else { bound as f32 / f32::from_bits(magnitude) };
        let ((wholes, rest), (places, place)) = (x.as_chunks::<LANES>(), digits.as_chunks_mut::<LANES>());
        for (x, digits) in wholes.iter().zip(places) {
            put(integers(x, inverse), digits);
        }
        if !rest.is_empty() {
            put(integers(rest, inverse), place);
        }
    }
    finite
}

/// Σq.
#[target_feature(enable = "avx512f")]
pub(super) fn sum(x: &[f32], inverse: f32) -> i64 {
    let mut sums = _mm512_setzero_si512();
    for part in x.chunks(LANES) {
        let q = integers(part, inverse);
        for half in [_mm512_castsi512_si256(q), _mm512_extracti64x4_epi64::<1>(q)] {
            sums = _mm512_add_epi64(sums, _mm512_cvtepi32_epi64(half));
        }
    }
    _mm512_reduce_add_epi64(sums)
}

/// Σq and Σq². An i32 holds the sum of 65,536 integers in ±32,767.
#[target_feature(enable = "avx512f")]
pub(super) fn norm_sums(x: &[f32], inverse: f32) -> (i64, i64) {
    let (mut sums, mut squares) = (_mm512_setzero_si512(), _mm512_setzero_si512());
    let (wholes, rest) = x.as_chunks::<LANES>();
    let rest = integers(rest, inverse);
    for q in wholes.iter().map(|part| integers(part, inverse)).chain([rest]) {
        let odd = _mm512_srli_epi64::<32>(q);
        sums = _mm512_add_epi32(sums, q);
        squares = _mm512_add_epi64(squares, _mm512_mul_epi32(q, q));
        squares = _mm512_add_epi64(squares, _mm512_mul_epi32(odd, odd));
    }
    (i64::from(_mm512_reduce_add_epi32(sums)), _mm512_reduce_add_epi64(squares))
}
