//! Attention, cut into queries on the scalar path, into (query, head) rows by AVX2, into stacks of such rows that read the
//! same keys and values by AVX-512.

use assay_exact::{check_finite, Attn, AttnShape, Error, KeysValues, Mask, Quantised};

use super::Cpu;
use crate::avx2::Avx2;
use crate::kernel::{Kernel, Stack};
use crate::product::pieces;
use crate::team::shifted;
use crate::vnni::Vnni;

/// Floats of scores that a stack has at most, unless one query has more: what the second cache holds.
const SCORES: usize = 1 << 17;
/// Rows of a stack: with fewer, packing keys and values is much of the work; with more it is little already.
const ROWS: [usize; 2] = [24, 192];

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
        Kernel::Avx2(avx2) => by_rows(cpu, avx2, op, q, cache, out),
        Kernel::Vnni(vnni) => by_stacks(cpu, vnni, op, q, cache, out),
    }
}

/// Elements of the output.
fn volume(shape: &AttnShape) -> usize {
    shape.queries * shape.heads * shape.dim
}

fn fits(shape: &AttnShape, q: &Quantised<'_>, cache: &KeysValues<'_>) -> bool {
    let rows = cache.keys.rows();
    q.rows() == shape.queries * shape.heads
        && [q.depth(), cache.keys.depth(), cache.values.depth()] == [shape.dim; 3]
        && [cache.values.rows(), cache.logs.len()] == [rows; 2]
        && rows >= shape.keys * shape.kv_heads
        && rows.is_multiple_of(shape.kv_heads)
}

fn by_rows(
    cpu: &Cpu,
    avx2: Avx2,
    op: &Attn,
    q: &Quantised<'_>,
    cache: &KeysValues<'_>,
    out: &mut [f32],
) -> Result<(), Error> {
    let shape = op.shape();
    let per = cpu.team.share(shape.queries * shape.heads);
    let pieces: Vec<_> = out.chunks_mut(per * shape.dim).enumerate().collect();
    cpu.team.run(pieces, |(i, out)| {
        avx2.attn(op, q, cache, i * per, out);
        check_finite(out).map_err(|trap| shifted(trap, i * per * shape.dim))
    })
}

fn by_stacks(
    cpu: &Cpu,
    vnni: Vnni,
    op: &Attn,
    q: &Quantised<'_>,
    cache: &KeysValues<'_>,
    out: &mut [f32],
) -> Result<(), Error> {
    let shape = op.shape();
    let row = shape.heads * shape.dim;
    // A few queries, as in a decode, are cut into single heads where there are too few key-value heads for the threads.
    let few = shape.queries * shape.kv_heads < cpu.team.threads();
    let heads = if few { 1 } else { shape.heads / shape.kv_heads };
    let [least, most] = ROWS;
    let share = cpu.team.share(shape.queries * shape.heads).max(least);
    let queries = share.min(most).min(SCORES / shape.keys) / heads;
    cpu.team.run(pieces(out, row, [queries.max(1), heads * shape.dim]), |mut piece| {
        let head = piece.col / shape.dim;
        let stack = Stack { query: piece.row, head, heads };
        vnni.attn(op, q, cache, &stack, &mut piece.out);
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
