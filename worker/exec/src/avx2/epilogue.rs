//! What becomes of sums: plain loops, which the compiler makes vectors of. It never fuses a product and a sum.

use assay_exact::Accumulator;

#[target_feature(enable = "avx2")]
pub(super) fn dequantise<A: Accumulator>(
    sums: &[A],
    scale: f32,
    scales: &[f32],
    bias: Option<&[f32]>,
    y: &mut [f32],
) -> bool {
    let value = |sum: &A, other: &f32| sum.to_f32() * (scale * other);
    match bias {
        None => {
            for ((y, sum), other) in y.iter_mut().zip(sums).zip(scales) {
                *y = value(sum, other);
            }
        }
        Some(bias) => {
            for (((y, sum), other), bias) in y.iter_mut().zip(sums).zip(scales).zip(bias) {
                *y = value(sum, other) + bias;
            }
        }
    }
    all_finite(y)
}

#[target_feature(enable = "avx2")]
pub(super) fn normalise(
    x: &[f32],
    [mean, rstd]: [f32; 2],
    gamma: &[f32],
    beta: &[f32],
    y: &mut [f32],
) -> bool {
    for ((y, x), (gamma, beta)) in y.iter_mut().zip(x).zip(gamma.iter().zip(beta)) {
        *y = ((x - mean) * rstd) * gamma + beta;
    }
    all_finite(y)
}

#[target_feature(enable = "avx2")]
pub(super) fn rescale(x: &[f32], rstd: f32, gamma: &[f32], y: &mut [f32]) -> bool {
    for ((y, x), gamma) in y.iter_mut().zip(x).zip(gamma) {
        *y = (x * rstd) * gamma;
    }
    all_finite(y)
}

#[inline]
#[target_feature(enable = "avx2")]
fn all_finite(y: &[f32]) -> bool {
    y.iter().fold(true, |all, y| all & y.is_finite())
}
