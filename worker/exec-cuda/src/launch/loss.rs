//! Cross-entropy over a vocabulary, and the gradient of the head under it.

use assay_exact::{CrossEntropy, EmbedScatterAdd, FixedPoint, Linear};

use super::elementwise::{blocks, word};
use super::{embedding, linear};
use crate::error::Fault;
use crate::gpu::{Arg, Gpu, Grid, Kernel};
use crate::module::Module;
use crate::span::Span;

fn launch(gpu: &Gpu, name: &'static str, grid: Grid, args: &[Arg]) -> Result<(), Fault> {
    gpu.launch(Kernel { module: Module::Loss, name }, grid, args)
}

/// A block for each token.
fn over_tokens(tokens: usize, classes: usize) -> Grid {
    let threads = classes.div_ceil(4).next_multiple_of(32).min(1024) as u32;
    Grid { blocks: [blocks(tokens, i32::MAX as usize), 1, 1], threads, shared: 0 }
}

/// Each token's loss.
pub(crate) fn cross_entropy_forward(
    gpu: &Gpu,
    node: u32,
    op: &CrossEntropy,
    logits: Span<f32>,
    labels: Span<u32>,
    losses: Span<f32>,
) -> Result<(), Fault> {
    let (tokens, classes) = (op.tokens(), op.classes());
    debug_assert!(logits.len() == tokens * classes && labels.len() == tokens && losses.len() == tokens);
    let args: &[Arg] = &[
        logits.into(),
        labels.into(),
        losses.into(),
        (tokens as u64).into(),
        word("classes of CrossEntropy", classes)?.into(),
        gpu.fault_word().into(),
        node.into(),
    ];
    launch(gpu, "cross_entropy_forward", over_tokens(tokens, classes), args)
}

/// Each token's softmax.
pub(crate) fn cross_entropy_probabilities(
    gpu: &Gpu,
    node: u32,
    op: &CrossEntropy,
    z: Span<f32>,
    p: Span<f32>,
) -> Result<(), Fault> {
    let (tokens, classes) = (op.tokens(), op.classes());
    debug_assert!(z.len() == tokens * classes && p.len() == tokens * classes);
    let args: &[Arg] = &[
        z.into(),
        p.into(),
        (tokens as u64).into(),
        word("classes of CrossEntropy", classes)?.into(),
        gpu.fault_word().into(),
        node.into(),
    ];
    launch(gpu, "cross_entropy_probabilities", over_tokens(tokens, classes), args)
}

/// The operands of a language-model head that its gradients need, as [`assay_exact::Head`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeadSpans<'a> {
    /// The head: the loss's tokens, any inputs, the loss's classes as outputs.
    pub linear: &'a Linear,
    /// Each token's class.
    pub labels: Span<u32>,
    /// Each token's probabilities, tokens × classes.
    pub probabilities: Span<f32>,
}

/// The gradient of the head's input.
pub(crate) fn cross_entropy_backward_input(
    gpu: &Gpu,
    node: u32,
    op: &CrossEntropy,
    head: HeadSpans<'_>,
    weight: Span<f32>,
    dx: Span<f32>,
) -> Result<(), Fault> {
    linear::linear_backward_input(gpu, node, head.linear, head.probabilities, weight, dx)?;
    let inputs = head.linear.inputs();
    debug_assert!(head.labels.len() == op.tokens() && head.linear.outputs() == op.classes());
    let args: &[Arg] = &[
        head.labels.into(),
        weight.into(),
        dx.into(),
        word("tokens of CrossEntropy", op.tokens())?.into(),
        word("classes of CrossEntropy", op.classes())?.into(),
        word("inputs of the head of CrossEntropy", inputs)?.into(),
        gpu.fault_word().into(),
        node.into(),
    ];
    launch(gpu, "subtract_label_rows", Grid::of_tokens(gpu.processors(), op.tokens(), inputs), args)
}

/// Adds the gradient of the head's weights.
pub(crate) fn cross_entropy_backward_weight(
    gpu: &Gpu,
    node: u32,
    op: &CrossEntropy,
    head: HeadSpans<'_>,
    x: Span<f32>,
    fixed: &FixedPoint,
    dw: Span<i64>,
) -> Result<(), Fault> {
    linear::linear_backward_weight(gpu, node, head.linear, head.probabilities, x, fixed, dw)?;
    let scatter = EmbedScatterAdd::new(op.tokens(), op.classes(), head.linear.inputs())?;
    embedding::embed_scatter_subtract(gpu, node, &scatter, head.labels, x, fixed, dw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_gets_threads_for_its_classes() {
        assert_eq!(
            (over_tokens(2048, 128_256).blocks, over_tokens(2048, 128_256).threads),
            ([2048, 1, 1], 1024)
        );
        assert_eq!(over_tokens(1, 1).threads, 32);
        assert_eq!(over_tokens(1, 513).threads, 160);
    }
}
