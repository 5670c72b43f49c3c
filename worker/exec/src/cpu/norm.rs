//! Norms, cut into rows.

use assay_exact::{check_finite, float, Error, LayerNorm, RmsNorm};

use super::{or_reference, Cpu};
use crate::kernel::Kernel;

/// What a layer norm writes.
pub(super) struct LayerNormOut<'a> {
    pub(super) y: &'a mut [f32],
    pub(super) mean: &'a mut [f32],
    pub(super) rstd: &'a mut [f32],
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
    let result = cpu.team.run(pieces, |((x, y), (mean, rstd))| match cpu.kernel {
        Kernel::Scalar => {
            LayerNorm::new(mean.len(), cols, op.epsilon())?.forward(x, gamma, beta, y, mean, rstd)
        }
        kernel => layer_norm_rows(kernel, op, x, gamma, beta, &mut LayerNormOut { y, mean, rstd }),
    });
    or_reference(result, || op.forward(x, gamma, beta, y, mean, rstd))
}

/// Some rows. Where an operand is not finite, a row of the output is not.
fn layer_norm_rows(
    kernel: Kernel,
    op: &LayerNorm,
    x: &[f32],
    gamma: &[f32],
    beta: &[f32],
    out: &mut LayerNormOut<'_>,
) -> Result<(), Error> {
    let n = op.cols() as f32;
    let rows = x.chunks_exact(op.cols()).zip(out.y.chunks_exact_mut(op.cols()));
    for ((x, y), (mean, rstd)) in rows.zip(out.mean.iter_mut().zip(out.rstd.iter_mut())) {
        let (sum, squares, s) = kernel.norm_sums(x);
        let v = op.cols() as i64 * squares - sum * sum;
        let variance = (v as f32 * (s * s)) / (n * n);
        *mean = (sum as f32 * s) / n;
        *rstd = 1.0 / float::sqrt(variance + op.epsilon());
        if !kernel.normalise(x, [*mean, *rstd], gamma, beta, y) {
            check_finite(y)?;
        }
    }
    Ok(())
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
    let result = cpu.team.run(pieces, |((x, y), rstd)| match cpu.kernel {
        Kernel::Scalar => RmsNorm::new(rstd.len(), cols, op.epsilon())?.forward(x, gamma, y, rstd),
        kernel => rms_norm_rows(kernel, op, x, gamma, y, rstd),
    });
    or_reference(result, || op.forward(x, gamma, y, rstd))
}

/// Some rows. Where an operand is not finite, a row of the output is not.
fn rms_norm_rows(
    kernel: Kernel,
    op: &RmsNorm,
    x: &[f32],
    gamma: &[f32],
    y: &mut [f32],
    rstd: &mut [f32],
) -> Result<(), Error> {
    let n = op.cols() as f32;
    let rows = x.chunks_exact(op.cols()).zip(y.chunks_exact_mut(op.cols()));
    for ((x, y), rstd) in rows.zip(rstd) {
        let (_, squares, s) = kernel.norm_sums(x);
        let v = op.cols() as i64 * squares;
        let mean_square = (v as f32 * (s * s)) / (n * n);
        *rstd = 1.0 / float::sqrt(mean_square + op.epsilon());
        if !kernel.rescale(x, *rstd, gamma, y) {
            check_finite(y)?;
        }
    }
    Ok(())
}
