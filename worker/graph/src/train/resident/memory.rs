//! Bytes of a device's memory that calls of a training take for themselves.

use assay_exact::{AttnBackward, Precision, Refused};
use assay_exec::resident::{digest_bytes, DIGITS_ALIGNMENT, GRADIENT_BYTES};

use super::layout::Layout;
use crate::graph::{Graph, Node};
use crate::manifest::Op;
use crate::resident::layout::{beside as beside_forward, product, quantised_bytes};
use crate::resident::Needs;
use crate::train::plan::Plan;

/// The largest of a gradient and the sum of its squares.
const SQUARE: u64 = 12;

/// The most that any call of a unit takes, and with it the most that any call of the update takes: a device that has
/// recorded a unit's calls keeps what they take. Of either it has one call at a time.
pub(super) fn beside(graph: &Graph, plan: &Plan, layout: &Layout) -> Result<u64, Refused> {
    let needs = Needs { longest: plan.tokens, all: plan.tokens, units: 1, capacities: Vec::new() };
    let mut unit = beside_forward(graph, &needs, plan.tokens, 1);
    for at in (0..graph.nodes.len()).filter(|at| plan.active[*at]) {
        unit = unit.max(backward(graph, plan, at)?);
    }
    let update = layout.state().map(|vector| digest_bytes(vector.len())).fold(SQUARE, u64::max);
    Ok(unit.saturating_add(update))
}

/// What the backward form of a node takes.
fn backward(graph: &Graph, plan: &Plan, at: usize) -> Result<u64, Refused> {
    let node = &graph.nodes[at];
    match &node.op {
        Op::Linear { .. } => {
            let op = plan.linear(graph, at)?;
            let (tokens, inputs, outputs) = (op.tokens(), op.inputs(), op.outputs());
            let input = both([tokens, inputs], outputs, plan.precision);
            Ok(input.max(both([outputs, inputs], tokens, plan.precision)))
        }
        Op::Attention(attention) => {
            let op = plan.attention(graph, at, attention)?;
            Ok(attend(&op, [attention.keys, attention.values]))
        }
        _ => Ok(columns(node)),
    }
}

/// The largest of each column and its sum, for a scale and for a shift.
fn columns(node: &Node) -> u64 {
    24 * node.cols as u64
}

/// A product whose operands are quantised for it, by columns or by rows.
fn both([rows, cols]: [usize; 2], depth: usize, precision: Precision) -> u64 {
    let operands = [rows, cols].map(|rows| quantised_bytes(rows as u64, depth as u64, precision));
    let largest = 12 * rows.max(cols) as u64;
    let parts = [product([rows, cols], depth, [precision; 2]), largest];
    operands.into_iter().chain(parts).fold(0, u64::saturating_add)
}

/// The digits that the forward form had, those of the gradient's rows, and of the key-value heads that are computed
/// together P, dS, the digits of one of them, and those of the other operand of a product.
fn attend(op: &AttnBackward, [keys, values]: [Precision; 2]) -> u64 {
    let shape = op.attn().shape();
    let asking = (shape.queries * shape.heads) as u64;
    let [asked, dim] = [shape.keys * shape.kv_heads, shape.dim].map(|size| size as u64);
    let [rows, all] = [shape.queries * (shape.heads / shape.kv_heads), shape.keys].map(|size| size as u64);
    let [padded_rows, padded_keys, padded_dim] =
        [rows, all, dim].map(|size| size.next_multiple_of(DIGITS_ALIGNMENT as u64));
    let precision = op.precision();
    let digits = precision.digits() as u64;
    let forward = [
        quantised_bytes(asking, dim, keys),
        quantised_bytes(asked, dim, keys),
        quantised_bytes(asked, dim, values),
        4 * asked,
        quantised_bytes(asking, padded_dim, precision),
    ];
    let weights = digits.saturating_mul((padded_rows * all).max(rows * padded_keys));
    let head = rows.saturating_mul(all).saturating_mul(8).saturating_add(weights);
    let heads = shape.kv_heads as u64;
    let together = head.saturating_mul(heads).min(head.max(GRADIENT_BYTES));
    let scales = heads.saturating_mul(4 * (rows + all + dim));
    let other = quantised_bytes(heads.saturating_mul(dim), padded_rows.max(padded_keys), precision);
    forward.into_iter().chain([together, scales, other]).fold(0, u64::saturating_add)
}
