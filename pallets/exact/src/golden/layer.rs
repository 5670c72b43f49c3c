//! Norms, positions, embeddings, pooling.

use super::{Case, Inputs, Output};
use crate::{
    EmbedGather, EmbedScatterAdd, Error, FixedPoint, L2Norm, LayerNorm, LayerNormStats, MeanPool, Precision,
    Quantised, RmsNorm, Rope, RopeTable,
};

pub(super) const CASES: &[Case] = &[
    Case { name: "layer-norm/forward-backward", run: layer_norm },
    Case { name: "rms-norm/forward-backward", run: rms_norm },
    Case { name: "rope/forward-backward", run: rope },
    Case { name: "embed-gather/forward", run: embed_gather },
    Case { name: "embed-scatter-add/forward", run: embed_scatter_add },
    Case { name: "mean-pool/forward-backward", run: mean_pool },
    Case { name: "l2-norm/forward-backward", run: l2_norm },
    Case { name: "trap/token-id", run: trap_token },
];

const ROWS: usize = 6;
const COLS: usize = 53;
const N: usize = ROWS * COLS;

/// Row 0 has an outlier of 3,000 times the rest, row 1 is constant, row 2 zero, row 3 denormal.
fn rows(inputs: &mut Inputs) -> [f32; N] {
    let mut x = inputs.planted::<N>(1.0);
    x[COLS..2 * COLS].fill(0.75);
    x[2 * COLS..3 * COLS].fill(0.0);
    for value in &mut x[3 * COLS..4 * COLS] {
        *value *= f32::from_bits(0x0080_0000);
    }
    x
}

fn layer_norm(inputs: &mut Inputs, out: &mut Output) -> Result<(), Error> {
    let (x, gamma, beta) = (rows(inputs), inputs.floats::<COLS>(1.5), inputs.floats::<COLS>(0.5));
    let dy = inputs.floats::<N>(1e-2);
    let (mut y, mut dx, mut mean, mut rstd) = ([0.0; N], [0.0; N], [0.0; ROWS], [0.0; ROWS]);
    let op = LayerNorm::new(ROWS, COLS, 1e-12)?;
    op.forward(&x, &gamma, &beta, &mut y, &mut mean, &mut rstd)?;
    for tensor in [&y[..], &mean[..], &rstd[..]] {
        out.floats(tensor);
    }
    // The backward form on rows with a variance: without one, 1/√ε makes gradients that overflow the fixed point.
    let op = LayerNorm::new(ROWS, COLS, 1e-2)?;
    op.forward(&x, &gamma, &beta, &mut y, &mut mean, &mut rstd)?;
    let stats = LayerNormStats { mean: &mean, rstd: &rstd };
    op.backward_input(&dy, &x, &gamma, &stats, &mut dx)?;
    out.floats(&dx);
    let (mut dgamma, mut dbeta) = ([0; COLS], [0; COLS]);
    op.backward_weight(&dy, &x, &stats, &FixedPoint::new(1)?, &mut dgamma, &mut dbeta)?;
    out.sums(&dgamma);
    out.sums(&dbeta);
    Ok(())
}

fn rms_norm(inputs: &mut Inputs, out: &mut Output) -> Result<(), Error> {
    let (x, gamma, dy) = (rows(inputs), inputs.floats::<COLS>(1.5), inputs.floats::<N>(1e-2));
    let (mut y, mut dx, mut rstd, mut dgamma) = ([0.0; N], [0.0; N], [0.0; ROWS], [0; COLS]);
    let op = RmsNorm::new(ROWS, COLS, 1e-5)?;
    op.forward(&x, &gamma, &mut y, &mut rstd)?;
    op.backward_input(&dy, &x, &gamma, &rstd, &mut dx)?;
    op.backward_weight(&dy, &x, &rstd, &FixedPoint::new(1)?, &mut dgamma)?;
    for tensor in [&y[..], &rstd[..], &dx[..]] {
        out.floats(tensor);
    }
    out.sums(&dgamma);
    Ok(())
}

fn rope(inputs: &mut Inputs, out: &mut Output) -> Result<(), Error> {
    let (x, cos, sin) = (inputs.planted::<96>(1.0), inputs.floats::<28>(1.0), inputs.floats::<28>(1.0));
    let (mut y, mut dx) = ([0.0; 96], [0.0; 96]);
    let (op, table) = (Rope::new(4, 3, 8)?, RopeTable { cos: &cos, sin: &sin });
    op.forward(3, &table, &x, &mut y)?;
    op.backward(3, &table, &x, &mut dx)?;
    out.floats(&y);
    out.floats(&dx);
    Ok(())
}

fn embed_gather(inputs: &mut Inputs, out: &mut Output) -> Result<(), Error> {
    let (ids, table) = (inputs.indices::<16>(11), inputs.floats::<88>(1.0));
    let (digits, scales) = (inputs.digits::<88>(), inputs.floats::<11>(0.01).map(f32::abs));
    let (op, mut y) = (EmbedGather::new(16, 11, 8)?, [0.0; 128]);
    op.forward(&ids, &table, &mut y)?;
    out.floats(&y);
    op.forward_quantised(&ids, &Quantised::new(&digits, &scales, 8, Precision::I8)?, &mut y)?;
    out.floats(&y);
    Ok(())
}

fn embed_scatter_add(inputs: &mut Inputs, out: &mut Output) -> Result<(), Error> {
    let (ids, dy) = (inputs.indices::<16>(5), inputs.floats::<128>(10.0));
    let (op, fixed, mut table) = (EmbedScatterAdd::new(16, 5, 8)?, FixedPoint::new(32)?, [0; 40]);
    op.add(&ids, &dy, &fixed, &mut table)?;
    out.sums(&table);
    op.subtract(&ids, &dy.map(|x| x * 0.3), &fixed, &mut table)?;
    out.sums(&table);
    Ok(())
}

fn mean_pool(inputs: &mut Inputs, out: &mut Output) -> Result<(), Error> {
    let (x, dy) = (rows(inputs), inputs.floats::<COLS>(1.0));
    let (op, mut y, mut dx) = (MeanPool::new(ROWS, COLS)?, [0.0; COLS], [0.0; N]);
    op.forward(&x, &mut y)?;
    op.backward(&dy, &mut dx)?;
    out.floats(&y);
    out.floats(&dx);
    Ok(())
}

fn l2_norm(inputs: &mut Inputs, out: &mut Output) -> Result<(), Error> {
    let (x, dy) = (rows(inputs), inputs.floats::<N>(1.0));
    let (op, mut y, mut divisor, mut dx) = (L2Norm::new(ROWS, COLS, 1e-12)?, [0.0; N], [0.0; ROWS], [0.0; N]);
    op.forward(&x, &mut y, &mut divisor)?;
    op.backward(&dy, &y, &divisor, &mut dx)?;
    for tensor in [&y[..], &divisor[..], &dx[..]] {
        out.floats(tensor);
    }
    Ok(())
}

/// The first id out of range traps, before anything about the table.
fn trap_token(inputs: &mut Inputs, out: &mut Output) -> Result<(), Error> {
    let mut ids = inputs.indices::<16>(11);
    let mut y = [0.0; 128];
    let op = EmbedGather::new(16, 11, 8)?;
    for (at, id) in [(9, 11), (4, u32::MAX)] {
        ids[at] = id;
        out.trap(op.forward(&ids, &[f32::NAN; 88], &mut y))?;
    }
    Ok(())
}
