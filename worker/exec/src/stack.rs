//! What a stack of rows of an attention reads.

use assay_exact::{Attn, AttnShape, KeysValues, Mask, Precision, Quantised};

use crate::kernel::Stack;

/// 2³⁰, the unit of the denominator.
pub(crate) const SOFTMAX_ONE: f32 = f32::from_bits((127 + 30) << 23);

/// The operands, and where in them the stack's rows lie.
pub(crate) struct Operands<'a> {
    pub(crate) op: &'a Attn,
    pub(crate) q: &'a Quantised<'a>,
    pub(crate) cache: &'a KeysValues<'a>,
    pub(crate) stack: &'a Stack,
    /// Rows of the stack.
    pub(crate) rows: usize,
    /// Where each row of the stack lies among the queries.
    pub(crate) places: Vec<usize>,
    /// The key-value head that all of them read.
    kv_head: usize,
}

impl<'a> Operands<'a> {
    pub(crate) fn new(
        op: &'a Attn,
        q: &'a Quantised<'a>,
        cache: &'a KeysValues<'a>,
        stack: &'a Stack,
        queries: usize,
    ) -> Self {
        let shape = op.shape();
        let first = |query: usize| (stack.query + query) * shape.heads + stack.head;
        let places: Vec<usize> =
            (0..queries).flat_map(|query| first(query)..first(query) + stack.heads).collect();
        let kv_head = stack.head / (shape.heads / shape.kv_heads);
        Self { op, q, cache, stack, rows: places.len(), places, kv_head }
    }

    #[inline]
    pub(crate) fn shape(&self) -> &AttnShape {
        self.op.shape()
    }

    /// How many keys, from the first on, row `r` sees: no fewer than the row before.
    #[inline]
    pub(crate) fn visible(&self, r: usize) -> usize {
        let shape = self.shape();
        match shape.mask {
            Mask::Full => shape.keys,
            Mask::Causal => shape.keys - shape.queries + self.stack.query + r / self.stack.heads + 1,
        }
    }

    /// Where key `j` lies in the cache.
    #[inline]
    pub(crate) fn key(&self, j: usize) -> usize {
        j * self.shape().kv_heads + self.kv_head
    }

    /// Whether queries and keys have one digit.
    #[inline]
    pub(crate) fn are_narrow(&self) -> bool {
        [self.q.precision(), self.cache.keys.precision()] == [Precision::I8; 2]
    }
}
