//! Norms, cut into rows.

use assay_exact::{check_finite, float, magnitude, Error, LayerNorm, Quantiser, RmsNorm};

use super::{or_reference, Cpu};
use crate::avx2::Avx2;

/// Q of the sums of a norm.
const NORM_BOUND: i32 = 32_767;

/// What a layer norm writes.
pub(super) struct LayerNormOut<'a> {
    pub(super) y: &'a mut [f32],
    pub(super) mean: &'a mut [f32],
    pub(super) rstd: &'a mut [f32],
}

/// Σq, Σq² and the scale of a row of finite floats.
fn sums(avx2: Avx2, row: &[f32]) -> (i64, i64, f32) {
    let largest = magnitude(row.iter().copied());
    let scale = Quantiser::new(largest, NORM_BOUND).scale();
    if scale == 0.0 {
        return (0, 0, scale);
    }
    let (sum, squares) = avx2.norm_sums(row, NORM_BOUND as f32 / f32::from_bits(largest));
    (sum, squares, scale)
}

pub(super) fn layer_norm(
    cpu: &Cpu,
    op: &LayerNorm,
    x: &[f32],
    gamma: &[f32],
    beta: &[f32],
    out: LayerNormOut<'_>,
) -> Result<(), Error> {
    let LayerNormOut { y, mean, rstd } = out;
    let (rows, cols) = (op.rows(), op.cols());
    let fits = x.len() == rows * cols
        && [gamma.len(), beta.len()] == [cols; 2]
        && y.len() == rows * cols
        && [mean.len(), rstd.len()] == [rows; 2];
    if !fits {
        return op.forward(x, gamma, beta, y, mean, rstd);
    }
    let per = cpu.team.share(rows);
    let statistics = mean.chunks_mut(per).zip(rstd.chunks_mut(per));
    let pieces: Vec<_> = x.chunks(per * cols).zip(y.chunks_mut(per * cols)).zip(statistics).collect();
    let result = cpu.team.run(pieces, |((x, y), (mean, rstd))| match cpu.kernel.avx2() {
        None => LayerNorm::new(mean.len(), cols, op.epsilon())?.forward(x, gamma, beta, y, mean, rstd),
        Some(avx2) => layer_norm_rows(avx2, op, x, gamma, beta, &mut LayerNormOut { y, mean, rstd }),
    });
    or_reference(result, || op.forward(x, gamma, beta, y, mean, rstd))
}

fn layer_norm_rows(
    avx2: Avx2,
    op: &LayerNorm,
    x: &[f32],
    gamma: &[f32],
    beta: &[f32],
    out: &mut LayerNormOut<'_>,
) -> Result<(), Error> {
    check_finite(x)?;
    check_finite(gamma)?;
    check_finite(beta)?;
    let n = op.cols() as f32;
    let rows = x.chunks_exact(op.cols()).zip(out.y.chunks_exact_mut(op.cols()));
    for ((x, y), (mean, rstd)) in rows.zip(out.mean.iter_mut().zip(out.rstd.iter_mut())) {
        let (sum, squares, s) = sums(avx2, x);
        let v = op.cols() as i64 * squares - sum * sum;
        let variance = (v as f32 * (s * s)) / (n * n);
        *mean = (sum as f32 * s) / n;
        *rstd = 1.0 / float::sqrt(variance + op.epsilon());
        for ((y, x), (gamma, beta)) in y.iter_mut().zip(x).zip(gamma.iter().zip(beta)) {
            *y = ((x - *mean) * *rstd) * gamma + beta;
        }
    }
    Ok(check_finite(out.y)?)
}

pub(super) fn rms_norm(
    cpu: &Cpu,
    op: &RmsNorm,
    x: &[f32],
    gamma: &[f32],
    y: &mut [f32],
    rstd: &mut [f32],
) -> Result<(), Error> {
    let (rows, cols) = (op.rows(), op.cols());
    let fits = x.len() == rows * cols && gamma.len() == cols && y.len() == rows * cols && rstd.len() == rows;
    if !fits {
        return op.forward(x, gamma, y, rstd);
    }
    let per = cpu.team.share(rows);
    let pieces: Vec<_> =
        x.chunks(per * cols).zip(y.chunks_mut(per * cols)).zip(rstd.chunks_mut(per)).collect();
    let result = cpu.team.run(pieces, |((x, y), rstd)| match cpu.kernel.avx2() {
        None => RmsNorm::new(rstd.len(), cols, op.epsilon())?.forward(x, gamma, y, rstd),
        Some(avx2) => rms_norm_rows(avx2, op, x, gamma, y, rstd),
    });
    or_reference(result, || op.forward(x, gamma, y, rstd))
}

fn rms_norm_rows(
    avx2: Avx2,
    op: &RmsNorm,
    x: &[f32],
    gamma: &[f32],
    y: &mut [f32],
    rstd: &mut [f32],
) -> Result<(), Error> {
    check_finite(x)?;
    check_finite(gamma)?;
    let n = op.cols() as f32;
    let rows = x.chunks_exact(op.cols()).zip(y.chunks_exact_mut(op.cols()));
    for ((x, y), rstd) in rows.zip(rstd) {
        let (_, squares, s) = sums(avx2, x);
        let v = op.cols() as i64 * squares;
        let mean_square = (v as f32 * (s * s)) / (n * n);
        *rstd = 1.0 / float::sqrt(mean_square + op.epsilon());
        for ((y, x), gamma) in y.iter_mut().zip(x).zip(gamma) {
            *y = (x * *rstd) * gamma;
        }
    }
    Ok(check_finite(y)?)
}
