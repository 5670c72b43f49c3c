//! Gradients of attention. The query heads that share a key-value head are one stack of rows; its products are cut for
//! all threads, one stack after another, as the caller's buffers are for one.
//!
//! Nothing looks at the operands first: where one is not finite, so is a gradient or a vector that is quantised. Then the
//! reference runs on the whole.

use assay_exact::{
    AttnBackward, AttnGradients, AttnSaved, AttnScratch, AttnShape, Error, Mask, Precision, QuantCol,
    QuantRow, Quantised, Refused, Scratch,
};

use super::{attn, or_reference, Cpu, SOMEWHERE};
use crate::kernel::Block;
use crate::loops::{Delta, Scaled, ScoreGradients, Softmax};
use crate::quantise::{columns_into, rows_into};

/// Rows of a piece of the scores: few, since causal pieces leave out the keys that none of their rows sees.
const SCORE_ROWS: [usize; 2] = [12, 48];
/// Rows of a piece of the other products: with fewer, packing the columns is much of the work.
const ROWS: [usize; 2] = [48, 192];

pub(super) fn backward(
    cpu: &Cpu,
    op: &AttnBackward,
    dy: &[f32],
    saved: &AttnSaved<'_>,
    scratch: &mut AttnScratch<'_>,
    gradients: &mut AttnGradients<'_>,
) -> Result<(), Error> {
    if !fits(op, dy, saved, scratch, gradients) {
        return op.backward(dy, saved, scratch, gradients);
    }
    let result = by_stacks(cpu, op, dy, saved, scratch, gradients);
    or_reference(result, || op.backward(dy, saved, scratch, gradients))
}

fn fits(
    op: &AttnBackward,
    dy: &[f32],
    saved: &AttnSaved<'_>,
    scratch: &AttnScratch<'_>,
    gradients: &AttnGradients<'_>,
) -> bool {
    let (shape, sizes) = (op.attn().shape(), op.sizes());
    let asking = shape.queries * shape.heads * shape.dim;
    let asked = shape.keys * shape.kv_heads * shape.dim;
    let Scratch { left, right } = &scratch.operands;
    attn::fits(shape, &saved.quantised, &saved.cache)
        && [dy.len(), saved.q.len(), saved.out.len(), gradients.dq.len()] == [asking; 4]
        && [saved.k.len(), gradients.dk.len(), gradients.dv.len()] == [asked; 3]
        && scratch.floats.len() >= sizes.floats
        && left.planes.len().min(right.planes.len()) >= sizes.planes
        && left.scales.len().min(right.scales.len()) >= sizes.scales
}

/// The rows of a key-value head.
#[derive(Clone, Copy)]
struct Stack<'a> {
    cpu: &'a Cpu,
    op: &'a AttnBackward,
    /// The key-value head.
    kv: usize,
}

/// Floats of a stack.
struct Floats<'a> {
    /// P: rows × keys.
    p: &'a mut [f32],
    /// dS: rows × keys.
    ds: &'a mut [f32],
    /// A gathered input.
    input: &'a mut [f32],
}

/// What a stack's scores and their gradients are made of, without what belongs to other heads.
struct Operands<'a> {
    q: &'a Quantised<'a>,
    keys: &'a Quantised<'a>,
    values: &'a Quantised<'a>,
    logs: &'a [f32],
    /// Per row.
    dy: &'a Quantised<'a>,
    /// δ of each row.
    deltas: &'a [f32],
}

/// Rows of a quantised operand that owns its memory.
struct Rows {
    planes: Vec<i8>,
    scales: Vec<f32>,
    depth: usize,
    precision: Precision,
}

impl Rows {
    fn gathered(of: &Quantised<'_>, rows: impl Iterator<Item = usize> + Clone) -> Self {
        let (depth, precision) = (of.depth(), of.precision());
        let scales: Vec<f32> = rows.clone().map(|row| of.scale(row)).collect();
        let mut planes = Vec::with_capacity(precision.digits() * scales.len() * depth);
        for plane in 0..precision.digits() {
            rows.clone().for_each(|row| planes.extend_from_slice(of.digits(plane, row)));
        }
        Self { planes, scales, depth, precision }
    }

    fn view(&self) -> Result<Quantised<'_>, Refused> {
        Quantised::new(&self.planes, &self.scales, self.depth, self.precision)
    }
}

fn by_stacks(
    cpu: &Cpu,
    op: &AttnBackward,
    dy: &[f32],
    saved: &AttnSaved<'_>,
    scratch: &mut AttnScratch<'_>,
    gradients: &mut AttnGradients<'_>,
) -> Result<(), Error> {
    let shape = op.attn().shape();
    for kv in 0..shape.kv_heads {
        let stack = Stack { cpu, op, kv };
        let area = stack.rows() * shape.keys;
        let (p, rest) = scratch.floats.split_at_mut(area);
        let (ds, input) = rest.split_at_mut(area);
        let floats = &mut Floats { p, ds, input };
        stack.score_gradients(dy, saved, floats, &mut scratch.operands)?;
        stack.value_gradients(dy, floats, &mut scratch.operands, gradients.dv)?;
        stack.key_gradients(saved.q, floats, &mut scratch.operands, gradients.dk)?;
        stack.query_gradients(saved.k, floats, &mut scratch.operands, gradients.dq)?;
    }
    cpu.team.check_finite(gradients.dq)?;
    cpu.team.check_finite(gradients.dk)?;
    cpu.team.check_finite(gradients.dv)
}

impl<'a> Stack<'a> {
    fn shape(&self) -> &'a AttnShape {
        self.op.attn().shape()
    }

    /// Query heads that share the key-value head.
    fn group(&self) -> usize {
        self.shape().heads / self.shape().kv_heads
    }

    fn rows(&self) -> usize {
        self.shape().queries * self.group()
    }

    /// How many keys, from the first on, row `r` sees: no fewer than the row before.
    fn visible(&self, r: usize) -> usize {
        let shape = self.shape();
        match shape.mask {
            Mask::Full => shape.keys,
            Mask::Causal => shape.keys - shape.queries + r / self.group() + 1,
        }
    }

    /// This stack's part of each token of a queries × heads × dim tensor.
    fn of_queries<'x>(&self, x: &'x [f32]) -> impl Iterator<Item = &'x [f32]> {
        let (width, kv) = (self.group() * self.shape().dim, self.kv);
        x.chunks_exact(self.shape().heads * self.shape().dim)
            .map(move |token| &token[kv * width..(kv + 1) * width])
    }

    /// This stack's part of each token of a keys × kv_heads × dim tensor.
    fn of_keys<'x>(&self, x: &'x [f32]) -> impl Iterator<Item = &'x [f32]> {
        let (dim, kv) = (self.shape().dim, self.kv);
        x.chunks_exact(self.shape().kv_heads * dim).map(move |token| &token[kv * dim..(kv + 1) * dim])
    }

    /// P and dS.
    fn score_gradients(
        &self,
        dy: &[f32],
        saved: &AttnSaved<'_>,
        floats: &mut Floats<'_>,
        operands: &mut Scratch<'_>,
    ) -> Result<(), Error> {
        let (shape, kernel, team) = (*self.shape(), self.cpu.kernel, &self.cpu.team);
        let dy_rows = gathered(self.of_queries(dy), floats.input);
        let form = QuantRow::new(self.rows(), shape.dim, self.op.precision())?;
        let dy_rows = rows_into(team, kernel, &form, dy_rows, &mut operands.left)?;
        let (group, kv) = (self.group(), self.kv);
        let place = move |r: usize| r / group * shape.heads + kv * group + r % group;
        let q = Rows::gathered(&saved.quantised, (0..self.rows()).map(place));
        let of_head = (0..shape.keys).map(move |j| j * shape.kv_heads + kv);
        let keys = Rows::gathered(&saved.cache.keys, of_head.clone());
        let values = Rows::gathered(&saved.cache.values, of_head.clone());
        let logs: Vec<f32> = of_head.map(|row| saved.cache.logs[row]).collect();
        let heads = self.of_queries(dy).zip(self.of_queries(saved.out));
        let heads = heads.flat_map(|(dy, out)| dy.chunks_exact(shape.dim).zip(out.chunks_exact(shape.dim)));
        let mut products = vec![0.0; shape.dim];
        let delta = |(dy, out)| kernel.run(Delta { dy, out, products: &mut products });
        let deltas: Vec<f32> = heads.map(delta).collect();
        let operands = Operands {
            q: &q.view()?,
            keys: &keys.view()?,
            values: &values.view()?,
            logs: &logs,
            dy: &dy_rows,
            deltas: &deltas,
        };
        let [least, most] = SCORE_ROWS;
        let per = team.share(self.rows()).clamp(least, most);
        let pieces = floats.p.chunks_mut(per * shape.keys).zip(floats.ds.chunks_mut(per * shape.keys));
        let pieces: Vec<_> = pieces.enumerate().collect();
        team.run(pieces, |(i, (p, ds))| self.score_rows(&operands, i * per, p, ds))
    }

    /// Rows of P and dS from row `first` on, as many as there is room for.
    fn score_rows(
        &self,
        operands: &Operands<'_>,
        first: usize,
        p: &mut [f32],
        ds: &mut [f32],
    ) -> Result<(), Error> {
        let (kernel, keys, scale) = (self.cpu.kernel, self.shape().keys, self.op.attn().scale());
        let rows = p.len() / keys;
        let Operands { q, dy, .. } = *operands;
        self.each_block(first, rows, q, operands.keys, |r, col, sums| {
            let scales = &operands.keys.scales()[col..col + sums.len()];
            let y = &mut p[r * keys + col..r * keys + col + sums.len()];
            kernel.run(Scaled { sums, scale: q.scale(first + r), scales, factor: scale, y });
        });
        for (r, p) in p.chunks_exact_mut(keys).enumerate() {
            let (seen, masked) = p.split_at_mut(self.visible(first + r));
            masked.fill(0.0);
            kernel.run(Softmax { logs: &operands.logs[..seen.len()], scores: seen }).ok_or(SOMEWHERE)?;
        }
        self.each_block(first, rows, dy, operands.values, |r, col, sums| {
            let scales = &operands.values.scales()[col..col + sums.len()];
            let place = r * keys + col..r * keys + col + sums.len();
            let (scale, delta) = (dy.scale(first + r), operands.deltas[first + r]);
            kernel.run(ScoreGradients {
                sums,
                scale,
                scales,
                delta,
                p: &p[place.clone()],
                ds: &mut ds[place],
            });
        });
        for (r, ds) in ds.chunks_exact_mut(keys).enumerate() {
            ds[self.visible(first + r)..].fill(0.0);
        }
        Ok(())
    }

    /// Calls `put` with parts of rows of a·bᵀ that together have all keys that any of them sees: the row, counted from
    /// `first`, the first key, and the sums.
    fn each_block(
        &self,
        first: usize,
        rows: usize,
        a: &Quantised<'_>,
        b: &Quantised<'_>,
        mut put: impl FnMut(usize, usize, &[i64]),
    ) {
        let (visible, [_, width]) = (self.visible(first + rows - 1), self.cpu.kernel.block_size());
        let mut sums = vec![0; rows * width.min(visible)];
        for col in (0..visible).step_by(width) {
            let block = Block { row: first, rows, col, cols: width.min(visible - col), ahead: 0 };
            let sums = &mut sums[..rows * block.cols];
            sums.fill(0);
            self.cpu.kernel.block(a, b, &block, sums);
            sums.chunks_exact(block.cols).enumerate().for_each(|(r, sums)| put(r, col, sums));
        }
    }

    /// dV = Pᵀ·dO.
    fn value_gradients(
        &self,
        dy: &[f32],
        floats: &mut Floats<'_>,
        operands: &mut Scratch<'_>,
        dv: &mut [f32],
    ) -> Result<(), Error> {
        let (weights, dims) = self.column_forms()?;
        let dy = gathered(self.of_queries(dy), floats.input);
        let Cpu { team, kernel } = self.cpu;
        let p = columns_into(team, *kernel, &weights, floats.p, &mut operands.left)?;
        let dy = columns_into(team, *kernel, &dims, dy, &mut operands.right)?;
        // A product with 1 changes nothing.
        self.product(&p, &dy, 1.0, self.rows_of_keys(dv))
    }

    /// dK = (dSᵀ·Q)·scale.
    fn key_gradients(
        &self,
        q: &[f32],
        floats: &mut Floats<'_>,
        operands: &mut Scratch<'_>,
        dk: &mut [f32],
    ) -> Result<(), Error> {
        let (weights, dims) = self.column_forms()?;
        let q = gathered(self.of_queries(q), floats.input);
        let Cpu { team, kernel } = self.cpu;
        let ds = columns_into(team, *kernel, &weights, floats.ds, &mut operands.left)?;
        let q = columns_into(team, *kernel, &dims, q, &mut operands.right)?;
        self.product(&ds, &q, self.op.attn().scale(), self.rows_of_keys(dk))
    }

    /// dQ = (dS·K)·scale.
    fn query_gradients(
        &self,
        k: &[f32],
        floats: &mut Floats<'_>,
        operands: &mut Scratch<'_>,
        dq: &mut [f32],
    ) -> Result<(), Error> {
        let (shape, precision) = (self.shape(), self.op.precision());
        let weights = QuantRow::new(self.rows(), shape.keys, precision)?;
        let dims = QuantCol::new(shape.keys, shape.dim, precision)?;
        let k = gathered(self.of_keys(k), floats.input);
        let Cpu { team, kernel } = self.cpu;
        let ds = rows_into(team, *kernel, &weights, floats.ds, &mut operands.left)?;
        let k = columns_into(team, *kernel, &dims, k, &mut operands.right)?;
        let width = self.group() * shape.dim;
        let tokens = dq.chunks_exact_mut(shape.heads * shape.dim);
        let parts = tokens.map(|token| &mut token[self.kv * width..(self.kv + 1) * width]);
        let rows = parts.flat_map(|part| part.chunks_exact_mut(shape.dim)).collect();
        self.product(&ds, &k, self.op.attn().scale(), rows)
    }

    /// Per column: of a rows × keys matrix, and of a rows × dim one.
    fn column_forms(&self) -> Result<(QuantCol, QuantCol), Refused> {
        let (shape, precision) = (self.shape(), self.op.precision());
        let weights = QuantCol::new(self.rows(), shape.keys, precision)?;
        Ok((weights, QuantCol::new(self.rows(), shape.dim, precision)?))
    }

    /// This stack's rows of a keys × kv_heads × dim tensor.
    fn rows_of_keys<'x>(&self, x: &'x mut [f32]) -> Vec<&'x mut [f32]> {
        let (dim, kv) = (self.shape().dim, self.kv);
        let tokens = x.chunks_exact_mut(self.shape().kv_heads * dim);
        tokens.map(|token| &mut token[kv * dim..(kv + 1) * dim]).collect()
    }

    /// Writes the rows of a·bᵀ, dequantised, times `factor`.
    fn product(
        &self,
        a: &Quantised<'_>,
        b: &Quantised<'_>,
        factor: f32,
        out: Vec<&mut [f32]>,
    ) -> Result<(), Error> {
        let (team, kernel, cols) = (&self.cpu.team, self.cpu.kernel, b.rows());
        let ([least, most], [_, width]) = (ROWS, kernel.block_size());
        let per = team.share(a.rows()).clamp(least, most);
        let mut out = out.into_iter();
        let cut = (0..a.rows()).step_by(per).map(|row| (row, out.by_ref().take(per).collect()));
        let pieces: Vec<(usize, Vec<&mut [f32]>)> = cut.collect();
        team.run(pieces, |(row, mut out)| {
            let mut sums = vec![0; out.len() * width.min(cols)];
            for col in (0..cols).step_by(width) {
                let block = Block { row, rows: out.len(), col, cols: width.min(cols - col), ahead: 0 };
                let sums = &mut sums[..block.rows * block.cols];
                sums.fill(0);
                kernel.block(a, b, &block, sums);
                let scales = &b.scales()[col..col + block.cols];
                for ((r, out), sums) in (row..).zip(&mut out).zip(sums.chunks_exact(block.cols)) {
                    let y = &mut out[col..col + block.cols];
                    kernel.run(Scaled { sums, scale: a.scale(r), scales, factor, y });
                }
            }
            Ok(())
        })
    }
}

/// Copies parts into a buffer, one after another.
fn gathered<'b, 'x>(parts: impl Iterator<Item = &'x [f32]>, buffer: &'b mut [f32]) -> &'b [f32] {
    let mut end = 0;
    for part in parts {
        buffer[end..end + part.len()].copy_from_slice(part);
        end += part.len();
    }
    &buffer[..end]
}
