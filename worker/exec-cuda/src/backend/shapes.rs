//! Whether operands fit an operator: what does not never goes to the device.

use assay_exact::{
    Attn, CrossEntropy, Head, KeysValues, Linear, Precision, Quantised, QuantisedMut, Rope, RopeTable,
    Scratch, MAX_DEPTH,
};

/// Whether all of these lengths are one number.
pub(super) fn all<const N: usize>(lengths: [usize; N], expected: usize) -> bool {
    lengths.iter().all(|length| *length == expected)
}

/// A product of sizes, as large as it may be.
pub(super) fn times<const N: usize>(sizes: [usize; N]) -> usize {
    sizes.into_iter().fold(1, usize::saturating_mul)
}

/// Whether a buffer has room for quantised rows.
pub(super) fn holds(buffer: &QuantisedMut<'_>, rows: usize, depth: usize, precision: Precision) -> bool {
    buffer.planes.len() >= times([precision.digits(), rows, depth]) && buffer.scales.len() >= rows
}

/// Whether the operands of a table's rotation lie in it.
pub(super) fn turns(op: &Rope, start: usize, table: &RopeTable<'_>, x: usize, y: usize) -> bool {
    let half = op.dim() / 2;
    let end = start.saturating_add(op.tokens()).saturating_mul(half);
    all([x, y], times([op.tokens(), op.heads(), op.dim()])) && table.cos.len().min(table.sin.len()) >= end
}

/// Whether the operands of an attention fit its shape, as the reference has it.
pub(super) fn attends(op: &Attn, q: &Quantised<'_>, cache: &KeysValues<'_>) -> bool {
    let shape = op.shape();
    let rows = cache.keys.rows();
    q.rows() == shape.queries * shape.heads
        && all([q.depth(), cache.keys.depth(), cache.values.depth()], shape.dim)
        && all([cache.values.rows(), cache.logs.len()], rows)
        && rows >= shape.keys * shape.kv_heads
        && rows.is_multiple_of(shape.kv_heads)
}

pub(super) fn head_fits(op: &CrossEntropy, head: &Head<'_>) -> bool {
    head.linear.tokens() == op.tokens()
        && head.linear.outputs() == op.classes()
        && head.labels.len() == op.tokens()
        && head.probabilities.len() == op.tokens() * op.classes()
}

/// Whether the operands of dx of a linear layer fit it, and its buffers have room.
pub(super) fn input_fits(op: &Linear, dy: usize, weight: usize, scratch: &Scratch<'_>, dx: usize) -> bool {
    let (tokens, inputs, outputs) = (op.tokens(), op.inputs(), op.outputs());
    dy == tokens * outputs
        && weight == outputs * inputs
        && dx == tokens * inputs
        && outputs <= MAX_DEPTH
        && holds(&scratch.left, tokens, outputs, op.precision())
        && holds(&scratch.right, inputs, outputs, op.precision())
}

/// Whether the operands of dW of a linear layer fit it, and its buffers have room.
pub(super) fn weight_fits(op: &Linear, dy: usize, x: usize, scratch: &Scratch<'_>, dw: usize) -> bool {
    let (tokens, inputs, outputs) = (op.tokens(), op.inputs(), op.outputs());
    dy == tokens * outputs
        && x == tokens * inputs
        && dw == outputs * inputs
        && tokens <= MAX_DEPTH
        && holds(&scratch.left, outputs, tokens, op.precision())
        && holds(&scratch.right, inputs, tokens, op.precision())
}

/// Products of i8, and bytes there and back, of a gradient of a linear layer; `of` is the bytes of its three matrices.
pub(super) fn gradient(op: &Linear, bytes: usize) -> [usize; 2] {
    let digits = op.precision().digits();
    [times([op.tokens(), op.inputs(), op.outputs(), digits, digits]), bytes]
}
