//! What becomes of sums: plain loops, which the compiler makes vectors of. It never fuses a product and a sum.

use assay_exact::dequantise as value;

#[target_feature(enable = "avx512f,avx512bw,avx512dq")]
pub(super) fn dequantise(
    sums: &[i64],
    scale: f32,
    scales: &[f32],
    bias: Option<&[f32]>,
    y: &mut [f32],
) -> bool {
    match bias {
        None => {
            for ((y, sum), other) in y.iter_mut().zip(sums).zip(scales) {
                *y = value(*sum, scale, *other);
            }
        }
        Some(bias) => {
            for (((y, sum), other), bias) in y.iter_mut().zip(sums).zip(scales).zip(bias) {
                *y = value(*sum, scale, *other) + bias;
            }
        }
    }
    y.iter().fold(true, |all, y| all & y.is_finite())
}
