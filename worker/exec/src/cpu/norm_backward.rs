//! Gradients of norms: of the input cut into rows, of the weights into columns.

use assay_exact::{check_finite, Error, FixedPoint, LayerNorm, LayerNormStats, RmsNorm};

use super::{columns, or_reference, Cpu};
use crate::kernel::Kernel;
use crate::loops::{LayerGradient, RmsGradient};

pub(super) fn rms_input(
    cpu: &Cpu,
    op: &RmsNorm,
    dy: &[f32],
    x: &[f32],
    gamma: &[f32],
    rstd: &[f32],
    dx: &mut [f32],
) -> Result<(), Error> {
    let (rows, cols) = (op.rows(), op.cols());
    if [dy.len(), x.len(), dx.len()] != [rows * cols; 3] || [gamma.len(), rstd.len()] != [cols, rows] {
        return op.backward_input(dy, x, gamma, rstd, dx);
    }
    let per = cpu.team.share(rows);
    let inputs = dy.chunks(per * cols).zip(x.chunks(per * cols)).zip(rstd.chunks(per));
    let pieces: Vec<_> = inputs.zip(dx.chunks_mut(per * cols)).collect();
    let result = cpu.team.run(pieces, |(((dy, x), rstd), dx)| {
        if let Kernel::Scalar = cpu.kernel {
            return RmsNorm::new(rstd.len(), cols, op.epsilon())?.backward_input(dy, x, gamma, rstd, dx);
        }
        let rows = dy.chunks_exact(cols).zip(x.chunks_exact(cols)).zip(rstd);
        for (((dy, x), rstd), dx) in rows.zip(dx.chunks_exact_mut(cols)) {
            if !cpu.kernel.run(RmsGradient { dy, x, gamma, rstd: *rstd, dx: &mut *dx }) {
                check_finite(dx)?;
            }
        }
        Ok(())
    });
    or_reference(result, || op.backward_input(dy, x, gamma, rstd, dx))
}

pub(super) fn rms_weight(
    cpu: &Cpu,
    op: &RmsNorm,
    dy: &[f32],
    x: &[f32],
    rstd: &[f32],
    fixed: &FixedPoint,
    dgamma: &mut [i64],
) -> Result<(), Error> {
    let (rows, cols) = (op.rows(), op.cols());
    let fits = [dy.len(), x.len()] == [rows * cols; 2] && [rstd.len(), dgamma.len()] == [rows, cols];
    if !fits {
        return op.backward_weight(dy, x, rstd, fixed, dgamma);
    }
    let result = columns::add(cpu, rows, fixed, |r, at| dy[at] * (x[at] * rstd[r]), dgamma);
    or_reference(result, || op.backward_weight(dy, x, rstd, fixed, dgamma))
}

pub(super) fn layer_input(
    cpu: &Cpu,
    op: &LayerNorm,
    dy: &[f32],
    x: &[f32],
    gamma: &[f32],
    stats: &LayerNormStats<'_>,
    dx: &mut [f32],
) -> Result<(), Error> {
    let (rows, cols) = (op.rows(), op.cols());
    let fits = [dy.len(), x.len(), dx.len()] == [rows * cols; 3]
        && [stats.mean.len(), stats.rstd.len(), gamma.len()] == [rows, rows, cols];
    if !fits {
        return op.backward_input(dy, x, gamma, stats, dx);
    }
    let per = cpu.team.share(rows);
    let inputs = dy.chunks(per * cols).zip(x.chunks(per * cols));
    let statistics = stats.mean.chunks(per).zip(stats.rstd.chunks(per));
    let pieces: Vec<_> = inputs.zip(statistics).zip(dx.chunks_mut(per * cols)).collect();
    let result = cpu.team.run(pieces, |(((dy, x), (mean, rstd)), dx)| {
        if let Kernel::Scalar = cpu.kernel {
            let op = LayerNorm::new(rstd.len(), cols, op.epsilon())?;
            return op.backward_input(dy, x, gamma, &LayerNormStats { mean, rstd }, dx);
        }
        let rows = dy.chunks_exact(cols).zip(x.chunks_exact(cols)).zip(mean.iter().zip(rstd));
        for (((dy, x), (mean, rstd)), dx) in rows.zip(dx.chunks_exact_mut(cols)) {
            let (mean, rstd) = (*mean, *rstd);
            if !cpu.kernel.run(LayerGradient { dy, x, gamma, mean, rstd, dx: &mut *dx }) {
                check_finite(dx)?;
            }
        }
        Ok(())
    });
    or_reference(result, || op.backward_input(dy, x, gamma, stats, dx))
}

pub(super) fn layer_weight(
    cpu: &Cpu,
    op: &LayerNorm,
    dy: &[f32],
    x: &[f32],
    stats: &LayerNormStats<'_>,
    fixed: &FixedPoint,
    [dgamma, dbeta]: [&mut [i64]; 2],
) -> Result<(), Error> {
    let (rows, cols) = (op.rows(), op.cols());
    let fits = [dy.len(), x.len()] == [rows * cols; 2]
        && [stats.mean.len(), stats.rstd.len()] == [rows; 2]
        && [dgamma.len(), dbeta.len()] == [cols; 2];
    if !fits {
        return op.backward_weight(dy, x, stats, fixed, dgamma, dbeta);
    }
    let scaled = |r: usize, at: usize| dy[at] * ((x[at] - stats.mean[r]) * stats.rstd[r]);
    let result = columns::add(cpu, rows, fixed, scaled, dgamma);
    let result = result.and_then(|()| columns::add(cpu, rows, fixed, |_, at| dy[at], dbeta));
    or_reference(result, || op.backward_weight(dy, x, stats, fixed, dgamma, dbeta))
}
