//! Means of fixed-point sums of gradients, clipping of their norm, and the updates of parameters.

use assay_exact::{AdamPowers, AdamStep, SgdStep};

use crate::error::Fault;
use crate::gpu::{Arg, Gpu, Grid, Kernel};
use crate::module::Module;
use crate::span::Span;

/// One block of one warp, of which one thread works.
const ALONE: Grid = Grid { blocks: [1, 1, 1], threads: 32, shared: 0 };

fn launch(gpu: &Gpu, name: &'static str, grid: Grid, args: &[Arg]) -> Result<(), Fault> {
    gpu.launch(Kernel { module: Module::Optimizer, name }, grid, args)
}

/// A kernel whose threads take `len` elements in turns.
fn each(gpu: &Gpu, name: &'static str, len: usize, args: &[Arg]) -> Result<(), Fault> {
    launch(gpu, name, Grid::of_elements(gpu.processors(), len), args)
}

/// Writes the means of fixed-point sums, as [`assay_exact::means`] does; `count` is not 0.
pub(crate) fn means(gpu: &Gpu, sums: Span<i64>, count: u32, y: Span<f32>) -> Result<(), Fault> {
    debug_assert!(sums.len() == y.len() && count > 0);
    let args: &[Arg] = &[sums.into(), y.into(), (y.len() as u64).into(), count.into()];
    each(gpu, "fixed_means", y.len(), args)
}

/// A tensor's square norm, into one element.
pub(crate) fn clip_norm_square(gpu: &Gpu, node: u32, g: Span<f32>, square: Span<f32>) -> Result<(), Fault> {
    debug_assert!(square.len() == 1);
    let len: Arg = (g.len() as u64).into();
    let (scratch, sum) = (gpu.scratch::<u32>(1)?, gpu.scratch::<i64>(1)?);
    let (largest, squares) = (scratch.span(), sum.span());
    gpu.zero(largest)?;
    gpu.zero(squares)?;
    each(gpu, "clip_norm_largest", g.len(), &[g.into(), len, largest.into()])?;
    each(gpu, "clip_norm_squares", g.len(), &[g.into(), len, largest.into(), squares.into()])?;
    let args: &[Arg] = &[largest.into(), squares.into(), square.into(), gpu.fault_word().into(), node.into()];
    launch(gpu, "clip_norm_square", ALONE, args)
}

/// g·factor.
pub(crate) fn clip_norm_apply(gpu: &Gpu, node: u32, factor: f32, g: Span<f32>) -> Result<(), Fault> {
    let place = gpu.scratch::<f32>(1)?;
    gpu.upload(&[factor], place.span())?;
    clip_norm_apply_at(gpu, node, place.span(), g)
}

/// g·factor, which lies at `factor`, one element.
pub(crate) fn clip_norm_apply_at(gpu: &Gpu, node: u32, factor: Span<f32>, g: Span<f32>) -> Result<(), Fault> {
    debug_assert!(factor.len() == 1);
    let args: &[Arg] =
        &[factor.into(), g.into(), (g.len() as u64).into(), gpu.fault_word().into(), node.into()];
    each(gpu, "clip_norm_apply", g.len(), args)
}

/// Updates a parameter and its velocity.
pub(crate) fn sgd_step_forward(
    gpu: &Gpu,
    node: u32,
    op: &SgdStep,
    rate: f32,
    g: Span<f32>,
    velocity: Span<f32>,
    parameter: Span<f32>,
) -> Result<(), Fault> {
    let len = op.elements();
    debug_assert!([g, velocity, parameter].iter().all(|span| span.len() == len));
    let args: &[Arg] = &[
        g.into(),
        velocity.into(),
        parameter.into(),
        (len as u64).into(),
        rate.into(),
        op.momentum().into(),
        op.decay().into(),
        gpu.fault_word().into(),
        node.into(),
    ];
    each(gpu, "sgd_step", len, args)
}

/// A parameter's two moments, as [`assay_exact::AdamMoments`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct MomentSpans {
    /// m, of the gradient.
    pub first: Span<f32>,
    /// v, of its square.
    pub second: Span<f32>,
}

/// Updates a parameter and its moments.
#[allow(clippy::too_many_arguments)] // The operands of an operator are as many as they are.
pub(crate) fn adam_step_forward(
    gpu: &Gpu,
    node: u32,
    op: &AdamStep,
    rate: f32,
    powers: AdamPowers,
    g: Span<f32>,
    moments: MomentSpans,
    parameter: Span<f32>,
) -> Result<(), Fault> {
    let len = g.len();
    debug_assert!([moments.first, moments.second, parameter].iter().all(|span| span.len() == len));
    let args: &[Arg] = &[
        g.into(),
        moments.first.into(),
        moments.second.into(),
        parameter.into(),
        (len as u64).into(),
        rate.into(),
        op.beta1().into(),
        op.beta2().into(),
        powers.beta1.into(),
        powers.beta2.into(),
        op.epsilon().into(),
        op.decay().into(),
        gpu.fault_word().into(),
        node.into(),
    ];
    each(gpu, "adam_step", len, args)
}
