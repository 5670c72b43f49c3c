//! AVX-512 kernels. Products by `vpdpbusd` of VNNI, never the saturating `vpdpbusds`. It multiplies unsigned by signed
//! bytes, so one operand is taken 128 too large, and 128 times the sum of the other is taken off. All sums are modulo
//! 2³², in which the true one fits.

use std::arch::is_x86_feature_detected;

use assay_exact::{Accumulator, Attn, KeysValues, Precision, Quantised};

use crate::kernel::{Block, Stack};

mod attn;
mod epilogue;
mod float;
mod gather;
mod gemm;
mod loops;
mod panel;
mod quant;
mod vector;

/// The proof that the processor (and the operating system) has what the kernels need: only [`Vnni::detect`] makes one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vnni(());

impl Vnni {
    pub(crate) fn detect() -> Option<Self> {
        let here = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vnni");
        here.then_some(Self(()))
    }

    /// Writes the block's sums, row by row.
    pub(crate) fn block(self, a: &Quantised<'_>, b: &Quantised<'_>, block: &Block, sums: &mut [i64]) {
        // SAFETY: `self` proves all features that either needs.
        unsafe {
            if block.rows < gemm::LEAST_ROWS {
                vector::block(a, b, block, sums);
            } else {
                gemm::block(a, b, block, sums);
            }
        }
    }

    /// The sums of the digits of each row of `a`, which [`Vnni::linear`] and [`Vnni::integers`] need; None where these
    /// don't pay: an operand has several digits, or there are few rows.
    pub(crate) fn totals(self, a: &Quantised<'_>, b: &Quantised<'_>) -> Option<Vec<i32>> {
        let pays = [a.precision(), b.precision()] == [Precision::I8; 2] && a.rows() >= gemm::LEAST_ROWS;
        // SAFETY: `self` proves all features that it needs.
        pays.then(|| unsafe { gemm::totals(a) })
    }

    /// Writes x·Wᵀ + b of a block, a slice for each row; whether all of it is finite. Each operand has one digit, `totals`
    /// are those of `a`, and `bias` is the block's part.
    pub(crate) fn linear(
        self,
        a: &Quantised<'_>,
        b: &Quantised<'_>,
        block: &Block,
        totals: &[i32],
        bias: Option<&[f32]>,
        y: &mut [&mut [f32]],
    ) -> bool {
        // SAFETY: `self` proves all features that it needs.
        unsafe { gemm::linear(a, b, block, totals, bias, y) }
    }

    /// Writes the sums of a block, a slice for each row. As [`Vnni::linear`].
    pub(crate) fn integers(
        self,
        a: &Quantised<'_>,
        b: &Quantised<'_>,
        block: &Block,
        totals: &[i32],
        c: &mut [&mut [i32]],
    ) {
        // SAFETY: `self` proves all features that it needs.
        unsafe { gemm::integers(a, b, block, totals, c) }
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
        // SAFETY: `self` proves all features that it needs.
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
        // SAFETY: `self` proves all features that it needs.
        unsafe { epilogue::normalise(x, [mean, rstd], gamma, beta, y) }
    }

    /// (x·rstd)·γ; whether all of it is finite.
    pub(crate) fn rescale(self, x: &[f32], rstd: f32, gamma: &[f32], y: &mut [f32]) -> bool {
        // SAFETY: `self` proves all features that it needs.
        unsafe { epilogue::rescale(x, rstd, gamma, y) }
    }

    /// The largest magnitude as a bit pattern.
    pub(crate) fn magnitude(self, x: &[f32]) -> u32 {
        // SAFETY: `self` proves all features that it needs.
        unsafe { quant::magnitude(x) }
    }

    /// Quantises a vector of finite floats; gives its scale.
    pub(crate) fn quantise(self, x: &[f32], precision: Precision, planes: &mut [&mut [i8]]) -> f32 {
        // SAFETY: `self` proves all features that it needs.
        unsafe { quant::quantise(x, precision, planes) }
    }

    /// Σq and Σq² with q = ties_even(x·inverse), in ±32,767, of at most 65,536 finite floats.
    pub(crate) fn norm_sums(self, x: &[f32], inverse: f32) -> (i64, i64) {
        // SAFETY: `self` proves all features that it needs.
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
        // SAFETY: `self` proves all features that it needs.
        unsafe { quant::narrow(x, depth, digits, scales) }
    }

    /// Σq with q = ties_even(x·inverse) of finite floats.
    pub(crate) fn sum(self, x: &[f32], inverse: f32) -> i64 {
        // SAFETY: `self` proves all features that it needs.
        unsafe { quant::sum(x, inverse) }
    }

    /// y = a + b; whether all of it is finite, and so the operands.
    pub(crate) fn add(self, a: &[f32], b: &[f32], y: &mut [f32]) -> bool {
        // SAFETY: `self` proves all features that it needs.
        unsafe { float::add(a, b, y) }
    }

    /// y = a·b; whether all of it is finite, and so the operands.
    pub(crate) fn mul(self, a: &[f32], b: &[f32], y: &mut [f32]) -> bool {
        // SAFETY: `self` proves all features that it needs.
        unsafe { float::mul(a, b, y) }
    }

    /// y = x·Φ(x); whether all of it is finite, and so the operand.
    pub(crate) fn gelu(self, x: &[f32], y: &mut [f32]) -> bool {
        // SAFETY: `self` proves all features that it needs.
        unsafe { float::gelu(x, y) }
    }

    /// y = (x·σ(x))·u; whether all of it is finite, and so the operands.
    pub(crate) fn silu_mul(self, x: &[f32], u: &[f32], y: &mut [f32]) -> bool {
        // SAFETY: `self` proves all features that it needs.
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
        // SAFETY: `self` proves all features that it needs.
        unsafe { attn::stack(op, q, cache, stack, out) }
    }
}
