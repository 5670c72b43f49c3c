//! Attention, cut into queries on the scalar path, else into stacks of (query, head) rows that read the same keys and
//! values.

use assay_exact::{check_finite, Attn, AttnShape, Error, KeysValues, Mask, Quantised};

use super::Cpu;
use crate::kernel::{Kernel, Stack};
use crate::product::pieces;
use crate::team::shifted;

/// Scores that a stack has at most, unless one query has more. By AVX2 they are floats: what the second cache holds.
const AVX2_SCORES: usize = 1 << 17;
/// By AVX-512 one or two bytes stay of each.
const VNNI_SCORES: usize = 1 << 19;
/// Rows of a stack: with fewer, packing keys and values is much of the work; with more it is little already.
const ROWS: [usize; 2] = [24, 192];
/// Rows of a tile.
const TILE: usize = 6;

pub(super) fn forward(
    cpu: &Cpu,
    op: &Attn,
    q: &Quantised<'_>,
    cache: &KeysValues<'_>,
    scratch: &mut [f32],
    out: &mut [f32],
) -> Result<(), Error> {
    if !fits(op.shape(), q, cache) || scratch.len() < op.shape().keys || out.len() != volume(op.shape()) {
        return op.forward(q, cache, scratch, out);
    }
    match cpu.kernel {
        Kernel::Scalar => by_queries(cpu, op, q, cache, out),
        Kernel::Avx2(avx2) => {
            by_stacks(cpu, op.shape(), AVX2_SCORES, out, |stack, out| avx2.attn(op, q, cache, stack, out))
        }
        Kernel::Vnni(vnni) => {
            by_stacks(cpu, op.shape(), VNNI_SCORES, out, |stack, out| vnni.attn(op, q, cache, stack, out))
        }
    }
}

/// Elements of the output.
fn volume(shape: &AttnShape) -> usize {
    shape.queries * shape.heads * shape.dim
}

pub(super) fn fits(shape: &AttnShape, q: &Quantised<'_>, cache: &KeysValues<'_>) -> bool {
    let rows = cache.keys.rows();
    q.rows() == shape.queries * shape.heads
        && [q.depth(), cache.keys.depth(), cache.values.depth()] == [shape.dim; 3]
        && [cache.values.rows(), cache.logs.len()] == [rows; 2]
        && rows >= shape.keys * shape.kv_heads
        && rows.is_multiple_of(shape.kv_heads)
}

fn by_stacks(
    cpu: &Cpu,
    shape: &AttnShape,
    scores: usize,
    out: &mut [f32],
    write: impl Fn(&Stack, &mut [&mut [f32]]) + Sync,
) -> Result<(), Error> {
    let row = shape.heads * shape.dim;
    // A few queries, as in a decode, are cut into single heads where there are too few key-value heads for the threads.
    let few = shape.queries * shape.kv_heads < cpu.team.threads();
    let heads = if few { 1 } else { shape.heads / shape.kv_heads };
    let [least, most] = ROWS;
    let share = cpu.team.share(shape.queries * shape.heads).max(least);
    let rows = share.min(most).min(scores / shape.keys);
    let rows = if rows < TILE { rows } else { rows - rows % TILE };
    let queries = rows / heads;
    cpu.team.run(pieces(out, row, [queries.max(1), heads * shape.dim]), |mut piece| {
        let head = piece.col / shape.dim;
        let stack = Stack { query: piece.row, head, heads };
        write(&stack, &mut piece.out);
        for (query, out) in (piece.row..).zip(&piece.out) {
            check_finite(out).map_err(|trap| shifted(trap, query * row + piece.col))?;
        }
        Ok(())
    })
}

/// Some queries are an attention of their own; causal ones see the keys up to their last.
fn by_queries(
    cpu: &Cpu,
    op: &Attn,
    q: &Quantised<'_>,
    cache: &KeysValues<'_>,
    out: &mut [f32],
) -> Result<(), Error> {
    let shape = *op.shape();
    let per = cpu.team.share(shape.queries);
    let width = shape.heads * shape.dim;
    let pieces: Vec<_> = out.chunks_mut(per * width).enumerate().collect();
    cpu.team.run(pieces, |(i, out)| {
        let queries = out.len() / width;
        let keys = match shape.mask {
            Mask::Full => shape.keys,
            Mask::Causal => shape.keys - shape.queries + i * per + queries,
        };
        let op = Attn::new(AttnShape { queries, keys, ..shape }, op.scale(), op.weights())?;
        let rows = i * per * shape.heads..(i * per + queries) * shape.heads;
        let mut planes = Vec::with_capacity(q.precision().digits() * out.len());
        for plane in 0..q.precision().digits() {
            rows.clone().for_each(|row| planes.extend_from_slice(q.digits(plane, row)));
        }
        let scales: Vec<f32> = rows.map(|row| q.scale(row)).collect();
        let q = Quantised::new(&planes, &scales, shape.dim, q.precision())?;
        op.forward(&q, cache, &mut vec![0.0; keys], out).map_err(|error| match error {
            Error::Trap(trap) => shifted(trap, i * per * width),
            refused => refused,
        })
    })
}
