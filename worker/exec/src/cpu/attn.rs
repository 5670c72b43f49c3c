//! Attention, cut into queries on the scalar path and into (query, head) rows by AVX2.

use assay_exact::{check_finite, Attn, AttnShape, Error, KeysValues, Mask, Quantised};

use super::Cpu;
use crate::avx2::Avx2;
use crate::team::shifted;

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
    match cpu.kernel.avx2() {
        None => by_queries(cpu, op, q, cache, out),
        Some(avx2) => by_rows(cpu, avx2, op, q, cache, out),
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
