//! Products of two operands of one digit each: what becomes of sums is done while these are in registers.

use assay_exact::Quantised;

use crate::avx2::Avx2;
use crate::kernel::{Block, Kernel};
use crate::vnni::Vnni;

/// The kernel of such a product.
pub(crate) enum Narrow {
    /// With the digits of the left operand, widened.
    Avx2(Avx2, Vec<i32>),
    /// With the sums of the digits of each row of the left operand.
    Vnni(Vnni, Vec<i32>),
}

impl Narrow {
    /// Of a product of `a` and `b`; None where that does not pay: an operand has several digits, or there are few rows.
    pub(crate) fn new(kernel: Kernel, a: &Quantised<'_>, b: &Quantised<'_>) -> Option<Self> {
        match kernel {
            Kernel::Scalar => None,
            Kernel::Avx2(avx2) => avx2.pairs(a, b).map(|pairs| Self::Avx2(avx2, pairs)),
            Kernel::Vnni(vnni) => vnni.totals(a, b).map(|totals| Self::Vnni(vnni, totals)),
        }
    }

    /// Writes x·Wᵀ + b of a block, a slice for each row; whether all of it is finite. `bias` is the block's part.
    pub(crate) fn linear(
        &self,
        a: &Quantised<'_>,
        b: &Quantised<'_>,
        block: &Block,
        bias: Option<&[f32]>,
        y: &mut [&mut [f32]],
    ) -> bool {
        match self {
            Self::Avx2(avx2, pairs) => avx2.linear(a, b, block, pairs, bias, y),
            Self::Vnni(vnni, totals) => vnni.linear(a, b, block, totals, bias, y),
        }
    }

    /// Writes the sums of a block, a slice for each row.
    pub(crate) fn integers(&self, a: &Quantised<'_>, b: &Quantised<'_>, block: &Block, c: &mut [&mut [i32]]) {
        match self {
            Self::Avx2(avx2, pairs) => avx2.integers(b, block, pairs, c),
            Self::Vnni(vnni, totals) => vnni.integers(a, b, block, totals, c),
        }
    }
}
