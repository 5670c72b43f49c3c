//! AVX2 kernels. Products by `vpmaddwd` on i16, never by `vpmaddubsw`, which saturates; no fused
//! multiply-add, since the feature is not enabled for any function here.

use std::arch::is_x86_feature_detected;

use assay_exact::{Accumulator, Attn, KeysValues, Precision, Quantised};

use crate::kernel::{Block, Stack};

mod attn;
mod epilogue;
mod float;
mod gemm;
mod loops;
mod panel;
mod quant;
mod vector;

/// The proof that the processor (and the operating system) has AVX2: only [`Avx2::detect`] makes one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx2(());

impl Avx2 {
    pub(crate) fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(()))
    }

    /// Writes the block's sums, row by row.
    pub(crate) fn block(self, a: &Quantised<'_>, b: &Quantised<'_>, block: &Block, sums: &mut [i64]) {
        // SAFETY: `self` proves AVX2, the only requirement.
        unsafe {
            if block.rows < gemm::LEAST_ROWS {
                vector::block(a, b, block, sums);
            } else {
                gemm::block(a, b, block, sums);
            }
        }
    }

    /// The digits of `a` as [`Avx2::linear`] and [`Avx2::integers`] read them, 2 bytes each; None where these don't pay: an
    /// operand has several digits, or there are few rows.
    pub(crate) fn pairs(self, a: &Quantised<'_>, b: &Quantised<'_>) -> Option<Vec<i32>> {
        let pays = [a.precision(), b.precision()] == [Precision::I8; 2] && a.rows() >= gemm::LEAST_ROWS;
        // SAFETY: `self` proves AVX2, the only requirement.
        pays.then(|| unsafe { gemm::pairs(a) })
    }

    /// Writes x·Wᵀ + b of a block, a slice for each row; whether all of it is finite. Each operand has one digit, `pairs`
    /// are those of `a`, and `bias` is the block's part.
    pub(crate) fn linear(
        self,
        a: &Quantised<'_>,
        b: &Quantised<'_>,
        block: &Block,
        pairs: &[i32],
        bias: Option<&[f32]>,
        y: &mut [&mut [f32]],
    ) -> bool {
        // SAFETY: `self` proves AVX2, the only requirement.
        unsafe { gemm::linear(a, b, block, pairs, bias, y) }
    }

    /// Writes the sums of a block, a slice for each row. As [`Avx2::linear`].
    pub(crate) fn integers(self, b: &Quantised<'_>, block: &Block, pairs: &[i32], c: &mut [&mut [i32]]) {
        // SAFETY: `self` proves AVX2, the only requirement.
        unsafe { gemm::integers(b, block, pairs, c) }
    }

    /// y = f32(sum)·(scale·s) + b; whether all of it is finite.
    pub(crate) fn dequantise<A: Accumulator>(
        self,
        sums: &[A],
        scale: f32,
        scales: &[f32],
        bias: Option<&[f32]>,
        y: &mut [f32],
    ) -> bool {
        // SAFETY: `self` proves AVX2, the only requirement.
        unsafe { epilogue::dequantise(sums, scale, scales, bias, y) }
    }

    /// (x − mean)·rstd·γ + β in this order; whether all of it is finite.
    pub(crate) fn normalise(
        self,
        x: &[f32],
        [mean, rstd]: [f32; 2],
        gamma: &[f32],
        beta: &[f32],
        y: &mut [f32],
    ) -> bool {
        // SAFETY: `self` proves AVX2, the only requirement.
        unsafe { epilogue::normalise(x, [mean, rstd], gamma, beta, y) }
    }

    /// (x·rstd)·γ; whether all of it is finite.
    pub(crate) fn rescale(self, x: &[f32], rstd: f32, gamma: &[f32], y: &mut [f32]) -> bool {
        // SAFETY: `self` proves AVX2, the only requirement.
        unsafe { epilogue::rescale(x, rstd, gamma, y) }
    }

    /// The largest magnitude as a bit pattern.
    pub(crate) fn magnitude(self, x: &[f32]) -> u32 {
        // SAFETY: `self` proves AVX2, the only requirement.
        unsafe { quant::magnitude(x) }
    }

    /// Quantises a vector of finite floats; gives its scale.
    pub(crate) fn quantise(self, x: &[f32], precision: Precision, planes: &mut [&mut [i8]]) -> f32 {
        // SAFETY: `self` proves AVX2, the only requirement.
        unsafe { quant::quantise(x, precision, planes) }
    }

    /// Σq and Σq² with q = ties_even(x·inverse), in ±32,767, of at most 65,536 finite floats.
    pub(crate) fn norm_sums(self, x: &[f32], inverse: f32) -> (i64, i64) {
        // SAFETY: `self` proves AVX2, the only requirement.
        unsafe { quant::norm_sums(x, inverse) }
    }

    /// Quantises vectors of `depth` to one digit, and writes their scales; whether all of `x` is finite.
    pub(crate) fn quantise_narrow(
        self,
        x: &[f32],
        depth: usize,
        digits: &mut [i8],
        scales: &mut [f32],
    ) -> bool {
        // SAFETY: `self` proves AVX2, the only requirement.
        unsafe { quant::narrow(x, depth, digits, scales) }
    }

    /// Σq with q = ties_even(x·inverse) of finite floats.
    pub(crate) fn sum(self, x: &[f32], inverse: f32) -> i64 {
        // SAFETY: `self` proves AVX2, the only requirement.
        unsafe { quant::sum(x, inverse) }
    }

    /// y = a + b; whether all of it is finite, and so the operands.
    pub(crate) fn add(self, a: &[f32], b: &[f32], y: &mut [f32]) -> bool {
        // SAFETY: `self` proves AVX2, the only requirement.
        unsafe { float::add(a, b, y) }
    }

    /// y = a·b; whether all of it is finite, and so the operands.
    pub(crate) fn mul(self, a: &[f32], b: &[f32], y: &mut [f32]) -> bool {
        // SAFETY: `self` proves AVX2, the only requirement.
        unsafe { float::mul(a, b, y) }
    }

    /// y = x·Φ(x); whether all of it is finite, and so the operand.
    pub(crate) fn gelu(self, x: &[f32], y: &mut [f32]) -> bool {
        // SAFETY: `self` proves AVX2, the only requirement.
        unsafe { float::gelu(x, y) }
    }

    /// y = (x·σ(x))·u; whether all of it is finite, and so the operands.
    pub(crate) fn silu_mul(self, x: &[f32], u: &[f32], y: &mut [f32]) -> bool {
        // SAFETY: `self` proves AVX2, the only requirement.
        unsafe { float::silu_mul(x, u, y) }
    }

    /// The rows of a stack of an attention: for each query a slice with the stack's heads.
    pub(crate) fn attn(
        self,
        op: &Attn,
        q: &Quantised<'_>,
        cache: &KeysValues<'_>,
        stack: &Stack,
        out: &mut [&mut [f32]],
    ) {
        // SAFETY: `self` proves AVX2, the only requirement.
        unsafe { attn::stack(op, q, cache, stack, out) }
    }
}

#[cfg(test)]
mod tests {
    use std::arch::asm;

    use crate::float_mode;

    const DENORMALS_ARE_ZERO: u32 = 1 << 6;
    const FLUSH_TO_ZERO: u32 = 1 << 15;
    const ROUNDINGS: [u32; 3] = [1 << 13, 2 << 13, 3 << 13];

    /// What the check says while bits of MXCSR are set.
    fn check_with(bits: u32) -> Result<(), assay_exact::Refused> {
        let mut before = 0u32;
        // SAFETY: stores MXCSR into a live u32.
        unsafe { asm!("stmxcsr [{}]", in(reg) &raw mut before, options(nostack, preserves_flags)) };
        let changed = before | bits;
        // SAFETY: loads MXCSR with exceptions still masked; it is put back below, before anything else
        // computes.
        unsafe { asm!("ldmxcsr [{}]", in(reg) &raw const changed, options(nostack, preserves_flags)) };
        let checked = float_mode::check();
        // SAFETY: puts back what was there.
        unsafe { asm!("ldmxcsr [{}]", in(reg) &raw const before, options(nostack, preserves_flags)) };
        checked
    }

    #[test]
    fn flushed_denormals_and_other_roundings_are_refused() {
        assert_eq!(check_with(0), Ok(()));
        for bits in [DENORMALS_ARE_ZERO, FLUSH_TO_ZERO].into_iter().chain(ROUNDINGS) {
            assert!(check_with(bits).is_err(), "MXCSR bits {bits:#x}");
        }
        assert_eq!(check_with(0), Ok(()));
    }
}
