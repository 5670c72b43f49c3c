//! Floats to integers and their digits, eight at a time.

use std::arch::x86_64::{
    __m256i, _mm256_add_epi32, _mm256_add_epi64, _mm256_and_si256, _mm256_castps_si256,
    _mm256_castsi256_si128, _mm256_cvtepi32_epi64, _mm256_cvtps_epi32, _mm256_extracti128_si256,
    _mm256_max_epu32, _mm256_mul_epi32, _mm256_mul_ps, _mm256_packs_epi16, _mm256_packs_epi32,
    _mm256_permutevar8x32_epi32, _mm256_set1_epi32, _mm256_set1_ps, _mm256_setr_epi32, _mm256_setzero_si256,
    _mm256_srai_epi32, _mm256_srli_epi64, _mm256_storeu_si256, _mm256_sub_epi32,
};

use assay_exact::{Precision, Quantiser};

use super::float::load;
use super::panel::LANES;

/// Registers of integers that make one store of digits.
const PARTS: usize = 4;
/// Floats that make one store of digits.
const BATCH: usize = PARTS * LANES;

/// The largest magnitude as a bit pattern.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn magnitude(x: &[f32]) -> u32 {
    let (wholes, rest) = x.as_chunks::<LANES>();
    let mut largest = magnitudes(rest);
    for part in wholes {
        largest = _mm256_max_epu32(largest, magnitudes(part));
    }
    let mut lanes = [0u32; LANES];
    // SAFETY: an unaligned store into the 32 bytes of the array.
    unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), largest) };
    lanes.iter().fold(0, |largest, lane| largest.max(*lane))
}

/// The magnitudes of up to eight floats as bit patterns, then zeros.
#[inline]
#[target_feature(enable = "avx2")]
fn magnitudes(x: &[f32]) -> __m256i {
    _mm256_and_si256(_mm256_castps_si256(load(x)), _mm256_set1_epi32(i32::MAX))
}

/// ties_even(x·inverse) of up to eight finite floats, then zeros. Conversion rounds to nearest even. Nothing is left to
/// clamp: `inverse` is Q to the largest magnitude, so that |x|·inverse is at most Q·(1 + 2⁻²⁴)², which rounds to Q since
/// Q < 2²².
#[inline]
#[target_feature(enable = "avx2")]
fn integers(x: &[f32], inverse: f32) -> __m256i {
    _mm256_cvtps_epi32(_mm256_mul_ps(load(x), _mm256_set1_ps(inverse)))
}

/// Writes the digits of a vector, a slice per plane, lowest first; gives the scale. If that is NaN the digits mean nothing.
#[target_feature(enable = "avx2")]
pub(super) fn quantise(x: &[f32], precision: Precision, planes: &mut [&mut [i8]]) -> f32 {
    let magnitude = magnitude(x);
    let scale = Quantiser::new(magnitude, precision.bound()).scale();
    if scale == 0.0 {
        planes.iter_mut().for_each(|plane| plane.fill(0));
        return scale;
    }
    let inverse = precision.bound() as f32 / f32::from_bits(magnitude);
    let (top, low) = planes.split_last_mut().expect("a precision has at least one digit");
    for (i, batch) in x.chunks(BATCH).enumerate() {
        let place = i * BATCH..i * BATCH + batch.len();
        let mut rest = batch_integers(batch, inverse);
        for plane in low.iter_mut() {
            let digits = take_low_digit(&mut rest);
            put(&digits, &mut plane[place.clone()]);
        }
        put(&rest, &mut top[place]);
    }
    scale
}

/// Writes the digit of each float of vectors of `depth`, and the scale of each vector; whether all of `x` is finite. One
/// call for all of them: those of attention heads are so short that calls would take longer than they.
#[target_feature(enable = "avx2")]
pub(super) fn narrow(x: &[f32], depth: usize, digits: &mut [i8], scales: &mut [f32]) -> bool {
    let bound = Precision::I8.bound();
    let mut finite = true;
    for ((x, digits), scale) in x.chunks_exact(depth).zip(digits.chunks_exact_mut(depth)).zip(scales) {
        let magnitude = magnitude(x);
        *scale = Quantiser::new(magnitude, bound).scale();
        finite &= !scale.is_nan();
        // What counts as zero has the integers 0.
        let inverse = if *scale == 0.0 { 0.0 } else { bound as f32 / f32::from_bits(magnitude) };
        let ((wholes, rest), (places, place)) = (x.as_chunks::<BATCH>(), digits.as_chunks_mut::<BATCH>());
        for (x, digits) in wholes.iter().zip(places) {
            put(&batch_integers(x, inverse), digits);
        }
        if !rest.is_empty() {
            put(&batch_integers(rest, inverse), place);
        }
    }
    finite
}

/// As [`integers`], of up to 32 floats.
#[inline]
#[target_feature(enable = "avx2")]
fn batch_integers(x: &[f32], inverse: f32) -> [__m256i; PARTS] {
    let mut all = [_mm256_setzero_si256(); PARTS];
    for (all, x) in all.iter_mut().zip(x.chunks(LANES)) {
        *all = integers(x, inverse);
    }
    all
}

/// The lowest digit, ((q + 64) mod 128) − 64, of each integer; what is left, divided by 128, stays.
#[inline]
#[target_feature(enable = "avx2")]
fn take_low_digit(rest: &mut [__m256i; PARTS]) -> [__m256i; PARTS] {
    let (half, mask) = (_mm256_set1_epi32(64), _mm256_set1_epi32(127));
    let mut digits = [_mm256_setzero_si256(); PARTS];
    for (digit, rest) in digits.iter_mut().zip(rest) {
        *digit = _mm256_sub_epi32(_mm256_and_si256(_mm256_add_epi32(*rest, half), mask), half);
        *rest = _mm256_srai_epi32::<7>(_mm256_sub_epi32(*rest, *digit));
    }
    digits
}

/// Writes integers in ±127 as bytes, or as many of the first ones as there is room for; nothing saturates.
#[inline]
#[target_feature(enable = "avx2")]
fn put(integers: &[__m256i; PARTS], to: &mut [i8]) {
    let [a, b, c, d] = *integers;
    let bytes = _mm256_packs_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));
    // Packing works within halves of the register: groups of four bytes stand in the order 0 2 4 6 1 3 5 7.
    let ordered = _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
    match to.first_chunk_mut::<BATCH>() {
        // SAFETY: an unaligned store into the 32 bytes of the array.
        Some(whole) => unsafe { _mm256_storeu_si256(whole.as_mut_ptr().cast(), ordered) },
        None => {
            let mut all = [0; BATCH];
            // SAFETY: as above.
            unsafe { _mm256_storeu_si256(all.as_mut_ptr().cast(), ordered) };
            to.copy_from_slice(&all[..to.len()]);
        }
    }
}

/// The sum of the lanes, modulo 2⁶⁴.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn total_i64(lanes: __m256i) -> i64 {
    let mut all = [0i64; 4];
    // SAFETY: an unaligned store into the 32 bytes of the array.
    unsafe { _mm256_storeu_si256(all.as_mut_ptr().cast(), lanes) };
    all.iter().fold(0, |sum: i64, lane| sum.wrapping_add(*lane))
}

/// Σ of eight i32 lanes added to four i64 lanes.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn accumulate(sums: __m256i, lanes: __m256i) -> __m256i {
    let low = _mm256_cvtepi32_epi64(_mm256_castsi256_si128(lanes));
    let high = _mm256_cvtepi32_epi64(_mm256_extracti128_si256::<1>(lanes));
    _mm256_add_epi64(sums, _mm256_add_epi64(low, high))
}

/// Σq.
#[target_feature(enable = "avx2")]
pub(super) fn sum(x: &[f32], inverse: f32) -> i64 {
    let mut sums = _mm256_setzero_si256();
    for part in x.chunks(LANES) {
        sums = accumulate(sums, integers(part, inverse));
    }
    total_i64(sums)
}

/// Σq and Σq². A lane's Σq of at most 8,192 integers in ±32,767 fits an i32.
#[target_feature(enable = "avx2")]
pub(super) fn norm_sums(x: &[f32], inverse: f32) -> (i64, i64) {
    let (mut sums, mut squares) = (_mm256_setzero_si256(), _mm256_setzero_si256());
    let (wholes, rest) = x.as_chunks::<LANES>();
    let rest = integers(rest, inverse);
    for q in wholes.iter().map(|part| integers(part, inverse)).chain([rest]) {
        let odd = _mm256_srli_epi64::<32>(q);
        sums = _mm256_add_epi32(sums, q);
        squares = _mm256_add_epi64(squares, _mm256_mul_epi32(q, q));
        squares = _mm256_add_epi64(squares, _mm256_mul_epi32(odd, odd));
    }
    (total_i64(accumulate(_mm256_setzero_si256(), sums)), total_i64(squares))
}
