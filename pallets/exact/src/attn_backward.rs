//! Attention, backward, over one unit: the query heads that share a key-value head are summed as one stack of rows.
//!
//! P and dO are quantised per column for dV, dO per row and V per token for dP, dS per row and K per column for dQ,
//! dS and Q per column for dK.

use crate::attn::Attn;
use crate::error::{check_finite, Error, Refused};
use crate::kv_append::KeysValues;
use crate::linear::{product, Scratch};
use crate::quant::{dequantise, quantised_sum, Precision, QuantCol, QuantRow, Quantised};
use crate::shape::{dimension, front, length, volume, MAX_DEPTH};

/// The backward form of [`Attn`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AttnBackward {
    attn: Attn,
    precision: Precision,
}

/// What the forward pass had, in f32 and quantised as it was then.
#[derive(Clone, Copy, Debug)]
pub struct AttnSaved<'a> {
    /// Queries: queries × heads × dim.
    pub q: &'a [f32],
    /// Keys: keys × kv_heads × dim.
    pub k: &'a [f32],
    /// The forward output: queries × heads × dim.
    pub out: &'a [f32],
    /// The queries, quantised per (token, head).
    pub quantised: Quantised<'a>,
    /// Keys and values, quantised per (token, head).
    pub cache: KeysValues<'a>,
}

/// Gradients of the three inputs, of the inputs' shapes.
#[derive(Debug)]
pub struct AttnGradients<'a> {
    /// Of the queries.
    pub dq: &'a mut [f32],
    /// Of the keys.
    pub dk: &'a mut [f32],
    /// Of the values.
    pub dv: &'a mut [f32],
}

/// Buffers of the backward form, at least as long as [`AttnBackward::sizes`] says.
#[derive(Debug)]
pub struct AttnScratch<'a> {
    /// P and dS of a stack of rows, then one of its inputs.
    pub floats: &'a mut [f32],
    /// Operands of the products.
    pub operands: Scratch<'a>,
}

/// Lengths of the buffers in [`AttnScratch`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttnSizes {
    /// `floats`.
    pub floats: usize,
    /// `planes` of either operand.
    pub planes: usize,
    /// `scales` of either operand.
    pub scales: usize,
}

/// One key-value head's part of the work.
struct Stack<'a> {
    /// P: rows × keys.
    p: &'a mut [f32],
    /// dS: rows × keys.
    ds: &'a mut [f32],
    /// An input gathered for this head: rows or keys × dim.
    input: &'a mut [f32],
    kv: usize,
}

impl AttnBackward {
    /// `precision` is that of the gradients' products. Refuses a stack (queries × heads/kv_heads) over [`MAX_DEPTH`].
    pub fn new(attn: Attn, precision: Precision) -> Result<Self, Refused> {
        let backward = Self { attn, precision };
        let (rows, keys) = (backward.rows(), attn.shape().keys);
        dimension("stacked queries of AttnBackward", rows, MAX_DEPTH)?;
        volume("P of AttnBackward", &[precision.digits(), rows, keys])?;
        volume("scratch of AttnBackward", &[2, rows.max(keys), keys.max(attn.shape().dim), 2])?;
        Ok(backward)
    }

    /// The forward form.
    pub fn attn(&self) -> &Attn {
        &self.attn
    }

    /// The precision of the gradients' products.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// How long the scratch buffers must be.
    pub fn sizes(&self) -> AttnSizes {
        let shape = self.attn.shape();
        let longest = self.rows().max(shape.keys);
        AttnSizes {
            floats: 2 * self.rows() * shape.keys + longest * shape.dim,
            planes: self.precision.digits() * (self.rows() * shape.keys).max(longest * shape.dim),
            scales: longest.max(shape.dim),
        }
    }

    /// Writes dq, dk and dv.
    pub fn backward(
        &self,
        dy: &[f32],
        saved: &AttnSaved<'_>,
        scratch: &mut AttnScratch<'_>,
        gradients: &mut AttnGradients<'_>,
    ) -> Result<(), Error> {
        self.check(dy, saved, gradients)?;
        let (shape, sizes) = (self.attn.shape(), self.sizes());
        let floats = front("float buffer of AttnBackward", scratch.floats, sizes.floats)?;
        let (p, rest) = floats.split_at_mut(self.rows() * shape.keys);
        let (ds, input) = rest.split_at_mut(self.rows() * shape.keys);
        let mut stack = Stack { p, ds, input, kv: 0 };
        for kv in 0..shape.kv_heads {
            stack.kv = kv;
            self.score_gradients(dy, saved, &mut stack, &mut scratch.operands)?;
            self.value_gradients(dy, &mut stack, &mut scratch.operands, gradients.dv)?;
            self.key_gradients(saved.q, &mut stack, &mut scratch.operands, gradients.dk)?;
            self.query_gradients(saved.k, &mut stack, &mut scratch.operands, gradients.dq)?;
        }
        check_finite(gradients.dq)?;
        check_finite(gradients.dk)?;
        Ok(check_finite(gradients.dv)?)
    }

    /// Query heads that share a key-value head.
    fn group(&self) -> usize {
        self.attn.shape().heads / self.attn.shape().kv_heads
    }

    /// Rows of a stack.
    fn rows(&self) -> usize {
        self.attn.shape().queries * self.group()
    }

    /// The (query, head) row that stands at row `r` of a stack: query ⌊r/group⌋, head kv·group + (r mod group).
    fn place(&self, r: usize, kv: usize) -> usize {
        r / self.group() * self.attn.shape().heads + kv * self.group() + r % self.group()
    }

    /// P, and dS = P·(dP − δ) with dP = dequantised dO·Vᵀ and δ = Σ dO·O.
    fn score_gradients(
        &self,
        dy: &[f32],
        saved: &AttnSaved<'_>,
        stack: &mut Stack<'_>,
        operands: &mut Scratch<'_>,
    ) -> Result<(), Error> {
        let shape = self.attn.shape();
        self.gather_queries(dy, stack);
        let dims = QuantRow::new(self.rows(), shape.dim, self.precision)?;
        let dy_rows = operands.left.rows(&dims, &stack.input[..self.rows() * shape.dim])?;
        for r in 0..self.rows() {
            let at = self.place(r, stack.kv);
            let p = &mut stack.p[r * shape.keys..(r + 1) * shape.keys];
            self.attn.probabilities(&saved.quantised, at, &saved.cache, p);
            let head = at * shape.dim..(at + 1) * shape.dim;
            let delta = quantised_sum(dy[head.clone()].iter().zip(&saved.out[head]).map(|(a, b)| a * b));
            let visible = shape.visible(at / shape.heads);
            for (j, ds) in stack.ds[r * shape.keys..(r + 1) * shape.keys].iter_mut().enumerate() {
                let value = j * shape.kv_heads + stack.kv;
                *ds = if j < visible {
                    let dot = dy_rows.dot(r, &saved.cache.values, value);
                    p[j] * (dequantise(dot, dy_rows.scale(r), saved.cache.values.scale(value)) - delta)
                } else {
                    0.0
                };
            }
        }
        Ok(())
    }

    /// dV[j, c] = Σ over rows of P[r, j]·dO[r, c].
    fn value_gradients(
        &self,
        dy: &[f32],
        stack: &mut Stack<'_>,
        operands: &mut Scratch<'_>,
        dv: &mut [f32],
    ) -> Result<(), Error> {
        let (shape, kv) = (self.attn.shape(), stack.kv);
        self.gather_queries(dy, stack);
        let (weights, dims) = self.column_forms()?;
        let p = operands.left.columns(&weights, stack.p)?;
        let dy = operands.right.columns(&dims, &stack.input[..self.rows() * shape.dim])?;
        product(&p, &dy, |at, value| {
            dv[self.key_place(at, kv)] = value;
            Ok(())
        })
    }

    /// dK[j, c] = (Σ over rows of dS[r, j]·Q[r, c])·scale.
    fn key_gradients(
        &self,
        q: &[f32],
        stack: &mut Stack<'_>,
        operands: &mut Scratch<'_>,
        dk: &mut [f32],
    ) -> Result<(), Error> {
        let (shape, kv) = (self.attn.shape(), stack.kv);
        self.gather_queries(q, stack);
        let (weights, dims) = self.column_forms()?;
        let ds = operands.left.columns(&weights, stack.ds)?;
        let q = operands.right.columns(&dims, &stack.input[..self.rows() * shape.dim])?;
        product(&ds, &q, |at, value| {
            dk[self.key_place(at, kv)] = value * self.attn.scale();
            Ok(())
        })
    }

    /// dQ[r, c] = (Σ over keys of dS[r, j]·K[j, c])·scale.
    fn query_gradients(
        &self,
        k: &[f32],
        stack: &mut Stack<'_>,
        operands: &mut Scratch<'_>,
        dq: &mut [f32],
    ) -> Result<(), Error> {
        let (shape, kv) = (self.attn.shape(), stack.kv);
        for (j, row) in stack.input.chunks_exact_mut(shape.dim).take(shape.keys).enumerate() {
            let at = (j * shape.kv_heads + kv) * shape.dim;
            row.copy_from_slice(&k[at..at + shape.dim]);
        }
        let weights = QuantRow::new(self.rows(), shape.keys, self.precision)?;
        let dims = QuantCol::new(shape.keys, shape.dim, self.precision)?;
        let ds = operands.left.rows(&weights, stack.ds)?;
        let k = operands.right.columns(&dims, &stack.input[..shape.keys * shape.dim])?;
        product(&ds, &k, |at, value| {
            let row = self.place(at / shape.dim, kv);
            dq[row * shape.dim + at % shape.dim] = value * self.attn.scale();
            Ok(())
        })
    }

    /// Per column: of a rows × keys matrix, and of a rows × dim one.
    fn column_forms(&self) -> Result<(QuantCol, QuantCol), Refused> {
        let shape = self.attn.shape();
        let weights = QuantCol::new(self.rows(), shape.keys, self.precision)?;
        Ok((weights, QuantCol::new(self.rows(), shape.dim, self.precision)?))
    }

    /// Where element `at` of a keys × dim matrix of one head lies in keys × kv_heads × dim.
    fn key_place(&self, at: usize, kv: usize) -> usize {
        let shape = self.attn.shape();
        (at / shape.dim * shape.kv_heads + kv) * shape.dim + at % shape.dim
    }

    /// Copies one key-value head's rows of a queries × heads × dim tensor.
    fn gather_queries(&self, x: &[f32], stack: &mut Stack<'_>) {
        let dim = self.attn.shape().dim;
        for (r, row) in stack.input.chunks_exact_mut(dim).take(self.rows()).enumerate() {
            let at = self.place(r, stack.kv) * dim;
            row.copy_from_slice(&x[at..at + dim]);
        }
    }

    fn check(&self, dy: &[f32], saved: &AttnSaved<'_>, gradients: &AttnGradients<'_>) -> Result<(), Error> {
        let shape = self.attn.shape();
        let asked = shape.keys * shape.kv_heads * shape.dim;
        let asking = shape.queries * shape.heads * shape.dim;
        self.attn.check(&saved.quantised, &saved.cache)?;
        length("dy of AttnBackward", dy.len(), asking)?;
        length("q of AttnBackward", saved.q.len(), asking)?;
        length("k of AttnBackward", saved.k.len(), asked)?;
        length("out of AttnBackward", saved.out.len(), asking)?;
        length("dq of AttnBackward", gradients.dq.len(), asking)?;
        length("dk of AttnBackward", gradients.dk.len(), asked)?;
        length("dv of AttnBackward", gradients.dv.len(), asked)?;
        check_finite(dy)?;
        check_finite(saved.q)?;
        check_finite(saved.k)?;
        Ok(check_finite(saved.out)?)
    }
}
