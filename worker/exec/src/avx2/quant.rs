//! Floats to integers.

use std::arch::x86_64::{
    __m256, __m256i, _mm256_add_epi32, _mm256_add_epi64, _mm256_and_si256, _mm256_cvtps_epi32,
    _mm256_loadu_ps, _mm256_max_ps, _mm256_min_ps, _mm256_mul_epi32, _mm256_mul_ps, _mm256_packs_epi16,
    _mm256_packs_epi32, _mm256_permutevar8x32_epi32, _mm256_round_ps, _mm256_set1_epi32, _mm256_set1_ps,
    _mm256_setr_epi32, _mm256_setzero_si256, _mm256_srai_epi32, _mm256_srli_epi64, _mm256_storeu_si256,
    _mm256_sub_epi32, _MM_FROUND_NO_EXC, _MM_FROUND_TO_NEAREST_INT,
};

use assay_exact::{Precision, Quantiser};

/// Floats that make one store of digits.
const BATCH: usize = 32;
/// Q of the sums of a norm.
const NORM_BOUND: f32 = 32_767.0;

/// The largest magnitude as a bit pattern.
#[target_feature(enable = "avx2")]
fn magnitude(x: &[f32]) -> u32 {
    let mut largest = 0u32;
    for x in x {
        largest = largest.max(x.to_bits() & 0x7FFF_FFFF);
    }
    largest
}

/// Eight floats from `at` on.
#[inline]
#[target_feature(enable = "avx2")]
fn load<const N: usize>(x: &[f32; N], at: usize) -> __m256 {
    assert!(at + 8 <= N, "eight floats");
    // SAFETY: an unaligned load of floats at…at + 8 of the array.
    unsafe { _mm256_loadu_ps(x.as_ptr().add(at)) }
}

/// ties_even(x·inverse), clamped. The operands are finite, so minimum and maximum are those of the contract.
#[inline]
#[target_feature(enable = "avx2")]
fn integers(x: __m256, inverse: f32, bound: f32) -> __m256i {
    let product = _mm256_mul_ps(x, _mm256_set1_ps(inverse));
    let rounded = _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(product);
    let clamped = _mm256_max_ps(_mm256_min_ps(rounded, _mm256_set1_ps(bound)), _mm256_set1_ps(-bound));
    _mm256_cvtps_epi32(clamped)
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
    let bound = precision.bound() as f32;
    let inverse = bound / f32::from_bits(magnitude);
    for (i, batch) in x.chunks(BATCH).enumerate() {
        let mut floats = [0.0; BATCH];
        floats[..batch.len()].copy_from_slice(batch);
        let mut rest = [_mm256_setzero_si256(); BATCH / 8];
        for (j, rest) in rest.iter_mut().enumerate() {
            *rest = integers(load(&floats, 8 * j), inverse, bound);
        }
        let (top, low) = planes.split_last_mut().expect("a precision has at least one digit");
        let place = i * BATCH..i * BATCH + batch.len();
        for plane in low {
            let digits = pack(&take_low_digit(&mut rest));
            plane[place.clone()].copy_from_slice(&digits[..batch.len()]);
        }
        top[place].copy_from_slice(&pack(&rest)[..batch.len()]);
    }
    scale
}

/// The lowest digit, ((q + 64) mod 128) − 64, of each integer; what is left, divided by 128, stays.
#[inline]
#[target_feature(enable = "avx2")]
fn take_low_digit(rest: &mut [__m256i; BATCH / 8]) -> [__m256i; BATCH / 8] {
    let (half, mask) = (_mm256_set1_epi32(64), _mm256_set1_epi32(127));
    let mut digits = [_mm256_setzero_si256(); BATCH / 8];
    for (digit, rest) in digits.iter_mut().zip(rest) {
        *digit = _mm256_sub_epi32(_mm256_and_si256(_mm256_add_epi32(*rest, half), mask), half);
        *rest = _mm256_srai_epi32::<7>(_mm256_sub_epi32(*rest, *digit));
    }
    digits
}

/// Integers in ±127 as bytes; nothing saturates.
#[inline]
#[target_feature(enable = "avx2")]
fn pack(integers: &[__m256i; BATCH / 8]) -> [i8; BATCH] {
    let [a, b, c, d] = *integers;
    let bytes = _mm256_packs_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));
    // Packing works within halves of the register: groups of four bytes stand in the order 0 2 4 6 1 3 5 7.
    let ordered = _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
    let mut all = [0; BATCH];
    // SAFETY: an unaligned store into the 32 bytes of the array.
    unsafe { _mm256_storeu_si256(all.as_mut_ptr().cast(), ordered) };
    all
}

/// The sum of the lanes.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn total_i64(lanes: __m256i) -> i64 {
    let mut all = [0i64; 4];
    // SAFETY: an unaligned store into the 32 bytes of the array.
    unsafe { _mm256_storeu_si256(all.as_mut_ptr().cast(), lanes) };
    all.iter().sum()
}

/// Σq and Σq². A lane's Σq of at most 8,192 integers in ±32,767 fits an i32.
#[target_feature(enable = "avx2")]
pub(super) fn norm_sums(x: &[f32], inverse: f32) -> (i64, i64) {
    let (mut sums, mut squares) = (_mm256_setzero_si256(), _mm256_setzero_si256());
    for part in x.chunks(8) {
        let mut floats = [0.0; 8];
        floats[..part.len()].copy_from_slice(part);
        let q = integers(load(&floats, 0), inverse, NORM_BOUND);
        let odd = _mm256_srli_epi64::<32>(q);
        sums = _mm256_add_epi32(sums, q);
        squares = _mm256_add_epi64(squares, _mm256_mul_epi32(q, q));
        squares = _mm256_add_epi64(squares, _mm256_mul_epi32(odd, odd));
    }
    let mut lanes = [0i32; 8];
    // SAFETY: an unaligned store into the 32 bytes of the array.
    unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), sums) };
    (lanes.iter().map(|sum| i64::from(*sum)).sum(), total_i64(squares))
}
